package exdesktest

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// uploadTests are of Desk.Upload.
var uploadTests = []subtest[DeskUnderTest]{
	{"upload", uploadContent},
	{"upload read", uploadRead},
	{"upload error", uploadError},
	{"upload too large", uploadTooLarge},
	{"upload several", uploadSeveral},
}

// file is a file of which the size is known.
func file(name string, content []byte) *exdesk.File {
	return &exdesk.File{Name: name, Type: "application/octet-stream", Size: int64(len(content)), Body: bytes.NewReader(content)}
}

// body is what a file is read from. It tells how far it was.
type body struct {
	io.Reader
	last error // what it answered last
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.last = err
	return n, err
}

// uploadContent stores a file as it is, of whatever size, whether that is known
// or not.
func uploadContent(t *testing.T, d DeskUnderTest) {
	n := 0
	for _, size := range []int{0, 1, 1000, 64 << 10, 64<<10 + 1, 1 << 20} {
		if d.MostFile != 0 && int64(size) > d.MostFile {
			continue
		}
		for _, known := range []bool{true, false} {
			content := noise(size)
			f := file("päper & \"co\".bin", content)
			if !known {
				f.Size = -1
			}
			if n++; n%2 == 0 {
				f.Name, f.Type = "x", "nonsense type"
			}
			up, err := d.Upload(t.Context(), f)
			if size == 0 && errors.Is(err, exdesk.ErrRefused) {
				continue // a file of nothing
			}
			require.NoError(t, err)
			require.NotEmpty(t, up.Token)
			in := ticketNo(n)
			in.Uploads = []string{up.Token}
			got := d.look(t, d.create(t, in).ID)
			require.Len(t, got.Remarks[0].Files, 1)
			require.True(t, bytes.Equal(content, got.Remarks[0].Files[0]), "%d octets are not what was sent", size)
		}
	}
}

// uploadRead reads to the end.
func uploadRead(t *testing.T, d DeskUnderTest) {
	for _, size := range []int{1, 1000, 100_000} {
		for _, known := range []bool{true, false} {
			in := &body{Reader: bytes.NewReader(noise(size))}
			f := &exdesk.File{Name: "x.bin", Type: "application/octet-stream", Size: -1, Body: in}
			if known {
				f.Size = int64(size)
			}
			_, err := d.Upload(t.Context(), f)
			require.NoError(t, err)
			require.Equal(t, io.EOF, in.last, "of %d octets it did not see the end", size)
		}
	}
}

// errTorn is what a mail ends with that was cut off.
var errTorn = errors.New("the mail was cut off")

// uploadError returns the error that it read, wherever in the file it was, and
// stores nothing that looks like the whole.
func uploadError(t *testing.T, d DeskUnderTest) {
	for _, size := range []int{0, 1000, 100_000} {
		for _, announced := range []int{-1, size, size + 1000} {
			in := &body{Reader: io.MultiReader(bytes.NewReader(noise(size)), &torn{})}
			up, err := d.Upload(t.Context(), &exdesk.File{Name: "x.bin", Type: "text/plain", Size: int64(announced), Body: in})
			require.ErrorIs(t, err, errTorn, "after %d octets of %d", size, announced)
			require.NotErrorIs(t, err, exdesk.ErrRefused, "the file is not to blame")
			require.Nil(t, up)
		}
	}
}

type torn struct{}

func (*torn) Read([]byte) (int, error) { return 0, errTorn }

// uploadTooLarge says that it will never take it, and takes the ticket without.
func uploadTooLarge(t *testing.T, d DeskUnderTest) {
	if d.MostFile == 0 {
		t.Skip("DeskUnderTest.MostFile is not set")
	}
	for _, known := range []bool{true, false} {
		f := file("large.bin", noise(int(d.MostFile)+1))
		if !known {
			f.Size = -1
		}
		_, err := d.Upload(t.Context(), f)
		require.ErrorIs(t, err, exdesk.ErrRefused)
		require.NotErrorIs(t, err, exdesk.ErrTemporary, "it is for good")
	}
	d.create(t, ticketNo(1))
}

// uploadSeveral puts each file on its own ticket, and all of a ticket's on it.
func uploadSeveral(t *testing.T, d DeskUnderTest) {
	var tokens []string
	for _, text := range []string{"one", "two", "three", "four"} {
		up, err := d.Upload(t.Context(), file("x.txt", []byte(text)))
		require.NoError(t, err)
		require.NotContains(t, tokens, up.Token)
		tokens = append(tokens, up.Token)
	}
	in, other := ticketNo(1), ticketNo(2)
	in.Uploads, other.Uploads = tokens[1:], tokens[:1]
	require.Equal(t, [][]byte{[]byte("two"), []byte("three"), []byte("four")}, d.look(t, d.create(t, in).ID).Remarks[0].Files)
	require.Equal(t, [][]byte{[]byte("one")}, d.look(t, d.create(t, other).ID).Remarks[0].Files)
}
