package exdesk

import (
	"cmp"
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

// TagUnverified is on tickets of mail whose sender Exchange takes for somebody
// else (dmarc or compauth is "fail"). Nobody is copied on such a ticket, nor on
// that of a sender for whom Exchange does not vouch otherwise.
const TagUnverified = "exdesk_unverified"

// compose makes the ticket of a mail whose files are at the desk. It follows the
// ticket at, if there is one.
func (p *pass) compose(ctx context.Context, it *item, at *place) (*NewTicket, error) {
	msg, mailbox := it.msg, p.c.mailbox.Address()
	own, err := p.own(ctx)
	if err != nil {
		return nil, err
	}
	requester := msg.From // who answers a closed ticket is answered, whoever he says is to be
	if at == nil {
		if requester, err = p.requester(ctx, it, own); err != nil {
			return nil, err
		}
	}
	v := p.vouch(it.mail, msg)
	ccs := p.copies(it, v, requester, msg.copied(own, requester.Address))
	comment, err := p.c.body(ctx, msg)
	if err != nil {
		return nil, err
	}
	t := &NewTicket{
		Origin:    it.id.origin(),
		Requester: requester,
		Recipient: mailbox,
		CCs:       ccs,
		Subject:   clip(neutral(msg.Subject), maxSubject),
		HTML:      comment,
		Uploads:   msg.uploads(),
		Tags:      slices.Clone(it.verdict.Tags),
	}
	if it.verdict.Quiet {
		t.Tags = append([]string{TagAutomatic}, t.Tags...)
	}
	if v.forged {
		t.Tags = append(t.Tags, TagUnverified)
	}
	t.Requester.Name = neutral(t.Requester.Name)
	if at != nil {
		t.FollowUp, t.Author = at.conv.ID, at.person.ID
	}
	return t, nil
}

// copies returns who of a list is copied on the ticket of a mail: nobody, if it is
// not sure that the requester has written it. Else whoever writes in a customer's
// name, or has the customer answered by Reply-To, would copy himself on what the
// customer is told, or have the desk write to others. Whose words they are, and
// who is left out, is said above them: Zendesk shows them as the requester's.
func (p *pass) copies(it *item, v vouch, requester Address, list []Address) []Address {
	msg := it.msg
	deputy := !sameAddress(requester.Address, msg.From.Address)
	why := ""
	switch from := domainOf(msg.From.Address); {
	case !v.ok:
		why = "the sender is not verified: " + v.doubt
	case deputy && !p.c.isHome(from) && !p.c.trusts(from): // a form of one's own writes for others
		why = "the sender wants somebody else to be answered"
	default:
		return list
	}
	said := ""
	if deputy {
		said = "From " + author(msg) + ", who wants the answers to go to " + clip(requester.Address, 254) + ". "
	}
	if len(list) > 0 {
		said += "Not copied, because " + why + ": " + list[0].Address
		for _, a := range list[1:] {
			said += ", " + a.Address
		}
	}
	if said != "" {
		msg.remark = remark(said)
	}
	if len(list) > 0 || v.forged {
		it.res.Reason = cmp.Or(it.res.Reason, why)
	}
	return nil
}

// requester is whose ticket it is. A Reply-To is anybody's word, so it makes
// nobody the requester who is an agent, or the desk itself. A forged From makes
// no agent one either: an agent's word counts for more than a customer's, and
// Zendesk suspends such mail.
func (p *pass) requester(ctx context.Context, it *item, own []string) (Address, error) {
	msg := it.msg
	a := msg.Requester(own...)
	people, ok := p.c.desk.(People)
	if !ok {
		return a, nil
	}
	if p.vouch(it.mail, msg).unproven() && !it.mail.released(p.c.labels()) {
		switch who, err := people.Person(ctx, msg.From.Address); {
		case err != nil && !errors.Is(err, ErrAccess):
			return Address{}, err
		case who != nil && who.Agent:
			return Address{}, &holding{"unverified", "the sender says that he is an agent, and " + p.vouch(it.mail, msg).doubt}
		}
	}
	if sameAddress(a.Address, msg.From.Address) {
		return a, nil
	}
	switch who, err := people.Person(ctx, a.Address); {
	case errors.Is(err, ErrAccess):
		p.c.log().WarnContext(ctx, "Reply-To is not heeded, because it cannot be told whether it is an agent's", "error", err)
		return msg.From, nil
	case err != nil:
		return Address{}, err
	case who != nil && who.Agent:
		return msg.From, nil
	}
	return a, nil
}

// own returns the desk's own addresses in lower case: the mailbox's, its
// aliases, and the account's support addresses as far as it tells them.
func (p *pass) own(ctx context.Context) ([]string, error) {
	m := p.c.memory
	if now().Before(m.ownUntil) {
		return m.own, nil
	}
	list := append([]string{p.c.mailbox.Address()}, p.c.opts.Aliases...)
	if people, ok := p.c.desk.(People); ok {
		support, err := people.SupportAddresses(ctx)
		switch {
		case errors.Is(err, ErrAccess):
			p.c.log().WarnContext(ctx, "the support addresses cannot be read, so that mail from them and copies to them are not noticed", "error", err)
		case err != nil:
			return nil, err
		}
		list = append(list, support...)
	}
	m.own, m.ownUntil = nil, now().Add(time.Hour)
	for _, a := range list {
		m.own = append(m.own, strings.ToLower(a))
	}
	m.own = slices.Clip(m.own)
	return m.own, nil
}

// isOwn reports whether an address is among the desk's own, with a "+tag" (RFC
// 5233, and Exchange's plus addressing) or without.
func isOwn(own []string, address string) bool {
	a := strings.ToLower(address)
	if slices.Contains(own, a) {
		return true
	}
	local, domain, _ := strings.Cut(a, "@")
	user, _, tagged := strings.Cut(local, "+")
	return tagged && slices.Contains(own, user+"@"+domain)
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
	msg.Files, msg.whole = append(msg.Files, a), true
	return nil
}

// copied returns who else the mail went to than the desk and one person: one
// bad address must not cost the ticket, so only those that Zendesk can take.
func (m *Message) copied(own []string, but string) []Address {
	taken := map[string]bool{strings.ToLower(but): true}
	var ccs []Address
	for _, a := range slices.Concat(m.To, m.CC) {
		key := strings.ToLower(a.Address)
		if len(ccs) < maxCCs && !taken[key] && plausible(a.Address) && !isOwn(own, a.Address) {
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
	return len(address) <= 254 && plausibleAddress.MatchString(address) &&
		!strings.Contains(address, "..") && !strings.HasPrefix(address, ".") && !strings.Contains(address, ".@")
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
