package graphtest

import (
	"encoding/json"
	netmail "net/mail"
	"strings"
)

// The fields of a message that hold addresses, by property.
var addressFields = map[string]string{
	"from": "From", "sender": "Sender", "toRecipients": "To", "ccRecipients": "Cc", "bccRecipients": "Bcc", "replyTo": "Reply-To",
}

// people returns the addresses of a field, as they were given or as the
// header has them.
func (it *item) people(name string) []person {
	if it.draft != nil {
		if list, ok := it.draft.people[name]; ok {
			return list
		}
	}
	return it.mail.people(name)
}

// text writes a person as a header does.
func (p person) text() string {
	return (&netmail.Address{Name: oneLine(p.name), Address: p.address}).String()
}

// readPeople reads what a property of addresses is given.
func readPeople(name string, raw json.RawMessage, wrong *refusal) ([]person, *refusal) {
	var list []json.RawMessage
	switch {
	case name != "from" && name != "sender":
		if json.Unmarshal(raw, &list) != nil || list == nil {
			return nil, wrong
		}
	case string(raw) != "null":
		list = append(list, raw)
	}
	people := []person{}
	for _, one := range list {
		p, no := readPerson(one, wrong)
		if no != nil {
			return nil, no
		}
		people = append(people, p)
	}
	return people, nil
}

func readPerson(raw json.RawMessage, wrong *refusal) (person, *refusal) {
	var outer map[string]json.RawMessage
	if json.Unmarshal(raw, &outer) != nil || outer == nil {
		return person{}, wrong
	}
	var p person
	for name, inner := range outer {
		if strings.Contains(name, "@odata.") {
			continue
		}
		if name != "emailAddress" {
			return person{}, unknownProperty(name, "recipient")
		}
		var members map[string]json.RawMessage
		if json.Unmarshal(inner, &members) != nil || members == nil {
			return person{}, wrong
		}
		for name, value := range members {
			target := map[string]*string{"name": &p.name, "address": &p.address}[name]
			switch {
			case strings.Contains(name, "@odata."):
			case target == nil:
				return person{}, unknownProperty(name, "emailAddress")
			case json.Unmarshal(value, target) != nil:
				return person{}, wrong
			}
		}
	}
	return p, nil
}

// resolvable tells whether an address could be one.
func resolvable(address string) bool {
	i := strings.LastIndexByte(address, '@')
	if i < 1 || i == len(address)-1 || strings.Contains(address, "..") {
		return false
	}
	domain := address[i+1:]
	return strings.Trim(domain, ".-") == domain && !strings.ContainsRune(address[:i], '@') &&
		!strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`;,<>()[]:"\`, r) })
}

const (
	noRecipientsText = "At least one recipient is not valid., A message can't be sent because it contains no recipients."
	unresolvedText   = "At least one recipient is not valid., Recipient '%s' is not resolved. All recipients must be resolved before a message can be submitted."
)

func badRecipients(message string) *refusal {
	return &refusal{status: 400, code: "ErrorInvalidRecipients", message: message}
}

// envelope returns the recipients of a message, each once. There is no other
// envelope: To, Cc and Bcc are it.
func (it *item) envelope() ([]string, *refusal) {
	var list []string
	seen := map[string]bool{}
	for _, name := range []string{"To", "Cc", "Bcc"} {
		people, no := it.addressees(name)
		if no != nil {
			return nil, no
		}
		for _, p := range people {
			if !resolvable(p.address) {
				shown := p.address
				if shown == "" {
					shown = p.name
				}
				return nil, badRecipients(strings.Replace(unresolvedText, "%s", shown, 1))
			}
			if key := strings.ToLower(p.address); !seen[key] {
				seen[key] = true
				list = append(list, p.address)
			}
		}
	}
	if len(list) == 0 {
		return nil, badRecipients(noRecipientsText)
	}
	return list, nil
}

// addressees returns those of a field, which must be in order: where reading
// is tolerant, sending is not.
func (it *item) addressees(name string) ([]person, *refusal) {
	if it.draft != nil {
		if list, ok := it.draft.people[name]; ok {
			return list, nil
		}
	}
	var people []person
	for _, f := range it.mail.root.fields {
		text := strings.TrimSpace(f.value())
		if !is(f.name, name) || text == "" {
			continue
		}
		parser := netmail.AddressParser{WordDecoder: &words}
		list, err := parser.ParseList(text)
		switch {
		case err != nil && strings.HasSuffix(text, ":;"), err == nil && len(list) == 0:
			// QUIRK: an empty group is refused, whoever stands in Bcc.
			return nil, badRecipients(noRecipientsText)
		case err != nil:
			return nil, badRecipients(strings.Replace(unresolvedText, "%s", text, 1))
		}
		for _, a := range list {
			people = append(people, person{a.Name, a.Address})
		}
	}
	return people, nil
}
