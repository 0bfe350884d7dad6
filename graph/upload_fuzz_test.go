package graph

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// uploadURLs are what a session may be at, and whether a file may go there.
var uploadURLs = []struct {
	url string
	ok  bool
}{
	{"https://outlook.office.com/api/v2.0/Users('x')/Messages('y')/AttachmentSessions('z')?authtoken=t", true},
	{"https://graph.microsoft.com/up/1", true},
	{"https://eur.outlook.office365.com/up/1", true},
	{"http://outlook.office.com/up/1", false},
	{"https://outlook.office.com.evil.example/up/1", false},
	{"https://evil.example/up/1", false},
	{"https://u@outlook.office.com/up/1", false},
	{"//evil.example/up/1", false},
}

// oddRanges are what a server may say that it expects next.
var oddRanges = []string{``, `{}`, `null`, `{"NextExpectedRanges":[]}`, `{"NextExpectedRanges":null}`, `{"NextExpectedRanges":["0-"]}`, `{"nextExpectedRanges":["-1"]}`,
	`{"NextExpectedRanges":[7]}`, `{"NextExpectedRanges":["99999999999999999999-"]}`, `{"NextExpectedRanges":["03932160"]}`, `{"NextExpectedRanges":["3932160-3932161","0-1"]}`, `[`}

// depot is the server's end of an upload session.
type depot struct {
	script []byte
	puts   int
	stored int
	done   bool // it has said that it has all
	odd    bool // an answer was not what it meant
}

// put acts on a piece, as the next octet of the script says: it may refuse it, lose
// the answer, or say what is not so.
func (d *depot) put(from, n, size int) (status int, body string) {
	move := byte(0)
	if d.puts < len(d.script) {
		move = d.script[d.puts]
	}
	d.puts++
	fault := []int{0, 429, 500, 503, 504}[move>>3%5]
	expects := func() string {
		return fmt.Sprintf(`{"%sextExpectedRanges":["%d%s"]}`, []string{"n", "N"}[move>>3%2], d.stored, []string{"", "-"}[move>>4%2])
	}
	switch move % 8 {
	case 1: // refused before anything was done
		return max(fault, 429), ""
	case 2:
		d.odd = true
		return 200, oddRanges[int(move>>3)%len(oddRanges)]
	case 3:
		d.odd = true
		return []int{200, 201, 202, 204, 301, 400, 404, 413}[move>>3%8], expects()
	}
	if from == d.stored {
		d.stored += n
	} else if from > d.stored || move&4 != 0 { // what is not next, or is there already
		return []int{400, 409, 416}[move>>3%3], ""
	}
	switch {
	case move%8 == 4 && fault >= 500: // the answer is lost
		return fault, ""
	case d.stored == size:
		d.done = true
		return 201, ""
	}
	return 200, expects()
}

// FuzzRanges: an upload that succeeds has left every octet of the file at the
// server, whatever was refused or lost on the way. Whatever the server answers, the
// pieces go out in order and without a token, only to where they may, and that
// comes to an end.
func FuzzRanges(f *testing.F) {
	const size = 2*uploadPiece + 7
	head := "Content-Type: application/zip\r\n\r\n"
	body := strings.NewReader(head + strings.Repeat("x", size))
	l := &exdesk.Letter{Header: []byte("x\r\n\r\n"), Body: io.NewSectionReader(body, 0, body.Size())}
	sent := &file{name: "a.zip", kind: "application/zip", size: size, entity: 5, begin: 5, end: 5 + int64(len(head)) + size}
	f.Add(byte(0), []byte{0, 0, 0})
	f.Add(byte(1), []byte{8, 17, 0, 20, 4, 0, 0})
	f.Add(byte(0), []byte{20, 4, 12, 20, 20, 0, 0})
	f.Add(byte(2), []byte{0, 9, 9, 9, 9, 9})
	f.Add(byte(0), []byte{20, 25, 4, 0, 0, 0})
	f.Add(byte(0), []byte{0, 0, 3}) // the end is answered 200
	for i := range 12 {
		f.Add(byte(i), []byte{byte(i)<<3 | 2, byte(i)<<3 | 3})
		f.Add(byte(0), []byte{0, byte(i)<<3 | 3, 0})
	}
	f.Fuzz(func(t *testing.T, where byte, script []byte) {
		at := uploadURLs[int(where)%len(uploadURLs)]
		synctest.Test(t, func(t *testing.T) {
			d := &depot{script: script}
			next := 0 // no piece begins beyond
			last := 0 // status
			c := clientOf(t, func(r *http.Request) (int, []byte) {
				if strings.HasSuffix(r.URL.Path, "/createUploadSession") {
					require.Equal(t, "Bearer s3cret", r.Header.Get("Authorization"))
					return 201, []byte(`{"uploadUrl":"` + at.url + `"}`)
				}
				require.True(t, at.ok && r.Method == http.MethodPut && r.URL.String() == at.url, r.URL)
				require.Empty(t, r.Header.Get("Authorization"))
				b, err := io.ReadAll(r.Body)
				require.NoError(t, err)
				var from, to, all int
				_, err = fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &all)
				require.NoError(t, err)
				require.Equal(t, to+1-from, len(b))
				require.Equal(t, size, all)
				require.True(t, from <= next && len(b) > 0 && len(b) <= uploadPiece, "%d", from)
				next = max(next, to+1)
				status, answer := d.put(from, len(b), size)
				last = status
				return status, []byte(answer)
			})
			up := &composing{c: c, l: l, copy: &exdesk.Copy{ID: "1"}}
			err := up.upload(t.Context(), sent)
			require.LessOrEqual(t, d.puts, 3*pieceTries)
			switch {
			case err == nil && !d.odd:
				require.True(t, d.done && d.stored == size, "%d", d.stored)
			case err == nil:
				require.Equal(t, size, next)
			case !at.ok:
				require.Zero(t, d.puts)
			}
			if err == nil {
				require.Equal(t, 201, last, "the end is told")
				return
			}
			require.NotContains(t, err.Error(), "authtoken")
			require.Less(t, len(err.Error()), 500)
		})
	})
}
