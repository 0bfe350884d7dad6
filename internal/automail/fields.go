package automail

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// field is one field of a report.
type field struct{ name, value string }

// fields splits a report into groups of fields, which blank lines separate
// (RFC 3464 §2.1, RFC 8098 §3.1, RFC 5965 §3). What is no field is passed over.
func fields(s string) [][]field {
	var groups [][]field
	var group []field
	end := func() {
		if len(group) > 0 {
			groups = append(groups, group)
		}
		group = nil
	}
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.TrimSpace(line) == "":
			end()
			continue
		case line[0] == ' ' || line[0] == '\t':
			if n := len(group); n > 0 {
				group[n-1].value += " " + strings.TrimSpace(line)
			}
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if name = strings.ToLower(strings.TrimSpace(name)); ok && name != "" && !strings.Contains(name, " ") {
			group = append(group, field{name, strings.TrimSpace(value)})
		}
	}
	end()
	return groups
}

// delivery is what a delivery report says of one recipient (RFC 3464 §2.3).
type delivery struct {
	original, final string
	action          string
	status          string
	diagnostic      string
}

// deliveries returns what a delivery report says.
func deliveries(s string) []delivery {
	var list []delivery
	for _, group := range fields(s) {
		var d delivery
		seen := map[string]bool{}
		done := func() {
			if d != (delivery{}) {
				list = append(list, d)
			}
			d, seen = delivery{}, map[string]bool{}
		}
		for _, f := range group {
			// QUIRK: reports without blank lines between recipients. Every
			// recipient has a Final-Recipient.
			switch f.name {
			case "original-recipient", "final-recipient", "action", "status", "diagnostic-code":
				if seen[f.name] {
					done()
				}
				seen[f.name] = true
			}
			switch f.name {
			case "original-recipient":
				d.original = recipient(f.value)
			case "final-recipient":
				d.final = recipient(f.value)
			case "action":
				d.action, _, _ = strings.Cut(strings.ToLower(f.value), " ")
				d.action = strings.Trim(d.action, ";.,")
			case "status":
				d.status = statusCode.FindString(f.value)
			case "diagnostic-code":
				d.diagnostic = f.value
			}
		}
		done()
	}
	return list
}

// recipient is the address of "rfc822; a@b", "" for what is none.
func recipient(s string) string {
	if kind, rest, ok := strings.Cut(s, ";"); ok && !strings.Contains(kind, "@") {
		s = rest
	}
	s = strings.Trim(strings.TrimSpace(s), "<>")
	if !isAddress(s) {
		return ""
	}
	return s
}

func isAddress(s string) bool {
	return len(s) <= maxAddress && strings.Contains(strings.Trim(s, "@"), "@") && isPlain(s)
}

// isPlain tells whether s has nothing that is neither seen nor part of an
// address or identifier.
func isPlain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r == '<' || r == '>' || r == '"' || unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError
	})
}

var (
	statusCode = regexp.MustCompile(`\b[245]\.\d{1,3}\.\d{1,3}\b`) // RFC 3463 §2
	// statusText finds a status in prose: after an SMTP reply code
	// (RFC 2034 §4) or a "#", so that an IP address is none.
	statusText = regexp.MustCompile(`(?:\b[45]\d\d[ -]{1,2}\(?#?|[#(])([45]\.\d{1,3}\.\d{1,3})(?:[^.\d]|$)`)
	// smtpReply is an SMTP reply that refuses (RFC 5321 §4.2).
	smtpReply = regexp.MustCompile(`\b(?:4[2-5]\d|5[05]\d)[ -]#?[45]\.\d{1,3}\.\d{1,3}\b|(?i:said|smtp|server|response|error|returned)[^\n]{0,60}\b(?:45|55)\d[ -]`)
)

func statusIn(s string) string {
	if m := statusText.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}
