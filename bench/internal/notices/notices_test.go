package notices

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNotices(t *testing.T) {
	want := map[string]int{"1KB": 1_000, "5KB": 5_000, "2MB": 2_000_000, "30MB": 30_000_000}
	for _, size := range Sizes {
		v := New(size, 7, "support@contoso.test")
		var b bytes.Buffer
		require.NoError(t, v.WriteMIME(&b))
		require.InEpsilon(t, want[size], b.Len(), 0.2, size)
		for line := range bytes.Lines(b.Bytes()) {
			require.LessOrEqual(t, len(line), 180)
			require.True(t, bytes.HasSuffix(line, []byte("\r\n")))
		}
		m, err := mail.ReadMessage(&b)
		require.NoError(t, err)
		require.Equal(t, v.MessageID, m.Header.Get("Message-ID"))
		kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
		require.NoError(t, err)
		if v.File == 0 {
			require.Equal(t, "multipart/alternative", kind)
			continue
		}
		parts := multipart.NewReader(m.Body, params["boundary"])
		_, err = parts.NextPart()
		require.NoError(t, err)
		p, err := parts.NextPart()
		require.NoError(t, err)
		require.Equal(t, FileName, p.FileName())
		got, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, p))
		require.NoError(t, err)
		want, err := io.ReadAll(v.Body())
		require.NoError(t, err)
		require.Equal(t, v.File, int64(len(got)))
		require.True(t, bytes.Equal(want, got))
	}
	a, b := New("5KB", 1, "x@y.example"), New("5KB", 2, "x@y.example")
	require.NotEqual(t, a.MessageID, b.MessageID)
	require.True(t, strings.HasPrefix(a.Text, "Your order"))
	require.Panics(t, func() { New("4KB", 1, "") })
}
