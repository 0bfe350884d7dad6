package eml_test

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/eml"
)

// TestSpan: what a span names can be cut out, and is the part.
func TestSpan(t *testing.T) {
	large := strings.Repeat("0123456789abcdef\r\n", 20_000)
	mail := "Subject: x\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\npreamble\r\n--o\r\n" +
		"Content-Type: multipart/related; boundary=i\r\n\r\n--i\r\nContent-Type: text/html\r\n\r\n<p>one</p>\r\n" +
		"--i\r\nContent-Type: image/png\r\nContent-ID: <a@b>\r\n\r\n" + large + "\r\n--i--\r\n" +
		"--o\r\nContent-Type: application/pdf\r\n\r\n" + large + "two\r\n--o--\r\nepilogue\r\n"
	r := eml.NewReader(strings.NewReader(mail), nil)
	var parts []*eml.Part
	var texts []string
	for {
		p, err := r.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		text, err := io.ReadAll(p)
		require.NoError(t, err)
		parts, texts = append(parts, p), append(texts, string(text))
	}
	require.Len(t, parts, 3)
	for i, p := range parts {
		begin, entity, end, ok := p.Span()
		require.True(t, ok, i)
		require.True(t, strings.HasPrefix(strings.TrimLeft(mail[begin:end], "\r\n"), "--"))
		require.True(t, strings.HasPrefix(mail[entity:end], "Content-Type: "+p.Type))
		alone, err := eml.NewReader(strings.NewReader(mail[entity:end]), nil).Next()
		require.NoError(t, err)
		text, err := io.ReadAll(alone)
		require.NoError(t, err)
		require.Equal(t, texts[i], string(text))

		rest := eml.NewReader(strings.NewReader(mail[:begin]+mail[end:]), nil)
		var left []string
		for {
			p, err := rest.Next()
			if err == io.EOF {
				break
			}
			text, err := io.ReadAll(p)
			require.NoError(t, err)
			left = append(left, string(text))
		}
		require.Empty(t, rest.Repairs())
		require.Equal(t, append(append([]string{}, texts[:i]...), texts[i+1:]...), left)
	}
}
