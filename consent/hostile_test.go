package consent_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/consent"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/tokens"
)

// refused checks that an answer leads nowhere and that nothing came of it.
func (b *browser) refused(p *page) {
	b.Helper()
	require.Equal(b, http.StatusBadRequest, p.StatusCode, p.words())
	require.Contains(b, p.words(), "Please begin again")
	require.Empty(b, b.entra.Issued(), "the code was not redeemed")
	require.Empty(b, b.kept(support))
	require.Empty(b, b.events)
}

// with sets a parameter of a URL.
func with(target, name, value string) string {
	u, _ := url.Parse(target)
	q := u.Query()
	if q.Set(name, value); value == "" {
		q.Del(name)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// What comes back is taken only where it was begun, once, and unchanged.
func TestState(t *testing.T) {
	t.Parallel()
	as := graphtest.Answer{User: support}
	state := func(back string) string { u, _ := url.Parse(back); return u.Query().Get("state") }
	for name, attack := range map[string]func(w *world){
		"another browser": func(w *world) {
			back := w.ann.start(support, as)
			w.ann.refused(w.browse(w.ann.client.Transport).do("GET", back, nil))
		},
		"no state": func(w *world) { w.ann.refused(w.ann.do("GET", with(w.ann.start(support, as), "state", ""), nil)) },
		"a forged state": func(w *world) {
			w.ann.refused(w.ann.do("GET", with(w.ann.start(support, as), "state", strings.Repeat("A", 26)), nil))
		},
		"a long state": func(w *world) {
			w.ann.refused(w.ann.do("GET", with(w.ann.start(support, as), "state", strings.Repeat("A", 9000)), nil))
		},
		"two states": func(w *world) {
			back := w.ann.start(support, as)
			w.ann.refused(w.ann.do("GET", back+"&state="+state(back), nil))
		},
		"the state of another visitor": func(w *world) {
			bob := w.browse(w.ann.client.Transport)
			w.ann.start(support, as)
			w.ann.refused(w.ann.do("GET", bob.start(support, as), nil))
		},
		"the cookie of another attempt": func(w *world) {
			first, second := w.ann.start(support, as), w.ann.start(support, as)
			root, _ := url.Parse(w.root + "/")
			jar := w.ann.client.Jar.Cookies(root)
			require.Len(w, jar, 2)
			jar[0].Value, jar[1].Value = jar[1].Value, jar[0].Value
			w.ann.client.Jar.SetCookies(root, jar)
			w.ann.refused(w.ann.do("GET", first, nil))
			w.ann.refused(w.ann.do("GET", second, nil))
		},
		"a changed cookie": func(w *world) {
			back := w.ann.start(support, as)
			root, _ := url.Parse(w.root + "/")
			jar := w.ann.client.Jar.Cookies(root)
			flipped := []byte(jar[0].Value)
			flipped[len(flipped)/2] ^= 1
			for _, value := range []string{string(flipped), "", "!", "AAAA", strings.Repeat("A", 4000)} {
				jar[0].Value = value
				w.ann.client.Jar.SetCookies(root, jar[:1])
				w.ann.refused(w.ann.do("GET", back, nil))
			}
		},
		"somebody else logged in": func(w *world) {
			back := w.ann.start(support, as)
			w.opts.Mailboxes = consent.Only(sales)
			other := w.serve()
			w.ann.client.Transport = other
			w.ann.refused(w.ann.do("GET", back, nil))
		},
		"another Handler": func(w *world) {
			back := w.ann.start(support, as)
			w.opts.URL = "http://localhost/other"
			w.ann.client.Transport = w.serve()
			w.ann.refused(w.ann.do("GET", strings.Replace(back, "/mail/", "/other/", 1), nil))
		},
		"a process that died": func(w *world) {
			back := w.ann.start(support, as)
			w.opts.Keeper = nil
			w.ann.client.Transport = w.serve()
			w.ann.refused(w.ann.do("GET", back, nil))
		},
		"HEAD": func(w *world) {
			back := w.ann.start(support, as)
			require.Equal(w, http.StatusMethodNotAllowed, w.ann.do("HEAD", back, nil).StatusCode)
			require.Empty(w, w.entra.Issued())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			attack(newWorld(t, nil, nil))
		})
	}
}

// The second time is refused, also where the browser kept its cookie.
func TestRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	back := w.ann.start(support, graphtest.Answer{User: support})
	root, _ := url.Parse(w.root + "/")
	jar := w.ann.client.Jar.Cookies(root)
	require.Equal(t, http.StatusSeeOther, w.ann.do("GET", back, nil).StatusCode)
	before, issued := w.kept(support), len(w.entra.Issued())
	for _, cookies := range [][]*http.Cookie{nil, jar} {
		w.ann.client.Jar.SetCookies(root, cookies)
		p := w.ann.do("GET", back, nil)
		require.Equal(t, http.StatusBadRequest, p.StatusCode)
		require.Contains(t, p.words(), "Please begin again")
	}
	require.Equal(t, before, w.kept(support))
	require.Len(t, w.entra.Issued(), issued)
}

