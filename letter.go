package exdesk

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/mail"
	"slices"
	"strings"
)

// letter is a Letter with what only Relay needs to know.
type letter struct {
	Letter
	ticket  int64
	name    string   // the personal name in From
	encoded []string // ids of the ticket, as Zendesk encodes them
	left    []string // fields that are left out
}

// letters makes what is to be sent of a notification: one letter, or several if
// it is split.
func (c *Connector) letters(s *spool, out *Outbound) ([]*letter, error) {
	raw, err := s.readHeader()
	if err != nil {
		return nil, err
	}
	if s.size > maxOutbound {
		return nil, fmt.Errorf("exdesk: the notification has %s: %w", megabytes(s.size), ErrTooLarge)
	}
	body := io.NewSectionReader(s, int64(len(raw)), s.size-int64(len(raw)))
	h, err := parseHeader(raw)
	if err != nil {
		return nil, err
	}
	name, err := c.checkAuthor(h)
	if err != nil {
		return nil, err
	}
	for _, f := range slices.Concat(protectedFields, standardFields, out.Guard.Also) {
		if n := len(h.values(f)); n > 1 {
			return nil, refuse("it has %d %s fields instead of one", n, f)
		}
	}
	if raw, err = out.rewrite(raw); err != nil {
		return nil, err
	}
	visible, blind, named, err := recipients(h, out.Recipients)
	if err != nil {
		return nil, err
	}
	proto := letter{ticket: out.Ticket, name: name, encoded: encodedOf(h)}
	proto.Probe = out.probe
	proto.Body, proto.MessageID = body, one(h, "Message-ID")
	proto.EmailID = one(h, "X-Zendesk-Email-Id")
	key := cmp.Or(out.Key, proto.EmailID, proto.MessageID)
	if key == "" {
		return nil, refuse("nothing names it: it needs a Key, or an X-Zendesk-Email-Id or Message-ID field")
	}
	for _, name := range []string{"To", "Cc"} {
		// QUIRK: Exchange refuses a field that is an empty group, whoever stands in
		// Bcc.
		if v := one(h, name); v != "" && emptyGroup(v) {
			proto.left = append(proto.left, name)
		}
	}
	parts, err := c.split(visible, blind)
	if err != nil {
		return nil, err
	}
	var list []*letter
	for i, bcc := range parts {
		l := proto
		l.Recipients = bcc
		if i == 0 {
			l.Recipients = slices.Concat(visible, bcc)
		} else {
			l.left = []string{"To", "Cc"}
		}
		l.Header = raw
		if len(l.left) > 0 || len(parts) > 1 || len(bcc) > named {
			l.Header = withBlind(raw, bcc, l.left)
		}
		l.Notification, l.Key = key, letterKey(key, l.Recipients)
		if out.Key != "" && i == 0 { // who is on a ticket may change between two attempts
			l.Key = letterKey(key, nil)
		}
		l.Guarded = guarded(h, &out.Guard, l.left)
		list = append(list, &l)
	}
	return list, nil
}

// letterKey names a notification for these recipients.
func letterKey(key string, recipients []string) string {
	sorted := make([]string, len(recipients))
	for i, r := range recipients {
		sorted[i] = strings.ToLower(r)
	}
	slices.Sort(sorted)
	return hash(append([]string{"relay", key}, sorted...)...)[:32]
}

// one returns a field that is there once at most.
func one(h header, name string) string {
	if v := h.values(name); len(v) > 0 {
		return strings.TrimSpace(v[0])
	}
	return ""
}

// guarded lists the fields that have to survive.
func guarded(h header, g *Guard, left []string) []Field {
	var list []Field
	for _, name := range slices.Concat(protectedFields, standardFields, g.Also) {
		if name == "Bcc" || slices.Contains(left, name) {
			continue // nobody is shown it; the recipients are looked at instead
		}
		for _, v := range h.values(name) {
			if v = strings.TrimSpace(v); v != "" {
				list = append(list, Field{name, v})
			}
		}
	}
	return list
}

// structure are the fields that describe the body. Nobody who is given the
// header alone can change them and be right.
var structure = []string{"MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID"}

// rewrite lets the caller add fields.
func (o *Outbound) rewrite(raw []byte) ([]byte, error) {
	if o.Rewrite == nil {
		return raw, nil
	}
	out, err := o.Rewrite(slices.Clone(raw))
	if err != nil {
		return nil, fmt.Errorf("exdesk: rewriting the notification: %w", err)
	}
	g := Guard{Also: slices.Concat(o.Guard.Also, structure)}
	if err := g.Check(raw, out); err != nil {
		return nil, err
	}
	if i := bytes.Index(out, []byte("\r\n\r\n")); i < 0 || i+4 != len(out) {
		return nil, &HeaderError{Reason: "it does not end in one blank line, with CRLF"}
	}
	return out, nil
}

