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
	s = strings.TrimRight(s, " \n")
	var b strings.Builder
	b.Grow(len(s) + len(s)/8 + 64)
	b.WriteString("<div>")
	written, run := 0, 0 // octets of s, and spaces in a row
	for i := range len(s) {
		instead, spaces := "", 0
		switch s[i] {
		case ' ':
			spaces = 1
		case '\t':
			spaces = 4
		case '\n':
			instead = "<br>\n"
		case '&':
			instead = "&amp;"
		case '<':
			instead = "&lt;"
		case '>':
			instead = "&gt;"
		case '"':
			instead = "&#34;"
		case '\'':
			instead = "&#39;"
		}
		if spaces == 0 {
			if run = 0; instead == "" {
				continue
			}
		}
		b.WriteString(s[written:i])
		b.WriteString(instead)
		written = i + 1
		for range spaces {
			// Every second space of a run, so that lines can still break.
			if run%2 == 1 || run == 0 && i > 0 && s[i-1] == '\n' {
				b.WriteString("&nbsp;")
			} else {
				b.WriteByte(' ')
			}
			run++
		}
	}
	b.WriteString(s[written:])
	b.WriteString("</div>")
	return b.String()
}

// htmlText is what a reader sees of HTML, for reports and digests. It is no
// sanitiser: Zendesk has that.
func htmlText(s string) string {
	var b strings.Builder
	for s = tidy(s); s != ""; {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			i = len(s)
		}
		writeSpaced(&b, html.UnescapeString(s[:i]))
		if s = s[i:]; s == "" {
			break
		}
		name, rest, _ := tag(s)
		s = rest
		if breaks[strings.TrimPrefix(name, "/")] && (b.Len() > 0 && !strings.HasSuffix(b.String(), "\n") || name == "br") {
			b.WriteByte('\n')
		}
	}
	return strings.TrimSpace(b.String())
}

// tidy takes out of HTML what a reader never sees and what could swallow what
// comes after: comments, styles, scripts, tags whose content would be no markup,
// and a tag that has no end. A "<" that begins no tag becomes an entity, so that
// it begins none either with what was behind what is taken out.
func tidy(s string) string {
	var b strings.Builder
	kept := 0 // from where on s is as it was
	drop := func(from, to int, instead string) {
		b.WriteString(s[kept:from])
		b.WriteString(instead)
		kept = to
	}
	for at := 0; at < len(s); {
		i := strings.IndexByte(s[at:], '<')
		if i < 0 {
			break
		}
		at += i
		name, rest, closed := tag(s[at:])
		end := len(s) - len(rest)
		switch {
		case name == "":
			end = at + 1
			drop(at, end, "&lt;")
		case !closed:
			drop(at, len(s), "")
			return b.String()
		case name == "!":
			drop(at, end, "")
		case unseen[name]:
			// What is in them is no markup, whatever it looks like.
			i := endOf(rest, name)
			if i < 0 {
				drop(at, len(s), "")
				return b.String()
			}
			_, rest, _ = tag(rest[i:])
			end = len(s) - len(rest)
			drop(at, end, "")
		case literal[strings.TrimPrefix(name, "/")] || unseen[strings.TrimPrefix(name, "/")]:
			drop(at, end, "")
		}
		at = end
	}
	if kept == 0 {
		return s // as most of it is that has been here before
	}
	b.WriteString(s[kept:])
	return b.String()
}

// unseen are the elements whose content a reader does not see, and literal those
// whose content he sees as it is written ("The HTML syntax", raw text elements).
var (
	unseen  = map[string]bool{"script": true, "style": true, "title": true, "iframe": true, "noembed": true, "noframes": true}
	literal = map[string]bool{"textarea": true, "xmp": true, "plaintext": true}
)

// endOf finds the end tag of that name, or returns -1.
func endOf(s, name string) int {
	for at := 0; ; {
		i := indexFold(s[at:], "</"+name)
		if i < 0 {
			return -1
		}
		at += i
		after := at + 2 + len(name)
		if after < len(s) && (isBlank(s[after]) || s[after] == '/' || s[after] == '>') {
			return at
		}
		at = after
	}
}

// breaks are the elements that end a line.
var breaks = map[string]bool{
	"br": true, "p": true, "div": true, "tr": true, "li": true, "ul": true, "ol": true, "table": true,
	"h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true, "hr": true, "pre": true, "blockquote": true,
}

