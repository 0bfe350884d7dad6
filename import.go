package exdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ImportNewest is how many mails Zendesk's own connector offers to import when
// a mailbox is connected.
const ImportNewest = 300

// TagImported is on tickets that Import made.
const TagImported = "exdesk_imported"

// verdictImport is in the record of a mail that is being imported.
const verdictImport = "import"

// importNote is for how long the note on a mail that is being imported is good
// before it is written anew.
const importNote = time.Minute

// Import makes tickets of the newest n mails of the Inbox, read or not, for a
// mailbox that is being connected: with their original dates, without triggers
// and notifications. Each mail becomes a ticket of its own. Mail that is
// labelled already is passed over, so that Import can be called again, and
// should be as long as the Report has mails that wait. It keeps to the Limiter:
// 300 mails take twelve minutes.
//
// No key protects an import, only what is noted on the mails: so nobody else
// should work on the mailbox meanwhile, neither another Import nor Ingest.
//
// It needs a Mailbox that is an Archive and a Desk that is an Importer.
func (c *Connector) Import(ctx context.Context, n int) (*Report, error) {
	if c.desk == nil {
		return nil, errNoDesk
	}
	archive, ok := c.mailbox.(Archive)
	if _, can := c.desk.(Importer); !ok || !can {
		return &Report{}, errors.New("exdesk: import: the mailbox or the desk cannot do it")
	}
	return c.pass(ctx, "import", func(p *pass) error {
		p.importing = true
		p.c.memory.unlabelled = nil // this pass sees to them, or the next
		var mails []*Mail
		var damage error
		for mail, err := range archive.Newest(ctx) {
			if errors.Is(err, ErrDamaged) {
				damage = err
				break
			}
			if err != nil {
				return err
			}
			if len(mails) >= n {
				break
			}
			mails = append(mails, c.own(mail))
		}
		slices.Reverse(mails) // so that numbers grow with dates
		mails = slices.DeleteFunc(mails, func(m *Mail) bool {
			return m.HasCategory(c.labels().Processed) || m.HasCategory(c.labels().Held)
		})
		for some := range slices.Chunk(mails, labelEvery) {
			if err := p.importSome(ctx, some); err != nil {
				return err
			}
		}
		return damage
	})
}

// importSome imports mails, after it has noted on them that it will.
func (p *pass) importSome(ctx context.Context, mails []*Mail) error {
	var marks []Mark
	for _, m := range mails {
		p.see(m)
		p.queues.add(m)
		if !p.c.opts.DryRun && !m.Record.ticketed() && !m.importing() {
			marks = append(marks, p.importMark(m))
		}
	}
	for i, err := range p.c.mailbox.Label(ctx, marks) {
		if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrDone) {
			return fmt.Errorf("noting what is imported, on %s: %w", marks[i].ID, err)
		}
	}
	for i, m := range mails {
		var err error
		if m.importing() { // since before, and its ticket may not be seen yet
			p.leave([]*Mail{m}, errImporting)
		} else {
			err = p.take(ctx, m)
		}
		if err == nil && p.failed >= hopeless {
			err = p.hopeless()
		}
		if err != nil {
			p.unnote(ctx, mails[i+1:])
			return err
		}
	}
	p.label(ctx, false)
	return nil
}

// errImporting is why a mail waits whose import was begun.
var errImporting = fmt.Errorf("an import of this mail was begun less than %s ago and its ticket is not to be seen yet: %w", doubtLife, ErrTemporary)

// unnote takes the note off mails whose turn did not come.
func (p *pass) unnote(ctx context.Context, mails []*Mail) {
	var marks []Mark
	for _, m := range mails {
		if !p.c.opts.DryRun && !m.Record.ticketed() && !m.importing() {
			mark := p.importMark(m)
			mark.Record.Verdict = ""
			marks = append(marks, mark)
		}
	}
	if len(marks) > 0 {
		p.c.mailbox.Label(context.WithoutCancel(ctx), marks) // else they wait for ten minutes
	}
}

// importMark notes on a mail that it is being imported, from now on.
func (p *pass) importMark(m *Mail) Mark {
	mark := p.undone(m)
	mark.Record.Verdict, mark.Record.At = verdictImport, now().UTC().Truncate(time.Second)
	return mark
}