// checkAuthor wants exactly one author, who is the mailbox, and returns the name
// that he is given.
func (c *Connector) checkAuthor(h header) (name string, err error) {
	values := h.values("From")
	if len(values) != 1 {
		return "", refuse("it has %d From fields instead of one", len(values))
	}
	from, err := mailboxes(values)
	if err != nil || len(from) != 1 {
		return "", refuse("its From field is not one address")
	}
	for _, a := range append([]string{c.mailbox.Address()}, c.opts.Aliases...) {
		if sameAddress(a, from[0].Address) {
			return from[0].Name, nil
		}
	}
	return "", refuse("it is not from this mailbox, nor from one of Options.Aliases: Exchange would refuse it or change its author")
}

// recipients returns those whom To and Cc name, and the others, of whom Bcc
// names the first few. envelope is who gets the mail; empty stands for whom the
// header names.
func recipients(h header, envelope []string) (visible, blind []string, named int, err error) {
	seen := make(map[string]bool)
	add := func(list []string, names ...string) ([]string, error) {
		for _, name := range names {
			people, err := mailboxes(h.values(name))
			if err != nil {
				return nil, refuse("its %s field cannot be read without doubt, and Graph sends to whom it names", name)
			}
			for _, a := range people {
				if k := strings.ToLower(a.Address); !seen[k] {
					seen[k] = true
					list = append(list, a.Address)
				}
			}
		}
		return list, nil
	}
	if visible, err = add(nil, "To", "Cc"); err != nil {
		return nil, nil, 0, err
	}
	if blind, err = add(nil, "Bcc"); err != nil {
		return nil, nil, 0, err
	}
	named = len(blind)
	if len(envelope) > 0 {
		inside := make(map[string]bool)
		for _, e := range envelope {
			a, err := mail.ParseAddress("<" + e + ">")
			if err != nil || a.Address != e {
				return nil, nil, 0, refuse("a recipient of its envelope is not an address")
			}
			if k := strings.ToLower(e); !seen[k] {
				seen[k] = true
				blind = append(blind, e)
			}
			inside[strings.ToLower(e)] = true
		}
		for _, a := range slices.Concat(visible, blind) {
			if !inside[strings.ToLower(a)] {
				return nil, nil, 0, refuse("its header names a recipient who is not in its envelope, and Graph would send to him as well")
			}
		}
	}
	if len(visible)+len(blind) == 0 {
		return nil, nil, 0, refuse("it has no recipient")
	}
	return visible, blind, named, nil
}

// split divides the blind recipients among as few mails as there must be. The
// first one goes to the visible ones as well.
func (c *Connector) split(visible, blind []string) ([][]string, error) {
	most := c.relay().MostRecipients
	switch n := len(visible) + len(blind); {
	case n <= most:
		return [][]string{blind}, nil
	case len(visible) > most:
		return nil, refuse("To and Cc name %d recipients, and one mail may have %d", len(visible), most)
	case !c.relay().Split:
		return nil, refuse("it has %d recipients, and one mail may have %d; see RelayOptions.Split", n, most)
	}
	// In an order of their own, so that it is the same mails again the next time.
	blind = slices.SortedFunc(slices.Values(blind), func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	free := most - len(visible)
	parts := [][]string{blind[:free:free]}
	for part := range slices.Chunk(blind[free:], most) {
		parts = append(parts, part)
	}
	return parts, nil
}

// withBlind returns the header with a Bcc field of these, or none, and without
// the fields that are left out.
func withBlind(raw []byte, bcc, left []string) []byte {
	var out bytes.Buffer
	drop := false
	for line := range bytes.Lines(raw[:len(raw)-2]) {
		if line[0] != ' ' && line[0] != '\t' {
			name, _, _ := bytes.Cut(line, []byte(":"))
			drop = strings.EqualFold(string(name), "Bcc") ||
				slices.ContainsFunc(left, func(f string) bool { return strings.EqualFold(string(name), f) })
		}
		if !drop {
			out.Write(line)
		}
	}
	for i, a := range bcc {
		if i == 0 {
			out.WriteString("Bcc: ")
		} else {
			out.WriteString(",\r\n ")
		}
		out.WriteString((&mail.Address{Address: a}).String())
	}
	if len(bcc) > 0 {
		out.WriteString("\r\n")
	}
	out.WriteString("\r\n")
	return out.Bytes()
}

// encodedOf returns the encoded ids of the ticket that the ids of the header
// tell, see encodedHead.
func encodedOf(h header) []string {
	var list []string
	for _, name := range []string{"Message-ID", "References", "In-Reply-To"} {
		for _, id := range strings.FieldsFunc(strings.Join(h.values(name), " "), func(r rune) bool { return strings.ContainsRune("<> \t", r) }) {
			if m := encodedHead.FindStringSubmatch(id); m != nil && len(list) < maxEncoded && !slices.Contains(list, m[1]+"-"+m[2]) {
				list = append(list, m[1]+"-"+m[2])
			}
		}
	}
	return list
}
