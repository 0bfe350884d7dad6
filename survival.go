package exdesk

import (
	"io"
	"mime"
	"net/mail"
	"slices"
	"strings"
	"time"
)

// Field is a header field.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"` // unfolded
}

// Survival is what became of a field on its way.
type Survival string

const (
	// Kept means that the field says what it said. Its words may be folded and
	// encoded otherwise.
	Kept Survival = "kept"
	// Repaired means that Exchange did not take the field from MIME, and keeps
	// it since it was set by other means.
	Repaired Survival = "repaired"
	// Renamed means that the addresses are the same, and the names before them
	// are not: Exchange writes those that its directory has.
	Renamed Survival = "renamed"
	// Changed means that the field says something else.
	Changed Survival = "changed"
	// Lost means that the field is not there.
	Lost Survival = "lost"
)

// survival compares a field as it was with the fields of its name as they are.
func survival(name, was string, is []string) Survival {
	switch {
	case len(is) == 0:
		return Lost
	case len(is) > 1:
		return Changed
	case slices.Contains(addressFields, name):
		return sameMailboxes(was, is[0])
	case was == is[0]:
		return Kept
	}
	switch name {
	case "Date":
		a, err1 := mail.ParseDate(was)
		b, err2 := mail.ParseDate(is[0])
		if err1 == nil && err2 == nil && a.Truncate(time.Second).Equal(b.Truncate(time.Second)) {
			return Kept
		}
	case "Message-ID", "In-Reply-To", "References":
		if slices.Equal(strings.Fields(ids.Replace(was)), strings.Fields(ids.Replace(is[0]))) {
			return Kept
		}
	}
	if words(was) == words(is[0]) {
		return Kept
	}
	return Changed
}

// ids sets ids apart that stand next to each other.
var ids = strings.NewReplacer("><", "> <")

// words reads unstructured text: unfolded, decoded, and with any white space as
// one space, which is what a reader may make of it (RFC 5322 §2.2.3).
func words(value string) string {
	if s, err := decoder.DecodeHeader(value); err == nil {
		value = s
	}
	return strings.Join(strings.Fields(value), " ")
}

var decoder = mime.WordDecoder{}

// asIs is for readers of addresses, to whom names do not matter.
func asIs(_ string, r io.Reader) (io.Reader, error) { return r, nil }

func sameMailboxes(was, is string) Survival {
	if slices.Equal(strings.Fields(was), strings.Fields(is)) {
		return Kept // whatever it says
	}
	a, err1 := mailboxes([]string{was})
	b, err2 := mailboxes([]string{is})
	if err1 != nil || err2 != nil || len(a) != len(b) {
		return Changed
	}
	got := Kept
	for i := range a {
		if !sameAddress(a[i].Address, b[i].Address) {
			return Changed
		}
		if words(a[i].Name) != words(b[i].Name) {
			got = Renamed
		}
	}
	return got
}

// mailboxes reads the addresses of fields by the letter of RFC 5322 §3.4. What
// Exchange would read otherwise must not leave, so there is no mercy.
func mailboxes(values []string) ([]Address, error) {
	var list []Address
	for _, v := range values {
		if v = strings.TrimSpace(v); v == "" || emptyGroup(v) {
			continue
		}
		parser := mail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: asIs}}
		found, err := parser.ParseList(v)
		if err != nil {
			return nil, err
		}
		for _, a := range found {
			list = append(list, Address{Name: a.Name, Address: a.Address})
		}
	}
	return list, nil
}

// emptyGroup tells of "undisclosed-recipients:;" and its like.
func emptyGroup(v string) bool {
	name, rest, ok := strings.Cut(v, ":")
	return ok && strings.TrimSpace(rest) == ";" && !strings.ContainsAny(name, "<>@,;\"")
}
