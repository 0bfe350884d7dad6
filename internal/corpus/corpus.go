// Package corpus reads the shared collection of real mail, for tests.
package corpus

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Variable is the environment variable that names the folder around the
// collection.
const Variable = "EXDESK_SHARED"

// Mail is one mail of the collection.
type Mail struct {
	Name string // such as "talon/fixtures_standard_replies_gmail.eml"
	Raw  []byte
	root string
}

// Mails reads the collection. It returns none if Variable is not set.
func Mails() ([]Mail, error) {
	root := os.Getenv(Variable)
	if root == "" {
		return nil, nil
	}
	root = filepath.Join(root, "corpora")
	f, err := os.Open(filepath.Join(root, "manifest.tsv"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []Mail
	rows := bufio.NewScanner(f)
	rows.Buffer(nil, 1<<20)
	for rows.Scan() {
		file, _, _ := strings.Cut(rows.Text(), "\t")
		name, ok := strings.CutPrefix(file, "msgs/")
		if !ok {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return nil, err
		}
		if bytes.HasPrefix(raw, []byte("From ")) { // it belongs to the mbox, not to the mail
			_, raw, _ = bytes.Cut(raw, []byte("\n"))
		}
		list = append(list, Mail{name, raw, root})
	}
	return list, rows.Err()
}

// Seeds returns the mails of up to that many octets, for fuzzing, which long ones
// make slow; none if Variable is not set.
func Seeds(most int) ([][]byte, error) {
	all, err := Mails()
	var list [][]byte
	for _, m := range all {
		if len(m.Raw) <= most {
			list = append(list, m.Raw)
		}
	}
	return list, err
}

// Expected decodes what the project that the mail comes from expects of it, and
// reports whether it says anything.
func (m *Mail) Expected(v any) (bool, error) {
	b, err := os.ReadFile(filepath.Join(m.root, "expected", m.Name+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return false, fmt.Errorf("what is expected of %s: %w", m.Name, err)
	}
	return true, nil
}
