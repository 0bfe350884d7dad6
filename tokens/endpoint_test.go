package tokens_test

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// endpoint is a token endpoint that is as strict as one can be: a refresh token
// is good once, and its second use ends the sign-in.
type endpoint struct {
	mu    sync.Mutex
	n     int    // tokens given
	valid string // the refresh token
	dead  bool
	// forgiving takes old refresh tokens as well, as Entra does.
	forgiving bool
	asked     int
	life      int           // expires_in; 0 leaves it out
	lag       time.Duration // before it answers
	answer    http.HandlerFunc
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	e.mu.Lock()
	e.asked++
	if e.answer != nil {
		answer := e.answer
		e.mu.Unlock()
		answer(w, r)
		return
	}
	status, body := e.grant(r)
	lag := e.lag
	e.mu.Unlock()
	time.Sleep(lag)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

func (e *endpoint) grant(r *http.Request) (int, string) {
	f := r.PostForm
	switch {
	case r.Method != http.MethodPost || f.Get("grant_type") != "refresh_token" || r.URL.RawQuery != "":
		return 400, `{"error":"invalid_request"}`
	case f.Get("client_id") != "app" || f.Get("client_secret") != "s&cret":
		return 401, `{"error":"invalid_client","error_codes":[7000215]}`
	case e.dead || f.Get("refresh_token") != e.valid && !e.forgiving:
		e.dead = true
		return 400, `{"error":"invalid_grant","error_description":"AADSTS50173: for ann@contoso.test"}`
	}
	e.n++
	e.valid = fmt.Sprintf("refresh-%d", e.n)
	life := ""
	if e.life != 0 {
		life = fmt.Sprintf(`"expires_in":%d,`, e.life)
	}
	return 200, fmt.Sprintf(`{"token_type":"Bearer",%s"access_token":"access-%d","refresh_token":%q}`, life, e.n, e.valid)
}

func (e *endpoint) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked
}

// set changes the endpoint between two requests.
func (e *endpoint) set(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f()
}

func config(url string) *oauth2.Config {
	return &oauth2.Config{ClientID: "app", ClientSecret: "s&cret", Endpoint: oauth2.Endpoint{TokenURL: url + "/token"}}
}
