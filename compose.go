package exdesk

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	// maxCCs is how many people can be copied on a ticket ("About CCs and
	// followers").
	maxCCs = 48
	// maxSubject keeps a subject below the 255 characters of Zendesk's column.
	maxSubject = 250
)

// compose makes the ticket of a mail whose files are at the desk.
func (p *pass) compose(ctx context.Context, it *item) (*NewTicket, error) {
	msg, mailbox := it.msg, p.c.mailbox.Address()
	support, err := p.support(ctx)
	if err != nil {
		return nil, err
	}
	requester, err := p.requester(ctx, msg, support)
	if err != nil {
		return nil, err
	}
	comment, err := p.c.body(ctx, msg)
	if err != nil {
		return nil, err
	}
	t := &NewTicket{
		Origin:    it.id.origin(),
		Requester: requester,
		Recipient: mailbox,
		CCs:       msg.copied(append(support, mailbox, requester.Address)),
		Subject:   clip(neutral(msg.Subject), maxSubject),
		HTML:      comment,
		Uploads:   msg.uploads(),
		Tags:      it.verdict.Tags,
	}
	if it.verdict.Quiet {
		t.Tags = append([]string{TagAutomatic}, t.Tags...)
	}
	t.Requester.Name = neutral(t.Requester.Name)
	return t, nil
}

// requester is whose ticket it is. A Reply-To is anybody's word, so it makes
// nobody the requester who is an agent, or a support address.
func (p *pass) requester(ctx context.Context, msg *Message, support []string) (Address, error) {
	a := msg.Requester(append(support, p.c.mailbox.Address())...)
	people, ok := p.c.desk.(People)
	if !ok || strings.EqualFold(a.Address, msg.From.Address) {
		return a, nil
	}
	switch who, err := people.Person(ctx, a.Address); {
	case errors.Is(err, ErrAccess):
		p.c.log.WarnContext(ctx, "Reply-To is not heeded, because it cannot be told whether it is an agent's", "error", err)
		return msg.From, nil
	case err != nil:
		return Address{}, err
	case who != nil && who.Agent:
		return msg.From, nil
	}
	return a, nil
}

// support returns the account's support addresses in lower case, as far as the
// desk tells them.
func (p *pass) support(ctx context.Context) ([]string, error) {
	m := &p.c.memory
	people, ok := p.c.desk.(People)
	if !ok || now().Before(m.supportUntil) {
		return slices.Clip(m.support), nil
	}
	list, err := people.SupportAddresses(ctx)
	switch {
	case errors.Is(err, ErrAccess):
		p.c.log.WarnContext(ctx, "the support addresses cannot be read, so that mail from them and copies to them are not noticed", "error", err)
	case err != nil:
		return nil, err
	}
	m.support, m.supportUntil = nil, now().Add(time.Hour)
	for _, a := range list {
		m.support = append(m.support, strings.ToLower(a))
	}
	return slices.Clip(m.support), nil
}

// body is the mail as a comment, in HTML. A text that is too long for one is
// attached as well.
func (c *Connector) body(ctx context.Context, msg *Message) (string, error) {
	comment, long := msg.comment()
	if long && !msg.whole {
		if err := c.attachText(ctx, msg); err != nil {
			return "", err
		}
		comment, _ = msg.comment() // it may have been refused
	}
	return comment, nil
}

// uploads are the tokens of the files that the desk has.
func (m *Message) uploads() []string {
	var tokens []string
	for i := range m.Files {
		if up := m.Files[i].Upload; up != nil {
			tokens = append(tokens, up.Token)
		}
	}
	return tokens
}

// attachText uploads the text of a mail that is longer than a comment may be.
func (c *Connector) attachText(ctx context.Context, msg *Message) error {
	a := Attachment{Name: "message.txt", Type: "text/plain", unnamed: true}
	text := msg.Text
	if msg.HTML != "" {
		a.Name, a.Type, text = "message.html", "text/html", msg.HTML
	}
	a.Bytes = int64(len(text))
	up, err := c.desk.Upload(ctx, &File{Name: a.Name, Type: a.Type + "; charset=utf-8", Size: a.Bytes, Body: strings.NewReader(text)})
	switch {
	case errors.Is(err, ErrRefused):
		a.Refused = reason(err)
	case err != nil:
		return err
	}
	a.Upload = up
	msg.Files = append(msg.Files, a)
	return nil
}

// copied returns who else the mail went to than these: one bad address must
// not cost the ticket, so only those that Zendesk can take.
func (m *Message) copied(but []string) []Address {
	taken := make(map[string]bool)
	for _, a := range but {
		taken[strings.ToLower(a)] = true
	}
	var ccs []Address
	for _, a := range slices.Concat(m.To, m.CC) {
		key := strings.ToLower(a.Address)
		if len(ccs) < maxCCs && !taken[key] && plausible(a.Address) {
			taken[key] = true
			ccs = append(ccs, Address{neutral(a.Name), a.Address})
		}
	}
	return ccs
}

var plausibleAddress = regexp.MustCompile(`^[A-Za-z0-9.!#$%&'*+/=?^_{|}~\x60-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}$`)

// plausible reports whether an address could be a user's at Zendesk: the
// everyday form of RFC 5321 §4.1.2, without quoting, on a full domain.
func plausible(address string) bool {
	return len(address) <= 254 && plausibleAddress.MatchString(address)
}

// clip shortens s to n characters.
func clip(s string, n int) string {
	i := 0
	for pos := range s {
		if i++; i > n {
			return strings.TrimRight(s[:pos], " ") + "…"
		}
	}
	return s
}
