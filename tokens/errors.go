package tokens

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// What a person has to do something about. Each is an exdesk.ErrAuth.
var (
	// ErrRevoked means that the sign-in was ended: by a new password, by an
	// administrator, or because its refresh token was used before.
	ErrRevoked = fmt.Errorf("the sign-in was revoked: %w", exdesk.ErrAuth)
	// ErrExpired means that the sign-in is too old, or was not used for too long.
	ErrExpired = fmt.Errorf("the sign-in has expired: %w", exdesk.ErrAuth)
	// ErrConsent means that nobody consents to the application's permissions
	// any more.
	ErrConsent = fmt.Errorf("consent is missing: %w", exdesk.ErrAuth)
	// ErrInteraction means that a rule of the organisation, such as conditional
	// access, wants to see the person: a second factor, a compliant device.
	ErrInteraction = fmt.Errorf("somebody has to sign in at a screen: %w", exdesk.ErrAuth)
	// ErrClient means that the application's own credentials are wrong or have
	// expired, or that it is not known there.
	ErrClient = fmt.Errorf("the application was refused: %w", exdesk.ErrAuth)
	// ErrMissing means that nobody has signed in for the account.
	ErrMissing = fmt.Errorf("nobody has signed in: %w", exdesk.ErrAuth)
)

var (
	errOther   = errors.New("the sign-in was made with another application")
	errDamaged = errors.New("what is kept for the account is damaged")
	errAnswer  = errors.New("the token endpoint's answer cannot be read")
	errAway    = errors.New("the token endpoint cannot be reached: check the network and its proxy")
	errSilent  = fmt.Errorf("the token endpoint does not answer within %s", asking)
)

// Error is a token that could not be had.
type Error struct {
	Op            string // what was done: "renew"
	Status        int    // HTTP status; 0 when there was no answer
	Code          string // OAuth's error, RFC 6749 §5.2, such as "invalid_grant"
	AADSTS        int    // Entra's number, such as 50173, or 0
	TraceID       string // which Microsoft's support asks for
	CorrelationID string // likewise
	Err           error  // the cause besides the endpoint's answer, or nil

	advice  string
	sub     string        // Entra's suberror
	wait    time.Duration // -1: not said
	final   bool          // no older token will do instead
	classes []error
}

// Error tells what failed, and what a person must do. The endpoint's own
// description is left out: it may hold addresses.
func (e *Error) Error() string {
	parts := []string{"tokens: " + e.Op}
	var answer []string
	if e.Status != 0 {
		answer = append(answer, strconv.Itoa(e.Status))
	}
	if e.Code != "" {
		answer = append(answer, e.Code)
	} else if e.Status != 0 {
		answer = append(answer, http.StatusText(e.Status))
	}
	if e.AADSTS != 0 {
		answer = append(answer, fmt.Sprintf("AADSTS%d", e.AADSTS))
	}
	if len(answer) > 0 {
		parts = append(parts, strings.TrimSpace(strings.Join(answer, " ")))
	}
	if e.Err != nil {
		parts = append(parts, strings.TrimPrefix(e.Err.Error(), "tokens: "))
	}
	if e.advice != "" {
		parts = append(parts, e.advice)
	}
	text := strings.Join(parts, ": ")
	var ids []string
	if e.TraceID != "" {
		ids = append(ids, "trace "+e.TraceID)
	}
	if e.CorrelationID != "" {
		ids = append(ids, "correlation "+e.CorrelationID)
	}
	if len(ids) > 0 {
		text += " (" + strings.Join(ids, ", ") + ")"
	}
	return text
}

// Unwrap returns the cause and the classes of this package and of package
// exdesk.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return e.classes
	}
	return append([]error{e.Err}, e.classes...)
}

// Reason returns what a person must do, if anything.
func (e *Error) Reason() string { return e.advice }

// RetryAfter returns how long the endpoint asked to be left alone, if it did: up
// to ten minutes.
func (e *Error) RetryAfter() (time.Duration, bool) {
	return min(max(e.wait, 0), mostRest), e.wait >= 0
}

// restsUntil returns when the endpoint may be asked again.
func (e *Error) restsUntil() time.Time {
	rest := resting
	if !e.temporary() {
		rest = refusing
	}
	if wish, ok := e.RetryAfter(); ok {
		rest = max(wish, time.Second)
	}
	return time.Now().Add(rest)
}

const (
	// resting is how long after temporary trouble the endpoint is left alone,
	// if it does not say; refusing, after a refusal.
	resting  = 5 * time.Second
	refusing = time.Minute
	// mostRest bounds what it may say.
	mostRest = 10 * time.Minute
)

