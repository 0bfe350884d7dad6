package consent_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/tokens"
)

// secrets are all that the network and the browsers have seen of them.
func (w *world) secrets(browsers ...*browser) map[string]string {
	list := make(map[string]string)
	add := func(kind, value string) {
		if len(value) >= 16 {
			list[value] = kind
			list[url.QueryEscape(value)] = kind
		}
	}
	_, secret := w.entra.Client()
	add("client_secret", secret)
	for _, seen := range w.wire.seen {
		if form, err := url.ParseQuery(seen); err == nil {
			for _, name := range []string{"code", "code_verifier", "refresh_token", "client_secret"} {
				add(name, form.Get(name))
			}
		}
		var answer map[string]any
		if json.Unmarshal([]byte(seen), &answer) == nil {
			for _, name := range []string{"access_token", "refresh_token", "id_token"} {
				if v, ok := answer[name].(string); ok {
					add(name, v)
				}
			}
		}
	}
	for _, b := range browsers {
		for _, p := range b.seen {
			for _, c := range p.Cookies() {
				add("cookie", c.Value)
			}
			for _, u := range []string{p.Request.URL.String(), p.Header.Get("Location")} {
				if to, err := url.Parse(u); err == nil {
					add("state", to.Query().Get("state"))
					add("code", to.Query().Get("code"))
				}
			}
		}
	}
	delete(list, "administrator")
	return list
}

// No secret is in a page or in a log, whatever happens.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	store := &faultyStore{Store: new(tokens.Memory)}
	w := newWorld(t, nil, func(w *world) { w.store = store })
	ok := graphtest.Answer{User: support}
	var before, after func()
	try := func(as graphtest.Answer) {
		back := w.ann.start(support, as)
		if before != nil {
			before()
		}
		w.ann.do("GET", back, nil)
		w.ann.do("GET", back, nil) // again
		w.ann.do("GET", with(back, "state", "wrong"), nil)
		w.ann.get("/")
		w.ann.look(support)
		w.ann.get("/disconnect?mailbox=" + support)
		if after != nil {
			after()
		}
	}
	try(ok)
	try(graphtest.Answer{User: ann})
	w.entra.RevokeConsent(support)
	try(graphtest.Answer{User: support, Deny: true})
	for _, f := range []graphtest.TokenFault{{Number: 54005}, {Number: 7000222}, {Number: 7000215}, {Number: 50194}, {Number: 90033, Status: 503},
		{Grant: "refresh_token", Number: 50076}, {Grant: "refresh_token", Number: 50173}} {
		before = func() { require.NoError(t, w.entra.FailTokens(f)) }
		try(ok)
		w.entra.ClearFaults()
	}
	for _, f := range []graphtest.Fault{{Path: "/v1.0/me", Status: 401, Times: -1}, {Path: "/v1.0/me", Status: 403, Times: -1},
		{Path: "/v1.0/me/mailFolders/inbox/messages", Status: 403, Code: "ErrorAccessDenied", Times: -1},
		{Path: "/contoso.test/oauth2/v2.0/token", Status: 200, Body: `{"token_type":"Bearer","access_token":"an access token that is cut`, Times: -1},
		{Path: "/contoso.test/oauth2/v2.0/token", Status: 400, Body: `a refresh token in plain words`, Times: -1}} {
		before = func() { require.NoError(t, w.entra.Fault(f)) }
		try(ok)
		w.entra.ClearFaults()
	}
	before, after = func() { w.wire.set(true) }, func() { w.wire.set(false) }
	try(ok)
	before, after = func() { store.save = errors.New("full") }, func() { store.save = nil }
	try(ok)
	before, after = func() { store.load = errors.New("gone") }, func() { store.load = nil }
	try(ok)
	before, after = nil, nil
	w.ann.do("GET", w.ann.answer(w.ann.post("/admin", ""), graphtest.Answer{User: adminis, Deny: true}), nil)
	w.ann.do("GET", w.ann.answer(w.ann.post("/admin", ""), graphtest.Answer{User: adminis}), nil)
	w.ann.post("/disconnect", support)
	w.ann.get("/")

	secrets := w.secrets(w.ann)
	kinds := make(map[string]int)
	for value, kind := range secrets {
		kinds[kind]++
		require.NotContains(t, w.log.String(), value, kind)
		for _, p := range w.ann.seen {
			require.NotContains(t, p.text, value, "%s in %s", kind, p.Request.URL.Path)
			if kind != "state" || p.StatusCode != http.StatusSeeOther {
				require.NotContains(t, p.Header.Get("Location"), value, kind)
			}
		}
	}
	for _, kind := range []string{"client_secret", "code", "code_verifier", "access_token", "refresh_token", "cookie", "state"} {
		require.Positive(t, kinds[kind], kind)
	}
	require.Greater(t, strings.Count(w.log.String(), "\n"), 15)
	require.NotContains(t, w.log.String(), ann)
	require.NotContains(t, w.log.String(), "in plain words")
	require.NotContains(t, w.log.String(), "that is cut")
	require.NotContains(t, w.log.String(), "?")
}
