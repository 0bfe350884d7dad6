package entra

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/tokens"
)

// Credential proves to Entra that a request is the application's: a Secret, a
// *Certificate or a Federated. It is safe for concurrent use.
type Credential interface {
	// Prove adds the proof to the form of a request to the token endpoint. An
	// error that a person has to do something about is a tokens.ErrClient, any
	// other is an exdesk.ErrTemporary; its text is shown.
	Prove(ctx context.Context, form url.Values, clientID, tokenURL string) error
}

// Secret is a client secret: its value, not its id. It ends, by default after six
// months, and whoever reads it is the application: a Certificate or a Federated
// are better.
type Secret string

// Prove implements Credential.
func (s Secret) Prove(_ context.Context, form url.Values, _, _ string) error {
	form.Set("client_secret", string(s))
	return nil
}

const secretName = "entra.Secret(hidden)"

// Format implements fmt.Formatter and shows nothing that is secret.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, secretName) }

// LogValue implements slog.LogValuer and shows nothing that is secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(secretName) }

// MarshalJSON implements json.Marshaler and shows nothing that is secret.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(secretName) }

// Federated is a token of another identity provider, such as a Kubernetes
// cluster, that Entra was told to trust for the application ("Workload identity
// federation"): there is no secret to keep. It is called for each request.
type Federated func(ctx context.Context) (string, error)

// FederatedFile is the Federated whose token is in a file that somebody else
// renews: AZURE_FEDERATED_TOKEN_FILE of a workload identity.
func FederatedFile(path string) Federated {
	return func(context.Context) (string, error) {
		file, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer file.Close()
		token, err := io.ReadAll(io.LimitReader(file, mostAssertion+1))
		return strings.TrimSpace(string(token)), err
	}
}

// mostAssertion is far beyond any assertion that was seen.
const mostAssertion = 64 << 10

// Prove implements Credential.
func (f Federated) Prove(ctx context.Context, form url.Values, _, _ string) error {
	token, err := f(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("entra: the federated token: %w", err)
	case token == "" || len(token) > mostAssertion:
		return fmt.Errorf("entra: the federated token has %d octets: %w", len(token), tokens.ErrClient)
	}
	assert(form, token)
	return nil
}

// assert adds an assertion (RFC 7523 §2.2).
func assert(form url.Values, token string) {
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", token)
}

// Overlap is several credentials, of which the first that there is and that Entra
// takes counts: with the new one behind the old, an application goes on when the
// old one ends.
type Overlap []Credential

// Prove implements Credential with the first.
func (o Overlap) Prove(ctx context.Context, form url.Values, clientID, tokenURL string) error {
	if len(o) == 0 {
		return fmt.Errorf("entra: there is no credential: %w", tokens.ErrClient)
	}
	return o[0].Prove(ctx, form, clientID, tokenURL)
}

// empty reports whether there is nothing to prove with: a variable that was not
// set, for example.
func empty(c Credential) bool {
	switch c := c.(type) {
	case nil:
		return true
	case Secret:
		return c == ""
	case *Certificate:
		return c == nil
	case Federated:
		return c == nil
	case Overlap:
		return len(c) == 0 || slices.ContainsFunc(c, empty)
	}
	return false
}

func several(c Credential) []Credential {
	if o, ok := c.(Overlap); ok {
		return o
	}
	return []Credential{c}
}

// prover adds the credential to what goes to the token endpoint: package oauth2
// knows secrets alone.
type prover struct {
	next        http.RoundTripper
	credentials []Credential
	clientID    string
	tokenURL    string
}

// mostForm bounds a request to the token endpoint and its answer.
const mostForm = 1 << 20

// RoundTrip implements http.RoundTripper.
func (p *prover) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost || r.URL.String() != p.tokenURL || r.Body == nil {
		return p.next.RoundTrip(r)
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, mostForm))
	r.Body.Close()
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, errors.New("entra: the request is not a form")
	}
	for i, c := range p.credentials {
		proven, err := p.prove(r.Context(), form, c)
		if err != nil {
			if i < len(p.credentials)-1 && r.Context().Err() == nil {
				continue // as if it were refused: a certificate may have ended
			}
			return nil, err
		}
		resp, err := p.send(r, proven)
		if err != nil {
			return nil, err
		}
		why, err := refusal(resp)
		switch {
		case err != nil:
			return nil, err
		case why.public():
			// QUIRK: the same application is a public client when somebody signs in
			// with a device code or through a redirect of the platform "Mobile and
			// desktop applications", and then has to bring no credential.
			resp.Body.Close()
			return p.send(r, form)
		case !why.another() || i == len(p.credentials)-1:
			return resp, nil
		}
		resp.Body.Close()
	}
	return nil, errors.New("entra: there is no credential")
}

// prove returns the form with a proof. What hinders it is temporary unless the
// Credential says that it is not.
func (p *prover) prove(ctx context.Context, form url.Values, c Credential) (url.Values, error) {
	proven := make(url.Values, len(form)+2)
	for name, values := range form {
		proven[name] = values
	}
	err := c.Prove(ctx, proven, p.clientID, p.tokenURL)
	if err != nil && !errors.Is(err, exdesk.ErrAuth) {
		err = fmt.Errorf("%w: %w", err, exdesk.ErrTemporary)
	}
	return proven, err
}

func (p *prover) send(r *http.Request, form url.Values) (*http.Response, error) {
	body := form.Encode()
	out := r.Clone(r.Context())
	out.Body = io.NopCloser(strings.NewReader(body))
	out.ContentLength = int64(len(body))
	out.GetBody = nil
	return p.next.RoundTrip(out)
}

// refused is why the token endpoint gave nothing.
type refused struct {
	Error string `json:"error"`
	Codes []int  `json:"error_codes"`
}

// public reports whether a credential was brought and must not be: AADSTS700025.
func (r *refused) public() bool { return slices.Contains(r.Codes, 700025) }

// another reports whether another credential might do.
//
// QUIRK: a federated token that fits none of the application's credentials may be
// an invalid_request, AADSTS70021 (github.com/Azure/azure-workload-identity, 616).
func (r *refused) another() bool {
	return r.Error == "invalid_client" || slices.Contains(r.Codes, 70021)
}

// refusal reads an answer that is no success, and leaves it to be read again.
func refusal(resp *http.Response) (*refused, error) {
	why := new(refused)
	if resp.StatusCode != http.StatusUnauthorized && resp.StatusCode != http.StatusBadRequest {
		return why, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostForm))
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	_ = json.Unmarshal(body, why) // what is no JSON says nothing
	return why, nil
}
