package exdesk

import (
	"html"
	"strings"
	"unicode/utf8"
)

// textHTML shows plain text as it is: lines, runs of spaces and all.
func textHTML(s string) string {
	if s == "" {
		return ""
	}
	s = html.EscapeString(strings.TrimRight(s, " \n"))
	s = strings.ReplaceAll(s, "\t", "    ")
	// Every second space of a run, so that lines can still break.
	s = strings.ReplaceAll(s, "  ", " &nbsp;")
	s = strings.ReplaceAll(s, "\n ", "\n&nbsp;")
	return "<div>" + strings.ReplaceAll(s, "\n", "<br>\n") + "</div>"
}

// htmlText is what a reader sees of HTML, for reports and digests. It is no
// sanitiser: Zendesk has that.
func htmlText(s string) string {
	var b strings.Builder
	for s != "" {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			i = len(s)
		}
		b.WriteString(spaced(html.UnescapeString(s[:i])))
		if s = s[i:]; s == "" {
			break
		}
		name, rest := tag(s)
		if name == "" { // a bare "<"
			b.WriteByte('<')
			s = s[1:]
			continue
		}
		s = rest
		switch {
		case name == "script" || name == "style" || name == "title":
			// What is in them is no markup, whatever it looks like.
			if i := indexFold(s, "</"+name); i >= 0 {
				s = s[i:]
			} else {
				s = ""
			}
		case breaks[strings.TrimPrefix(name, "/")]:
			if b.Len() > 0 && !strings.HasSuffix(b.String(), "\n") || name == "br" {
				b.WriteByte('\n')
			}
		}
	}
	return strings.TrimSpace(b.String())
}

// breaks are the elements that end a line.
var breaks = map[string]bool{
	"br": true, "p": true, "div": true, "tr": true, "li": true, "ul": true, "ol": true, "table": true,
	"h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true, "hr": true, "pre": true, "blockquote": true,
}

// tag reads the tag or comment that s begins with and returns its lower-case
// name, with the slash of an end tag, and what follows. The name is empty if
// it is no tag.
func tag(s string) (name, rest string) {
	if after, ok := strings.CutPrefix(s, "<!--"); ok {
		if _, rest, ok := strings.Cut(after, "-->"); ok {
			return "!", rest
		}
		return "!", ""
	}
	i := 1
	if i < len(s) && s[i] == '/' {
		i++
	}
	start := i
	for i < len(s) && (isWordByte(s[i]) || s[i] == '!' || s[i] == '?' || s[i] == ':') {
		i++
	}
	if i == start {
		return "", s
	}
	name = strings.ToLower(s[1:i])
	var quote byte
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && s[i-1] == '=':
			quote = c
		case c == '>':
			return name, s[i+1:]
		}
	}
	return name, ""
}

// spaced folds white space to single spaces, as HTML does.
func spaced(s string) string {
	if strings.TrimSpace(s) == "" {
		if s == "" {
			return ""
		}
		return " "
	}
	out := strings.Join(strings.Fields(s), " ")
	if strings.IndexByte(" \t\r\n", s[0]) >= 0 {
		out = " " + out
	}
	if strings.IndexByte(" \t\r\n", s[len(s)-1]) >= 0 {
		out += " "
	}
	return out
}

// blank reports whether a reader would see nothing.
func blank(s string) bool {
	return strings.TrimSpace(strings.ReplaceAll(htmlText(s), "\u00a0", " ")) == "" && indexFold(s, "<img") < 0
}

// cut shortens s to at most n octets: at the end of a line or of a word where
// one is near, never inside a character, and in HTML not inside a tag or an
// entity.
func cut(s string, n int, isHTML bool) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	near := max(0, n-2048)
	if isHTML {
		if i := strings.LastIndexByte(s[:n], '<'); i > strings.LastIndexByte(s[:n], '>') {
			n = i
		}
		if i := strings.LastIndexByte(s[max(0, n-32):n], '&'); i >= 0 && !strings.Contains(s[max(0, n-32)+i:n], ";") {
			n = max(0, n-32) + i
		}
		near = min(near, n)
	}
	if i := strings.LastIndexByte(s[near:n], '\n'); i > 0 {
		n = near + i
	} else if i := strings.LastIndexByte(s[near:n], ' '); i > 0 && !isHTML {
		n = near + i
	}
	return s[:n]
}
