package quoted

import "strings"

// token is a piece of HTML: text, or a tag with its lower-case name, "!" for
// what is no element and has nothing to see.
type token struct {
	name     string
	end      bool // an end tag
	from, to int
}

// next returns the token of s at i. It reads as the root package does.
func next(s string, i int) token {
	if s[i] != '<' {
		to := strings.IndexByte(s[i:], '<')
		if to < 0 {
			to = len(s) - i
		}
		return token{from: i, to: i + to}
	}
	t := token{from: i, to: len(s), name: "!"}
	if strings.HasPrefix(s[i:], "<!--") {
		if end := strings.Index(s[i+4:], "-->"); end >= 0 {
			t.to = i + 4 + end + 3
		}
		return t
	}
	j := i + 1
	if j < len(s) && s[j] == '/' {
		t.end = true
		j++
	}
	switch {
	case j < len(s) && isLetter(s[j]):
		k := j
		for k < len(s) && (isAlnum(s[k]) || s[k] == '-' || s[k] == '_' || s[k] == ':') {
			k++
		}
		t.name = strings.ToLower(s[j:k])
		j = k
	case j < len(s) && !t.end && (s[j] == '!' || s[j] == '?'):
	default: // a bare "<"
		return token{from: i, to: i + 1}
	}
	for quote := byte(0); j < len(s); j++ {
		switch c := s[j]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && s[j-1] == '=':
			quote = c
		case c == '>':
			t.to = j + 1
			return t
		}
	}
	t.name = "!"
	return t
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// attributes are those by which mail programs mark what they quote, in lower
// case.
type attributes struct {
	id, class, name, style, typ, cite string
}

func (t token) attributes(source string) (a attributes) {
	s := source[t.from+1+len(t.name) : t.to]
	for {
		s = strings.TrimLeft(s, " \t\r\n\f/")
		end := strings.IndexAny(s, "= \t\r\n\f/>")
		if end <= 0 {
			if s == "" || s[0] != '=' {
				return a
			}
			s = s[1:]
			continue
		}
		name := s[:end]
		s = s[end:]
		value := ""
		if trimmed := strings.TrimLeft(s, " \t\r\n\f"); strings.HasPrefix(trimmed, "=") {
			s = strings.TrimLeft(trimmed[1:], " \t\r\n\f")
			value, s = attributeValue(s)
		}
		if len(value) > 1000 {
			value = value[:1000]
		}
		value = strings.ToLower(value)
		switch strings.ToLower(name) {
		case "id":
			a.id = value
		case "class":
			a.class = value
		case "name":
			a.name = value
		case "style":
			a.style = strings.Map(dropSpace, value)
		case "type":
			a.typ = value
		case "cite":
			a.cite = value
		}
	}
}

func attributeValue(s string) (value, rest string) {
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		if end := strings.IndexByte(s[1:], s[0]); end >= 0 {
			return s[1 : 1+end], s[end+2:]
		}
	}
	end := strings.IndexAny(s, " \t\r\n\f>")
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}

func dropSpace(c rune) rune {
	if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
		return -1
	}
	return c
}

// bears are the elements that mail programs mark.
var bears = set("div", "span", "p", "hr", "table", "td", "section", "a", "pre", "blockquote")

// hints tells what an element says of what begins with it. None is proof: a
// client keeps the element of a quotation that a person has written over.
func hints(a attributes) (f flags) {
	switch {
	case containsAny(a.class, forwardClasses):
		return passedOn
	case containsAny(a.class, signatureClasses) || containsAny(a.id, signatureClasses):
		return signature
	case a.isOutlook():
		return boundary
	}
	for _, mark := range boundaryMarks {
		if strings.Contains(a.class, mark) || strings.Contains(a.id, mark) || strings.Contains(a.name, mark) {
			return boundary
		}
	}
	return 0
}

// isOutlook reports whether an element is drawn as the one that Outlook has
// around its header block. Tables and ruled paragraphs of Word come close.
func (a attributes) isOutlook() bool {
	return (strings.Contains(a.style, "border-top:solid") || strings.Contains(a.style, "border-style:solidnonenone")) &&
		strings.Contains(a.style, "padding:3") && !strings.Contains(a.style, "mso-element")
}

// kind tells what a blockquote is for.
func (a attributes) kind() kind {
	switch {
	case a.typ == "cite" || strings.HasPrefix(a.cite, "mid:") || a.id == "qt" || containsAny(a.class, citationClasses):
		return cites
	case strings.Contains(a.style, "border:none") || strings.Contains(a.style, "border:0"):
		return indents
	}
	return quotes
}

var citationClasses = []string{"gmail_quote", "protonmail_quote", "yahoo_quote", "spark_quote", "tutanota_quote", "front-blockquote", "nylas-quote", "cite", "clean_bq"}

var boundaryMarks = []string{
	"divrplyfwdmsg", "appendonsend", "outlookmessageheader", "olk_src_body_section", "reference-message", "_mailoriginal", // Outlook
	"stopspelling", "skydriveplaceholder", // Hotmail
	"gmail_quote", "gmail_attr", "nylas-quote",
	"moz-cite-prefix", "reply-intro", // Thunderbird, Roundcube
	"yahoo_quoted", "aolmsgpart", "zwchr", // Yahoo, AOL, Zimbra
	"protonmail_quote", "tutanota_quote", "zmail_extra", "messagereplysection", "airmail_on", "airmail_ext_on", "sh-quoted-content",
	"applemailquote", "appleoriginalcontents", "isreplycontent", "ntes-mailmaster-quote", "quoted-content",
}

var forwardClasses = []string{"moz-forward-container", "isforwardcontent"}

var signatureClasses = []string{"moz-signature", "gmail_signature", "applemailsignature", "ms-outlook-mobile-signature", "protonmail_signature"}
