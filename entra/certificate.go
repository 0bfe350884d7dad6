package entra

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"time"

	"github.com/exdesk/exdesk/tokens"
)

// Certificate is a certificate that is registered with the application, and its
// key: what proves who asks is signed anew for each request and lives ten minutes
// ("Microsoft identity platform application authentication certificate
// credentials").
type Certificate struct {
	key    crypto.Signer
	thumb  string // x5t#S256
	until  time.Time
	serial string
}

// NewCertificate takes a certificate and its key, which may stay in hardware. Entra
// takes RSA.
func NewCertificate(cert *x509.Certificate, key crypto.Signer) (*Certificate, error) {
	if cert == nil || key == nil {
		return nil, errors.New("entra: a certificate needs its key")
	}
	public, ok := key.Public().(*rsa.PublicKey)
	switch {
	case !ok:
		return nil, errors.New("entra: the key is not RSA, and Entra takes no other: make a new certificate")
	case !public.Equal(cert.PublicKey):
		return nil, errors.New("entra: the key is not the certificate's")
	}
	sum := sha256.Sum256(cert.Raw)
	return &Certificate{key: key, thumb: base64.RawURLEncoding.EncodeToString(sum[:]), until: cert.NotAfter, serial: cert.SerialNumber.String()}, nil
}

// ParseCertificate reads PEM with a certificate, of several the first that the
// key fits, and its key without a password, in PKCS #8 or PKCS #1.
func ParseCertificate(data []byte) (*Certificate, error) {
	var certs []*x509.Certificate
	var key crypto.Signer
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		var err error
		switch block.Type {
		case "CERTIFICATE":
			var cert *x509.Certificate
			if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
				certs = append(certs, cert)
			}
		case "PRIVATE KEY":
			var k any
			if k, err = x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
				key, _ = k.(crypto.Signer)
			}
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			err = errors.New("it has a password: write it without one, or use NewCertificate")
		}
		if err != nil {
			return nil, fmt.Errorf("entra: the PEM block %q: %w", block.Type, err)
		}
	}
	if len(certs) == 0 || key == nil {
		return nil, errors.New("entra: the PEM has to hold a certificate and its private key")
	}
	var err error
	for _, cert := range certs {
		var c *Certificate
		if c, err = NewCertificate(cert, key); err == nil {
			return c, nil
		}
	}
	return nil, err
}

// NotAfter returns when the certificate ends.
func (c *Certificate) NotAfter() time.Time { return c.until }

// assertionLife is how long an assertion is good: Microsoft advises 5 to 10 minutes.
const assertionLife = 10 * time.Minute

// Prove implements Credential.
func (c *Certificate) Prove(_ context.Context, form url.Values, clientID, tokenURL string) error {
	now := time.Now()
	if now.After(c.until) {
		return fmt.Errorf("entra: the certificate ended on %s: register a new one with the application: %w", c.until.UTC().Format(time.DateOnly), tokens.ErrClient)
	}
	token, err := c.sign(map[string]any{
		"aud": tokenURL, "iss": clientID, "sub": clientID, "jti": rand.Text(),
		"nbf": now.Unix(), "iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
	if err != nil {
		return fmt.Errorf("entra: signing with the certificate's key: %w", err)
	}
	assert(form, token)
	return nil
}

// sign makes a JWT (RFC 7519) with PS256 (RFC 7518 §3.5).
func (c *Certificate) sign(claims map[string]any) (string, error) {
	head, err := json.Marshal(map[string]string{"alg": "PS256", "typ": "JWT", "x5t#S256": c.thumb})
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	sum := sha256.Sum256([]byte(text))
	signature, err := c.key.Sign(rand.Reader, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	if err != nil {
		return "", err
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func (c *Certificate) String() string { return "entra.Certificate(serial " + c.serial + ")" }

// Format implements fmt.Formatter and shows nothing that is secret.
func (c *Certificate) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements slog.LogValuer and shows nothing that is secret.
func (c *Certificate) LogValue() slog.Value { return slog.StringValue(c.String()) }
