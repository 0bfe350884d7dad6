package exdesk

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/exdesk/exdesk/internal/jitter"
)

// item is one mail while it is processed.
type item struct {
	mail    *Mail
	msg     *Message
	id      identity
	verdict Verdict
	said    *Message    // the message as it is said in a comment
	slot    Reservation // of the ticket's notes, once it is to be one
	res     *Result
}

// try brings one mail to an outcome, in a few tries when services stumble.
// With an error, the outcome is Gone or not known yet.
func (p *pass) try(ctx context.Context, mail *Mail) (*Result, error) {
	if mail.importing() && !p.importing {
		return new(Result), errBehind // of the import
	}
	if err := p.attempt(ctx, mail); err != nil {
		return decided(new(Result), err)
	}
	for n := 1; ; n++ {
		res, err := p.process(ctx, mail)
		if res, err = decided(res, err); err == nil {
			return res, nil
		}
		var often *repeated
		var wait *later
		if errors.As(err, &wait) || n == tries || !errors.Is(err, ErrTemporary) || errors.As(err, &often) || p.failed > 0 {
			return res, err // while mails fail in a row, each has one try
		}
		pause := time.Second << (n - 1)
		pause = pause/2 + jitter.N(pause, mail.ID)
		if asked, ok := RetryAfter(err); ok {
			pause = asked
		}
		if pause > patience || sleep(ctx, pause) != nil {
			return res, err
		}
	}
}

// decided turns an error that is a decision about the mail into an outcome.
func decided(res *Result, err error) (*Result, error) {
	var no *rejection
	var hold *holding
	switch {
	case errors.As(err, &no):
		res.Outcome, res.Reason, err = Rejected, no.reason, nil
	case errors.As(err, &hold):
		res.Outcome, res.Verdict, res.Reason, err = Held, hold.name, hold.reason, nil
	case errors.Is(err, ErrDone):
		res.Outcome, err = Gone, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return res, err
}

// process tries one mail once. A mail on which the code breaks is one that
// fails, as others do.
func (p *pass) process(ctx context.Context, mail *Mail) (res *Result, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			p.c.log().ErrorContext(ctx, "a mail broke its processing", "mail", mail.ID, "stack", string(debug.Stack()))
			err = errors.New("its processing broke, which is a defect of the program: see the log")
		}
	}()
	res = new(Result)
	if mail.Record.ticketed() {
		// A person took the label away. The mail was imported all the same,
		// unless its ticket is no more.
		switch there, err := p.isOn(ctx, mail, mail.Record); {
		case err != nil:
			return res, err
		case there:
			res.Outcome, res.Ticket, res.Comment = Relabelled, mail.Record.Ticket, mail.Record.Comment
			return res, nil
		}
	}
	if most := p.c.maxBytes(); most > 0 && mail.Size > most {
		slot, err := p.reserve(ctx) // a rejection counts like a mail that was opened
		if err != nil {
			return res, err
		}
		slot.Commit()
		return res, tooLarge(mail.Size, most)
	}
	var slot Reservation = spent{} // of what its sender may write
	defer func() {
		var hold *holding
		if res.made || errors.As(err, &hold) && !p.c.opts.DryRun {
			slot.Commit()
		}
		slot.Cancel()
	}()
	return res, p.importMail(ctx, mail, res, &slot)
}

