package rest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/internal/rest"
)

// serveTLS serves h with a certificate, over HTTP/2 for those who want it, and
// counts the connections and what is written on them.
func serveTLS(t *testing.T, h http.HandlerFunc, secure bool) (c *rest.Client, conns, writes *atomic.Int64) {
	srv := httptest.NewUnstartedServer(h)
	if srv.EnableHTTP2 = secure; secure {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	tr := rest.NewTransport()
	t.Cleanup(tr.CloseIdleConnections)
	if secure {
		tr.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
		tr.TLSClientConfig.RootCAs.AddCert(srv.Certificate())
	}
	conns, writes = new(atomic.Int64), new(atomic.Int64)
	dial := tr.DialContext
	tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		conns.Add(1)
		return &counted{conn, writes}, err
	}
	base, err := rest.ParseBase(srv.URL + "/v1")
	require.NoError(t, err)
	return &rest.Client{Base: base, HTTP: &http.Client{Transport: tr}, Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "secret"}),
		Service: &rest.Service{Explain: func(f *rest.Failure) error { return failure{f} }}}, conns, writes
}

type counted struct {
	net.Conn
	writes *atomic.Int64
}

func (c *counted) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// TestConnections: a connection serves one request after another, whatever they
// are answered with, and speaks HTTP/1.1.
func TestConnections(t *testing.T) {
	var newer atomic.Int64
	c, conns, _ := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		newer.Add(int64(r.ProtoMajor - 1))
		if strings.HasSuffix(r.URL.Path, "refused") {
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = io.WriteString(w, `{"a":"`+strings.Repeat("x", 100<<10)+`"}`)
	}, true)
	for range 20 {
		_, err := c.JSON(t.Context(), &rest.Request{Path: []string{"x"}}, &struct{}{})
		require.NoError(t, err)
		_, err = c.JSON(t.Context(), &rest.Request{Path: []string{"refused"}}, &struct{}{})
		require.Error(t, err)
		_, err = c.JSON(t.Context(), &rest.Request{Method: "POST", Path: []string{"x"}, Stream: strings.NewReader("abc"), Type: "text/plain"}, &struct{}{})
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, conns.Load())
	require.Zero(t, newer.Load())
}

// TestWrites: what comes in small pieces leaves in large ones.
func TestWrites(t *testing.T) {
	const size = 36 << 20
	var heard atomic.Int64
	c, _, writes := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		heard.Store(n)
		_, _ = io.WriteString(w, "{}")
	}, false)
	_, err := c.JSON(t.Context(), &rest.Request{Method: "POST", Path: []string{"x"}, Stream: &crumbs{size}, Type: "text/plain"}, &struct{}{})
	require.NoError(t, err)
	require.EqualValues(t, size, heard.Load())
	require.LessOrEqual(t, writes.Load(), int64(1200))
}

// crumbs gives out what is left 768 octets at a time, as package base64 does.
type crumbs struct{ left int }

func (c *crumbs) Read(p []byte) (int, error) {
	n := min(768, len(p), c.left)
	if c.left -= n; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// The default transport offers HTTP/2, and so would its clone.
func TestTransportSpeaksHTTP1(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	_, _ = http.DefaultClient.Get(srv.URL) // which does not know its certificate
	tr := rest.NewTransport()
	if tr.TLSClientConfig == nil {
		tr.TLSClientConfig = new(tls.Config)
	}
	tr.TLSClientConfig.RootCAs = x509.NewCertPool()
	tr.TLSClientConfig.RootCAs.AddCert(srv.Certificate())
	resp, err := (&http.Client{Transport: tr}).Get(srv.URL)
	require.NoError(t, err)
	defer resp.Body.Close()
	proto, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1", string(proto))
}

type answers func(*http.Request) (*http.Response, error)

func (f answers) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What http.Client forgives a transport is forgiven here.
func TestAnswerWithoutBody(t *testing.T) {
	base, err := rest.ParseBase("https://service.example")
	require.NoError(t, err)
	ask := func(resp *http.Response) error {
		c := &rest.Client{Base: base, HTTP: &http.Client{Transport: answers(func(*http.Request) (*http.Response, error) { return resp, nil })},
			Token:   oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "secret"}),
			Service: &rest.Service{InFlight: 1, Explain: func(f *rest.Failure) error { return failure{f} }}}
		for range 2 { // the first one gives back its place
			got, err := c.Do(t.Context(), &rest.Request{Op: "ask", Path: []string{"x"}, Once: true})
			if err != nil {
				return err
			}
			require.NoError(t, got.Body.Close())
		}
		return nil
	}
	require.NoError(t, ask(&http.Response{StatusCode: 204, Header: http.Header{}}))
	require.Error(t, ask(&http.Response{StatusCode: 404, Header: http.Header{}}))
	require.ErrorContains(t, ask(nil), "neither an answer nor an error")
}
