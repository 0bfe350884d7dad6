package exdesktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// MailboxUnderTest is a Mailbox, and the hands of all who are at it besides
// exdesk: who writes to it, who reads in it, and what befalls it.
type MailboxUnderTest struct {
	exdesk.Mailbox

	// Deliver puts a mail into the Inbox, unread and without categories, as one
	// that arrived at that time, which is of a whole second. It returns its id.
	Deliver func(mail []byte, arrived time.Time) (id string)
	// Look returns how a mail is now, by another way than the Mailbox's own if
	// there is one, and false if it is not there.
	Look func(id string) (Item, bool)
	// Edit lets a person change a mail: f gets it as it is.
	Edit func(id string, f func(*Item))
	// Delete lets a person delete a mail for good.
	Delete func(id string)

	// What follows need not be set; what is tested with it is left out then.

	// Break makes the mail one whose octets the store cannot produce.
	Break func(id string)
	// Damage makes the mail one that the store cannot list at all.
	Damage func(id string)
	// Outage makes the service fail in a way that passes, or ends that.
	Outage func(on bool)
	// Lose has the service act on the next request that changes something, and
	// the answer get lost.
	Lose func()
	// Left returns what was sent from the mailbox, the first first. Without it an
	// Outbox is not tested.
	Left func() []Departure

	// Lag is how long after a change it may take to be seen in lists and by
	// Copies, ByMessageID and Letters.
	Lag time.Duration
	// LastWins says that of two who change the categories of a mail at the same
	// moment one may undo what the other did, which the store cannot help.
	LastWins bool
	// KeepsDeleted says that what Tracer.Delete deletes is found still, among what
	// was deleted.
	KeepsDeleted bool
}

// Item is a mail as a person sees it.
type Item struct {
	Categories []string
	Read       bool
	Elsewhere  bool // in a folder that is not the Inbox
}

// Departure is a mail that was sent.
type Departure struct {
	Recipients []string // of the envelope
	MIME       []byte
}

// Mailbox tests an exdesk.Mailbox: that it lists the unread mail of the Inbox,
// all of it and each once, whatever happens meanwhile; shows what came and leaves
// it untouched; and labels a mail in one step, without taking away what people or
// others put on it. One that is an Archive, an Outbox or a Tracer is tested for
// what is promised there as well.
//
// open opens an empty mailbox.
func Mailbox(t *testing.T, in Bubble, open func(t *testing.T) MailboxUnderTest) {
	run(t, in, open, slices.Concat([]subtest[MailboxUnderTest]{
		{"address", mailboxAddress},
		{"unread", mailboxUnread},
		{"fields", mailboxFields},
		{"odd mail", mailboxOdd},
		{"marked while listed", mailboxMarked},
		{"one second", mailboxOneSecond},
		{"ended early", mailboxEndedEarly},
		{"cancelled", mailboxCancelled},
		{"damaged", mailboxDamaged},
		{"open", mailboxOpen},
		{"large", mailboxLarge},
		{"closed early", mailboxClosedEarly},
		{"gone", mailboxGone},
		{"broken", mailboxBroken},
		{"untouched", mailboxUntouched},
		{"moved", mailboxMoved},
		{"outage", mailboxOutage},
	}, labelTests, archiveTests, outboxTests))
}

// incoming is a mail with that number, as it may come from anybody.
func incoming(n int) []byte {
	return fmt.Appendf(nil, "From: Ann Ångström <ann@customer.example>\r\nTo: support@contoso.test\r\nSubject: No. %d\r\n"+
		"Message-ID: <%[1]d@customer.example>\r\nDate: Mon, 01 Nov 1999 10:00:00 +0100\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: text/plain; charset=utf-8\r\n\r\nThis is no. %[1]d.\r\n", n)
}

// begin is when the first mail arrives.
func begin() time.Time { return time.Now().Add(-8 * time.Hour).Truncate(time.Second) }