// isOn reports whether the mail is on the ticket of its record. Whoever wrote
// the record, the ticket must bear it out; else it is forgotten.
func (p *pass) isOn(ctx context.Context, mail *Mail, r *Record) (bool, error) {
	t, err := p.c.desk.Ticket(ctx, r.Ticket)
	desk, ok := p.c.desk.(Conversations)
	asTicket := r.Outcome == Created || r.Outcome == Duplicate
	switch {
	case errors.Is(err, ErrNotFound) && now().Sub(r.At) < doubtLife:
		if until, gone := p.c.memory.gone(r.Ticket); !gone {
			return false, &later{until, errNotThere}
		}
		return false, nil
	case errors.Is(err, ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case asTicket && mail.belongsTo(t), r.Outcome != Created && !ok:
		return true, nil
	case r.Outcome != Created:
		it := &item{mail: mail, id: p.identify(mail, new(Message))}
		it.id.digest = r.Digest
		switch _, mine, err := p.follow(ctx, desk, it, r.Ticket); {
		case errors.Is(err, ErrAccess):
			return true, nil // the ticket is there; more cannot be told
		case err != nil && !errors.Is(err, ErrNotFound):
			return false, err
		case mine != nil:
			return true, nil
		}
	}
	mail.Record = nil
	return false, nil
}

// large is from what size on it is worth asking whether the desk has a mail
// before its files are uploaded.
const large = 256 << 10

// importMail opens a mail, reads it, and makes of it what it is to be.
func (p *pass) importMail(ctx context.Context, mail *Mail, res *Result, slot *Reservation) error {
	if early := p.identify(mail, new(Message)); !p.c.opts.DryRun && (mail.Size == 0 || mail.Size > large) {
		if known, err := p.known(ctx, mail, &early, res); known || err != nil {
			return err
		}
	}
	desk := p.c.desk
	if p.c.opts.DryRun {
		desk = nil
	}
	msg, err := p.open(ctx, mail, desk, res, func(msg *Message) (err error) {
		if _, asked := (*slot).(spent); asked {
			if *slot, err = p.brake(ctx, mail, msg); err != nil {
				*slot = spent{}
				return err
			}
		}
		return p.screenHeader(ctx, mail, msg)
	})
	if err != nil {
		return err
	}
	it := &item{mail: mail, msg: msg, id: p.identify(mail, msg), res: res}
	end := p.c.step("screen", mail.ID)
	err = p.screen(ctx, it)
	if end(0, "", err); err != nil {
		return err
	}
	if p.importing {
		if it.verdict.Place == AsNote {
			return &holding{it.verdict.Name, it.verdict.Reason}
		}
		return p.importOld(ctx, it)
	}
	if p.foreseesThread(it) {
		return nil
	}
	at, err := p.converse(ctx, it)
	switch {
	case !errors.Is(err, errNoThread):
		return err
	case it.verdict.Place == AsNote:
		return &holding{it.verdict.Name, it.verdict.Reason + ", and it is about no ticket that can be found"}
	case p.c.opts.DryRun:
		return p.foresee(ctx, it)
	}
	t, err := p.compose(ctx, it, at)
	if err != nil {
		return err
	}
	if len(it.references())+len(it.encoded()) > 0 {
		// Its thread may come into sight before its ticket does.
		if err := p.note(ctx, mail, func(r *Record) { r.Verdict, r.At = verdictTicket, now().UTC().Truncate(time.Second) }); err != nil {
			return err
		}
	}
	end = p.c.step("ticket", mail.ID)
	err = p.create(ctx, &it.id, t, res)
	end(0, res.Outcome, err)
	return err
}

// foresee says what would become of a mail that is not on a ticket, nor on one
// that the pass would have made by now.
func (p *pass) foresee(ctx context.Context, it *item) error {
	seen, err := p.look(ctx, &it.id)
	if err != nil {
		return err
	}
	before, known := p.foreseen[it.id.messageID]
	switch {
	case seen.ticket != nil:
		p.settle(&seen, &it.id, it.res)
		return nil
	case known && before == it.id.digest:
		it.res.Outcome = Duplicate
		return nil
	}
	it.res.Outcome, it.res.Public, it.res.MessageIDReused = Created, true, seen.reused || known
	if p.foreseen == nil {
		p.foreseen = make(map[string]string)
	}
	p.foreseen[it.id.messageID] = it.id.digest
	return nil
}

// foreseesThread reports whether the mail answers one whose ticket a dry run
// would have made by now, and says what would become of it then.
func (p *pass) foreseesThread(it *item) bool {
	for _, id := range it.references() {
		if _, ok := p.foreseen[id]; ok {
			it.commented(0, 0, &NewComment{Public: it.verdict.Place != AsNote})
			return true
		}
	}
	return false
}

// known settles a mail that the desk has already, without uploading anything:
// where that is possible at all, which can be told before the mail is read.
func (p *pass) known(ctx context.Context, mail *Mail, early *identity, res *Result) (bool, error) {
	if !p.forgotten(early) && !p.c.memory.met(early) && p.c.memory.doubt(early) == nil {
		return false, nil
	}
	if tickets, err := p.first(ctx, early); len(tickets) == 0 || err != nil {
		return false, err
	}
	msg, err := p.open(ctx, mail, nil, res, nil)
	if err != nil {
		return false, err
	}
	id := p.identify(mail, msg)
	seen, err := p.look(ctx, &id)
	if err != nil || seen.ticket == nil {
		return false, err
	}
	p.settle(&seen, &id, res)
	return true, nil
}

// open fetches a mail and reads it, its files to the desk. Once the header is
// read, early can end it.
func (p *pass) open(ctx context.Context, mail *Mail, desk Desk, res *Result, early func(*Message) error) (*Message, error) {
	slot, err := p.reserve(ctx)
	if err != nil {
		return nil, err
	}
	end := p.c.step("read", mail.ID)
	if desk != nil && p.c.opts.OnStep != nil {
		desk = observedDesk{desk, p.c, mail.ID}
	}
	body, err := p.c.mailbox.Open(ctx, mail.ID)
	if err != nil {
		end(0, "", err)
	}
	slot.Commit() // a failure counts: the service counts it too
	switch {
	case errors.Is(err, ErrNotFound):
		res.Outcome = Gone
		return nil, err
	case errors.Is(err, ErrRefused):
		return nil, rejectf("the mailbox cannot produce the mail: %s", reason(err))
	case err != nil:
		return nil, err
	}
	defer body.Close()
	msg, err := read(ctx, body, p.c.maxBytes(), desk, early)
	end(msg.octets, "", err)
	if msg.octets == 0 && mail.Size > 0 && isRejection(err) {
		return nil, fmt.Errorf("the mailbox sent nothing of a mail that has %d bytes: %w", mail.Size, ErrTemporary)
	}
	res.Message = msg
	return msg, err
}

// reserve waits until one more mail may be fetched.
func (p *pass) reserve(ctx context.Context) (Reservation, error) {
	for {
		slot, err := p.c.limiter().Reserve(ctx, p.c.mailbox.Address(), Cost{Messages: 1})
		var limit *LimitError
		if !errors.As(err, &limit) || limit.Until.IsZero() {
			return slot, err
		}
		p.label(ctx, false) // nobody should wait for a label because of other mails
		// Others of the mailbox may wait for the same moment.
		if err := sleep(ctx, max(time.Until(limit.Until), leastWait)+jitter.N(leastWait, p.begin.String())); err != nil {
			return nil, err
		}
	}
}
