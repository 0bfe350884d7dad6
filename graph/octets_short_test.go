package graph

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/internal/rest"
)

// A letter that ends too early is not taken for sent, and be it by the last octet,
// which base64 does not need.
func TestOctetsEndTooEarly(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusCreated)
	}))
	defer srv.Close()
	base, err := rest.ParseBase(srv.URL)
	require.NoError(t, err)
	c := &rest.Client{Service: &rest.Service{Explain: explain}, Base: base, Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "x"})}
	const whole = "0123456789ab"
	for cut := range 5 {
		o := &octets{size: int64(len(whole)), open: func() (io.Reader, error) { return strings.NewReader(whole[:len(whole)-cut]), nil }}
		req := &rest.Request{Op: "send", Method: http.MethodPost, Path: []string{"a"}, Type: "text/plain", Once: true}
		o.base64(req, "", "")
		resp, err := c.Do(t.Context(), req)
		if err == nil {
			resp.Body.Close()
		}
		if err = o.blame(err); cut == 0 {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "it ends too early", "%d", cut)
		}
	}
}

// What is odd beside the mails of a list is not forgotten over them.
func TestOddPage(t *testing.T) {
	for _, text := range []string{
		`{"value":[{"id":"a","subject":"s"}],"@odata.nextLink":{"href":"https://x"}}`,
		`{"@odata.nextLink":{"href":"https://x"},"value":[{"id":"a","subject":"s"}]}`,
	} {
		var p mails
		err := rest.Decode([]byte(text), &p)
		require.True(t, err != nil || !p.whole(), text)
	}
}
