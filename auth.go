package exdesk

import (
	"regexp"
	"slices"
	"strings"

	"github.com/exdesk/exdesk/internal/eml"
)

// vouch is what Exchange says of the author of a mail.
type vouch struct {
	ok      bool   // it is him
	checked bool   // Exchange said something at all
	forged  bool   // what it said speaks against him
	doubt   string // why it is not ok
}

// unproven reports whether Exchange checked the mail and does not vouch for it.
func (v vouch) unproven() bool { return v.checked && !v.ok }

// domainOf returns the domain of an address, in lower case.
func domainOf(address string) string {
	return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
}

// vouch asks what Exchange found out about the author of a mail, once.
func (p *pass) vouch(mail *Mail, msg *Message) vouch {
	if msg.author == nil {
		v := p.examine(mail, msg)
		msg.author = &v
	}
	return *msg.author
}

func (p *pass) examine(mail *Mail, msg *Message) vouch {
	domain := domainOf(msg.From.Address)
	as := msg.Header("X-MS-Exchange-Organization-AuthAs")
	switch {
	case p.c.trusts(domain):
		return vouch{ok: true, checked: true}
	case msg.header == nil:
		return vouch{doubt: "the header is missing"}
	case len(addresses(msg.header, "From")) != 1:
		return vouch{checked: true, forged: true, doubt: "the mail has several authors"}
	case mail.From.Address != "" && !sameAddress(mail.From.Address, msg.From.Address):
		return vouch{checked: true, forged: true, doubt: "its author can be read in two ways"}
	case len(as) == 1 && as[0] == "Internal" && !slices.ContainsFunc(msg.Header("Received"), frontEnd.MatchString):
		// The mail never left the organisation, so it was not checked; its
		// sender signed in. Exchange takes this field off whatever comes from
		// outside ("Header firewall").
		// Which domains the organisation has besides is not known.
		return vouch{ok: p.c.isHome(domain), doubt: "it came from inside the organisation, of which the domain is not known to be"}
	}
	return vouched(msg.header, domain)
}

// trusts reports whether a domain is among Policy.Trusted.
func (c *Connector) trusts(domain string) bool {
	return slices.ContainsFunc(c.opts.Policy.Trusted, func(d string) bool { return strings.EqualFold(d, domain) })
}

// isHome reports whether a domain is the mailbox's or an alias's.
func (c *Connector) isHome(domain string) bool {
	return domain == domainOf(c.mailbox.Address()) || slices.ContainsFunc(c.opts.Aliases, func(a string) bool { return domainOf(a) == domain })
}

// sameAddress compares addresses as Zendesk does, which knows ASCII only: a
// letter that looks like another is another.
func sameAddress(a, b string) bool {
	for i := range len(a) {
		if a[i] >= 0x80 {
			return a == b
		}
	}
	return len(a) == len(b) && strings.EqualFold(a, b)
}

// vouched reports whether Exchange's checks speak for a domain.
//
// Exchange's Authentication-Results has no authserv-id, or one that anybody can
// write (RFC 8601 §2.2), so its place tells it apart: the front end that takes a
// mail from outside writes, from the bottom up, a Received that names it,
// Received-SPF, and its results; the servers behind it put their Received above.
// What the sender wrote stands below all that. Which front end it was also
// stands in a field that no sender can write ("Header firewall"). So wherever
// it is named, the results right above it have to speak for the sender: one of
// these places is the true one, and even where a mail is shown with its fields
// in another order, the sender can only add to them.
func vouched(h *eml.Header, domain string) vouch {
	v := vouch{doubt: "Exchange wrote no result of its checks"}
	isFrontEnd := frontEnd.MatchString
	if source := h.Raw("X-MS-Exchange-Organization-AuthSource"); len(source) == 1 {
		label, _, _ := strings.Cut(strings.ToLower(source[0]), ".")
		isFrontEnd = func(received string) bool {
			m := receivedBy.FindStringSubmatch(received)
			return m != nil && strings.ToLower(m[1]) == label
		}
	}
	var results []string
	renamed := false
	for name, value := range h.All() {
		switch strings.ToLower(name) {
		case "authentication-results":
			results = append(results, value)
		case "authentication-results-original": // what Exchange makes of others' results
			renamed = true
		case "received":
			if isFrontEnd(value) && (len(results) > 0 || !renamed) {
				if len(results) != 1 {
					return vouch{checked: len(results) > 0, forged: len(results) > 0, doubt: "it is not clear what Exchange's checks found"}
				}
				if v = parseResult(results[0]).vouches(domain); !v.ok {
					return v
				}
			}
			results, renamed = nil, false
		}
	}
	return v
}

var (
	// frontEnd is the Received of a server that takes mail from outside.
	frontEnd = regexp.MustCompile(`(?i)\bby [a-z0-9.-]+\.mail\.protection\.(?:outlook\.com|office365\.us|partner\.outlook\.cn)\b`)
	// receivedBy finds the first label of the server that wrote a Received.
	receivedBy = regexp.MustCompile(`(?i)\bby ([a-z0-9-]+)\.`)
)

// authResult is what Exchange found out about a mail ("Anti-spam message
// headers", Authentication-results message header fields).
type authResult struct {
	dmarc, compauth string
	from            string // the domain that dmarc is about
	twice           bool   // something was said twice
}

// parseResult reads results: each stands at the beginning of a part between
// semicolons (RFC 8601 §2.2), and what belongs to it follows.
func parseResult(value string) authResult {
	var r authResult
	set := func(to *string, v string) {
		r.twice = r.twice || *to != ""
		*to = strings.ToLower(v)
	}
	for part := range strings.SplitSeq(value, ";") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		switch method, result, _ := strings.Cut(words[0], "="); strings.ToLower(method) {
		case "dmarc":
			set(&r.dmarc, result)
			for _, w := range words[1:] {
				if name, v, _ := strings.Cut(w, "="); strings.EqualFold(name, "header.from") {
					set(&r.from, v)
				}
			}
		case "compauth":
			set(&r.compauth, result)
		}
	}
	return r
}

// vouches reports whether the result speaks for mail from that domain.
func (r authResult) vouches(domain string) vouch {
	switch {
	case r.twice:
		return vouch{checked: true, forged: true, doubt: "Exchange's checks found two things at once"}
	case r.from != domain:
		return vouch{checked: true, forged: true, doubt: "Exchange checked another domain"}
	case r.dmarc == "pass" || r.dmarc == "bestguesspass" || r.compauth == "pass":
		return vouch{ok: true, checked: true}
	}
	why := "dmarc=" + orNone(r.dmarc)
	if r.compauth != "" {
		why += ", compauth=" + orNone(r.compauth)
	}
	return vouch{checked: true, forged: r.dmarc == "fail" || r.compauth == "fail", doubt: why}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return clip(s, 20)
}
