package settings_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/examples/internal/settings"
	"github.com/exdesk/exdesk/tokens"
)

const (
	secret = "s3cr3t-of-entra"
	desk   = "s3cr3t-of-zendesk"
)

func key(b byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)) }

// usual is an environment with which all is well.
func usual(t *testing.T) map[string]string {
	return map[string]string{
		"EXDESK_MAILBOX": "support@contoso.test", "EXDESK_TENANT": "contoso.test", "EXDESK_CLIENT_ID": "app", "EXDESK_CLIENT_SECRET": secret,
		"EXDESK_ZENDESK": "acme", "EXDESK_ZENDESK_CLIENT_ID": "exdesk", "EXDESK_ZENDESK_CLIENT_SECRET": desk,
		"EXDESK_STORE": filepath.Join(t.TempDir(), "store"), "EXDESK_KEY": key('k'),
	}
}

func read(env map[string]string) (*settings.Settings, error) {
	return settings.NewEnvironment(func(name string) (string, bool) { v, ok := env[name]; return v, ok }).Settings()
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestSettings(t *testing.T) {
	s, err := read(usual(t))
	require.NoError(t, err)
	require.Equal(t, settings.Person, s.Access)
	require.Equal(t, "https://graph.microsoft.com/v1.0", s.GraphURL())
	require.Equal(t, "acme.zendesk.com", s.Account())
	require.Equal(t, []string{"offline_access", "User.Read", "Mail.ReadWrite"}, s.Scopes())
	source, err := s.Tokens()
	require.NoError(t, err)
	_, err = source.Token()
	require.ErrorIs(t, err, tokens.ErrMissing)
	_, err = s.Box(source)
	require.NoError(t, err)
	_, err = s.Desk(nil)
	require.NoError(t, err)
}

// Each thing that can be wrong is told with the variable's name, and never with a
// secret.
func TestWrong(t *testing.T) {
	certificate := "-----BEGIN CERTIFICATE-----\n" + secret + "\n"
	for _, c := range []struct {
		set  map[string]string
		want string
	}{
		{map[string]string{"EXDESK_MAILBOX": ""}, `EXDESK_MAILBOX: it is not set: give the mailbox's address`},
		{map[string]string{"EXDESK_MAILBOX": "support"}, `EXDESK_MAILBOX: it is not an address`},
		{map[string]string{"EXDESK_ACCESS": "everybody"}, `EXDESK_ACCESS: "everybody" is not one of person, shared, application`},
		{map[string]string{"EXDESK_OUT_OF_REACH": "boss"}, `EXDESK_OUT_OF_REACH: it is not the address of another mailbox`},
		{map[string]string{"EXDESK_OUT_OF_REACH": "Support@contoso.test"}, `EXDESK_OUT_OF_REACH: it is not the address of another mailbox`},
		{map[string]string{"EXDESK_SEND": "sometimes"}, `EXDESK_SEND: "sometimes" is not one of no, yes`},
		{map[string]string{"EXDESK_TENANT": " "}, `EXDESK_TENANT: it is not set`},
		{map[string]string{"EXDESK_CLIENT_ID": ""}, `EXDESK_CLIENT_ID: it is not set`},
		{map[string]string{"EXDESK_CLOUD": "germany"}, `EXDESK_CLOUD: "germany" is not one of`},
		{map[string]string{"EXDESK_GRAPH_URL": "http://graph.example"}, `EXDESK_GRAPH_URL: http://graph.example is not https`},
		{map[string]string{"EXDESK_LOGIN_URL": "https://me:" + secret + "@login.example"}, `EXDESK_LOGIN_URL: https://login.example is not of the form`},
		{map[string]string{"EXDESK_CLIENT_SECRET_FILE": "/x"}, `EXDESK_CLIENT_SECRET: it is set and so is EXDESK_CLIENT_SECRET_FILE: take one away`},
		{map[string]string{"EXDESK_CLIENT_SECRET": "", "EXDESK_CLIENT_SECRET_FILE": "/nowhere/it"}, `EXDESK_CLIENT_SECRET_FILE: open /nowhere/it: `},
		{map[string]string{"EXDESK_CLIENT_SECRET": "", "EXDESK_CLIENT_SECRET_FILE": write(t, " \n")}, `is empty: write the secret into it`},
		{map[string]string{"EXDESK_CLIENT_SECRET": "", "EXDESK_CLIENT_SECRET_FILE": write(t, strings.Repeat("x", 65<<10))}, `has more than 65536 octets`},
		{map[string]string{"EXDESK_CLIENT_SECRET": "", "EXDESK_CLIENT_SECRET_FILE": write(t, "\xff\xfe")}, `is not text`},
		{map[string]string{"EXDESK_FEDERATED_TOKEN_FILE": "/x"}, `EXDESK_CLIENT_SECRET: it is set and so is EXDESK_FEDERATED_TOKEN_FILE`},
		{map[string]string{"EXDESK_CLIENT_SECRET": "", "EXDESK_CLIENT_CERTIFICATE_FILE": write(t, certificate)}, `EXDESK_CLIENT_CERTIFICATE: entra: the PEM has to hold a certificate and its private key`},
		{map[string]string{"EXDESK_CLIENT_SECRET": "", "EXDESK_CLIENT_CERTIFICATE": "/etc/exdesk/exdesk.pem"}, `EXDESK_CLIENT_CERTIFICATE: entra`},
		{map[string]string{"EXDESK_CLIENT_SECRET": "", "EXDESK_ACCESS": "application"}, `EXDESK_CLIENT_SECRET: it is not set, nor EXDESK_CLIENT_CERTIFICATE`},
		{map[string]string{"EXDESK_ZENDESK": ""}, `EXDESK_ZENDESK: it is not set: give the account`},
		{map[string]string{"EXDESK_ZENDESK_CLIENT_ID": ""}, `EXDESK_ZENDESK_CLIENT_ID: it is not set`},
		{map[string]string{"EXDESK_ZENDESK_CLIENT_SECRET": ""}, `EXDESK_ZENDESK_CLIENT_SECRET: it is not set`},
		{map[string]string{"EXDESK_ZENDESK_EMAIL": "a@acme.test"}, `EXDESK_ZENDESK_EMAIL: it or EXDESK_ZENDESK_API_TOKEN is set beside an OAuth client`},
		{map[string]string{"EXDESK_ZENDESK_CLIENT_ID": "", "EXDESK_ZENDESK_CLIENT_SECRET": "", "EXDESK_ZENDESK_API_TOKEN": desk}, `EXDESK_ZENDESK_EMAIL: it is not set`},
		{map[string]string{"EXDESK_ZENDESK_CLIENT_ID": "", "EXDESK_ZENDESK_CLIENT_SECRET": "", "EXDESK_ZENDESK_EMAIL": "a@acme.test"}, `EXDESK_ZENDESK_API_TOKEN: it is not set`},
		{map[string]string{"EXDESK_STORE": ""}, `EXDESK_STORE: it is not set`},
		{map[string]string{"EXDESK_KEY": ""}, `EXDESK_KEY_FILE: it is not set: name a file`},
		{map[string]string{"EXDESK_KEY": "pass" + secret}, `EXDESK_KEY: line 1 is not 32 octets in base64`},
		{map[string]string{"EXDESK_KEY": "new:" + key('a') + "\nold:" + secret}, `EXDESK_KEY: line 2 is not 32 octets in base64`},
		{map[string]string{"EXDESK_KEY": "one:" + key('a') + "\none:" + key('b')}, `EXDESK_KEY: tokens: there are two keys "one"`},
	} {
		env := usual(t)
		maps.Copy(env, c.set)
		_, err := read(env)
		require.ErrorContains(t, err, c.want)
		require.NotContains(t, err.Error(), secret)
		require.NotContains(t, err.Error(), desk)
		require.NotContains(t, err.Error(), key('a'))
		require.NotContains(t, err.Error(), "\n", "one thing is wrong, and told once: %v", c.set)
	}
	_, err := read(nil)
	for _, name := range []string{"EXDESK_MAILBOX", "EXDESK_TENANT", "EXDESK_CLIENT_ID", "EXDESK_ZENDESK", "EXDESK_ZENDESK_CLIENT_ID", "EXDESK_STORE", "EXDESK_KEY_FILE"} {
		require.ErrorContains(t, err, name+": it is not set", "all at once")
	}
}

func TestSecretFiles(t *testing.T) {
	env := usual(t)
	env["EXDESK_CLIENT_SECRET"], env["EXDESK_CLIENT_SECRET_FILE"] = "", write(t, secret+"\n")
	env["EXDESK_KEY"] = ""
	dir := t.TempDir()
	env["CREDENTIALS_DIRECTORY"] = dir
	delete(env, "EXDESK_ZENDESK_CLIENT_SECRET")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "EXDESK_ZENDESK_CLIENT_SECRET"), []byte(desk), 0o400))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "EXDESK_KEY"), []byte("2026:"+key('a')), 0o400))
	s, err := read(env)
	require.NoError(t, err)
	_, err = s.Store()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "EXDESK_CLIENT_CERTIFICATE"), certificate(t), 0o400))
	_, err = read(env)
	require.ErrorContains(t, err, "EXDESK_CLIENT_SECRET: it is set and so is EXDESK_CLIENT_CERTIFICATE")
	env["EXDESK_CLIENT_SECRET_FILE"] = ""
	env["EXDESK_ACCESS"] = "application"
	s, err = read(env)
	require.NoError(t, err)
	source, err := s.Tokens()
	require.NoError(t, err)
	require.IsType(t, new(tokens.AppSource), source)
	_, err = s.Store()
	require.Error(t, err)
}

