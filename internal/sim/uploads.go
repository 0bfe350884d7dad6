package sim

import (
	"bytes"
	"net/http"
	"slices"
)

// reading is one time that a process reads a mail, from opening it to opening it
// again, and the files that it uploads meanwhile.
type reading struct {
	mail   *mail
	by     *life
	tokens []string // of uploads
	failed bool     // something went wrong for it, so that it may have come to nothing

	repeats int // uploads that failed
}

// reads takes note that a process opens a mail.
func (c *cell) reads(l *life, m *mail) {
	r := &reading{mail: m, by: l}
	if l.readings == nil {
		l.readings = make(map[*mail]*reading)
	}
	l.readings[m], l.last = r, r
	c.readings = append(c.readings, r)
}

// uploaded takes note of a file that the account has, whether the process hears of
// it or not.
func (c *cell) uploaded(call *call) {
	m, ok := c.byTag[call.item].(*mail)
	if !ok || call.life.readings[m] == nil {
		return
	}
	all := c.support.Uploads()
	r := call.life.readings[m]
	r.tokens = append(r.tokens, all[len(all)-1].Token)
}

// suffers takes note of what went wrong: for the mail that a request is about, or
// for all that the process reads if it is about none.
func (c *cell) suffers(call *call, a answer) {
	if call.trouble.kind == none && a.err == nil && a.resp.StatusCode < http.StatusBadRequest {
		if r := call.life.last; r != nil && a.late(call) {
			r.failed = true // and no other: a process reads one mail at a time
		}
		return
	}
	if m, ok := c.byTag[call.item].(*mail); ok && call.op != opLabels { // a batch is about several
		if r := call.life.readings[m]; r != nil {
			r.failed = true
			if call.op == opUpload {
				r.repeats++
			}
		}
		return
	}
	call.life.lost()
}

// late reports whether a ticket does not show its audits yet, so that nobody can say
// whose it is.
func (a answer) late(call *call) bool {
	b, ok := a.resp.Body.(*body)
	return ok && call.op == opAudits && bytes.Contains(b.text, []byte(`"audits":[]`))
}

// lost takes note that nothing may come of what a process reads.
func (l *life) lost() {
	for _, r := range l.readings {
		r.failed = true
	}
}

// filesOf is how many files a mail has.
func filesOf(m *mail) int {
	if m.kind == files || m.kind == corrupt {
		return 2
	}
	return 0
}

// judgeUploads says whether there are files at Zendesk that nothing uses, and for
// which there is no reason: a reading that went well puts all its files on a ticket.
// After one that did not, a small mail is uploaded anew before anybody asks whether
// its ticket is there, which costs less. Zendesk deletes what nothing uses.
func (c *cell) judgeUploads(r *Result) {
	used := make(map[string]bool)
	for _, u := range c.support.Uploads() {
		r.Uploads++
		if used[u.Token] = u.Used || u.Deleted; !used[u.Token] {
			r.Unused++
		}
	}
	failed := make(map[*mail]bool)
	by := make(map[*mail]*life)
	for _, g := range c.readings {
		another := by[g.mail] != nil && by[g.mail].place != g.by.place // two processes do not know of one another
		failed[g.mail], by[g.mail] = failed[g.mail] || g.failed || another, g.by
		if !failed[g.mail] && slices.ContainsFunc(g.tokens, func(token string) bool { return !used[token] }) {
			c.violate(g.mail.tag, "was uploaded to no purpose, when nothing went wrong")
		}
		if n := len(g.tokens); n > filesOf(g.mail)+g.repeats {
			c.violate(g.mail.tag, "was uploaded as %d files when it was read once, of which %d uploads failed", n, g.repeats)
		}
	}
}