// An attempt ends after ten minutes, whatever the browser keeps.
func TestTooLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorldIn(t, true, nil, nil)
		back := w.ann.start(support, graphtest.Answer{User: support})
		root, _ := url.Parse(w.root + "/")
		jar := w.ann.client.Jar.Cookies(root)
		time.Sleep(10*time.Minute + time.Second)
		require.Empty(t, w.ann.client.Jar.Cookies(root))
		w.ann.refused(w.ann.do("GET", back, nil))
		w.ann.client.Jar.SetCookies(root, jar)
		w.ann.refused(w.ann.do("GET", back, nil))

		w.ann = w.browse(w.ann.client.Transport)
		back = w.ann.start(support, graphtest.Answer{User: support})
		time.Sleep(9 * time.Minute)
		require.Equal(t, http.StatusSeeOther, w.ann.do("GET", back, nil).StatusCode)

		jar = w.ann.client.Jar.Cookies(root)
		require.Len(t, jar, 1, "what is to be said, and no attempt")
		time.Sleep(2 * time.Minute)
		w.ann.client.Jar.SetCookies(root, jar)
		require.NotContains(t, w.ann.get("/").words(), "is connected.")
	})
}

// Tabs do not disturb each other, and a browser holds so many attempts only.
func TestTabs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	one, two := w.ann.start(support, graphtest.Answer{User: support}), w.ann.start(sales, graphtest.Answer{User: sales})
	require.Contains(t, w.ann.follow(w.ann.do("GET", one, nil)).words(), support+" is connected.")
	require.Contains(t, w.ann.follow(w.ann.do("GET", two, nil)).words(), sales+" is connected.")
	for range 30 {
		w.ann.post("/start", support)
	}
	root, _ := url.Parse(w.root + "/")
	require.Len(t, w.ann.client.Jar.Cookies(root), 8)
	w.ann.connected(support)
}

// Two processes with one Keeper serve one sign-in.
func TestProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	back := w.ann.start(support, graphtest.Answer{User: support})
	w.ann.client.Transport = w.serve()
	require.Contains(t, w.ann.follow(w.ann.do("GET", back, nil)).words(), support+" is connected.")
}

// What is to be said of a mailbox is for those who may see it.
func TestNotice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	w.ann.connect(support, graphtest.Answer{User: support})
	w.opts.Mailboxes = consent.Only(sales)
	w.ann.client.Transport = w.serve()
	require.NotContains(t, w.ann.get("/").text, support)
}

// Nobody sees or changes what the application does not let him.
func TestAccess(t *testing.T) {
	t.Parallel()
	var who, broken error
	w := newWorld(t, nil, func(w *world) {
		w.opts.Mailboxes = func(r *http.Request) ([]string, error) {
			switch {
			case broken != nil:
				return nil, broken
			case who != nil:
				return nil, nil
			}
			return []string{support}, nil
		}
	})
	w.ann.connected(support)
	for _, m := range []string{sales, "", "nobody", "support@contoso.test\r\nSet-Cookie: a=b", "\u017fupport@contoso.test"} {
		for _, p := range []*page{w.ann.post("/start", m), w.ann.post("/disconnect", m), w.ann.get("/disconnect?mailbox=" + url.QueryEscape(m))} {
			require.Equal(t, http.StatusForbidden, p.StatusCode)
			require.Contains(t, p.words(), "You may not connect that mailbox")
			require.Empty(t, p.Header["Set-Cookie"])
		}
	}
	before := w.kept(support)
	all := func() []*page {
		return []*page{w.ann.get("/"), w.ann.get("/callback?code=a&state=b"), w.ann.post("/start", support), w.ann.post("/admin", ""),
			w.ann.post("/disconnect", support), w.ann.get("/disconnect?mailbox=" + support)}
	}
	who = http.ErrNoCookie
	for _, p := range all() {
		require.Equal(t, http.StatusForbidden, p.StatusCode)
		require.NotContains(t, p.text, support)
	}
	broken = errors.New("the session store is down")
	for _, p := range all() {
		require.Equal(t, http.StatusInternalServerError, p.StatusCode)
		require.NotContains(t, p.text, "session")
	}
	require.Equal(t, before, w.kept(support))
}