func certificate(t *testing.T) []byte {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "exdesk"}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
}

// The key is made once, for its owner alone, and changed by a line before it.
func TestKey(t *testing.T) {
	env := usual(t)
	path := filepath.Join(t.TempDir(), "key")
	env["EXDESK_KEY"], env["EXDESK_KEY_FILE"] = "", path
	s, err := read(env)
	require.NoError(t, err)
	_, err = s.Store()
	require.ErrorContains(t, err, "examples/connect makes it")
	made, err := s.MakeKey()
	require.NoError(t, err)
	require.Equal(t, path, made)
	info, err := os.Stat(path)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Regexp(t, `^\d{8}:[A-Za-z0-9+/]{43}=\n$`, string(text))
	store, err := s.Store()
	require.NoError(t, err)
	require.NoError(t, tokens.Put(t.Context(), store, s.Mailbox, tokens.SignIn{Token: &oauth2.Token{RefreshToken: "r"}}))
	again, err := s.MakeKey()
	require.NoError(t, err)
	require.Empty(t, again)

	// Another process that was slower does not write over it.
	require.NoError(t, os.Rename(path, path+".away"))
	slow, err := read(env)
	require.NoError(t, err)
	require.NoError(t, os.Rename(path+".away", path))
	_, err = slow.MakeKey()
	require.ErrorIs(t, err, os.ErrExist)
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1)

	look := func() error {
		s, err := read(env)
		require.NoError(t, err)
		store, err := s.Store()
		require.NoError(t, err)
		_, err = tokens.Look(t.Context(), store, s.Mailbox)
		return err
	}
	require.NoError(t, os.WriteFile(path, []byte("next:"+key('n')+"\n\n"+string(text)), 0o600))
	require.NoError(t, look())
	require.NoError(t, os.WriteFile(path, []byte(key('n')), 0o600))
	require.ErrorIs(t, look(), tokens.ErrSealed)
	require.ErrorIs(t, look(), exdesk.ErrAuth)
}

