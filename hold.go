package exdesk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A holding is the reason why a mail waits for a person.
type holding struct{ name, reason string }

func (h *holding) Error() string { return h.reason }

// released reports whether the mail was held once and a person let it go on, by
// Release or by taking the category away. It is not judged again.
func (m *Mail) released(l *Labels) bool {
	return m.Record != nil && m.Record.Outcome == Held && !m.HasCategory(l.Held)
}

// Release lets mails that are held go on: the next pass takes each like any
// other and asks no Screen about it. The ids are those of Mail.ID. It is what
// a person does who takes the category off in Outlook.
func (c *Connector) Release(ctx context.Context, ids ...string) error {
	marks := make([]Mark, len(ids))
	for i, id := range ids {
		marks[i] = Mark{ID: id, Without: []string{c.opts.Labels.Held}, Flag: Unread,
			Record: Record{Account: c.account, Outcome: Held, Reason: "released", At: now().UTC().Truncate(time.Second)}}
	}
	var errs []error
	for i, err := range c.mailbox.Label(ctx, marks) {
		if err != nil {
			errs = append(errs, fmt.Errorf("exdesk: release %s: %w", ids[i], err))
		}
	}
	if errs == nil {
		c.Wake()
	}
	return errors.Join(errs...)
}

// BrakePerHour is how many mails of one sender are taken in any hour ("About
// mail loops and Zendesk email"). What comes above is held.
const BrakePerHour = 20

// brake takes the place of one more mail of a sender. Whoever gets no answer
// from a person in between writes no twenty mails an hour: it is a loop.
func (p *pass) brake(ctx context.Context, mail *Mail) (Reservation, error) {
	if mail.From.Address == "" || p.importing || mail.released(&p.c.opts.Labels) {
		return spent{}, nil
	}
	slot, err := p.c.opts.Brake.Reserve(ctx, strings.ToLower(mail.From.Address), Cost{Messages: 1})
	var limit *LimitError
	if errors.As(err, &limit) {
		return nil, &holding{"brake", "the sender wrote more than " + limit.Limit}
	}
	return slot, err
}

const (
	// setAside is after how many failed attempts a mail is held that fails
	// while others pass.
	setAside = 6
	// heavy is from what size on an attempt is noted on the mail before the
	// first: a mail that kills the process must be found out.
	heavy = 5 << 20
)

// attempt notes on the mail that it is tried once more, where that may be the
// end: before the second attempt, and before the first at a large one. Of a
// mail that was tried too often it says that it is to be held.
func (p *pass) attempt(ctx context.Context, mail *Mail) error {
	r := mail.Record
	if p.c.opts.DryRun || p.importing || r != nil && r.Outcome != Waiting && r.Outcome != Rejected {
		return nil // what is on the mail must stay there
	}
	f := p.c.memory.failures[mail.ID]
	tried, why := mail.tries(), ""
	if tried > 0 {
		why = r.Reason
	}
	if f != nil {
		tried, why = f.alone, f.err.Error()
	}
	switch {
	case tried >= setAside && why == "":
		return &holding{"failing", fmt.Sprintf("it was tried %d times and no end was seen: it may have stopped the process", tried)}
	case tried >= setAside:
		return &holding{"failing", fmt.Sprintf("it failed %d times while other mail passed, the last time with: %s", tried, why)}
	case tried == 0 && mail.Size < heavy, mail.tries() == tried+1:
		return nil
	}
	p.label(ctx, false) // what is done should say so before that
	m := Mark{ID: mail.ID, Flag: Keep, Record: Record{Account: p.c.account, Outcome: Waiting, Reason: why, Tries: tried + 1, At: now().UTC().Truncate(time.Second)}}
	if err := p.c.mailbox.Label(ctx, []Mark{m})[0]; err != nil {
		return fmt.Errorf("noting an attempt: %w", err)
	}
	mail.Record = &m.Record
	return nil
}

// tries is how many attempts at the mail were begun, by its record.
func (m *Mail) tries() int {
	if m.Record == nil || m.Record.Outcome != Waiting {
		return 0
	}
	return m.Record.Tries
}