// importing reports whether an import of the mail was begun, and lately enough
// for its ticket to be still out of sight.
func (m *Mail) importing() bool {
	r := m.Record
	if r == nil || r.Verdict != verdictImport || r.Outcome != Waiting && r.Outcome != Held {
		return false
	}
	age := now().Sub(r.At)
	return age < doubtLife && age > -doubtLife
}

// written is when a mail was written, as far as that can be believed. The
// import takes nothing before 1970 and nothing in the future.
func written(mail *Mail, msg *Message) time.Time {
	end := now()
	if !mail.Received.IsZero() && mail.Received.Before(end) {
		end = mail.Received
	}
	for _, t := range []time.Time{msg.Date, mail.Sent} {
		if !t.IsZero() && t.Year() >= 1970 && !t.After(end) {
			return t.UTC().Truncate(time.Second)
		}
	}
	return end.UTC().Truncate(time.Second)
}

// importOld makes a ticket of a mail of the past.
func (p *pass) importOld(ctx context.Context, it *item) error {
	seen, err := p.imported(ctx, it)
	if err != nil || it.res.Outcome != "" {
		return err
	}
	if p.c.opts.DryRun {
		return p.foresee(ctx, it)
	}
	t, err := p.compose(ctx, it, nil)
	if err != nil {
		return err
	}
	t.Tags = append(t.Tags, TagImported)
	if t.ExternalID = externalID(it.id.messageID); seen.reused {
		t.ExternalID, it.res.MessageIDReused = secondID(it.id.messageID, it.id.digest), true
	}
	if err := p.claim(ctx, it); err != nil {
		return err
	}
	end := p.c.step("ticket", it.mail.ID)
	made, err := p.c.desk.(Importer).Import(ctx, t, written(it.mail, it.msg))
	end(0, Created, err)
	switch {
	case err == nil:
		it.res.Outcome, it.res.Ticket, it.res.Public, it.res.made = Created, made.ID, true, true
		p.c.memory.meet(&it.id, made.ID)
		return nil
	case errors.Is(err, ErrDoubtful):
		p.c.memory.heard(&it.id).posted = now()
		return &repeated{err}
	case errors.Is(err, ErrSuspended):
		return &holding{"suspended", "Zendesk takes no ticket of a suspended user: " + reason(err)}
	case errors.Is(err, ErrRefused):
		return &refusal{reason(err)}
	}
	return err
}

// imported settles a mail that is on a ticket already: by an earlier import, as a
// ticket, or as a comment. Else it returns what a look-up found. While an import
// may have made a ticket that is not to be seen, the mail has to wait.
func (p *pass) imported(ctx context.Context, it *item) (seen sighting, err error) {
	desk, ok := p.c.desk.(Conversations)
	people, knows := p.c.desk.(People)
	if ok && knows {
		if at, err := p.locate(ctx, it, desk, people); at == nil && !errors.Is(err, errNoThread) {
			return seen, err
		}
	}
	it.res.Reason = it.verdict.Reason // and not why it is no comment
	if seen, err = p.look(ctx, &it.id); err != nil {
		return seen, err
	}
	if seen.ticket != nil {
		p.settle(&seen, &it.id, it.res)
		return seen, nil
	}
	if d := p.c.memory.doubt(&it.id); d != nil && now().Sub(d.posted) < doubtLife {
		return seen, errImporting
	}
	return seen, nil
}

// claim makes sure that the mail is still to be imported, and that the note on
// it is young: whoever comes after a crash waits for what it may have made.
func (p *pass) claim(ctx context.Context, it *item) error {
	mail, err := p.c.mailbox.(Archive).Mail(ctx, it.mail.ID)
	if errors.Is(err, ErrNotFound) {
		return ErrDone
	}
	if err != nil {
		return err
	}
	if r := p.c.own(mail).Record; mail.HasCategory(p.c.labels().Processed) || r.ticketed() {
		return ErrDone
	} else if r != nil && r.Verdict == verdictImport && now().Sub(r.At) < importNote {
		return nil
	}
	mark := p.importMark(it.mail)
	return p.c.mailbox.Label(ctx, []Mark{mark})[0]
}
