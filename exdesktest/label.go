package exdesktest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// labelTests are of Mailbox.Label.
var labelTests = []subtest[MailboxUnderTest]{
	{"label", labelWrites},
	{"label flag", labelFlag},
	{"label others", labelOthers},
	{"label without", labelWithout},
	{"label unless", labelUnless},
	{"label order", labelOrder},
	{"label twice", labelTwice},
	{"label many", labelMany},
	{"label record", labelRecord},
	{"label long record", labelLongRecord},
	{"label together", labelTogether},
	{"label at once", labelAtOnce},
	{"label cancelled", labelCancelled},
	{"label lost answer", labelLost},
}

// label writes a mark that has to be written.
func (m *MailboxUnderTest) label(t *testing.T, mark exdesk.Mark) {
	t.Helper()
	errs := m.Label(t.Context(), []exdesk.Mark{mark})
	require.Len(t, errs, 1)
	require.NoError(t, errs[0])
}

// labelWrites puts categories, record and flag on a mail, and on no other.
func labelWrites(t *testing.T, m MailboxUnderTest) {
	ids := m.deliver(t, 3)
	m.label(t, exdesk.Mark{ID: ids[1], Categories: []string{"Zendesk", "RejectedByZendesk"}, Record: done("").Record})
	item := m.look(t, ids[1])
	require.ElementsMatch(t, []string{"Zendesk", "RejectedByZendesk"}, item.Categories)
	require.True(t, item.Read)
	require.False(t, item.Elsewhere)
	for _, id := range []string{ids[0], ids[2]} {
		require.Empty(t, m.look(t, id))
		require.Nil(t, m.one(t, id).Record)
	}
	require.Empty(t, m.Label(t.Context(), nil))
}

// labelFlag marks read, marks unread, or leaves the flag.
func labelFlag(t *testing.T, m MailboxUnderTest) {
	id := m.deliver(t, 1)[0]
	for _, step := range []struct {
		flag exdesk.Flag
		read bool
	}{
		{exdesk.Keep, false}, {exdesk.Read, true}, {exdesk.Keep, true}, {exdesk.Read, true}, {exdesk.Unread, false}, {exdesk.Unread, false}, {exdesk.Keep, false},
	} {
		mark := done(id)
		mark.Flag = step.flag
		m.label(t, mark)
		require.Equal(t, step.read, m.look(t, id).Read, "after flag %d", step.flag)
	}
}

// labelOthers keeps categories that others put on the mail, those included that
// it has only since it was listed.
func labelOthers(t *testing.T, m MailboxUnderTest) {
	id := m.deliver(t, 1)[0]
	m.Edit(id, func(i *Item) { i.Categories = []string{"Blue", "With, comma", "日本"} })
	for range m.Unread(t.Context()) {
		m.Edit(id, func(i *Item) { i.Categories = append(i.Categories, "Since then") })
		m.label(t, done(id))
	}
	require.ElementsMatch(t, []string{"Blue", "With, comma", "日本", "Since then", "Zendesk"}, m.look(t, id).Categories)
	mark := done(id)
	mark.Categories = nil
	m.label(t, mark)
	require.ElementsMatch(t, []string{"Blue", "With, comma", "日本", "Since then", "Zendesk"}, m.look(t, id).Categories)
}

// labelWithout takes categories away, whoever put them there and in whatever
// case, and no others.
func labelWithout(t *testing.T, m MailboxUnderTest) {
	id := m.deliver(t, 1)[0]
	m.Edit(id, func(i *Item) { i.Categories = []string{"zendeskheld", "Blue", "ZendeskHeldToo"} })
	mark := done(id)
	mark.Without = []string{"ZendeskHeld", "RejectedByZendesk"}
	m.label(t, mark)
	require.ElementsMatch(t, []string{"Blue", "ZendeskHeldToo", "Zendesk"}, m.look(t, id).Categories)
	mark.Categories, mark.Without = []string{"ZendeskHeld"}, []string{"Zendesk"}
	m.label(t, mark)
	require.ElementsMatch(t, []string{"Blue", "ZendeskHeldToo", "ZendeskHeld"}, m.look(t, id).Categories)
}