// tag reads the tag or comment that s begins with and returns its lower-case
// name, with the slash of an end tag, "!" for what is no element, and what
// follows. The name is empty if it is no tag, as HTML has it; closed tells
// whether the tag has an end.
func tag(s string) (name, rest string, closed bool) {
	if after, ok := strings.CutPrefix(s, "<!--"); ok {
		for _, empty := range []string{">", "->"} {
			if rest, ok := strings.CutPrefix(after, empty); ok {
				return "!", rest, true
			}
		}
		for {
			i := strings.Index(after, "--")
			if i < 0 {
				return "!", "", false
			}
			for _, end := range []string{"-->", "--!>"} {
				if rest, ok := strings.CutPrefix(after[i:], end); ok {
					return "!", rest, true
				}
			}
			after = after[i+1:]
		}
	}
	i := 1
	if i < len(s) && s[i] == '/' {
		i++
	}
	switch {
	case i == len(s):
		return "", s, false
	case !isLetter(s[i]):
		if i == 1 && s[i] != '!' && s[i] != '?' {
			return "", s, false
		}
		// Something that browsers take for a comment.
		_, rest, closed = strings.Cut(s, ">")
		return "!", rest, closed
	}
	for i < len(s) && !isBlank(s[i]) && s[i] != '/' && s[i] != '>' {
		i++
	}
	name = strings.ToLower(s[1:i])
	if i = tagEnd(s, i); i < 0 {
		return name, "", false
	}
	return name, s[i:], true
}

// tagEnd returns where a tag ends whose attributes begin at i, or -1. What is in
// quotes is a value only behind a "=" that is behind a name.
func tagEnd(s string, i int) int {
	value := false // what comes next is one
	for i < len(s) {
		switch c := s[i]; {
		case c == '>':
			return i + 1
		case isBlank(c):
			i++
		case value && (c == '"' || c == '\''):
			n := strings.IndexByte(s[i+1:], c)
			if n < 0 {
				return -1
			}
			i, value = i+n+2, false
		case value:
			for i < len(s) && !isBlank(s[i]) && s[i] != '>' {
				i++
			}
			value = false
		case c == '/':
			i++
		default:
			for i++; i < len(s) && !isBlank(s[i]) && strings.IndexByte("/>=", s[i]) < 0; {
				i++
			}
			for i < len(s) && isBlank(s[i]) {
				i++
			}
			if i < len(s) && s[i] == '=' {
				i, value = i+1, true
			}
		}
	}
	return -1
}

func isBlank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' && c != '\v' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// writeSpaced folds white space to single spaces, as HTML does.
func writeSpaced(b *strings.Builder, s string) {
	if s == "" {
		return
	}
	space := strings.IndexByte(" \t\r\n", s[0]) >= 0 // before the next word
	word := -1                                       // where it begins
	for i, r := range s {
		switch {
		case !isSpace(r):
			if word < 0 {
				if word = i; space {
					b.WriteByte(' ')
				}
			}
		case word >= 0:
			b.WriteString(s[word:i])
			word, space = -1, true
		}
	}
	switch {
	case word >= 0:
		b.WriteString(s[word:])
	case strings.IndexByte(" \t\r\n", s[len(s)-1]) >= 0 || strings.TrimSpace(s) == "":
		b.WriteByte(' ')
	}
}

// blank reports whether a reader would see nothing.
func blank(s string) bool {
	if _, ok := firstText(s); ok {
		return false
	}
	return strings.TrimSpace(strings.ReplaceAll(htmlText(s), "\u00a0", " ")) == "" && indexFold(s, "<img") < 0
}

// firstText finds text that a reader surely sees, as long as no entity comes before
// it, which takes more to tell.
func firstText(s string) (at int, ok bool) {
	for i := 0; i < len(s); {
		text := s[i:]
		if end := strings.IndexAny(text, "<&"); end >= 0 {
			text = text[:end]
		}
		if strings.TrimSpace(text) != "" {
			return i, true
		}
		if i += len(text); i == len(s) || s[i] == '&' {
			break
		}
		name, rest, closed := tag(s[i:])
		switch {
		case name == "":
			return i, true // the sign itself
		case !closed:
			return 0, false
		case unseen[name]:
			end := endOf(rest, name)
			if end < 0 {
				return 0, false
			}
			_, rest, _ = tag(rest[end:])
		}
		i = len(s) - len(rest)
	}
	return 0, false
}

// cut shortens a text to at most n octets: at the end of a line or of a word
// where one is near, and never inside a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	near := max(0, n-2048)
	if i := strings.LastIndexByte(s[near:n], '\n'); i > 0 {
		return s[:near+i]
	}
	if i := strings.LastIndexByte(s[near:n], ' '); i > 0 {
		return s[:near+i]
	}
	return s[:n]
}

// cutHTML does the same for tidy HTML, and never inside a tag or an entity.
func cutHTML(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := 0; ; {
		j := strings.IndexByte(s[i:], '<')
		if j < 0 || i+j > n {
			text := cut(s[i:], n-i)
			if k := strings.LastIndexByte(text, '&'); k >= len(text)-32 && k >= 0 && !strings.Contains(text[k:], ";") {
				text = text[:k]
			}
			return s[:i+len(text)]
		}
		i += j
		name, rest, closed := tag(s[i:])
		end := len(s) - len(rest)
		switch {
		case name == "":
			end = i + 1
		case !closed:
			return s[:i]
		}
		if end > n {
			return s[:i]
		}
		i = end
	}
}