// deliver puts n mails into the Inbox, a minute apart, and waits until they are
// listed. It returns their ids, the oldest first.
func (m *MailboxUnderTest) deliver(t *testing.T, n int) []string {
	t.Helper()
	first := begin()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = m.Deliver(incoming(i), first.Add(time.Duration(i)*time.Minute))
		require.NotEmpty(t, ids[i], "MailboxUnderTest.Deliver")
	}
	m.listed(t, ids...)
	return ids
}

// listed waits until the mails are listed.
func (m *MailboxUnderTest) listed(t *testing.T, ids ...string) {
	t.Helper()
	eventually(t, m.Lag, "new mail", func() bool {
		there := idsOf(m.unread(t))
		return !slices.ContainsFunc(ids, func(id string) bool { return !slices.Contains(there, id) })
	})
}

// look returns how a mail is that has to be there.
func (m *MailboxUnderTest) look(t *testing.T, id string) Item {
	t.Helper()
	item, ok := m.Look(id)
	require.True(t, ok, "the mail is gone")
	return item
}

// unread lists without an error.
func (m *MailboxUnderTest) unread(t *testing.T) []*exdesk.Mail {
	t.Helper()
	mails, err := collect(t, m.Unread(t.Context()))
	require.NoError(t, err)
	return mails
}

// one returns a mail as the mailbox lists it, which has to be unread.
func (m *MailboxUnderTest) one(t *testing.T, id string) *exdesk.Mail {
	t.Helper()
	mails := m.unread(t)
	i := slices.Index(idsOf(mails), id)
	require.GreaterOrEqual(t, i, 0, "the mail is not listed")
	return mails[i]
}

// collect goes through a list to its end. It fails if the list goes on after an
// error, or has a mail twice.
func collect(t *testing.T, list iter.Seq2[*exdesk.Mail, error]) (mails []*exdesk.Mail, failed error) {
	t.Helper()
	for mail, err := range list {
		require.NoError(t, failed, "it goes on after an error")
		if failed = err; err != nil {
			continue
		}
		require.NotNil(t, mail)
		require.NotEmpty(t, mail.ID)
		require.NotContains(t, idsOf(mails), mail.ID, "each once")
		mails = append(mails, mail)
	}
	return mails, failed
}

func idsOf(mails []*exdesk.Mail) []string {
	ids := make([]string, len(mails))
	for i, m := range mails {
		ids[i] = m.ID
	}
	return ids
}

// mailboxAddress has an address that is always the same, whether the service is
// there or not.
func mailboxAddress(t *testing.T, m MailboxUnderTest) {
	address := m.Address()
	require.Regexp(t, `^[^@\s<>]+@[^@\s<>]+$`, address)
	if m.Outage != nil {
		m.Outage(true)
		defer m.Outage(false)
	}
	require.Equal(t, address, m.Address())
}

// mailboxUnread lists what is unread in the Inbox, labelled or not, and nothing
// else, the oldest first.
func mailboxUnread(t *testing.T, m MailboxUnderTest) {
	require.Empty(t, m.unread(t), "the mailbox is not new")
	first := begin()
	late := m.Deliver(incoming(1), first.Add(10*time.Minute))
	early := m.Deliver(incoming(2), first)
	read := m.Deliver(incoming(3), first.Add(time.Minute))
	moved := m.Deliver(incoming(4), first.Add(2*time.Minute))
	labelled := m.Deliver(incoming(5), first.Add(3*time.Minute))
	m.Edit(read, func(i *Item) { i.Read = true })
	m.Edit(moved, func(i *Item) { i.Elsewhere = true })
	m.Edit(labelled, func(i *Item) { i.Categories = []string{exdesk.LabelProcessed} })
	eventually(t, m.Lag, "who reads and moves mail", func() bool {
		return slices.Equal(idsOf(m.unread(t)), []string{early, labelled, late})
	})
	m.Edit(read, func(i *Item) { i.Read = false })
	m.Edit(late, func(i *Item) { i.Read = true })
	m.Delete(early)
	eventually(t, m.Lag, "who deletes mail and marks it unread", func() bool {
		return slices.Equal(idsOf(m.unread(t)), []string{read, labelled})
	})
}

