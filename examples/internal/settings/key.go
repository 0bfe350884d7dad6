package settings

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/exdesk/exdesk/tokens"
)

// bare is the id of a key that was given without one.
const bare = "key"

func (s *Settings) readKey(e *Environment) {
	path := e.Get("EXDESK_KEY_FILE")
	if path != "" && e.Get("EXDESK_KEY") == "" {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			s.keyPath = path // which MakeKey makes
			return
		}
	}
	s.key = e.Secret("EXDESK_KEY")
	switch {
	case e.Failed("EXDESK_KEY"):
	case s.key == "":
		e.Wrong("EXDESK_KEY_FILE", "it is not set: name a file, which connect makes, for the key that seals the sign-in; and keep it apart from EXDESK_STORE")
	default:
		if _, err := parseKeys(s.key); err != nil {
			e.Wrong("EXDESK_KEY", err.Error())
		}
	}
}

// parseKeys reads lines of id:base64, or base64 alone.
func parseKeys(text string) (*tokens.Keys, error) {
	var keys []tokens.Key
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		id, encoded, ok := strings.Cut(line, ":")
		if !ok {
			id, encoded = bare, line
		}
		secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
		if err != nil || len(secret) != 32 {
			return nil, fmt.Errorf("line %d is not 32 octets in base64, with or without an id and a colon before it: make a new one with `openssl rand -base64 32`", len(keys)+1)
		}
		keys = append(keys, tokens.Key{ID: strings.TrimSpace(id), Secret: secret})
	}
	return tokens.NewKeys(keys...)
}

// MakeKey makes the key that seals the sign-in, if EXDESK_KEY_FILE names a file
// that is not there, and returns its path then. Only its owner can read it.
func (s *Settings) MakeKey() (made string, err error) {
	if s.keyPath == "" {
		return "", nil
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	s.key = time.Now().UTC().Format("20060102") + ":" + base64.StdEncoding.EncodeToString(secret)
	if err := writeNew(s.keyPath, s.key+"\n"); err != nil {
		return "", fmt.Errorf("EXDESK_KEY_FILE: %w", err)
	}
	made, s.keyPath = s.keyPath, ""
	return made, nil
}

// writeNew writes a file that is there as a whole or not at all, and not yet.
func writeNew(path, text string) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(text)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Link(file.Name(), path) // which fails if somebody was faster
}

// Store returns where the sign-in is kept.
func (s *Settings) Store() (tokens.Store, error) {
	switch {
	case s.Access == Application:
		return nil, errNoStore
	case s.keyPath != "":
		return nil, fmt.Errorf("EXDESK_KEY_FILE: %s is not there: examples/connect makes it when somebody signs in", s.keyPath)
	}
	keys, err := parseKeys(s.key)
	if err != nil {
		return nil, err
	}
	files, err := tokens.OpenFile(s.store)
	if err != nil {
		return nil, fmt.Errorf("EXDESK_STORE: %w", err)
	}
	return &tokens.Sealed{Store: files, Keeper: keys}, nil
}