func (e *Error) temporary() bool { return errors.Is(e, exdesk.ErrTemporary) }

// outage makes a temporary Error a net.Error, to whoever asks by errors.As:
// the adapters tell by that what passes by itself.
type outage struct{}

func (outage) Error() string   { return exdesk.ErrTemporary.Error() }
func (outage) Timeout() bool   { return false }
func (outage) Temporary() bool { return true }

var _ net.Error = outage{}

var passing = []error{exdesk.ErrTemporary, outage{}}

// advice is what a person must do.
const (
	signIn  = "sign in again"
	consent = "consent to the application's permissions again, or have an administrator do it, then sign in again"
	present = "sign in again at a screen, where the organisation's rules can be met; " +
		"or have an administrator exempt this account or application"
	secret   = "check the application's id and secret, and that it is registered with this tenant or account"
	endpoint = "check the application's registration and the token URL"
)

type class struct {
	err    error
	advice string
}

// numbers are Entra's. They change, so OAuth's error decides and these say more
// of it: [Microsoft Entra authentication and authorization error codes].
//
// [Microsoft Entra authentication and authorization error codes]: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
var numbers = map[int]class{
	50173:  {ErrRevoked, "the password was changed: " + signIn},
	70000:  {ErrRevoked, signIn},
	50034:  {ErrRevoked, "there is no such user in the tenant: sign in with another account"},
	50057:  {ErrRevoked, "the user is disabled: have an administrator enable it, then " + signIn},
	50020:  {ErrRevoked, "the account is not of this tenant: sign in with one that is, and check the tenant in the token URL"},
	50089:  {ErrExpired, "the sign-in took too long: " + signIn},
	50105:  {ErrConsent, "the account is not assigned to the application: have an administrator assign it, then " + signIn},
	50132:  {ErrRevoked, "the password was changed: " + signIn},
	50133:  {ErrRevoked, "the password was changed: " + signIn},
	50135:  {ErrInteraction, "the password has to be changed: set a new one, then " + signIn},
	50144:  {ErrInteraction, "the password has expired: set a new one, then " + signIn},
	51004:  {ErrRevoked, "there is no such user in the tenant: sign in with another account"},
	50055:  {ErrInteraction, "the password has expired: set a new one, then " + signIn},
	700082: {ErrExpired, "the sign-in was not used for too long: " + signIn},
	70008:  {ErrExpired, "the sign-in was not used for too long: " + signIn},
	54005:  {ErrExpired, "the code was used before: sign in again"},
	70043:  {ErrExpired, "the organisation wants a sign-in more often: " + signIn + ", or have an administrator exempt this account"},
	700084: {ErrExpired, "the application is registered as a single-page one, whose sign-ins last 24 hours: register it as a web application, then " + signIn},
	65001:  {ErrConsent, consent},
	65004:  {ErrConsent, "the person has declined: " + consent},
	90094:  {ErrConsent, "an administrator has to consent to the application's permissions; then " + signIn},
	90095:  {ErrConsent, "an administrator has to consent to the application's permissions; then " + signIn},
	50072:  {ErrInteraction, "the person has to register a second factor: " + present},
	50074:  {ErrInteraction, present},
	50076:  {ErrInteraction, present},
	50079:  {ErrInteraction, "the person has to register a second factor: " + present},
	50097:  {ErrInteraction, "conditional access wants a known device: " + present},
	50131:  {ErrInteraction, "conditional access blocks the sign-in: " + present},
	50158:  {ErrInteraction, "conditional access wants another provider's word: " + present},
	53000:  {ErrInteraction, "conditional access wants a compliant device: " + present},
	53001:  {ErrInteraction, "conditional access wants a device of the organisation: " + present},
	53003:  {ErrInteraction, "conditional access blocks the sign-in: " + present},

	7000215: {ErrClient, "the application's secret is wrong: set the secret's value, not its id"},
	7000222: {ErrClient, "the application's secret has expired: make a new one and set it"},
	700025:  {ErrClient, "the application is a public client for this sign-in: configure no secret or certificate"},
	7000218: {ErrClient, "the application needs a secret or a certificate: set it"},
	700027:  {ErrClient, "the application's certificate does not fit: register the one that is used"},
	700024:  {ErrClient, "the time of the application's assertion is over: see to it that the federated token is renewed, and set this machine's clock"},
	700211:  {ErrClient, "no federated credential of the application fits: compare its issuer, subject and audience with the token's"},
	700212:  {ErrClient, "no federated credential of the application fits: compare its issuer, subject and audience with the token's"},
	70021:   {ErrClient, "no federated credential of the application fits: compare its issuer, subject and audience with the token's"},
	7002137: {ErrClient, "no federated credential of the application fits: compare its issuer, subject and audience with the token's"},
	7002138: {ErrClient, "no federated credential of the application fits: compare its issuer, subject and audience with the token's, letter by letter"},
	700213:  {ErrClient, "no federated credential of the application fits: compare its issuer, subject and audience with the token's"},
	7002131: {ErrClient, "no federated credential of the application fits: compare its issuer, subject and audience with the token's"},
	7000112: {ErrClient, "the application is disabled in the tenant: have an administrator enable it"},
	700016:  {ErrClient, "the application is not known in the tenant: check its id and the tenant in the token URL"},
	90002:   {ErrClient, "there is no such tenant: check the token URL"},
	50194:   {ErrClient, "the application is for one tenant: name it in the token URL"},
	70011:   {ErrClient, "a scope is not one: check the application's scopes"},

	50196: {exdesk.ErrTemporary, "Entra sees the application in a loop: see to it that one process renews for the account"},
	50033: {exdesk.ErrTemporary, ""},
	90024: {exdesk.ErrTemporary, ""},
	90033: {exdesk.ErrTemporary, ""},
	90055: {exdesk.ErrTemporary, ""},
}