// labelUnless writes nothing at all on a mail that another has finished.
func labelUnless(t *testing.T, m MailboxUnderTest) {
	id := m.deliver(t, 1)[0]
	mark := exdesk.Mark{ID: id, Categories: []string{"ZendeskHeld"}, Without: []string{"Blue"}, Unless: "Zendesk", Record: exdesk.Record{Outcome: exdesk.Held}}
	m.Edit(id, func(i *Item) { i.Categories = []string{"Blue", "zendesk"} })
	errs := m.Label(t.Context(), []exdesk.Mark{mark})
	require.ErrorIs(t, errs[0], exdesk.ErrDone)
	require.Equal(t, Item{Categories: []string{"Blue", "zendesk"}}, m.look(t, id))
	require.Nil(t, m.one(t, id).Record)
	m.Edit(id, func(i *Item) { i.Categories = []string{"Blue", "ZendeskToo"} })
	m.label(t, mark)
	require.ElementsMatch(t, []string{"ZendeskToo", "ZendeskHeld"}, m.look(t, id).Categories)

	rejected := exdesk.Mark{ID: id, Categories: []string{"Zendesk", "RejectedByZendesk"}, Unless: "Zendesk", Record: exdesk.Record{Outcome: exdesk.Rejected}}
	m.Edit(id, func(i *Item) { i.Categories = []string{"ZENDESK"} })
	require.ErrorIs(t, m.Label(t.Context(), []exdesk.Mark{rejected})[0], exdesk.ErrDone)
	require.Equal(t, []string{"ZENDESK"}, m.look(t, id).Categories)
	m.Edit(id, func(i *Item) { i.Categories = nil })
	m.label(t, rejected)
	m.label(t, rejected) // as if the first answer was lost
	require.ElementsMatch(t, []string{"Zendesk", "RejectedByZendesk"}, m.look(t, id).Categories)
}

// labelOrder returns one error a mark, in order.
func labelOrder(t *testing.T, m MailboxUnderTest) {
	ids := m.deliver(t, 45)
	list := marks(ids, exdesk.Mark{Categories: []string{"Zendesk"}, Unless: "Done"})
	for i, id := range ids {
		switch {
		case i%9 == 4:
			m.Delete(id)
		case i%9 == 7:
			m.Edit(id, func(item *Item) { item.Categories = []string{"Done"} })
		}
	}
	errs := m.Label(t.Context(), list)
	require.Len(t, errs, len(list))
	for i, err := range errs {
		switch {
		case i%9 == 4:
			require.ErrorIs(t, err, exdesk.ErrNotFound, "mark %d", i)
		case i%9 == 7:
			require.ErrorIs(t, err, exdesk.ErrDone, "mark %d", i)
			require.Equal(t, Item{Categories: []string{"Done"}}, m.look(t, ids[i]))
		default:
			require.NoError(t, err, "mark %d", i)
			require.Equal(t, Item{Categories: []string{"Zendesk"}, Read: true}, m.look(t, ids[i]))
		}
	}
}

// labelTwice sets a mark twice, in two calls and in one.
func labelTwice(t *testing.T, m MailboxUnderTest) {
	id := m.deliver(t, 1)[0]
	m.Edit(id, func(i *Item) { i.Categories = []string{"Blue"} })
	mark := done(id)
	mark.Flag = exdesk.Keep
	for range 2 {
		m.label(t, mark)
		item := m.look(t, id)
		require.Len(t, item.Categories, 2, "%v", item.Categories)
		require.ElementsMatch(t, []string{"Blue", "Zendesk"}, item.Categories)
		require.Equal(t, &mark.Record, m.one(t, id).Record)
	}
	for _, err := range m.Label(t.Context(), []exdesk.Mark{mark, mark}) {
		require.NoError(t, err)
	}
	mark.Categories = []string{"zendesk"}
	m.label(t, mark)
	require.Len(t, m.look(t, id).Categories, 2, "a category does not become another one by its case")
}

