package exdesk

import (
	"context"
	"slices"
	"strings"

	"github.com/exdesk/exdesk/internal/automail"
)

// Screen judges each mail after it was read and before anything is made of it.
// Tickets that are made by API pass by Zendesk's own screening of mail, so
// this is the only one there is.
type Screen interface {
	Judge(ctx context.Context, s *Screening) (Verdict, error)
}

// Screening is what a Screen is shown.
type Screening struct {
	Mail    *Mail
	Message *Message
	Mailbox string   // the mailbox's own address
	Support []string // the desk's support addresses in lower case, as far as they are known
}

// Own reports whether an address is the mailbox's own or a support address.
func (s *Screening) Own(address string) bool {
	return strings.EqualFold(address, s.Mailbox) || slices.Contains(s.Support, strings.ToLower(address))
}

// Verdict is what a Screen says of a mail. The zero value is mail that a
// person wrote to the desk.
type Verdict struct {
	Name   string   // such as "bounce"; reports, the mail's record and tags tell it
	Place  Place    // what becomes of the mail
	Reason string   // a sentence for a person
	Tags   []string // for the ticket, whether the mail makes it or is added to it
	// Quiet says that nobody wrote the mail: a ticket that is made of it is
	// also tagged TagAutomatic, so that triggers can leave it unanswered.
	Quiet bool
	// About are the Message-IDs of the mails that it is about, the surest
	// first: its ticket is looked for by them before all others.
	About []string
	// People are further addresses whose tickets it may belong to.
	People []string
}

// Place is what becomes of a mail.
type Place string

const (
	AsTicket Place = ""         // a comment on the ticket that it answers, or a new ticket
	AsNote   Place = "note"     // a private note on the ticket that it is about; held if there is none
	AsHeld   Place = "held"     // it waits for a person
	AsReject Place = "rejected" // it is rejected
)

// TagAutomatic marks tickets made of mail that nobody wrote. A trigger that
// answers new tickets should have the condition that this tag is not there:
// two machines that answer each other never stop.
const TagAutomatic = "exdesk_automatic"

// Sieve is the default Screen. It does what Zendesk's own pipeline does with
// such mail where that suspends it ("Causes for ticket suspension", "About mail
// loops and Zendesk email"), except that nothing is ever deleted:
//
//	verdict          mail                                             becomes
//	own              a notification of the account that came back     held
//	support-address  from the mailbox or a support address            held
//	blocked          from a sender in Blocked                         held
//	bounce           a delivery report (RFC 3464) or what amounts     a note, or held
//	auto-reply       out of office, "we have received your mail"      a note, or held
//	receipt          a read receipt (RFC 8098)                        a note, or held
//	complaint        a feedback report (RFC 5965)                     a note, or held
//	zendesk          from another Zendesk account                     a comment or a tagged ticket
//	generated        from a machine, such as an alert or an invoice   a comment or a tagged ticket
//	bulk             from a mailing list                              a comment or a tagged ticket
type Sieve struct {
	// Blocked are addresses, and domains such as "example.com", whose mail is
	// held. Zendesk's own blocklist cannot be read through its API.
	Blocked []string
}

// Judge implements Screen.
func (v *Sieve) Judge(_ context.Context, s *Screening) (Verdict, error) {
	msg := s.Message
	from := strings.ToLower(msg.From.Address)
	notification := len(msg.Header("X-Zendesk-From-Account-Id")) > 0
	switch {
	case s.Own(from) && notification:
		return Verdict{Name: "own", Place: AsHeld, Quiet: true, Reason: "one of the account's own notifications came back"}, nil
	case s.Own(from):
		return Verdict{Name: "support-address", Place: AsHeld, Reason: "the sender is a support address, which nobody can be answered at"}, nil
	case blocked(v.Blocked, from):
		return Verdict{Name: "blocked", Place: AsHeld, Reason: "the sender is blocked"}, nil
	}
	auto := msg.automatic()
	out := Verdict{Name: string(auto.Kind), Reason: auto.Why, About: auto.Original, People: auto.Recipients, Quiet: auto.Kind != ""}
	switch auto.Kind {
	case automail.Bounce, automail.AutoReply, automail.Receipt, automail.Complaint:
		out.Place = AsNote
	default:
		if notification {
			out.Name, out.Quiet, out.Reason = "zendesk", true, "it is a notification of another Zendesk account"
		}
	}
	if out.Name != "" {
		out.Tags = []string{"exdesk_" + strings.ReplaceAll(out.Name, "-", "_")}
	}
	return out, nil
}

func blocked(list []string, from string) bool {
	_, domain, _ := strings.Cut(from, "@")
	return slices.ContainsFunc(list, func(b string) bool {
		b = strings.ToLower(strings.TrimPrefix(b, "@"))
		return b == from || b == domain || strings.HasSuffix(domain, "."+b)
	})
}

// screen asks the Screen about a mail. The error of one that goes no further
// says why.
func (p *pass) screen(ctx context.Context, it *item) error {
	if it.mail.released(&p.c.opts.Labels) {
		return nil // a person has judged
	}
	support, err := p.support(ctx)
	if err != nil {
		return err
	}
	it.verdict, err = p.c.opts.Screen.Judge(ctx, &Screening{Mail: it.mail, Message: it.msg, Mailbox: p.c.mailbox.Address(), Support: support})
	if err != nil {
		return err
	}
	v := &it.verdict
	it.res.Verdict, it.res.Reason = v.Name, v.Reason
	it.msg.auto = automail.Evidence{} // it was heard
	switch v.Place {
	case AsHeld:
		return &holding{v.Name, v.Reason}
	case AsReject:
		return &rejection{v.Reason}
	}
	return nil
}
