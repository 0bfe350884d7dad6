package exdesk

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"slices"
	"strings"
)

// ErrSideConversation refuses a side conversation: Zendesk sends those by its
// own servers and never through a connected mailbox.
var ErrSideConversation = errors.New("exdesk: side conversations do not leave through the mailbox")

// Outbound is a notification of Zendesk that is to leave through the mailbox.
type Outbound struct {
	// MIME is the notification, as RFC 5322 octets.
	MIME []byte
	// SideConversation says that it belongs to one; the octets alone do not.
	SideConversation bool
	// Rewrite, if set, may add header fields and change the body. A Guard
	// stands behind it.
	Rewrite func(mime []byte) ([]byte, error)
	// Guard is the guard; the zero value guards what must be guarded.
	Guard Guard
}

// Prepare returns the octets that may leave through the mailbox with one of
// these addresses, or an error that says why the notification may not: it is a
// side conversation, it is from somebody else, it is for nobody, or Rewrite
// touched a guarded field. A display name in From is let through, but Exchange
// puts its own in its place.
func (o *Outbound) Prepare(mailbox string, aliases ...string) ([]byte, error) {
	if o.SideConversation {
		return nil, ErrSideConversation
	}
	h, err := parseHeader(o.MIME)
	if err != nil {
		return nil, err
	}
	if err := checkFrom(h, append([]string{mailbox}, aliases...)); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc([]string{"To", "Cc", "Bcc"}, func(name string) bool {
		return strings.Contains(strings.Join(h.values(name), ","), "@")
	}) {
		return nil, errors.New("exdesk: the notification has no recipient")
	}
	if o.Rewrite == nil {
		return o.MIME, nil
	}
	out, err := o.Rewrite(slices.Clone(o.MIME))
	if err != nil {
		return nil, fmt.Errorf("exdesk: rewriting the notification: %w", err)
	}
	if err := o.Guard.Check(o.MIME, out); err != nil {
		return nil, err
	}
	return out, nil
}

// checkFrom wants exactly one author, who is the mailbox.
func checkFrom(h header, allowed []string) error {
	values := h.values("From")
	if len(values) != 1 {
		return fmt.Errorf("exdesk: the notification has %d From fields instead of one", len(values))
	}
	// Only the address counts; a name in any charset will do.
	parser := mail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: func(_ string, r io.Reader) (io.Reader, error) { return r, nil }}}
	from, err := parser.ParseList(values[0])
	if err != nil || len(from) != 1 {
		return errors.New("exdesk: the From field of the notification is not one address")
	}
	if !slices.ContainsFunc(allowed, func(a string) bool { return strings.EqualFold(a, from[0].Address) }) {
		return errors.New("exdesk: the notification is not from this mailbox: Exchange would refuse it or change its author")
	}
	return nil
}