// labelMany writes on any number of mails.
func labelMany(t *testing.T, m MailboxUnderTest) {
	ids := m.deliver(t, many)
	list := marks(ids, exdesk.Mark{Categories: []string{"Zendesk"}})
	for i := range list {
		list[i].Flag, list[i].Record.Ticket = exdesk.Keep, int64(i+1)
	}
	errs := m.Label(t.Context(), list)
	require.Len(t, errs, many)
	for _, err := range errs {
		require.NoError(t, err)
	}
	var mails []*exdesk.Mail
	eventually(t, m.Lag, "labels in the list", func() bool {
		mails = m.unread(t)
		return !slices.ContainsFunc(mails, func(m *exdesk.Mail) bool { return m.Record == nil || !m.HasCategory("Zendesk") })
	})
	require.Equal(t, ids, idsOf(mails))
	for i, mail := range mails {
		require.Equal(t, int64(i+1), mail.Record.Ticket, "another mail's record")
	}
}

// fullRecord has something in every field.
func fullRecord() exdesk.Record {
	return exdesk.Record{
		Account: "acme", Mail: "0123456789abcdef", Outcome: exdesk.Rejected, Ticket: 1<<53 - 1, Comment: 1<<53 - 3, Verdict: "import",
		Reason: "\"ü\" <b>日本</b> & \\ ' \u2028 \t|", Digest: strings.Repeat("0123456789abcdef", 2), At: time.Date(2026, 11, 23, 9, 30, 15, 0, time.UTC), Tries: 3,
	}
}

// labelRecord keeps every field of a record, and replaces the one from before
// with all that was in it.
func labelRecord(t *testing.T, m MailboxUnderTest) {
	id := m.deliver(t, 1)[0]
	full := fullRecord()
	for i, v := 0, reflect.ValueOf(full); i < v.NumField(); i++ {
		require.False(t, v.Field(i).IsZero(), "the suite knows nothing of Record.%s", v.Type().Field(i).Name)
	}
	for _, r := range []exdesk.Record{full, {Mail: "fedcba9876543210", Outcome: exdesk.Waiting}, full, {Outcome: exdesk.Created, Ticket: 2}} {
		m.label(t, exdesk.Mark{ID: id, Flag: exdesk.Keep, Record: r})
		eventually(t, m.Lag, "the record", func() bool {
			got := m.one(t, id).Record
			return got != nil && got.Outcome == r.Outcome
		})
		got := *m.one(t, id).Record
		require.True(t, got.At.Equal(r.At), "%s and not %s", got.At, r.At)
		got.At = r.At
		require.Equal(t, r, got)
		if a, ok := m.Mailbox.(exdesk.Archive); ok {
			mail, err := a.Mail(t.Context(), id)
			require.NoError(t, err)
			require.NotNil(t, mail.Record)
			require.Equal(t, r.Outcome, mail.Record.Outcome)
		}
	}
	require.Empty(t, m.look(t, id).Categories, "people do not see it")
}

// labelLongRecord may shorten a reason, and nothing else.
func labelLongRecord(t *testing.T, m MailboxUnderTest) {
	id := m.deliver(t, 1)[0]
	for _, unit := range []string{"x", "日", "\x01", "<", "\""} {
		r := fullRecord()
		r.Reason = strings.Repeat(unit, 100_000)
		m.label(t, exdesk.Mark{ID: id, Flag: exdesk.Keep, Record: r})
		var got *exdesk.Record
		eventually(t, m.Lag, "the record", func() bool {
			got = m.one(t, id).Record
			return got != nil && strings.HasPrefix(got.Reason, unit)
		})
		require.True(t, strings.HasPrefix(got.Reason, strings.Repeat(unit, 300)), "300 characters of it have to stay")
		require.Equal(t, r.Digest, got.Digest)
		require.Equal(t, r.Tries, got.Tries)
		require.Equal(t, r.Ticket, got.Ticket)
	}
}

