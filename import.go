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

// Import makes tickets of the newest n mails of the Inbox, read or not, for a
// mailbox that is being connected: with their original dates, without triggers
// and notifications. Each mail becomes a ticket of its own. Mail that is
// labelled already is passed over, so that Import can be called again, and
// should be as long as the Report has mails that wait. It keeps to the Limiter:
// 300 mails take twelve minutes.
//
// It needs a Mailbox that is an Archive and a Desk that is an Importer.
func (c *Connector) Import(ctx context.Context, n int) (*Report, error) {
	archive, ok := c.mailbox.(Archive)
	if _, can := c.desk.(Importer); !ok || !can {
		return &Report{}, errors.New("exdesk: import: the mailbox or the desk cannot do it")
	}
	return c.pass(ctx, "import", func(p *pass) error {
		p.importing = true
		var mails []*Mail
		for mail, err := range archive.Newest(ctx) {
			if err != nil {
				return err
			}
			if mails = append(mails, mail); len(mails) == n {
				break
			}
		}
		slices.Reverse(mails) // so that numbers grow with dates
		mails = slices.DeleteFunc(mails, func(m *Mail) bool {
			return m.HasCategory(c.opts.Labels.Processed) || m.HasCategory(c.opts.Labels.Held)
		})
		for some := range slices.Chunk(mails, labelEvery) {
			if err := p.importSome(ctx, some); err != nil {
				return err
			}
		}
		return nil
	})
}

// importSome imports mails, after it has noted on them that it will: no key
// protects an import, so who comes after a crash has to know of it.
func (p *pass) importSome(ctx context.Context, mails []*Mail) error {
	var marks []Mark
	for _, m := range mails {
		p.listed[m.ID] = true
		p.queues.add(m)
		if !p.c.opts.DryRun && !m.Record.ticketed(p.c.account) && !m.importing() {
			marks = append(marks, Mark{ID: m.ID, Flag: Keep,
				Record: Record{Account: p.c.account, Outcome: Waiting, Verdict: verdictImport, At: now().UTC().Truncate(time.Second)}})
		}
	}
	for i, err := range p.c.mailbox.Label(ctx, marks) {
		if err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("noting what is imported, on %s: %w", marks[i].ID, err)
		}
	}
	for _, m := range mails {
		if err := p.take(ctx, m); err != nil {
			return err
		}
		if p.failed >= hopeless {
			return p.hopeless()
		}
	}
	p.label(ctx, false)
	return nil
}

// importing reports whether an import of the mail was begun, and lately enough
// for its ticket to be still out of sight.
func (m *Mail) importing() bool {
	r := m.Record
	return r != nil && r.Outcome == Waiting && r.Verdict == verdictImport && now().Sub(r.At) < doubtLife
}

// written is when a mail was written, as far as that can be believed.
func written(mail *Mail, msg *Message) time.Time {
	for _, t := range []time.Time{msg.Date, mail.Sent, mail.Received} {
		if !t.IsZero() && t.Year() >= 1970 && t.Before(now()) { // what the import endpoint takes
			return t.UTC().Truncate(time.Second)
		}
	}
	return now().UTC().Truncate(time.Second)
}

// importOld makes a ticket of a mail of the past.
func (p *pass) importOld(ctx context.Context, it *item) error {
	seen, err := p.look(ctx, &it.id)
	switch {
	case err != nil:
		return err
	case seen.ticket != nil:
		p.settle(&seen, &it.id, it.res)
		return nil
	case it.mail.importing() || p.c.memory.doubt(&it.id) != nil && now().Sub(p.c.memory.doubt(&it.id).posted) < doubtLife:
		return fmt.Errorf("an import of this mail was begun less than %s ago and its ticket is not to be seen yet: %w", doubtLife, ErrTemporary)
	case p.c.opts.DryRun:
		it.res.Outcome, it.res.Public = Created, true
		return nil
	}
	t, err := p.compose(ctx, it)
	if err != nil {
		return err
	}
	t.Tags = append(t.Tags, TagImported)
	if t.ExternalID = externalID(it.id.messageID); seen.reused {
		t.ExternalID, it.res.MessageIDReused = secondID(it.id.messageID, it.id.digest), true
	}
	end := p.c.step("ticket", it.mail.ID)
	made, err := p.c.desk.(Importer).Import(ctx, t, it.id.written)
	end(0, Created, err)
	switch {
	case err == nil:
		it.res.Outcome, it.res.Ticket, it.res.Public = Created, made.ID, true
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
