package entra

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"time"

	"golang.org/x/oauth2"

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

// Exchange redeems a code. The AuthRequest and the verifier are those of AuthCodeURL.
// The error is a *tokens.Error.
func (a *App) Exchange(ctx context.Context, in AuthRequest, code, verifier string) (*oauth2.Token, error) {
	token, err := a.config(in.Redirect, in.Scopes).Exchange(a.context(ctx), code, oauth2.VerifierOption(verifier))
	return signedIn(opRedeem, token, err)
}

// Device begins a sign-in without a browser of one's own ("OAuth 2.0 device
// authorization grant"): the person opens VerificationURI on any device and
// enters UserCode there. The error is a *tokens.Error.
func (a *App) Device(ctx context.Context, scopes ...string) (*oauth2.DeviceAuthResponse, error) {
	auth, err := a.config("", scopes).DeviceAuth(a.context(ctx))
	if err != nil {
		return nil, tokens.Explain(opDevice, err)
	}
	if auth.DeviceCode == "" || auth.UserCode == "" || auth.VerificationURI == "" {
		return nil, fmt.Errorf("entra: %s: the answer lacks a code", opDevice)
	}
	return auth, nil
}

// DeviceToken waits until the person has signed in, has declined, or until the
// code has ended, which is after 15 minutes. The error is a *tokens.Error.
func (a *App) DeviceToken(ctx context.Context, auth *oauth2.DeviceAuthResponse) (*oauth2.Token, error) {
	token, err := a.config("", nil).DeviceAccessToken(a.context(ctx), auth)
	if ctx.Err() != nil && err != nil {
		return nil, fmt.Errorf("entra: waiting for the sign-in: %w", context.Cause(ctx))
	}
	if errors.Is(err, context.DeadlineExceeded) && !auth.Expiry.IsZero() && !time.Now().Before(auth.Expiry) {
		err = &oauth2.RetrieveError{ErrorCode: "expired_token"} // package oauth2 did not wait for that answer
	}
	return signedIn(opDevice, token, err)
}

// signedIn refuses a sign-in that would end within the hour.
func signedIn(op string, token *oauth2.Token, err error) (*oauth2.Token, error) {
	if err != nil {
		return nil, tokens.Explain(op, err)
	}
	if token.RefreshToken == "" {
		return nil, fmt.Errorf("entra: %s: there is no refresh token: ask for the scope offline_access", op)
	}
	return token, nil
}
