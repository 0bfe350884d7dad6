package automail

import (
	"bytes"
	"html"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/exdesk/exdesk/internal/eml"
	"github.com/stretchr/testify/require"
)

var (
	breaks = regexp.MustCompile(`(?i)<(?:br|/?p|/?div|/?tr|/?h\d)\b[^>]*>`)
	tags   = regexp.MustCompile(`(?s)<!--.*?-->|<[^>]*>`)
)

// evidence reads a mail as the Connector does. Of one that breaks off it is
// what came until then.
func evidence(raw []byte) *Evidence {
	e := new(Evidence)
	r := eml.NewReader(bytes.NewReader(raw), nil)
	h, err := r.Header()
	if err != nil {
		return e
	}
	e.Header = h
	text := false
	for {
		p, err := r.Next()
		if err != nil {
			return e
		}
		switch {
		case !text && (p.Type == "text/plain" || p.Type == "text/html") && p.Disposition != "attachment":
			b, _ := io.ReadAll(p.Text())
			e.Text = string(b)
			if p.Type == "text/html" {
				e.Text = html.UnescapeString(tags.ReplaceAllString(breaks.ReplaceAllString(e.Text, "\n"), ""))
			}
			text = strings.TrimSpace(e.Text) != ""
		default:
			if w := e.Keep(p.Type); w != nil {
				io.Copy(w, p)
			}
		}
	}
}

func TestKeep(t *testing.T) {
	t.Parallel()
	e := new(Evidence)
	for _, media := range []string{"text/plain", "text/html", "image/png", "application/octet-stream", "message/partial", ""} {
		require.Nil(t, e.Keep(media), media)
	}
	big := bytes.Repeat([]byte("x"), 1<<20)
	for range 20 {
		for _, media := range []string{"message/rfc822", "text/rfc822-headers", "message/delivery-status", "Message/Feedback-Report"} {
			if w := e.Keep(media); w != nil {
				for range 2 {
					n, err := w.Write(big)
					require.NoError(t, err)
					require.Equal(t, len(big), n)
				}
			}
		}
	}
	require.Len(t, e.original.b, maxOriginal)
	require.Len(t, e.reports, maxReports)
	for _, r := range e.reports {
		require.Len(t, r.b, maxReport)
	}
	require.Equal(t, Verdict{}, Judge(e), "there is no header")
	require.Equal(t, Verdict{}, Judge(nil))
}
