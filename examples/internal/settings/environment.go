package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/exdesk/exdesk/internal/rest"
)

// Environment is the environment of the process, and what is wrong with it.
type Environment struct {
	lookup func(string) (string, bool)
	failed []string // names
	errs   []error
}

// NewEnvironment takes os.LookupEnv.
func NewEnvironment(lookup func(string) (string, bool)) *Environment {
	return &Environment{lookup: lookup}
}

// Err tells all that is wrong.
func (e *Environment) Err() error { return errors.Join(e.errs...) }

// Wrong notes what is wrong with a variable, and what to do.
func (e *Environment) Wrong(name, why string) {
	e.failed = append(e.failed, name)
	e.errs = append(e.errs, errors.New(name+": "+why))
}

// Failed reports whether something is wrong with a variable.
func (e *Environment) Failed(name string) bool { return slices.Contains(e.failed, name) }

// Get returns the value of a variable; one that is empty is not set.
func (e *Environment) Get(name string) string {
	value, _ := e.lookup(name)
	return strings.TrimSpace(value)
}

// Need is Get of a variable that has to be set, to what.
func (e *Environment) Need(name, what string) string {
	value := e.Get(name)
	if value == "" {
		e.Wrong(name, "it is not set: give "+what)
	}
	return value
}

// One is Get of a variable that has one of some values, by default the first.
func (e *Environment) One(name string, values ...string) string {
	value := strings.ToLower(e.Get(name))
	switch {
	case value == "":
		return values[0]
	case !slices.Contains(values, value):
		e.Wrong(name, fmt.Sprintf("%q is not one of %s", value, strings.Join(values, ", ")))
	}
	return value
}

// URL is Get of the root of a server, without a slash at its end.
func (e *Environment) URL(name string) string {
	value := strings.TrimRight(e.Get(name), "/")
	if value == "" {
		return ""
	}
	if _, err := rest.ParseBase(value); err != nil {
		e.Wrong(name, err.Error())
	}
	return value
}

// Duration is Get of a time such as 30s that is longer than none.
func (e *Environment) Duration(name string, unset time.Duration) time.Duration {
	value := e.Get(name)
	if value == "" {
		return unset
	}
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		e.Wrong(name, fmt.Sprintf("%q is not a time such as 30s or 5m", value))
		return unset
	}
	return d
}

// mostSecret bounds a file, in octets: a chain of certificates is shorter.
const mostSecret = 64 << 10

// Secret is the value of NAME, or what is in the file that NAME_FILE names or
// that is called NAME in the credentials of the service (systemd.exec(5),
// LoadCredential=). "" is none.
func (e *Environment) Secret(name string) string {
	value, path := e.Get(name), e.Get(name+"_FILE")
	switch {
	case value != "" && path != "":
		e.Wrong(name, "it is set and so is "+name+"_FILE: take one away")
		return ""
	case value != "":
		return value
	case path != "":
		return e.read(name+"_FILE", path, name)
	}
	return e.credential(name)
}

func (e *Environment) credential(name string) string {
	dir := e.Get("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return ""
	}
	path := filepath.Join(dir, name)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return e.read(name, path, name)
}

// read reads a file that a variable names. What is wrong counts against both
// the variable and the secret.
func (e *Environment) read(variable, path, secret string) string {
	text, err := readFile(path)
	if err != nil {
		e.Wrong(variable, err.Error())
		e.failed = append(e.failed, secret)
	}
	return text
}

func readFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, mostSecret+1))
	text := strings.TrimSpace(strings.TrimPrefix(string(data), "\ufeff")) // a mark that editors of Windows set
	switch {
	case err != nil:
		return "", err
	case len(data) > mostSecret:
		return "", fmt.Errorf("%s has more than %d octets: it is another file", path, mostSecret)
	case text == "":
		return "", fmt.Errorf("%s is empty: write the secret into it", path)
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return "", fmt.Errorf("%s is not text: write the secret into it as it was shown", path)
	}
	return text, nil
}