// What does not come from the pages themselves is refused.
func TestRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, nil)
	w.ann.connected(support)
	before := w.kept(support)
	form := url.Values{"mailbox": {support}}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, path := range []string{"/start", "/admin", "/disconnect"} {
		for _, change := range []func(*http.Request){header("Origin", "https://evil.example"), header("Origin", "null"), header("Origin", "http://localhost:81"),
			header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Site", "same-site")} {
			p := w.ann.do("POST", w.root+path, form, change, func(r *http.Request) {
				if r.Header.Get("Sec-Fetch-Site") != "" {
					r.Header.Set("Origin", "https://evil.example")
				}
			})
			require.Equal(t, http.StatusForbidden, p.StatusCode)
			require.Contains(t, p.words(), "This came from another site")
			require.Empty(t, p.Header["Set-Cookie"])
		}
	}
	// A proxy may have given the host another name, which is in nothing.
	p := w.ann.do("POST", w.root+"/start", form, func(r *http.Request) { r.Host = "evil.example" })
	require.Contains(t, p.Header.Get("Location"), url.QueryEscape("http://localhost/mail/callback"))
	require.NotContains(t, p.Header.Get("Location"), "evil")
	p = w.ann.do("GET", w.root+"/", nil, func(r *http.Request) { r.Host = "evil.example" })
	require.NotContains(t, p.text, "evil")

	for path, allow := range map[string]string{"/": "GET, HEAD", "/start": "POST", "/admin": "POST", "/callback": "GET", "/disconnect": "GET, HEAD, POST"} {
		for _, method := range []string{"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "GET", "POST", "HEAD"} {
			if strings.Contains(allow, method) {
				continue
			}
			p := w.ann.do(method, w.root+path, nil)
			require.Equal(t, http.StatusMethodNotAllowed, p.StatusCode, method+path)
			require.Equal(t, allow, p.Header.Get("Allow"))
		}
	}
	for _, path := range []string{"/nothing", "/start/x", "//evil.example", "/callback/admin"} {
		require.Equal(t, http.StatusNotFound, w.ann.get(path).StatusCode, path)
	}
	big := url.Values{"mailbox": {support}, "more": {strings.Repeat("x", 10_000)}}
	require.Equal(t, http.StatusBadRequest, w.ann.do("POST", w.root+"/disconnect", big).StatusCode)
	for _, path := range []string{"/start", "/disconnect"} {
		p = w.ann.do("POST", w.root+path+"?mailbox="+support, url.Values{})
		require.Equal(t, http.StatusForbidden, p.StatusCode, "a form's field, not the address's")
	}
	require.Equal(t, before, w.kept(support))
}

// An older browser has an Origin alone, and writes it in one way, whatever the URL
// is and whatever a proxy calls the host.
func TestOrigin(t *testing.T) {
	t.Parallel()
	app, err := entra.New("contoso.test", "app", nil, nil)
	require.NoError(t, err)
	for root, origin := range map[string]string{
		"https://Desk.Example/mail":      "https://desk.example",
		"https://desk.example:443/mail/": "https://desk.example",
		"https://desk.example:8443/mail": "https://desk.example:8443",
		"http://LOCALHOST:80/mail":       "http://localhost",
		"http://[::1]/mail":              "http://[::1]",
		"http://[::1]:8080/mail":         "http://[::1]:8080",
	} {
		h, err := consent.New(app, new(tokens.Memory), &consent.Options{URL: root, Mailboxes: consent.Only(support)})
		require.NoError(t, err)
		for from, status := range map[string]int{origin: http.StatusSeeOther, origin + "1": http.StatusForbidden, origin + ".evil.example": http.StatusForbidden, "null": http.StatusForbidden} {
			r := httptest.NewRequest(http.MethodPost, "http://10.0.0.1/mail/start", strings.NewReader("mailbox="+support))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", from)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, status, w.Code, "%s from %s", root, from)
		}
	}
}

