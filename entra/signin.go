package entra

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/internal/rest"
	"github.com/exdesk/exdesk/tokens"
)

// AuthRequest is how somebody signs in with a browser ("OAuth 2.0 authorization code
// flow"), with PKCE (RFC 7636).
type AuthRequest struct {
	// Redirect is the URL to which the browser comes back, as it is registered.
	Redirect string
	// Scopes are the permissions to be consented to, such as Mail.Send. Default
	// those of Scopes.
	Scopes []string
	// Mailbox, if set, is suggested as the account to sign in with. Entra does not
	// insist on it: who signed in has to be looked at.
	Mailbox string
	// Prompt is "login", "consent", "none" or, the default, "select_account":
	// otherwise whoever is signed in to the browser is taken without a question.
	Prompt string
}

const (
	opRedeem = "redeem the code"
	opSignIn = "sign in"
	opDevice = "sign in with a code"
)

// AuthCodeURL returns where to send the browser. The state and the verifier, of
// oauth2.GenerateVerifier, are new for each sign-in and kept where only this
// browser gets at them.
func (a *App) AuthCodeURL(in AuthRequest, state, verifier string) string {
	params := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("response_mode", "query")}
	if in.Prompt == "" {
		in.Prompt = "select_account"
	}
	params = append(params, oauth2.SetAuthURLParam("prompt", in.Prompt))
	if in.Mailbox != "" {
		params = append(params, oauth2.SetAuthURLParam("login_hint", in.Mailbox))
	}
	return a.config(in.Redirect, in.Scopes).AuthCodeURL(state, params...)
}

// Code returns the code that the browser came back with. The error is a
// *tokens.Error if the person did not sign in or consent.
func Code(query url.Values, state string) (string, error) {
	if err := checkState(query, state); err != nil {
		return "", err
	}
	if err := tokens.Redirected(opSignIn, query); err != nil {
		return "", err
	}
	if query.Get("code") == "" {
		return "", errors.New("entra: the browser came back without a code: begin again")
	}
	return query.Get("code"), nil
}

// ErrState means that the answer does not belong to what was begun in this
// browser.
var ErrState = errors.New("entra: this is not the sign-in that was begun here: begin again")

func checkState(query url.Values, state string) error {
	if state == "" || len(query["state"]) != 1 || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(state)) != 1 {
		return ErrState
	}
	return nil
}

// asking is how long the login host may take.
const asking = 20 * time.Second

// Exchange redeems a code. The AuthRequest and the verifier are those of AuthCodeURL.
// The error is a *tokens.Error, unless ctx has ended.
func (a *App) Exchange(ctx context.Context, in AuthRequest, code, verifier string) (*oauth2.Token, error) {
	within, cancel := context.WithTimeout(a.context(ctx), asking)
	defer cancel()
	token, err := a.config(in.Redirect, in.Scopes).Exchange(within, code, oauth2.VerifierOption(verifier))
	return signedIn(ctx, opRedeem, token, err)
}

// Device begins a sign-in without a browser of one's own ("OAuth 2.0 device
// authorization grant"): the person opens VerificationURI on any device and
// enters UserCode there. The error is a *tokens.Error, unless ctx has ended.
func (a *App) Device(ctx context.Context, scopes ...string) (*oauth2.DeviceAuthResponse, error) {
	auth, err := a.device(ctx, url.Values{"client_id": {a.clientID}, "scope": {strings.Join(a.join(scopes), " ")}})
	switch {
	case err == nil:
		return auth, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("entra: %s: %w", opDevice, context.Cause(ctx))
	}
	return nil, tokens.Explain(opDevice, err)
}

// device asks for a code (RFC 8628 §3.1). Package oauth2 would wait for ever,
// whatever ctx says, and does not bear every answer.
func (a *App) device(ctx context.Context, form url.Values) (*oauth2.DeviceAuthResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.endpoint.DeviceAuthURL, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := a.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostForm))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		var why struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		_ = json.Unmarshal(body, &why) // what is no JSON says nothing
		return nil, &oauth2.RetrieveError{Response: resp, Body: body, ErrorCode: why.Error, ErrorDescription: why.Description}
	}
	var in struct {
		DeviceCode string `json:"device_code"`
		UserCode   string `json:"user_code"`
		URI        string `json:"verification_uri"`
		ExpiresIn  int64  `json:"expires_in"`
		Interval   int64  `json:"interval"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	switch u, err := url.Parse(in.URI); {
	case in.DeviceCode == "" || in.UserCode == "" || in.URI == "":
		return nil, errors.New("the answer lacks a code")
	case !shown.MatchString(in.UserCode) || !shown.MatchString(in.URI):
		return nil, errors.New("the answer cannot be shown to anybody")
	case err != nil || u.User != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !rest.Loopback(u.Hostname())):
		return nil, errors.New("the answer leads to a page that is not https")
	}
	life := time.Duration(min(max(in.ExpiresIn, 0), int64(codesLive.Seconds()))) * time.Second
	return &oauth2.DeviceAuthResponse{DeviceCode: in.DeviceCode, UserCode: in.UserCode, VerificationURI: in.URI,
		Expiry: time.Now().Add(life).UTC(), Interval: in.Interval}, nil
}

// shown is what a person may be given to read and to type: one line, without
// commands to his terminal. Entra's codes have 9 letters.
var shown = regexp.MustCompile(`^[!-~]{1,1000}$`)

// slowest is as long as a login host may have somebody wait between two questions,
// and codesLive as long as its codes are believed to be good.
const (
	slowest   = time.Minute
	codesLive = time.Hour
)

// DeviceToken waits until the person has signed in, has declined, or until the
// code has ended, which is after 15 minutes. The error is a *tokens.Error, unless ctx
// has ended; after an exdesk.ErrTemporary one may wait again with the same code.
func (a *App) DeviceToken(ctx context.Context, auth *oauth2.DeviceAuthResponse) (*oauth2.Token, error) {
	code := *auth
	code.Interval = min(max(code.Interval, 0), int64(slowest.Seconds())) // 0 is 5 seconds
	if last := time.Now().Add(codesLive); code.Expiry.IsZero() || code.Expiry.After(last) {
		code.Expiry = last
	}
	token, err := a.config("", nil).DeviceAccessToken(a.context(ctx), &code)
	if errors.Is(err, context.DeadlineExceeded) && !time.Now().Before(code.Expiry) {
		err = &oauth2.RetrieveError{ErrorCode: "expired_token"} // package oauth2 did not wait for that answer
	}
	return signedIn(ctx, opDevice, token, err)
}

// signedIn refuses a sign-in that would end within the hour.
func signedIn(ctx context.Context, op string, token *oauth2.Token, err error) (*oauth2.Token, error) {
	switch {
	case err == nil && token.RefreshToken != "":
		return token, nil
	case err == nil:
		err = fmt.Errorf("there is no refresh token: ask for the scope offline_access: %w", tokens.ErrClient)
	case ctx.Err() != nil:
		return nil, fmt.Errorf("entra: %s: %w", op, context.Cause(ctx))
	}
	return nil, tokens.Explain(op, err)
}
