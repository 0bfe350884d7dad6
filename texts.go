package exdesk

import (
	"strings"

	"github.com/exdesk/exdesk/internal/eml"
)

// texts is the tree of a mail's texts: a leaf is one, a branch is a multipart.
type texts struct {
	id          int  // of the multipart
	alternative bool // the children are forms of the same thing (RFC 2046 §5.1.4)
	children    []*texts
	leaf, html  bool
	visible     bool // a reader would see something of the leaf
	body        string
}

// add appends a text that has these multiparts around it.
func (t *texts) add(within []eml.Container, html bool, body string) {
	for _, c := range within {
		n := len(t.children)
		if n == 0 || t.children[n-1].leaf || t.children[n-1].id != c.ID {
			t.children = append(t.children, &texts{id: c.ID, alternative: c.Type == "multipart/alternative"})
			n++
		}
		t = t.children[n-1]
	}
	visible := html && !blank(body) || !html && strings.TrimSpace(body) != ""
	t.children = append(t.children, &texts{leaf: true, html: html, visible: visible, body: body})
}

// shows reports whether a reader would see anything of t, of the kind that is
// asked for.
func (t *texts) shows(html, plain bool) bool {
	if t.leaf {
		return t.visible && (html && t.html || plain && !t.html)
	}
	for _, c := range t.children {
		if c.shows(html, plain) {
			return true
		}
	}
	return false
}

// seen returns the children that are shown: all, or of an alternative the form
// that suits, HTML or plain text. Where several have that form, which they
// should not, all are shown rather than one lost.
func (t *texts) seen(rich bool) []*texts {
	if !t.alternative {
		return t.children
	}
	forms := []func(*texts) bool{
		func(c *texts) bool { return c.leaf && c.shows(false, true) },
		func(c *texts) bool { return c.shows(false, true) },
		func(c *texts) bool { return c.shows(true, true) },
	}
	if rich {
		forms = []func(*texts) bool{
			func(c *texts) bool { return c.shows(true, false) },
			func(c *texts) bool { return c.shows(true, true) },
		}
	}
	for _, suits := range forms {
		var best []*texts
		for _, c := range t.children {
			if suits(c) {
				best = append(best, c)
			}
		}
		if best != nil {
			return best
		}
	}
	return nil
}

// isRich reports whether what is shown has HTML.
func (t *texts) isRich() bool {
	if t.leaf {
		return t.html
	}
	for _, c := range t.seen(true) {
		if c.isRich() {
			return true
		}
	}
	return false
}

// appendHTML appends what is shown, as HTML.
func (t *texts) appendHTML(parts []string) []string {
	switch {
	case t.leaf && t.html:
		parts = append(parts, t.body)
	case t.leaf:
		parts = append(parts, textHTML(t.body))
	}
	for _, c := range t.seen(true) {
		parts = c.appendHTML(parts)
	}
	return parts
}

// appendText appends what is shown, as plain text.
func (t *texts) appendText(parts []string) []string {
	if t.leaf {
		body := t.body
		if t.html {
			body = htmlText(body)
		}
		if n := len(parts); n > 0 && body != "" && !strings.HasSuffix(parts[n-1], "\n") {
			parts = append(parts, "\n")
		}
		if body != "" {
			parts = append(parts, body)
		}
	}
	for _, c := range t.seen(false) {
		parts = c.appendText(parts)
	}
	return parts
}