// Every answer has the headers, and every cookie its marks.
func TestHeaders(t *testing.T) {
	t.Parallel()
	for root, prefix := range map[string]string{"http://localhost/mail": "exdesk-", "https://desk.example.com/a/b": "__Host-exdesk-", "https://desk.example.com": "__Host-exdesk-"} {
		w := newWorld(t, &graphtest.Options{Redirects: []string{root + "/callback"}}, func(w *world) { w.opts.URL = root })
		origin := func(r *http.Request) {
			r.Header.Set("Origin", strings.TrimSuffix(strings.TrimSuffix(root, "/mail"), "/a/b"))
		}
		for _, p := range []*page{w.ann.get("/"), w.ann.get("/nothing"), w.ann.get("/callback"), w.ann.do("POST", root+"/start", url.Values{"mailbox": {support}}, origin),
			w.ann.do("GET", root+"/", nil, func(r *http.Request) { r.Header.Set("Accept", "application/json") })} {
			require.Equal(t, "no-store", p.Header.Get("Cache-Control"))
			require.Equal(t, "strict-origin", p.Header.Get("Referrer-Policy"))
			require.Equal(t, "nosniff", p.Header.Get("X-Content-Type-Options"))
			require.Equal(t, "DENY", p.Header.Get("X-Frame-Options"))
			policy := p.Header.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'none'; style-src 'nonce-", "; form-action 'self' http://localhost https:; ", "base-uri 'none'", "frame-ancestors 'none'"} {
				require.Contains(t, policy, part)
			}
			require.NotContains(t, policy, "unsafe")
			if p.StatusCode == http.StatusSeeOther {
				require.Len(t, p.Cookies(), 1)
				c := p.Cookies()[0]
				require.True(t, strings.HasPrefix(c.Name, prefix+"try-"), c.Name)
				require.Equal(t, []any{true, "/", "", http.SameSiteLaxMode, 600, prefix != "exdesk-"},
					[]any{c.HttpOnly, c.Path, c.Domain, c.SameSite, c.MaxAge, c.Secure})
				require.Less(t, len(c.String()), 1000)
			}
		}
		require.NotEqual(t, w.ann.get("/").Header.Get("Content-Security-Policy"), w.ann.get("/").Header.Get("Content-Security-Policy"), "a nonce is new each time")
		back := w.ann.answer(w.ann.do("POST", root+"/start", url.Values{"mailbox": {support}}, origin), graphtest.Answer{User: support})
		require.Contains(t, w.ann.follow(w.ann.do("GET", back, nil)).words(), support+" is connected.")
	}
}

// Whatever the services and the application say, it is text.
func TestScripts(t *testing.T) {
	t.Parallel()
	const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`
	const mailbox = `"><script>alert(3)</script>"@contoso.test`
	w := newWorld(t, nil, func(w *world) {
		w.opts.Mailboxes = consent.Only(mailbox, support)
	})
	require.NoError(t, tokens.Put(t.Context(), w.store, strings.ToLower(mailbox), w.app.SignedIn(token("a", "b"), evil)))
	back := w.ann.start(support, graphtest.Answer{User: support, Deny: true})
	for _, p := range []*page{w.ann.get("/"), w.ann.get("/disconnect?mailbox=" + url.QueryEscape(mailbox)), w.ann.get("/" + url.PathEscape(evil)),
		w.ann.get("/callback?error=" + url.QueryEscape(evil)), w.ann.do("GET", with(with(back, "error", evil), "error_description", evil), nil)} {
		require.NotContains(t, p.text, "<script")
		require.NotContains(t, p.text, "<img")
		require.NotContains(t, p.text, `""@`)
	}
	require.Contains(t, w.ann.get("/").text, "&lt;script&gt;alert(1)", "it is shown as it is")
}