// mailboxFields tells of each mail what it is.
func mailboxFields(t *testing.T, m MailboxUnderTest) {
	at := begin()
	id := m.Deliver(incoming(7), at)
	m.Edit(id, func(i *Item) { i.Categories = []string{"Blue", "Für später"} })
	m.listed(t, id)
	got := m.one(t, id)
	require.Equal(t, "<7@customer.example>", got.MessageID)
	require.Equal(t, "No. 7", got.Subject)
	require.Equal(t, exdesk.Address{Name: "Ann Ångström", Address: "ann@customer.example"}, got.From)
	require.ElementsMatch(t, []string{"Blue", "Für später"}, got.Categories)
	require.True(t, got.HasCategory("blue"))
	require.Nil(t, got.Record, "exdesk has written nothing on it")
	require.GreaterOrEqual(t, got.Size, int64(0))
	if !got.Received.IsZero() {
		require.WithinDuration(t, at, got.Received, time.Second)
	}
	if !got.Sent.IsZero() {
		require.True(t, got.Sent.Equal(time.Date(1999, 11, 1, 9, 0, 0, 0, time.UTC)) || got.Sent.Equal(got.Received), "%s", got.Sent)
	}
}

// mailboxOdd lists whatever came, also what lacks everything.
func mailboxOdd(t *testing.T, m MailboxUnderTest) {
	first := begin()
	var ids []string
	for i, text := range []string{
		"\r\nNo header.\r\n",
		"Subject: nobody's\r\n\r\nNo sender.\r\n",
		"From: <>\r\nTo: support@contoso.test\r\n\r\nA bounce.\r\n",
		"From: =?utf-8?b?///?= <a@b@c>\r\nSubject: \xff\xfe\r\nDate: yesterday\r\nMessage-ID: no brackets\r\n\r\n\x00\xff",
		"From: x@customer.example\r\nSubject: " + strings.Repeat("very ", 2000) + "long\r\n\r\nText.\r\n",
		"From: x@customer.example\r\nMessage-ID: <same@customer.example>\r\n\r\nOne.\r\n",
		"From: y@customer.example\r\nMessage-ID: <same@customer.example>\r\n\r\nAnother.\r\n",
	} {
		ids = append(ids, m.Deliver([]byte(text), first.Add(time.Duration(i)*time.Minute)))
	}
	m.listed(t, ids...)
	require.Equal(t, ids, idsOf(m.unread(t)))
	for _, err := range m.Label(t.Context(), marks(ids, exdesk.Mark{Categories: []string{exdesk.LabelProcessed}})) {
		require.NoError(t, err)
	}
	require.Empty(t, m.unread(t))
}

// many is more mails than a page has, of most services.
const many = 130

// mailboxMarked marks mails while they are listed, as exdesk does: each at once,
// or some later together.
func mailboxMarked(t *testing.T, m MailboxUnderTest) {
	ids := m.deliver(t, many)
	var seen []string
	var pending []exdesk.Mark
	for mail, err := range m.Unread(t.Context()) {
		require.NoError(t, err)
		seen = append(seen, mail.ID)
		if pending = append(pending, done(mail.ID)); len(seen)%20 == 0 || len(seen)%7 == 0 {
			for _, err := range m.Label(t.Context(), pending) {
				require.NoError(t, err)
			}
			pending = nil
		}
	}
	require.Equal(t, ids, seen, "marking mails read made it skip others, or show some twice")
	for _, err := range m.Label(t.Context(), pending) {
		require.NoError(t, err)
	}
	eventually(t, m.Lag, "the flag", func() bool { return len(m.unread(t)) == 0 })
}

