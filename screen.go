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

// HeaderScreen is a Screen that judges a mail by its header as well, before its
// files are moved to the desk and its text is read. What it holds or rejects
// costs no more than that.
type HeaderScreen interface {
	Screen
	JudgeHeader(ctx context.Context, s *Screening) (Verdict, error)
}

// Screening is what a Screen is shown.
type Screening struct {
	Mail    *Mail
	Message *Message
	Mailbox string   // the mailbox's own address
	Own     []string // that, its aliases and the desk's support addresses, in lower case
}

// IsOwn reports whether an address is the desk's own, with a "+tag" or without.
func (s *Screening) IsOwn(address string) bool { return isOwn(s.Own, address) }

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
//	support-address  from the mailbox, an alias or a support address  held
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

// JudgeHeader implements HeaderScreen.
func (v *Sieve) JudgeHeader(_ context.Context, s *Screening) (Verdict, error) {
	from := s.Message.From.Address
	switch {
	case s.IsOwn(from) && len(s.Message.Header("X-Zendesk-From-Account-Id")) > 0:
		return Verdict{Name: "own", Place: AsHeld, Quiet: true, Reason: "one of the account's own notifications came back"}, nil
	case s.IsOwn(from):
		return Verdict{Name: "support-address", Place: AsHeld, Reason: "the sender is a support address, which nobody can be answered at"}, nil
	case blocked(v.Blocked, strings.ToLower(from)):
		return Verdict{Name: "blocked", Place: AsHeld, Reason: "the sender is blocked"}, nil
	}
	return Verdict{}, nil
}

// Judge implements Screen.
func (v *Sieve) Judge(ctx context.Context, s *Screening) (Verdict, error) {
	if out, err := v.JudgeHeader(ctx, s); out.Name != "" || err != nil {
		return out, err
	}
	msg := s.Message
	notification := len(msg.Header("X-Zendesk-From-Account-Id")) > 0
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
	domain := domainOf(from)
	return slices.ContainsFunc(list, func(b string) bool {
		b = strings.ToLower(strings.TrimPrefix(b, "@"))
		return b == from || b == domain || strings.HasSuffix(domain, "."+b)
	})
}

// screenHeader asks a HeaderScreen about a mail of which only the header was
// read.
func (p *pass) screenHeader(ctx context.Context, mail *Mail, msg *Message) error {
	early, ok := p.c.screen().(HeaderScreen)
	if !ok || mail.released(p.c.labels()) {
		return nil
	}
	own, err := p.own(ctx)
	if err != nil {
		return err
	}
	v, err := early.JudgeHeader(ctx, &Screening{Mail: mail, Message: msg, Mailbox: p.c.mailbox.Address(), Own: own})
	if err != nil {
		return err
	}
	return v.end()
}

// end returns the error of a mail that goes no further.
func (v *Verdict) end() error {
	switch v.Place {
	case AsHeld:
		return &holding{v.Name, v.Reason}
	case AsReject:
		return &rejection{v.Reason}
	}
	return nil
}

// screen asks the Screen about a mail.
func (p *pass) screen(ctx context.Context, it *item) error {
	if it.mail.released(p.c.labels()) {
		return nil // a person has judged
	}
	own, err := p.own(ctx)
	if err != nil {
		return err
	}
	it.verdict, err = p.c.screen().Judge(ctx, &Screening{Mail: it.mail, Message: it.msg, Mailbox: p.c.mailbox.Address(), Own: own})
	if err != nil {
		return err
	}
	it.verdict.Tags = slices.Clip(it.verdict.Tags)
	it.res.Verdict, it.res.Reason = it.verdict.Name, it.verdict.Reason
	it.msg.auto = automail.Evidence{} // it was heard
	return it.verdict.end()
}