func TestHelp(t *testing.T) {
	var b strings.Builder
	settings.Help(&b)
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	for _, name := range regexp.MustCompile(`EXDESK_[A-Z_]+`).FindAllString(string(doc), -1) {
		require.Contains(t, b.String(), name)
	}
	require.NotContains(t, b.String(), "//\t")
	require.NotContains(t, b.String(), "package")
}

// A certificate is given as any other secret is: its file is that of NAME_FILE.
func TestCertificateFile(t *testing.T) {
	env := usual(t)
	env["EXDESK_ACCESS"], env["EXDESK_CLIENT_SECRET"] = "application", ""
	env["EXDESK_CLIENT_CERTIFICATE_FILE"] = write(t, string(certificate(t)))
	_, err := read(env)
	require.NoError(t, err)
	env["EXDESK_CLIENT_CERTIFICATE_FILE"], env["EXDESK_CLIENT_CERTIFICATE"] = "", string(certificate(t))
	_, err = read(env)
	require.NoError(t, err)
}

// Editors of Windows begin a text with U+FEFF and end lines with CR LF.
func TestFileOfWindows(t *testing.T) {
	env := usual(t)
	env["EXDESK_KEY"] = ""
	env["EXDESK_KEY_FILE"] = write(t, "\ufeff"+key('a')+"\r\n")
	s, err := read(env)
	require.NoError(t, err)
	_, err = s.Store()
	require.NoError(t, err)
}

// An address is the same whatever its capitals, and names the sign-in.
func TestCapitals(t *testing.T) {
	env := usual(t)
	env["EXDESK_MAILBOX"] = "Support@Contoso.test"
	s, err := read(env)
	require.NoError(t, err)
	require.Equal(t, "support@contoso.test", s.Mailbox)
}

// Of a certificate it is told a month before that it ends.
func TestEnding(t *testing.T) {
	env := usual(t)
	s, err := read(env)
	require.NoError(t, err)
	require.Empty(t, s.Ending(time.Now().AddDate(10, 0, 0)), "nobody knows when a secret ends")
	text := certificate(t)
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	env["EXDESK_CLIENT_SECRET"], env["EXDESK_CLIENT_CERTIFICATE"] = "", string(text)
	s, err = read(env)
	require.NoError(t, err)
	require.Empty(t, s.Ending(cert.NotAfter.AddDate(0, 0, -31)))
	found := s.Ending(cert.NotAfter.AddDate(0, 0, -3))
	require.Equal(t, exdesk.Warning, found.Worst())
	require.Contains(t, found[0].What, "ends on "+cert.NotAfter.UTC().Format(time.DateOnly)+", in 3 days")
	require.Equal(t, exdesk.Failure, s.Ending(cert.NotAfter.AddDate(0, 0, 1)).Worst())
}