// labelTogether loses nothing when several write on one mail, and a person too.
func labelTogether(t *testing.T, m MailboxUnderTest) {
	if m.LastWins {
		t.Skip("MailboxUnderTest.LastWins is set")
	}
	id := m.deliver(t, 1)[0]
	const writers = 3
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			mark := done(id)
			mark.Categories = []string{fmt.Sprint("Writer ", i)}
			errs[i] = m.Label(t.Context(), []exdesk.Mark{mark})[0]
		})
	}
	wg.Go(func() {
		m.Edit(id, func(i *Item) { i.Categories = append(i.Categories, "Person") })
	})
	wg.Wait()
	item := m.look(t, id)
	require.Contains(t, item.Categories, "Person")
	written := 0
	for i, err := range errs {
		if err == nil {
			written++
			require.Contains(t, item.Categories, fmt.Sprint("Writer ", i), "it said that it was written")
		}
		require.True(t, sameClass(err, exdesk.ErrConflict, exdesk.ErrTemporary), "%v", err)
	}
	require.Positive(t, written)
}

// labelAtOnce writes all of a mark in one step: nobody sees the category without
// the record, or either without the flag.
func labelAtOnce(t *testing.T, m MailboxUnderTest) {
	ids := m.deliver(t, 20)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			mails, err := collect(t, m.Unread(t.Context()))
			for _, mail := range mails {
				if mail.HasCategory("Zendesk") != (mail.Record != nil) {
					t.Errorf("%s has the category: %v, the record: %v", mail.ID, mail.HasCategory("Zendesk"), mail.Record != nil)
				}
			}
			if err != nil && !sameClass(err, exdesk.ErrTemporary) {
				t.Errorf("listing: %v", err)
			}
			for _, id := range ids {
				if item, ok := m.Look(id); ok && item.Read && slices.Contains(item.Categories, "Flag") == slices.Contains(item.Categories, "Zendesk") {
					t.Errorf("%s is read, and has %v", id, item.Categories)
				}
			}
			time.Sleep(time.Millisecond)
		}
	})
	for i, id := range ids {
		mark := done(id)
		if mark.Flag = exdesk.Keep; i%2 == 0 {
			mark.Flag, mark.Categories = exdesk.Read, []string{"Flag"}
		}
		m.label(t, mark)
	}
	close(stop)
	wg.Wait()
}

// labelCancelled returns one error a mark all the same, and tells the truth.
func labelCancelled(t *testing.T, m MailboxUnderTest) {
	ids := m.deliver(t, 3)
	errs := m.Label(cancelled(t), marks(ids, exdesk.Mark{Categories: []string{"Zendesk"}}))
	require.Len(t, errs, len(ids))
	for i, err := range errs {
		require.True(t, err != nil || slices.Contains(m.look(t, ids[i]).Categories, "Zendesk"), "it says that it was written")
	}
	for _, err := range m.Label(t.Context(), marks(ids, exdesk.Mark{Categories: []string{"Zendesk"}})) {
		require.NoError(t, err)
	}
}

// labelLost can be told again what it may have done.
func labelLost(t *testing.T, m MailboxUnderTest) {
	if m.Lose == nil {
		t.Skip("MailboxUnderTest.Lose is not set")
	}
	id := m.deliver(t, 1)[0]
	m.Edit(id, func(i *Item) { i.Categories = []string{"Blue"} })
	m.Lose()
	err := m.Label(t.Context(), []exdesk.Mark{done(id)})[0]
	require.True(t, sameClass(err, exdesk.ErrTemporary, exdesk.ErrDoubtful), "%v", err)
	m.label(t, done(id))
	item := m.look(t, id)
	require.True(t, item.Read)
	require.Len(t, item.Categories, 2)
	require.ElementsMatch(t, []string{"Blue", "Zendesk"}, item.Categories)
}