// mailboxOneSecond lists mails that arrived in one second.
func mailboxOneSecond(t *testing.T, m MailboxUnderTest) {
	at := begin()
	var ids []string
	for i := range many {
		ids = append(ids, m.Deliver(incoming(i), at))
	}
	m.listed(t, ids...)
	mails := m.unread(t)
	require.ElementsMatch(t, ids, idsOf(mails))
	for _, err := range m.Label(t.Context(), marks(ids[:many/2], exdesk.Mark{})) {
		require.NoError(t, err)
	}
	eventually(t, m.Lag, "the flag", func() bool { return len(m.unread(t)) == many-many/2 })
}

// mailboxEndedEarly works on after lists that nobody went through to their end,
// and several at a time.
func mailboxEndedEarly(t *testing.T, m MailboxUnderTest) {
	ids := m.deliver(t, 30)
	for n := range 12 {
		var seen []string
		for mail, err := range m.Unread(t.Context()) {
			require.NoError(t, err)
			if seen = append(seen, mail.ID); len(seen) > n {
				break
			}
		}
		require.Equal(t, ids[:n+1], seen)
	}
	for outer := range m.Unread(t.Context()) {
		require.Equal(t, ids[0], outer.ID)
		require.Equal(t, ids, idsOf(m.unread(t)), "a list within a list")
		break
	}
	require.Equal(t, ids, idsOf(m.unread(t)))
}

