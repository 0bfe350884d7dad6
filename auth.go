package exdesk

import (
	"regexp"
	"slices"
	"strings"

	"github.com/exdesk/exdesk/internal/eml"
)

// verified reports whether Exchange vouches for the author of a mail, and if
// not, why.
func (p *pass) verified(msg *Message) (ok bool, doubt string) {
	_, domain, _ := strings.Cut(strings.ToLower(msg.From.Address), "@")
	_, own, _ := strings.Cut(strings.ToLower(p.c.mailbox.Address()), "@")
	switch as := msg.Header("X-MS-Exchange-Organization-AuthAs"); {
	case slices.ContainsFunc(p.c.opts.Policy.Trusted, func(d string) bool { return strings.EqualFold(d, domain) }):
		return true, ""
	case msg.header == nil:
		return false, "the header is missing"
	case len(addresses(msg.header, "From")) != 1:
		return false, "the mail has several authors"
	case len(as) == 1 && as[0] == "Internal":
		// The mail never left the organisation, so it was not checked; its
		// sender signed in. Exchange takes this field off whatever comes from
		// outside ("Header firewall").
		return domain == own, "it came from inside the organisation and bears another domain"
	}
	return vouched(msg.header, domain)
}

// vouched reports whether Exchange's checks speak for a domain.
//
// Exchange's Authentication-Results has no authserv-id, or one that anybody can
// write (RFC 8601 §2.2), so its place tells it apart: the front end that takes a
// mail from outside writes, from the bottom up, a Received that names it,
// Received-SPF, and its results; the servers behind it put their Received above.
// What the sender wrote stands below all that. So wherever a front end is named,
// the results right above it have to speak for the sender: one of these places
// is the true one, and even where a mail is shown with its fields in another
// order, the sender can only add to them.
func vouched(h *eml.Header, domain string) (ok bool, doubt string) {
	doubt = "Exchange wrote no result of its checks"
	var results []string
	renamed := false
	for name, value := range h.All() {
		switch strings.ToLower(name) {
		case "authentication-results":
			results = append(results, value)
		case "authentication-results-original": // what Exchange makes of others' results
			renamed = true
		case "received":
			if frontEnd.MatchString(value) && (len(results) > 0 || !renamed) {
				if len(results) != 1 {
					return false, "it is not clear what Exchange's checks found"
				}
				if ok, doubt = parseResult(results[0]).vouches(domain); !ok {
					return false, doubt
				}
			}
			results, renamed = nil, false
		}
	}
	return ok, doubt
}

// frontEnd is the Received of the server that took the mail from outside.
var frontEnd = regexp.MustCompile(`(?i)\bby [a-z0-9.-]+\.mail\.protection\.(?:outlook\.com|office365\.us|partner\.outlook\.cn)\b`)

// authResult is what Exchange found out about a mail ("Anti-spam message
// headers", Authentication-results message header fields).
type authResult struct {
	dmarc, compauth string
	from            string // the domain that dmarc is about
}

var resultField = regexp.MustCompile(`(?i)(?:^|[;\s])(dmarc|compauth|header\.from)=([^;\s]+)`)

func parseResult(value string) authResult {
	var r authResult
	for _, m := range resultField.FindAllStringSubmatch(value, -1) {
		field := map[string]*string{"dmarc": &r.dmarc, "compauth": &r.compauth, "header.from": &r.from}[strings.ToLower(m[1])]
		if *field == "" {
			*field = strings.ToLower(m[2])
		}
	}
	return r
}

// vouches reports whether the result speaks for mail from that domain.
func (r authResult) vouches(domain string) (bool, string) {
	if r.from != "" && r.from != domain {
		return false, "Exchange checked another domain"
	}
	if r.dmarc == "pass" || r.dmarc == "bestguesspass" || r.compauth == "pass" {
		return true, ""
	}
	why := "dmarc=" + orNone(r.dmarc)
	if r.compauth != "" {
		why += ", compauth=" + r.compauth
	}
	return false, why
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return clip(s, 20)
}
