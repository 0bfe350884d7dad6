package automail

import (
	"regexp"
	"slices"
	"strings"
)

// recipients collects addresses, each once.
type recipients []string

func (r *recipients) add(address string) {
	if len(*r) < maxRecipients && isAddress(address) && !slices.ContainsFunc(*r, func(a string) bool { return strings.EqualFold(a, address) }) {
		*r = append(*r, address)
	}
}

var (
	// inText finds the addresses that a bounce in prose is about: "<a@b>:"
	// (qmail, Postfix), a line of its own (Exim, Exchange), "a@b on Thu, …"
	// (Exchange 2003), "delivered to: <a@b>".
	inText = regexp.MustCompile(`(?im)^[ \t*]*<([^<>\s@"]+@[^<>\s@"]+)>` +
		`|^[ \t*]*([^<>\s@"(),;:\[\]]+@[^<>\s@"(),;:\[\]]+)[ \t]*(?:<mailto:[^<>\s]*>|\([^()\n]*\))?:?[ \t]*$` +
		`|^[ \t]*([^<>\s@"(),;:\[\]]+@[^<>\s@"(),;:\[\]]+) on \S` +
		`|(?:delivered|message|mail) to:? <?([^<>\s@"(),;:\[\]]+@[^<>\s@"(),;:\[\]]+[a-z0-9])`)
	// quoted is where a bounce begins to quote the mail.
	quoted = regexp.MustCompile(`(?im)^[-* \t]*(?:original message|this is a copy of|below this line|the body of the message|(?:return-path|received|message-id):)`)
)

// failed are the addresses that a bounce says it failed for.
func (m *mail) failed() []string {
	var list recipients
	for _, v := range m.h.Raw("X-Failed-Recipients") { // Exim and Gmail
		for address := range strings.SplitSeq(clip(v, 8<<10), ",") {
			list.add(strings.Trim(strings.TrimSpace(address), "<>"))
		}
	}
	if len(list) > 0 {
		return list
	}
	text := m.text
	if at := quoted.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	for _, found := range inText.FindAllStringSubmatch(text, 2*maxRecipients) {
		for _, address := range found[1:] {
			if address != "" && !m.isParty(address) {
				list.add(address)
			}
		}
	}
	return list
}

// isParty tells whether the mail is from or to that address.
func (m *mail) isParty(address string) bool {
	for _, name := range []string{"From", "To", "Reply-To"} {
		for _, a := range m.h.Addresses(name) {
			if strings.EqualFold(a.Address, address) {
				return true
			}
		}
	}
	return false
}
