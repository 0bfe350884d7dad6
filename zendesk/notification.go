package zendesk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// Notification makes the mail by which a ticket's people learn of a public
// comment: what Zendesk's own notification would be, to be given to
// exdesk.Connector.Relay. It is from the address from, which has to be the
// mailbox's or one of its aliases, to the requester, with copies to the email
// CCs; not to the comment's author, nor to addresses of the account itself. It
// has the comment's text and files, the fields that keep machines from
// answering it, and the ticket's encoded id, so that answers find the ticket.
//
// The comment is read again. An error of the class exdesk.ErrRefused says that
// nothing is to leave: the comment was made private or redacted meanwhile or is
// gone, it was imported, the ticket is closed or deleted, or nobody can be
// written to. After any other the call can be made again.
//
// The comment's files are fetched while MIME is read, as long as ctx lasts, and
// with the account's token from the account's own host alone. A file that breaks
// off is an error of that Read. Nothing has to be closed: ctx ends what an
// unfinished reading holds.
//
// The same comment has the same Key, Message-ID and X-Zendesk-Email-Id each
// time. Who finds a comment by looking, and not by an event, needs to fill in
// Account as events have it, besides Ticket, Comment and At: a draft that was begun
// is not finished under another. Files beyond 35 MB in all, as they are sent, are links to Zendesk in
// the text; files with malware and redacted ones are named there only.
//
// Zendesk's own triggers that notify requesters and CCs of comments have to be
// off, or each is told twice.
func (c *Client) Notification(ctx context.Context, e *CommentAdded, from exdesk.Address) (*exdesk.Outbound, error) {
	if !mailable.MatchString(from.Address) {
		return nil, errors.New("zendesk: a notification needs the mailbox's address to be from")
	}
	n := &notification{c: c, e: e, from: from}
	for _, step := range []func(context.Context) error{n.readComment, n.readTicket, n.readPeople, n.readMails} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return &exdesk.Outbound{MIME: n.mail(ctx), Ticket: e.Ticket, Key: n.key()}, nil
}

// notification is what is known of a comment that is to be told of.
type notification struct {
	c       *Client
	e       *CommentAdded
	from    exdesk.Address
	comment said
	ticket  notified
	to, cc  []exdesk.Address
	// The Message-IDs, without angle brackets, of the mail that began the ticket
	// and of the last one that a customer wrote before the comment; "" if not known.
	first, last string
}

// said is what is read of a comment.
type said struct {
	ID      int64     `json:"id"`
	Author  int64     `json:"author_id"`
	Public  bool      `json:"public"`
	HTML    string    `json:"html_body"`
	Plain   string    `json:"plain_body"`
	Body    string    `json:"body"`
	Created time.Time `json:"created_at"`
	Files   []content `json:"attachments"`
}

// notified is what is read of its ticket.
type notified struct {
	conversation
	Subject   string `json:"subject"`
	Recipient string `json:"recipient"` // null unless somebody wrote to it
}

// unsentError says why a comment is not to be told of, ever.
type unsentError struct {
	e   *CommentAdded
	why string
}

func (n *notification) refuse(why string) error { return &unsentError{n.e, why} }

func (e *unsentError) Error() string {
	return fmt.Sprintf("zendesk: comment %d on ticket %d is not sent: %s", e.e.Comment, e.e.Ticket, e.why)
}

// Is makes it a kind of ErrRefused.
func (e *unsentError) Is(class error) bool { return class == exdesk.ErrRefused }

const (
	// settling is for how long what an event tells of may not be there to be
	// read. Whether Zendesk's answers may be behind its events is not documented.
	settling = time.Minute
	// soon is when it is worth another look.
	soon = 2 * time.Second
	// maxCommentPages is how many pages of comments there can be: a ticket has
	// 5,000 at most.
	maxCommentPages = 50
	// bygone is the age from which a comment is not news, but was imported:
	// nobody is notified of an import ("Ticket Import").
	bygone = time.Hour
	// redacted stands for each character that was taken away
	// ("Redact Ticket Comment In Agent Workspace").
	redacted = "▇"
)

// absent is the error of what is not there: refused, unless it may come yet.
func (n *notification) absent(op, what string) error {
	if now, known := n.c.rest.Now(); known && !n.e.At.IsZero() && now.Sub(n.e.At) > settling {
		return n.refuse(what)
	}
	return behind(op, what)
}

