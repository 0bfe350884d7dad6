package rest_test

import (
	"bufio"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/internal/rest"
)

// raw serves one answer to each connection, octet for octet: TOKEN in it is the
// token of the request, as of a proxy that shows what it was sent.
func raw(t *testing.T, answer string) *rest.Client {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					_, _ = io.WriteString(conn, strings.ReplaceAll(answer, "TOKEN", r.Header.Get("Authorization")))
				}
			}()
		}
	}()
	base, err := rest.ParseBase("http://" + ln.Addr().String() + "/v1")
	require.NoError(t, err)
	return &rest.Client{Base: base, Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "s3cret"}), Service: &rest.Service{Explain: func(f *rest.Failure) error { return failure{f} }}}
}

// An answer that is no HTTP, and shows what it was sent or has commands to a
// terminal, is not in an error.
func TestNonsenseIsNotRepeated(t *testing.T) {
	const bad = "TOKEN \x1b[2J\u009b31m "
	for name, answer := range map[string]string{
		"no HTTP":           bad + "\r\n\r\n",
		"status":            "HTTP/1.1 " + bad + "\r\n\r\n",
		"version":           "HTTP/TOKEN 200 OK\r\n\r\n",
		"header":            "HTTP/1.1 200 OK\r\n" + bad + "\r\n\r\n",
		"length":            "HTTP/1.1 200 OK\r\nContent-Length: TOKEN\r\n\r\n",
		"lengths":           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: TOKEN\r\n\r\n",
		"transfer encoding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: TOKEN\r\n\r\n",
		"chunk":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nTOKEN\r\n",
		"header flood":      "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-TOKEN: "+strings.Repeat("x", 1000)+"\r\n", 12_000) + "\r\n{}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := raw(t, answer).JSON(t.Context(), &rest.Request{Op: "x", Path: []string{"x"}, Once: true}, new(struct{}))
			require.Error(t, err)
			require.NotContains(t, err.Error(), "s3cret")
			require.Less(t, len(err.Error()), 500)
			for _, r := range err.Error() {
				require.True(t, unicode.IsPrint(r), "%q", err)
			}
		})
	}
}

// What is small on the way and large when it is unpacked, and what nests without
// end, is read to a bound.
func TestBombs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/deep" {
				_, _ = io.WriteString(w, strings.Repeat(`{"a":[`, 1<<20))
				return
			}
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.CopyN(z, zeros{}, 64<<20)
			_ = z.Close()
		})
		var out struct{ A any }
		_, err := c.JSON(t.Context(), &rest.Request{Path: []string{"gzip"}}, &out)
		require.ErrorContains(t, err, "longer than")
		_, err = c.JSON(t.Context(), &rest.Request{Path: []string{"deep"}}, &out)
		require.ErrorContains(t, err, "not the JSON that was expected")
	})
}

// A cookie that a server sets is not sent back.
func TestCookiesAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "who", Value: "x", Path: "/"})
			_, _ = io.WriteString(w, `{"cookies":"`+r.Header.Get("Cookie")+`"}`)
		})
		for range 2 {
			var out struct{ Cookies string }
			_, err := c.JSON(t.Context(), &rest.Request{Path: []string{"x"}}, &out)
			require.NoError(t, err)
			require.Empty(t, out.Cookies)
		}
	})
}
