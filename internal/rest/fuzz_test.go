package rest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzLink: whatever link a service gives, with a token it leads to the service's
// own host and below its base, and without one over https to a host that is
// admitted.
func FuzzLink(f *testing.F) {
	for _, s := range []string{
		"https://graph.example/v1.0/users?$skip=1", "http://graph.example/v1.0/x", "https://graph.example:444/v1.0/x", "https://u:p@graph.example/v1.0/x",
		"https://graph.example.evil.example/v1.0/x", "https://evil.example/v1.0/x", "//evil.example/v1.0/x", "https:graph.example/v1.0/x", "/v1.0/x",
		"https://GRAPH.example/v1.0/x", "https://graph.example/v1.0", "https://graph.example/beta/x", "https://graph.example\\@evil.example/v1.0/x",
		"https://up.outlook.example/x", "http://up.outlook.example/x", "https://u@up.outlook.example/x", "https://outloo\u212a.example/v1.0/x",
		"https://graph.example/v1.0/../beta/x", "https://graph.example/v1.0/%2e%2e/x", "https://outlook.example/v1.0/x", "https://[::1]/v1.0/x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, link string) {
		for _, host := range []string{"graph.example", "outlook.example"} {
			base, err := ParseBase("https://" + host + "/v1.0")
			require.NoError(t, err)
			c := &Client{Base: base, Service: &Service{Elsewhere: func(host string) bool { return host == "up.outlook.example" }}}
			if u, err := c.target(&Request{URL: link}); err == nil && link != "" {
				require.Equal(t, "https", u.Scheme)
				require.Equal(t, host, ascii(u.Host))
				require.Nil(t, u.User)
				require.Empty(t, u.Opaque)
				require.True(t, strings.HasPrefix(u.Path, "/v1.0/"), u.Path)
				again, err := url.Parse(u.String()) // as the transport has it
				require.NoError(t, err)
				require.Equal(t, host, ascii(again.Host))
			} else if err != nil {
				require.Less(t, len(err.Error()), 200)
			}
			if u, err := c.target(&Request{URL: link, Bare: true}); err == nil && link != "" {
				require.Equal(t, "https", u.Scheme)
				require.Nil(t, u.User)
				require.Contains(t, []string{host, "up.outlook.example"}, ascii(u.Hostname()))
			}
		}
		if u, err := ParseBase(link); err == nil {
			require.True(t, u.Scheme == "https" || u.Scheme == "http" && Loopback(u.Hostname()))
			require.True(t, u.User == nil && u.RawQuery == "" && u.Fragment == "" && u.Host != "")
		}
		if u, err := (&Client{Base: &url.URL{Scheme: "https", Host: "graph.example", Path: "/v1.0"}}).target(&Request{Path: []string{"users", link}}); err == nil {
			again, err := url.Parse(u.String())
			require.NoError(t, err)
			require.Equal(t, "graph.example", again.Host)
			require.Equal(t, "/v1.0/users/"+link, again.Path, "an element stays one")
			require.Equal(t, 3, strings.Count(again.EscapedPath(), "/"))
		}
	})
}

// ascii puts only the letters of ASCII in lower case: others are no host's.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// FuzzHeaders: a pause is none, or at most a day; and what is shown of a service's
// words is no address and no token.
func FuzzHeaders(f *testing.F) {
	f.Add("120", "Mon, 23 Nov 2026 09:00:00 GMT")
	f.Add("Mon, 23 Nov 2026 09:01:00 GMT", "Mon, 23 Nov 2026 09:00:00 GMT")
	f.Add("1e400", "NaN")
	f.Add("-1", "Ann (ann@customer.example) is suspended eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9")
	f.Fuzz(func(t *testing.T, retry, s string) {
		wait := RetryAfter(http.Header{"Retry-After": {retry}, "Date": {s}})
		require.True(t, wait == -1 || 0 <= wait && wait <= 24*time.Hour, "%v", wait)
		for _, shown := range []string{Code(s), ID(s)} {
			require.LessOrEqual(t, len(shown), mostCode)
			require.Negative(t, strings.IndexFunc(shown, func(r rune) bool { return r < ' ' || r > '~' || r == '@' }))
		}
		for _, w := range strings.Fields(Quote(s)) {
			require.False(t, len(w) > 24 || strings.Contains(w, "@"), "%q", w)
		}
	})
}

// FuzzShortener: JSON stays JSON, and of the same shape, with strings that are no
// longer than they may be; what is short comes through as it is.
func FuzzShortener(f *testing.F) {
	for _, s := range []string{`{"a":"bcdefghijklmnop","q":"\\\"\u00e4\ud83d\ude00x"}`, `["\\\\\\\\\\\\"]`, `"`, `"\`, `"\u12`, `{"a":1e3,"b":[null,true]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := io.ReadAll(&shortener{r: bytes.NewReader(data), most: 5})
		require.NoError(t, err)
		slow, err := io.ReadAll(&shortener{r: iotest.OneByteReader(bytes.NewReader(data)), most: 5})
		require.NoError(t, err)
		require.Equal(t, out, slow)
		require.LessOrEqual(t, len(out), len(data))
		whole, err := io.ReadAll(&shortener{r: bytes.NewReader(data), most: len(data) + 1})
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, whole))
		if json.Valid(data) {
			require.True(t, json.Valid(out), "%q", out)
			marks := func(b []byte) string { // what is outside of strings
				var m strings.Builder
				for in, i := false, 0; i < len(b); i++ {
					switch c := b[i]; {
					case in && c == '\\':
						i++
					case c == '"':
						in = !in
						m.WriteByte(c)
					case !in:
						m.WriteByte(c)
					}
				}
				return m.String()
			}
			require.Equal(t, marks(data), marks(out))
		}
	})
}
