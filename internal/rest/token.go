package rest

import (
	"cmp"
	"net/http"
)

// TokenClient returns a client for a token endpoint: it follows no redirect,
// which would be followed with the secrets, has no time limit of its own, and
// reads every answer as the JSON that RFC 6749 §5 wants it to be. nil is one that
// shares its connections with all of them.
func TokenClient(c *http.Client) *http.Client {
	hc := http.Client{Transport: Transport()}
	if c != nil {
		hc = *c
	}
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	hc.Timeout = 0
	hc.Jar = nil
	hc.Transport = inJSON{cmp.Or[http.RoundTripper](hc.Transport, http.DefaultTransport)}
	return &hc
}

// inJSON says of every answer that it is JSON.
//
// QUIRK: Zendesk's errors may come as text/plain, which oauth2 takes for a form.
type inJSON struct{ next http.RoundTripper }

func (t inJSON) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err == nil {
		resp.Header.Set("Content-Type", "application/json")
	}
	return resp, err
}