// codes are those of RFC 6749 §5.2, of OpenID Connect and of Entra.
var codes = map[string]class{
	"invalid_grant":           {ErrRevoked, signIn},
	"interaction_required":    {ErrInteraction, present},
	"login_required":          {ErrInteraction, present},
	"consent_required":        {ErrConsent, consent},
	"access_denied":           {ErrConsent, consent},
	"permission_denied":       {ErrConsent, "the administrator has declined: " + consent}, // of admin consent
	"authorization_declined":  {ErrConsent, "the person has declined: " + consent},
	"expired_token":           {ErrExpired, "the code was not entered in time: begin again"}, // RFC 8628 §3.5
	"bad_verification_code":   {ErrExpired, "the code is not one that was given out: begin again"},
	"invalid_client":          {ErrClient, secret},
	"unauthorized_client":     {ErrClient, secret},
	"invalid_scope":           {ErrClient, "a scope is not one: check the application's scopes"},
	"temporarily_unavailable": {exdesk.ErrTemporary, ""},
	"server_error":            {exdesk.ErrTemporary, ""},
}

// suberrors are Entra's refinement of invalid_grant and interaction_required.
var suberrors = map[string]class{
	"consent_required":      {ErrConsent, consent},
	"basic_action":          {ErrInteraction, present},
	"additional_action":     {ErrInteraction, present},
	"message_only":          {ErrInteraction, present},
	"user_password_expired": {ErrInteraction, "the password has expired: set a new one, then " + signIn},
}

const (
	opRenew = "renew"
	opGet   = "get a token"
)

// Explain puts an error of package oauth2, or of asking a token endpoint by other
// means, into an *Error: op says what was done, such as "redeem the code". What
// is an *Error already stays as it is, and so does nil.
func Explain(op string, err error) error {
	if err == nil {
		return nil
	}
	return asError(op, err)
}

func asError(op string, err error) *Error {
	var done *Error
	if errors.As(err, &done) {
		return done
	}
	return answerError(op, err)
}

// Redirected returns what the error and error_description of a redirect mean
// (RFC 6749 §4.1.2.1), by which a service says that somebody did not sign in or
// consent; nil if there are none.
func Redirected(op string, query url.Values) error {
	if !query.Has("error") {
		return nil
	}
	e := &Error{Op: op, Code: word(query.Get("error")), wait: -1}
	e.describe(query.Get("error_description"))
	e.classify()
	return e
}

// answerError puts what came of asking the endpoint into words. Nothing that it
// was sent or has sent is in it but codes and ids.
func answerError(op string, err error) *Error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return networkError(op, err)
	}
	e := &Error{Op: op, Code: word(refused.ErrorCode), wait: -1}
	if refused.Response != nil {
		e.Status, e.wait = refused.Response.StatusCode, rest.RetryAfter(refused.Response.Header)
	}
	var body struct {
		Codes       []json.Number `json:"error_codes"`
		Sub         string        `json:"suberror"`
		Trace       string        `json:"trace_id"`
		Correlation string        `json:"correlation_id"`
	}
	_ = json.Unmarshal(refused.Body, &body) // each field that fits is set
	e.TraceID, e.CorrelationID = id(body.Trace), id(body.Correlation)
	if e.describe(refused.ErrorDescription); len(body.Codes) > 0 {
		e.AADSTS, _ = strconv.Atoi(body.Codes[0].String())
	}
	if e.AADSTS < 0 || e.AADSTS > 99999999 {
		e.AADSTS = 0
	}
	e.sub = word(body.Sub)
	e.classify()
	return e
}

