package graph

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// nextLinks are what a page may say of the next one.
var nextLinks = []string{
	"", `"https://graph.microsoft.com/v1.0/next?n=1"`, `"https://graph.microsoft.com/v1.0/next?n=2"`, `"https://evil.example/v1.0/next"`,
	`"http://graph.microsoft.com/v1.0/next"`, `"/v1.0/next"`, `null`, `7`, `"https://graph.microsoft.com/beta/next"`,
}

// oddPages are answers that are no pages.
var oddPages = []string{``, `null`, `{}`, `{"value":null}`, `{"value":[`, `{"value":[],"error":{"code":"x"}}`, `[]`, `{"value":[{"id":"a"}],"error":{}}`, `{"value":{}}`}

// oddItems are messages whose fields are not what they should be.
var oddItems = []string{`null`, `{}`, `7`, `{"id":""}`, `{"id":7}`, `[]`, `{"id":"odd","receivedDateTime":5,"from":[]}`}

const hugePage = 6

// pageOf makes a page of three octets of a script, and tells the ids on it if it can
// be read.
func pageOf(step [3]byte) (status int, body []byte, ids []string) {
	switch shape, n := step[0]%16, int(step[1]); {
	case shape < 3:
		return []int{500, 504, 503}[shape], nil, nil
	case shape == 3:
		return 200, []byte(oddPages[n%len(oddPages)]), nil
	default:
		var items []string
		switch shape {
		case 4: // nothing but a link
		case 5:
			items = append(items, oddItems[n%len(oddItems)])
		case hugePage:
			for i := range snapshot + n {
				ids = append(ids, fmt.Sprint("h", i))
			}
		default:
			for i := range n % 8 {
				ids = append(ids, fmt.Sprint("m", int(shape)+i))
			}
		}
		for i, id := range ids {
			items = append(items, fmt.Sprintf(`{"id":"%s","receivedDateTime":"2026-11-23T%02d:%02d:00Z"}`, id, shape, i%60))
		}
		if shape == 5 && strings.Contains(items[0], "odd") {
			ids = []string{"odd"}
		}
		next := ""
		if l := nextLinks[int(step[2])%len(nextLinks)]; l != "" {
			next = `,"@odata.nextLink":` + l
		}
		if strings.HasSuffix(next, "7") {
			ids = nil
		}
		return 200, []byte(`{"value":[` + strings.Join(items, ",") + `]` + next + `}`), ids
	}
}

// FuzzPages: whatever pages a server sends, over and over, a list comes to an end,
// shows each mail once, and all mails of all the pages that were read; the token
// goes to Graph alone, and an error is the last that is heard. A list that is longer
// than a snapshot is begun anew from its last mail, so that a server which keeps to
// no order, as this one, may show what it showed before the last snapshot again.
func FuzzPages(f *testing.F) {
	f.Add([]byte{7, 3, 1, 8, 3, 1, 9, 7, 0})
	f.Add([]byte{7, 3, 1, 4, 0, 1}) // the same, and empty ones, without end
	f.Add([]byte{6, 255, 1, 7, 3, 1, 6, 200, 0})
	f.Add([]byte{7, 3, 1, 1, 0, 0, 7, 1, 1, 0, 0, 0, 8, 3, 0})
	f.Add([]byte{7, 3, 3})
	f.Add([]byte{27, 3, 2, 230, 0, 1, 6, 7, 8})
	f.Add([]byte{7, 3, 1, 3, 4, 0, 3, 5, 0, 5, 6, 1, 5, 0, 0})
	f.Fuzz(func(t *testing.T, script []byte) {
		script = script[:min(len(script), 60)/3*3]
		if len(script) == 0 {
			return
		}
		for _, newest := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				requests, huge := 0, 0
				shown := make(map[string]bool) // and whether it was more than tried
				c := clientOf(t, func(r *http.Request) (int, []byte) {
					require.Equal(t, "https graph.microsoft.com Bearer s3cret", r.URL.Scheme+" "+r.URL.Host+" "+r.Header.Get("Authorization"))
					require.True(t, strings.HasPrefix(r.URL.Path, "/v1.0/"))
					at := requests * 3 % len(script)
					if requests++; requests > 20_000 {
						t.Fatal("without end")
					}
					step := [3]byte(script[at : at+3])
					if step[0]%16 == hugePage {
						if huge++; huge > 3 {
							step[0]++ // they take long
						}
					}
					status, body, ids := pageOf(step)
					for _, id := range ids {
						shown[id] = shown[id] || r.URL.Query().Get("$select") != "id"
					}
					return status, body
				})
				listed := make(map[string]bool)
				var failed error
				all := c.Unread(t.Context())
				if newest {
					all = c.Newest(t.Context())
				}
				for m, err := range all {
					require.NoError(t, failed, "an error is the last")
					if failed = err; err != nil {
						require.Nil(t, m)
						continue
					}
					require.True(t, !listed[m.ID] || huge > 0 && !newest, m.ID)
					require.Contains(t, shown, m.ID)
					listed[m.ID] = true
				}
				if failed == nil {
					for id, meant := range shown {
						require.True(t, listed[id] || !meant, "%s is passed over", id)
					}
				} else {
					var e *Error
					require.ErrorAs(t, failed, &e)

				}
			})
		}
	})
}
