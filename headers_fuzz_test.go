package exdesk_test

import (
	"bufio"
	"bytes"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// guardedNames are those of Guard's documentation, in lower case.
var guardedNames = strings.Fields("auto-submitted x-auto-response-suppress x-mailer x-zendesk-from-account-id x-zendesk-email-id " +
	"from sender reply-to to cc bcc date subject message-id in-reply-to references " +
	"resent-from resent-sender resent-to resent-cc resent-bcc resent-date resent-message-id")

// plainLine is a line of a header that nobody can read in two ways.
var plainLine = regexp.MustCompile(`^(?:[!-9;-~]+:[^\r\n\x00]*|[ \t]+[^ \t\r\n\x00][^\r\n\x00]*)$`)

// plainHeader reads a header of such lines, and nothing else.
func plainHeader(b []byte) (map[string]string, bool) {
	head, _, ok := strings.Cut(string(b), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	if !ok || strings.TrimLeft(lines[0], " \t") != lines[0] ||
		slices.ContainsFunc(lines, func(l string) bool { return !plainLine.MatchString(l) }) {
		return nil, false
	}
	said := make(map[string]string)
	for _, field := range regexp.MustCompile(`(?m)^[!-9;-~]+:[^\n]*(?:\n[ \t][^\n]*)*`).FindAllString(strings.Join(lines, "\n"), -1) {
		name, value, _ := strings.Cut(strings.ReplaceAll(field, "\n", ""), ":")
		said[strings.ToLower(name)] += strings.TrimPrefix(value, " ") + "\n"
	}
	return said, true
}

// FuzzGuard: the guard lets pass what is octet by octet the same once it is
// unfolded, and of what can be read without doubt nothing else is refused.
// Whatever passes reads the same, in the guarded fields, to another parser too.
func FuzzGuard(f *testing.F) {
	f.Add([]byte(notification), []byte("X-Trace: 1\r\n"+notification))
	f.Add([]byte("Subject: a\r\n b\r\n\r\n"), []byte("Subject: a\r\n b\r\nSubject: c\r\n\r\n"))
	f.Add([]byte("Subject: a\r\n b\r\n\r\n"), []byte("SUBJECT: a b\r\n\r\n"))
	f.Add([]byte("Subject:\r\n\r\n"), []byte("Subject: \r\n\r\n"))
	f.Add([]byte("To: ann@customer.example\r\n\r\n"), []byte("To: ann@customer.example\r\nX: 1\rBcc: eve@evil.example\r\n\r\n"))
	f.Add([]byte("X: 1\r\n\r\n"), []byte(strings.Repeat("Subject: "+strings.Repeat("x", 200)+"\r\n", 100)+"\r\n"))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		err := new(exdesk.Guard).Check(before, after)
		if err != nil {
			require.ErrorIs(t, err, exdesk.ErrRefused)
			checkText(t, err.Error(), 1500)
			var h *exdesk.HeaderError
			require.ErrorAs(t, err, &h)
			if strings.Contains(" from sender reply-to to cc bcc", " "+strings.TrimPrefix(strings.ToLower(h.Field), "resent-")) && h.Field != "" {
				require.NotContains(t, err.Error(), "@", "errors name nobody")
			}
		}
		old, ok := plainHeader(before)
		now, ok2 := plainHeader(after)
		if ok && ok2 {
			same := true
			for _, name := range guardedNames {
				same = same && old[name] == now[name]
			}
			require.Equal(t, same, err == nil, "%v", err)
		}
		if err != nil {
			return
		}
		read := func(b []byte) textproto.MIMEHeader {
			h, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(append(slices.Clone(b), "\r\n\r\n"...)))).ReadMIMEHeader()
			if err != nil {
				return nil // the other one is stricter still
			}
			return h
		}
		a, b := read(before), read(after)
		for _, name := range guardedNames {
			if name = textproto.CanonicalMIMEHeaderKey(name); a != nil && b != nil {
				require.Equal(t, a[name], b[name], name)
			}
		}
	})
}
