package exdesk

import (
	"context"
	"errors"
	"regexp"
	"strings"
)

const (
	// maxCCs is how many people can be copied on a ticket ("About CCs and
	// followers").
	maxCCs = 48
	// maxSubject keeps a subject below the 255 characters of Zendesk's column.
	maxSubject = 250
)

// compose makes the ticket of a mail whose files are at the desk.
func (c *Connector) compose(ctx context.Context, msg *Message, id *identity) (*NewTicket, error) {
	comment, long := msg.comment()
	if long && !msg.whole {
		if err := c.attachText(ctx, msg); err != nil {
			return nil, err
		}
		comment, _ = msg.comment() // it may have been refused
	}
	mailbox := c.mailbox.Address()
	t := &NewTicket{
		Origin:    Origin{Digest: id.digest, Mail: id.mail},
		Requester: msg.Requester(mailbox),
		Recipient: mailbox,
		Subject:   clip(neutral(msg.Subject), maxSubject),
		HTML:      comment,
	}
	t.CCs = msg.copied(mailbox, t.Requester.Address)
	t.Requester.Name = neutral(t.Requester.Name)
	for i := range t.CCs {
		t.CCs[i].Name = neutral(t.CCs[i].Name)
	}
	for i := range msg.Files {
		if up := msg.Files[i].Upload; up != nil {
			t.Uploads = append(t.Uploads, up.Token)
		}
	}
	return t, nil
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

// copied returns who else the mail went to: one bad address must not cost the
// ticket, so only those that Zendesk can take.
func (m *Message) copied(mailbox, requester string) []Address {
	taken := map[string]bool{strings.ToLower(mailbox): true, strings.ToLower(requester): true}
	var ccs []Address
	for _, list := range [][]Address{m.To, m.CC} {
		for _, a := range list {
			key := strings.ToLower(a.Address)
			if len(ccs) < maxCCs && !taken[key] && plausible(a.Address) {
				taken[key] = true
				ccs = append(ccs, a)
			}
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
