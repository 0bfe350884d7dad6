package consent

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/exdesk/exdesk/tokens"
)

const (
	// attemptLife is as long as Entra's own pages and codes are good for.
	attemptLife = 10 * time.Minute
	noticeLife  = time.Minute
	// mostAttempts is how many a browser may be at: as many tabs.
	mostAttempts = 8
	// mostCookie is far beyond what is sealed here; browsers take 4096 octets.
	mostCookie = 4096
)

// attempt is a sign-in that was begun, which the browser keeps.
type attempt struct {
	State    string    `json:"state"`
	Verifier string    `json:"verifier,omitempty"`
	Mailbox  string    `json:"mailbox,omitempty"`
	Admin    bool      `json:"admin,omitempty"` // for the whole organisation
	Until    time.Time `json:"until"`
}

// notice is what the next page has to say.
type notice struct {
	Change  Change    `json:"change"`
	Mailbox string    `json:"mailbox,omitempty"`
	Until   time.Time `json:"until"`
}

// consented is the Change of a notice that an administrator has consented.
const consented Change = "consented"

// cookie returns the name of a cookie. __Host- keeps neighbours on other hosts of
// the domain from setting it (RFC 6265bis §4.1.3.2).
func (h *Handler) cookie(name string) string {
	if h.secure {
		return "__Host-exdesk-" + name
	}
	return "exdesk-" + name
}

// attemptCookie is a name of its own for each attempt, that does not tell the state.
func (h *Handler) attemptCookie(state string) string {
	sum := sha256.Sum256([]byte(state))
	return h.cookie("try-" + hex.EncodeToString(sum[:10]))
}

func (v *visit) noticeCookie() string { return v.cookie("notice") }

// setCookie seals a value into a cookie, which the browser sends when it is
// brought back from elsewhere: SameSite=Lax.
func (v *visit) setCookie(name string, value any, life time.Duration) error {
	plain, err := json.Marshal(value)
	if err != nil {
		return err
	}
	sealed, err := v.seal(v.r.Context(), name, plain)
	if err != nil {
		return err
	}
	http.SetCookie(v.w, &http.Cookie{Name: name, Value: sealed, Path: "/", MaxAge: int(life / time.Second),
		HttpOnly: true, Secure: v.secure, SameSite: http.SameSiteLaxMode})
	return nil
}

func (v *visit) dropCookie(name string) {
	http.SetCookie(v.w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, HttpOnly: true, Secure: v.secure, SameSite: http.SameSiteLaxMode})
}

// errNoCookie means that the browser has none of that name, or one that this
// Handler has not made.
var errNoCookie = errors.New("there is no such cookie")

// readCookie is errNoCookie, or an error of the Keeper that may pass.
func (v *visit) readCookie(name string, into any) error {
	c, err := v.r.Cookie(name)
	if err != nil || len(c.Value) > mostCookie {
		return errNoCookie
	}
	plain, err := v.unseal(v.r.Context(), name, c.Value)
	switch {
	case errors.Is(err, tokens.ErrSealed):
		return errNoCookie
	case err != nil:
		return err
	case json.Unmarshal(plain, into) != nil:
		return errNoCookie
	}
	return nil
}

// trim drops the oldest attempts of this browser, so that there are never more
// than mostAttempts with a new one. Browsers send the oldest first (RFC 6265 §5.4).
func (v *visit) trim() {
	var names []string
	for _, c := range v.r.Cookies() {
		if strings.HasPrefix(c.Name, v.cookie("try-")) {
			names = append(names, c.Name)
		}
	}
	for len(names) >= mostAttempts {
		v.dropCookie(names[0])
		names = names[1:]
	}
}

// bound is what a cookie is sealed for: no other Handler takes it for its own.
func (h *Handler) bound(name string) string {
	sum := sha256.Sum256([]byte(h.root + "\x00" + h.app.ClientID() + "\x00" + name))
	return "exdesk consent " + hex.EncodeToString(sum[:])
}

// seal encrypts as tokens.Sealed does, whose Keepers need only keep a key.
func (h *Handler) seal(ctx context.Context, name string, plain []byte) (string, error) {
	memory := new(tokens.Memory)
	box := &tokens.Sealed{Store: memory, Keeper: h.opts.Keeper}
	if _, err := box.Save(ctx, h.bound(name), plain, ""); err != nil {
		return "", err
	}
	data, _, err := memory.Load(ctx, h.bound(name))
	return base64.RawURLEncoding.EncodeToString(data), err
}

// unseal undoes seal. What it did not seal is a tokens.ErrSealed.
func (h *Handler) unseal(ctx context.Context, name, value string) ([]byte, error) {
	data, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(data) == 0 {
		return nil, tokens.ErrSealed
	}
	memory := new(tokens.Memory)
	if _, err := memory.Save(ctx, h.bound(name), data, ""); err != nil {
		return nil, err
	}
	plain, _, err := (&tokens.Sealed{Store: memory, Keeper: h.opts.Keeper}).Load(ctx, h.bound(name))
	return plain, err
}