// behind is the error of an answer that does not tell yet what an event has
// told.
func behind(op, what string) error {
	return explain(&rest.Failure{Op: op, Status: http.StatusOK, Wait: soon, Err: errors.New(what)})
}

// readComment reads the comment as it is now. No page tells of a way to ask for
// one alone.
func (n *notification) readComment(ctx context.Context) error {
	req := &rest.Request{Op: "read comments", Path: append(ticketPath(n.e.Ticket), "comments"),
		Query: "include_inline_images=true&sort=-created_at&page%5Bsize%5D=100"}
	for pages := 1; req != nil && pages <= maxCommentPages; pages++ {
		var out struct {
			Comments []said `json:"comments"`
			paging
		}
		switch _, err := n.c.do(ctx, req, &out); {
		case errors.Is(err, exdesk.ErrNotFound):
			return n.absent(req.Op, "the ticket is not there")
		case err != nil:
			return err
		}
		if out.Comments == nil {
			return another(req.Op, "a list of comments")
		}
		i := slices.IndexFunc(out.Comments, func(m said) bool { return m.ID == n.e.Comment })
		if i >= 0 {
			n.comment = out.Comments[i]
			return n.screen()
		}
		req = out.next(req.Op)
	}
	return n.absent("read comments", "the comment is not there")
}

// screen says whether the comment is still what the event has told of.
func (n *notification) screen() error {
	m := &n.comment
	switch {
	case !m.Public:
		return n.refuse("it is private")
	case strings.Count(m.text(), redacted) > strings.Count(n.e.Body, redacted):
		return n.refuse("it was redacted")
	case !n.e.At.IsZero() && n.e.At.Sub(m.Created) > bygone:
		return n.refuse("it was imported")
	}
	return nil
}

// text is the comment as text.
func (m *said) text() string { return cmp.Or(m.Plain, m.Body) }

func (n *notification) readTicket(ctx context.Context) error {
	var out struct{ Ticket notified }
	req := &rest.Request{Op: "read ticket", Path: ticketPath(n.e.Ticket)}
	switch _, err := n.c.do(ctx, req, &out); {
	case errors.Is(err, exdesk.ErrNotFound):
		return n.absent(req.Op, "the ticket is not there")
	case err != nil:
		return err
	}
	n.ticket = out.Ticket
	switch updated, err := time.Parse(time.RFC3339, n.ticket.Updated); {
	case n.ticket.ID != n.e.Ticket:
		return behind(req.Op, "the answer is not the ticket")
	case n.ticket.Status == "closed", n.ticket.Status == "deleted":
		return n.refuse("the ticket is " + n.ticket.Status)
	case err == nil && updated.Before(n.comment.Created):
		// It may lack a copy that was added with the comment.
		return behind(req.Op, "the answer is older than the comment")
	}
	if n.ticket.EmailCCs == nil {
		n.ticket.EmailCCs = n.ticket.Collaborators // from before "CCs and followers"
	}
	return nil
}