// describe takes Entra's number out of a description, and leaves the rest.
func (e *Error) describe(description string) {
	if m := aadsts.FindStringSubmatch(description); m != nil {
		e.AADSTS, _ = strconv.Atoi(m[1])
	}
}

// trouble is what is kept of a refusal.
func (e *Error) trouble(before *trouble) *trouble {
	t := &trouble{Status: e.Status, Code: e.Code, Sub: e.sub, AADSTS: e.AADSTS, Trace: e.TraceID, At: time.Now().Round(0).UTC()}
	if before != nil && before.Code == t.Code && before.Sub == t.Sub && before.AADSTS == t.AADSTS {
		t.At = before.At
	}
	return t
}

func (t *trouble) err() *Error {
	e := &Error{Op: opRenew, Status: t.Status, Code: word(t.Code), AADSTS: t.AADSTS, TraceID: id(t.Trace), sub: t.Sub, wait: -1}
	e.classify()
	return e
}

var (
	aadsts = regexp.MustCompile(`\bAADSTS(\d{4,8})\b`)
	wordly = regexp.MustCompile(`^[a-z_]{1,40}$`)
	idly   = regexp.MustCompile(`^[0-9A-Fa-f-]{1,64}$`)
)

// word returns an OAuth error as it is. A hostile answer does not fill a log.
func word(s string) string {
	if s != "" && !wordly.MatchString(s) {
		return "unknown_error"
	}
	return s
}

func id(s string) string {
	if !idly.MatchString(s) {
		return ""
	}
	return s
}

func (e *Error) classify() {
	c, known := codes[e.Code]
	if more, ok := numbers[e.AADSTS]; ok {
		c, known = more, true
	} else if more, ok := suberrors[e.sub]; ok && known && c.err != exdesk.ErrTemporary {
		c = more
	}
	busy := e.Status >= 500 || e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout
	switch {
	case known && c.err == exdesk.ErrTemporary, busy:
		e.classes = passing
		if known && c.err == exdesk.ErrTemporary {
			e.advice = c.advice
		}
	case known:
		e.classes, e.advice = []error{c.err}, c.advice
	default:
		e.classes, e.advice = []error{exdesk.ErrAuth}, endpoint
	}
}

// networkError keeps of an error what cannot quote the answer.
func networkError(op string, err error) *Error {
	e := &Error{Op: op, Err: errAnswer, wait: -1, classes: passing}
	var inURL *url.Error
	sent := errors.As(err, &inURL)
	if sent {
		err = inURL.Err // without the URL
	}
	var network net.Error
	var certificate *tls.CertificateVerificationError
	switch {
	// From what adds the application's credentials, or looks at what was granted.
	case errors.Is(err, exdesk.ErrAuth):
		e.Err, e.classes = err, nil
	case errors.Is(err, exdesk.ErrTemporary):
		e.Err = err
	case !sent: // the decoder's text may quote the answer
	case errors.Is(err, context.DeadlineExceeded):
		e.Err = errSilent
	case errors.As(err, &network), errors.As(err, &certificate), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Err = err
	default: // such as a proxy's refusal, whose text may be anything
		e.Err = errAway
	}
	return e
}

// storeError is about what is kept. An ErrNotFound or ErrChanged does not get
// through: the Connector would take it for a mail's.
func storeError(op string, err error) *Error {
	e := &Error{Op: op, Err: err, wait: -1}
	switch {
	case errors.Is(err, exdesk.ErrNotFound):
		e.Err, e.classes, e.advice = nil, []error{ErrMissing}, "nobody has signed in for the account: sign in"
	case errors.Is(err, ErrSealed):
		e.classes, e.advice = []error{exdesk.ErrAuth}, "give the key back that it was sealed with, or "+signIn
	case errors.Is(err, errDamaged):
		e.classes, e.advice = []error{exdesk.ErrAuth}, signIn
	case errors.Is(err, exdesk.ErrConflict):
		e.Err, e.classes = errors.New("others save all the time"), passing
	default:
		e.classes = passing
	}
	return e
}

// clip keeps what was read from filling a log.
func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), 64)], "?") }
