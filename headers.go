package exdesk

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// protectedFields must leave the mailbox as Zendesk wrote them ("About the
// Microsoft Exchange connector", headers): without them auto-responders answer
// notifications, and loops are not seen.
var protectedFields = []string{
	"Auto-Submitted", "X-Auto-Response-Suppress", "X-Mailer", "X-Zendesk-From-Account-Id", "X-Zendesk-Email-Id",
}

// standardFields decide who gets a mail, whom an answer goes to, and which
// conversation it belongs to. A mail has each once at most (RFC 5322 §3.6).
var standardFields = []string{
	"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Date", "Subject", "Message-ID", "In-Reply-To", "References",
}

// resentFields are those of somebody who has sent a mail on (RFC 5322 §3.6.6).
var resentFields = []string{
	"Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc", "Resent-Bcc", "Resent-Date", "Resent-Message-ID",
}

// Guard watches over the header fields of a notification while somebody else
// rewrites it: the five that Zendesk protects and the standard ones. Fields may
// be added beside them; the body is not looked at. The zero value is ready to
// use.
type Guard struct {
	// Also names further fields to be guarded. In Relay they have to survive as
	// well, and may be there once at most.
	Also []string
}

// HeaderError is a guarded field that did not stay as it was.
type HeaderError struct {
	Field  string // "" when the header as a whole cannot be read
	Before []string
	After  []string
	Reason string
}

// Is makes it a kind of ErrRefused.
func (e *HeaderError) Is(class error) bool { return class == ErrRefused }

func (e *HeaderError) Error() string {
	if e.Field == "" {
		return "exdesk: the header is refused: " + e.Reason
	}
	if slices.ContainsFunc(addressFields, func(f string) bool { return strings.EqualFold(f, e.Field) }) {
		return fmt.Sprintf("exdesk: the %s field is guarded and was changed", e.Field) // errors name nobody
	}
	return fmt.Sprintf("exdesk: the %s field is guarded and was changed from %s to %s", e.Field, quote(e.Before), quote(e.After))
}

// addressFields hold addresses.
var addressFields = []string{"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc", "Resent-Bcc"}

// quote shows the first values of a field, shortened.
func quote(values []string) string {
	var short []string
	for _, v := range values[:min(len(values), 3)] {
		short = append(short, clip(v, 100))
	}
	if len(values) > len(short) {
		short = append(short, "…")
	}
	return fmt.Sprintf("%q", short)
}

// Check compares two messages, or their headers alone. It returns a
// *HeaderError for the first guarded field that was changed, lost, repeated or
// added, and for an after that different readers could read differently, such
// as one with a bare CR or a line that is no field: what cannot be read without
// doubt cannot be guarded.
func (g *Guard) Check(before, after []byte) error {
	old, err := parseHeader(before)
	if err != nil {
		return err
	}
	now, err := parseHeader(after)
	if err != nil {
		return err
	}
	for _, name := range g.fields() {
		a, b := old.values(name), now.values(name)
		if !slices.Equal(a, b) {
			return &HeaderError{Field: name, Before: a, After: b}
		}
	}
	return nil
}

func (g *Guard) fields() []string {
	return slices.Concat(protectedFields, standardFields, resentFields, g.Also)
}

// header is a header read strictly.
type header []headerField

type headerField struct{ name, value string }

// values returns the unfolded values of a field, in order.
func (h header) values(name string) []string {
	var list []string
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			list = append(list, f.value)
		}
	}
	return list
}

// parseHeader reads the header of a message by the letter of RFC 5322 §2.2.
// Lines may end in LF alone, throughout.
func parseHeader(message []byte) (header, error) {
	refuse := func(line int, reason string) error {
		return &HeaderError{Reason: fmt.Sprintf("line %d %s", line, reason)}
	}
	var h header
	crlf := false
	for n := 1; len(message) > 0; n++ {
		line, rest, found := bytes.Cut(message, []byte("\n"))
		message = rest
		text, ended := strings.CutSuffix(string(line), "\r")
		if n == 1 {
			crlf = ended
		}
		switch {
		case ended != crlf && found:
			return nil, refuse(n, "ends unlike the first")
		case strings.ContainsAny(text, "\r\x00"):
			return nil, refuse(n, "holds a CR or NUL")
		case text == "":
			return h, nil
		case text[0] == ' ' || text[0] == '\t':
			if len(h) == 0 || strings.TrimLeft(text, " \t") == "" {
				return nil, refuse(n, "continues nothing")
			}
			h[len(h)-1].value += text // unfolding takes out the line's end and nothing else
			continue
		}
		name, value, ok := strings.Cut(text, ":")
		if !ok || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return nil, refuse(n, "is not a field")
		}
		h = append(h, headerField{name, strings.TrimPrefix(value, " ")})
	}
	return h, nil
}