// mailable is what an address looks like that can be written to without doubt:
// the everyday form of RFC 5321 §4.1.2, without quoting, on a full domain.
var mailable = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~\x60-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_{|}~\x60-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}$`)

// maxAddress is how long an address may be (RFC 5321 §4.5.3.1.3).
const maxAddress = 254

// readPeople finds out who is written to.
func (n *notification) readPeople(ctx context.Context) error {
	own, err := n.own(ctx)
	if err != nil {
		return err
	}
	ids := append([]int64{n.ticket.Requester}, n.ticket.EmailCCs...)
	people, err := n.users(ctx, ids)
	if err != nil {
		return err
	}
	if p := people[n.ticket.Requester]; p == nil || !canMail(p.Email) {
		return n.refuse("the requester has no address that can be written to")
	}
	taken := make(map[string]bool)
	for i, id := range ids {
		p := people[id]
		if p == nil || id == n.comment.Author || !canMail(p.Email) {
			continue
		}
		key := strings.ToLower(p.Email)
		if taken[key] || isOwn(own, key) {
			continue
		}
		taken[key] = true
		a := exdesk.Address{Name: p.Name, Address: p.Email}
		if i == 0 {
			n.to = append(n.to, a)
		} else {
			n.cc = append(n.cc, a)
		}
	}
	if len(n.to)+len(n.cc) == 0 {
		return n.refuse("nobody is on the ticket but its author and the account itself")
	}
	return nil
}

func canMail(address string) bool { return len(address) <= maxAddress && mailable.MatchString(address) }

// own returns the account's addresses in lower case.
func (n *notification) own(ctx context.Context) ([]string, error) {
	list, err := n.c.SupportAddresses(ctx)
	switch {
	case errors.Is(err, exdesk.ErrAccess):
		n.c.log.WarnContext(ctx, "the support addresses cannot be read, so that copies to them are not noticed", "error", err)
		list = nil
	case err != nil:
		return nil, err
	}
	list = append(list, n.from.Address, n.ticket.Recipient)
	for i, a := range list {
		list[i] = strings.ToLower(a)
	}
	return list, nil
}

// isOwn reports whether an address in lower case is one of these, with a "+tag"
// or without.
func isOwn(own []string, address string) bool {
	local, domain, _ := strings.Cut(address, "@")
	user, _, _ := strings.Cut(local, "+")
	return slices.Contains(own, address) || slices.Contains(own, user+"@"+domain)
}

// users reads people by their ids. Who is not there any more is missing.
func (n *notification) users(ctx context.Context, ids []int64) (map[int64]*person, error) {
	found := make(map[int64]*person, len(ids))
	for part := range slices.Chunk(ids, 100) {
		list := make([]string, len(part))
		for i, id := range part {
			list[i] = strconv.FormatInt(id, 10)
		}
		var out struct{ Users []person }
		req := &rest.Request{Op: "read users", Path: []string{"users", "show_many"}, Query: "ids=" + url.QueryEscape(strings.Join(list, ","))}
		if _, err := n.c.do(ctx, req, &out); err != nil {
			return nil, err
		}
		if out.Users == nil {
			return nil, another(req.Op, "a list of users")
		}
		for i := range out.Users {
			found[out.Users[i].ID] = &out.Users[i]
		}
	}
	return found, nil
}

// mailAudit is what is read of an audit to learn which mail it was made of.
type mailAudit struct {
	Created  time.Time `json:"created_at"`
	Metadata struct {
		Custom metadata `json:"custom"`
	} `json:"metadata"`
	Events []struct {
		Type   string `json:"type"`
		ID     int64  `json:"id"`
		Author int64  `json:"author_id"`
		Public bool   `json:"public"`
	} `json:"events"`
}

// readMails learns which mails the notification answers. Without them it is
// told in another thread of the customer's mailer, no more.
func (n *notification) readMails(ctx context.Context) error {
	customers := append(slices.Clone(n.ticket.EmailCCs), n.ticket.Requester)
	req := &rest.Request{Op: "read audits", Path: append(ticketPath(n.e.Ticket), "audits"), Query: "sort_order=desc&page%5Bsize%5D=100"}
	for pages := 1; req != nil && pages <= maxAuditPages; pages++ {
		var page struct {
			Audits []mailAudit `json:"audits"`
			paging
		}
		if _, err := n.c.do(ctx, req, &page); err != nil {
			return n.unread(ctx, err)
		}
		for i := range page.Audits {
			a := &page.Audits[i]
			id := a.Metadata.Custom.MessageID
			said, by := a.comment()
			if !referable(id) || said == n.e.Comment || a.Created.After(n.comment.Created) {
				continue
			}
			if n.first = id; n.last == "" && slices.Contains(customers, by) {
				n.last = id
			}
		}
		if req = page.next(req.Op); req != nil && n.last != "" {
			origin, err := n.c.origin(ctx, n.e.Ticket)
			if referable(origin.MessageID) {
				n.first = origin.MessageID
			}
			return n.unread(ctx, err)
		}
	}
	return nil
}

// unread lets a client go on that may not read audits.
func (n *notification) unread(ctx context.Context, err error) error {
	if errors.Is(err, exdesk.ErrAccess) {
		n.c.log.WarnContext(ctx, "audits cannot be read, so that a notification does not tell which mail it answers", "error", err)
		return nil
	}
	return err
}

// comment returns the comment that came with an audit and whose it is, if it is
// public.
func (a *mailAudit) comment() (id, author int64) {
	for _, e := range a.Events {
		if e.Type == "Comment" {
			if e.Public {
				author = e.Author
			}
			return e.ID, author
		}
	}
	return 0, 0
}

// referableID is a Message-ID that can be named without changing what stands
// around it (RFC 5322 §3.6.4, and what mailers make of it).
var referableID = regexp.MustCompile(`^[!-;=?A-~]+@[!-;=?A-~]+$`)

func referable(id string) bool { return len(id) <= maxMessageID && referableID.MatchString(id) }