// mailboxCancelled says so when it was kept from listing everything.
func mailboxCancelled(t *testing.T, m MailboxUnderTest) {
	ids := m.deliver(t, many)
	mails, err := collect(t, m.Unread(cancelled(t)))
	if len(mails) < many {
		require.ErrorIs(t, err, context.Canceled)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var seen []string
	failed := false
	for mail, err := range m.Unread(ctx) {
		require.False(t, failed, "it goes on after an error")
		if failed = err != nil; failed {
			require.ErrorIs(t, err, context.Canceled)
			continue
		}
		if seen = append(seen, mail.ID); len(seen) == 3 {
			cancel()
		}
	}
	require.True(t, failed || len(seen) == many, "only %d of %d mails, and no error", len(seen), many)
	require.Equal(t, ids, idsOf(m.unread(t)))
}

// mailboxDamaged lists all mail but what the store cannot show, and says so last.
func mailboxDamaged(t *testing.T, m MailboxUnderTest) {
	if m.Damage == nil {
		t.Skip("MailboxUnderTest.Damage is not set")
	}
	ids := m.deliver(t, 25)
	m.Damage(ids[10])
	want := slices.Delete(slices.Clone(ids), 10, 11)
	mails, err := collect(t, m.Unread(t.Context()))
	got := idsOf(mails)
	if err == nil { // of which something can be shown after all
		require.Equal(t, ids, got)
		return
	}
	require.ErrorIs(t, err, exdesk.ErrDamaged)
	require.Equal(t, want, got)
}

// mailboxOpen shows the mail as it came: what it says, that is, and not how the
// store may have encoded it anew.
func mailboxOpen(t *testing.T, m MailboxUnderTest) {
	file := noise(60_000)
	text := "Grüße, 日本語. A line of a mail that is quoted:\r\n\r\nFrom here on.\r\n..\r\nEnd.\r\n"
	id := m.Deliver(withFile("With a file", text, file), begin())
	other := m.Deliver(incoming(1), begin())
	m.listed(t, id, other)
	require.Equal(t, "No. 1", readMail(t, m.open(t, other)).subject)
	for range 2 {
		got := readMail(t, m.open(t, id))
		require.Equal(t, "With a file", got.subject)
		require.Equal(t, "<file@customer.example>", got.messageID)
		require.Equal(t, "ann@customer.example", got.from)
		require.True(t, got.has(file), "the file is not what was sent")
		require.True(t, got.says(text), "the text is not what was sent")
	}
}

// mailboxLarge streams a mail of several megabytes.
func mailboxLarge(t *testing.T, m MailboxUnderTest) {
	file := noise(4 << 20)
	id := m.Deliver(withFile("Large", "See the file.\r\n", file), begin())
	m.listed(t, id)
	require.True(t, readMail(t, m.open(t, id)).has(file), "the file is not what was sent")

	// A mail that was cut off must not look like a whole one.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	in, err := m.Open(ctx, id)
	require.NoError(t, err)
	defer in.Close()
	_, err = io.CopyN(io.Discard, in, 1000)
	require.NoError(t, err)
	cancel()
	n, err := io.Copy(io.Discard, in)
	require.True(t, err != nil || n+1000 >= int64(len(file)), "%d octets of it, and no error", n)
}

// open returns all octets of a mail.
func (m *MailboxUnderTest) open(t *testing.T, id string) []byte {
	t.Helper()
	in, err := m.Open(t.Context(), id)
	require.NoError(t, err)
	data, err := io.ReadAll(in)
	require.NoError(t, err)
	require.NoError(t, in.Close())
	return data
}

// mailboxClosedEarly gives up nothing that it needs for the next mail.
func mailboxClosedEarly(t *testing.T, m MailboxUnderTest) {
	id := m.Deliver(withFile("Large", "See the file.\r\n", noise(2<<20)), begin())
	m.listed(t, id)
	for range 10 {
		in, err := m.Open(t.Context(), id)
		require.NoError(t, err)
		_, err = io.ReadFull(in, make([]byte, 100))
		require.NoError(t, err)
		require.NoError(t, in.Close())
	}
	in, err := m.Open(t.Context(), id)
	require.NoError(t, err)
	require.NoError(t, in.Close(), "nothing was read")
	require.Equal(t, "Large", readMail(t, m.open(t, id)).subject)
}

// mailboxGone says so.
func mailboxGone(t *testing.T, m MailboxUnderTest) {
	id := m.deliver(t, 1)[0]
	m.Delete(id)
	eventually(t, m.Lag, "who deletes mail", func() bool { return len(m.unread(t)) == 0 })
	_, err := m.Open(t.Context(), id)
	require.ErrorIs(t, err, exdesk.ErrNotFound)
	require.NotErrorIs(t, err, exdesk.ErrTemporary)
	errs := m.Label(t.Context(), []exdesk.Mark{done(id)})
	require.Len(t, errs, 1)
	require.ErrorIs(t, errs[0], exdesk.ErrNotFound)
}

// mailboxBroken refuses a mail whose octets cannot be had, or has them after all.
func mailboxBroken(t *testing.T, m MailboxUnderTest) {
	if m.Break == nil {
		t.Skip("MailboxUnderTest.Break is not set")
	}
	ids := m.deliver(t, 2)
	m.Break(ids[0])
	for range 2 {
		in, err := m.Open(t.Context(), ids[0])
		if err == nil {
			data, err := io.ReadAll(in)
			require.NoError(t, err)
			require.NoError(t, in.Close())
			require.Equal(t, "No. 0", readMail(t, data).subject)
			continue
		}
		require.ErrorIs(t, err, exdesk.ErrRefused)
		require.NotErrorIs(t, err, exdesk.ErrTemporary, "it is for good")
	}
	require.Equal(t, "No. 1", readMail(t, m.open(t, ids[1])).subject)
	require.NoError(t, m.Label(t.Context(), []exdesk.Mark{done(ids[0])})[0], "it would come back for ever")
}

// mailboxUntouched changes nothing of what it lists and opens.
func mailboxUntouched(t *testing.T, m MailboxUnderTest) {
	id := m.deliver(t, 1)[0]
	m.Edit(id, func(i *Item) { i.Categories = []string{"Blue"} })
	m.open(t, id)
	in, err := m.Open(t.Context(), id)
	require.NoError(t, err)
	require.NoError(t, in.Close())
	if a, ok := m.Mailbox.(exdesk.Archive); ok {
		_, err := a.Mail(t.Context(), id)
		require.NoError(t, err)
	}
	m.listed(t, id)
	require.Equal(t, Item{Categories: []string{"Blue"}}, m.look(t, id), "who reads a mail must not mark it")
}

// mailboxMoved knows a mail by its id for as long as it is in the mailbox.
func mailboxMoved(t *testing.T, m MailboxUnderTest) {
	id := m.deliver(t, 1)[0]
	m.Edit(id, func(i *Item) { i.Elsewhere = true })
	require.Equal(t, "No. 0", readMail(t, m.open(t, id)).subject)
	errs := m.Label(t.Context(), []exdesk.Mark{done(id)})
	require.NoError(t, errs[0])
	item := m.look(t, id)
	require.True(t, item.Read && item.Elsewhere)
	m.Edit(id, func(i *Item) { i.Elsewhere, i.Read = false, false })
	m.listed(t, id)
	require.NotNil(t, m.one(t, id).Record, "it is the mail that it was")
}

// mailboxOutage says that the trouble is of the kind that passes, ends with an
// error instead of a list that looks whole, and works again afterwards.
func mailboxOutage(t *testing.T, m MailboxUnderTest) {
	if m.Outage == nil {
		t.Skip("MailboxUnderTest.Outage is not set")
	}
	ids := m.deliver(t, 5)
	m.Outage(true)
	_, err := collect(t, m.Unread(t.Context()))
	require.ErrorIs(t, err, exdesk.ErrTemporary)
	_, err = m.Open(t.Context(), ids[0])
	require.ErrorIs(t, err, exdesk.ErrTemporary)
	errs := m.Label(t.Context(), marks(ids, exdesk.Mark{Categories: []string{"Zendesk"}}))
	require.Len(t, errs, len(ids))
	for _, err := range errs {
		require.ErrorIs(t, err, exdesk.ErrTemporary)
	}
	if a, ok := m.Mailbox.(exdesk.Archive); ok {
		_, err = a.Mail(t.Context(), ids[0])
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		require.NotErrorIs(t, err, exdesk.ErrNotFound, "nobody knows")
		_, err = a.ByMessageID(t.Context(), "0@customer.example")
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		_, err = collect(t, a.Newest(t.Context()))
		require.ErrorIs(t, err, exdesk.ErrTemporary)
	}
	m.Outage(false)
	eventually(t, max(m.Lag, time.Minute), "the end of the outage", func() bool {
		mails, err := collect(t, m.Unread(t.Context()))
		return err == nil && slices.Equal(idsOf(mails), ids)
	})
	for _, err := range m.Label(t.Context(), marks(ids, exdesk.Mark{})) {
		require.NoError(t, err)
	}
}

// done is the mark of a mail that is finished.
func done(id string) exdesk.Mark {
	return exdesk.Mark{ID: id, Categories: []string{exdesk.LabelProcessed}, Record: exdesk.Record{Mail: "0123456789abcdef", Outcome: exdesk.Created, Ticket: 1}}
}

// marks are those of several mails: like mark, with a record if it has none.
func marks(ids []string, mark exdesk.Mark) []exdesk.Mark {
	list := make([]exdesk.Mark, len(ids))
	for i, id := range ids {
		list[i] = mark
		if list[i].ID = id; mark.Record.Outcome == "" {
			list[i].Record = done(id).Record
		}
	}
	return list
}

// sameClass reports whether an error says what it should, if there is one.
func sameClass(err error, classes ...error) bool {
	return err == nil || slices.ContainsFunc(classes, func(c error) bool { return errors.Is(err, c) })
}

// noise is a file of so many octets, the same each time, that no encoding leaves
// as it is.
func noise(n int) []byte {
	data := make([]byte, n)
	for i, x := 0, uint32(1); i < n; i++ {
		x = x*1664525 + 1013904223
		data[i] = byte(x >> 24)
	}
	return bytes.Clone(data)
}
