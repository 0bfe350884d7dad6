package zendesktest

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// longest is how much of a comment's text the service keeps: "64 kB".
const longest = 64 << 10

// cut drops what is beyond the limit, without a word.
func cut(text string) (string, bool) {
	if len(text) <= longest {
		return text, false
	}
	n := longest
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n], true
}

var (
	tag      = regexp.MustCompile(`(?s)<!--.*?-->|</?[a-zA-Z][^>]*>`)
	hidden   = regexp.MustCompile(`(?is)<(?:style|script|title)\b.*?</(?:style|script|title)\s*>`)
	lineEnd  = regexp.MustCompile(`(?i)<br\s*/?>|</(?:p|div|h[1-6]|li|tr|blockquote|pre)\s*>`)
	blockTag = regexp.MustCompile(`(?i)<(p|h[1-6]|ul|ol|pre|blockquote)>`)
	spaces   = regexp.MustCompile(`[ \t]{2,}`)
	newlines = regexp.MustCompile(`\n{3,}`)
	paras    = regexp.MustCompile(`\n{2,}`)
)

// plainText is an HTML text without its markup.
//
// QUIRK: what CSS hides from readers stays.
func plainText(s string) string {
	s = hidden.ReplaceAllString(s, "")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = lineEnd.ReplaceAllString(s, "$0\n")
	s = html.UnescapeString(tag.ReplaceAllString(s, ""))
	return strings.TrimSpace(newlines.ReplaceAllString(s, "\n\n"))
}

// markup makes HTML of a body: tags are stripped, runs of spaces and of
// newlines collapse.
func markup(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = spaces.ReplaceAllString(tag.ReplaceAllString(s, ""), " ")
	var b strings.Builder
	for _, p := range paras.Split(strings.Trim(s, "\n"), -1) {
		b.WriteString("<p>" + strings.ReplaceAll(html.EscapeString(p), "\n", "<br>\n") + "</p>")
	}
	return b.String()
}

// direct gives blocks the attribute that the service gives them.
func direct(s string) string { return blockTag.ReplaceAllString(s, `<$1 dir="auto">`) }

var placeholder = regexp.MustCompile(`(?s)<code>.*?</code>|\\*\{\{[^{}]*\}\}`)

// expand fills in the placeholders of an agent's text. Unknown ones vanish;
// those in <code> or behind a backslash stay as text.
// https://support.zendesk.com/hc/en-us/articles/4408886858138
func (s *Server) expand(t *ticket, author *user, text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(m string) string {
		if strings.HasPrefix(m, "<code>") {
			return m
		}
		if bare := strings.TrimLeft(m, `\`); bare != m {
			return bare
		}
		switch strings.TrimSpace(strings.Trim(m, "{}")) {
		case "ticket.id":
			return strconv.FormatInt(t.id, 10)
		case "ticket.title":
			return t.subject
		case "ticket.external_id":
			return t.externalID
		case "ticket.encoded_id":
			return s.encoded(t.id)
		case "ticket.status":
			return t.status
		case "ticket.tags":
			return strings.Join(t.tags, " ")
		case "ticket.requester.name":
			return t.requester.Name
		case "ticket.requester.email":
			return t.requester.Email
		case "ticket.latest_comment", "ticket.comments_formatted":
			if n := len(t.comments); n > 0 {
				return t.comments[n-1].Body
			}
		case "current_user.name":
			return author.Name
		case "current_user.email":
			return author.Email
		}
		return ""
	})
}
