package exdesktest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// archiveTests are of a Mailbox that is an Archive.
var archiveTests = []subtest[MailboxUnderTest]{
	{"archive since", archiveSince},
	{"archive newest", archiveNewest},
	{"archive mail", archiveMail},
	{"archive message-id", archiveMessageID},
}

func (m *MailboxUnderTest) archive(t *testing.T) exdesk.Archive {
	a, ok := m.Mailbox.(exdesk.Archive)
	if !ok {
		t.Skip("it is no Archive")
	}
	return a
}

// archiveSince lists the Inbox from a moment on, read or not.
func archiveSince(t *testing.T, m MailboxUnderTest) {
	a := m.archive(t)
	ids := m.deliver(t, many)
	first := begin()
	if mails := m.unread(t); !mails[0].Received.IsZero() {
		first = mails[0].Received
	}
	m.Edit(ids[101], func(i *Item) { i.Read = true })
	m.Edit(ids[102], func(i *Item) { i.Elsewhere = true })
	want := slices.Delete(slices.Clone(ids[100:]), 2, 3)
	eventually(t, m.Lag, "who reads and moves mail", func() bool {
		mails, err := collect(t, a.Since(t.Context(), first.Add(100*time.Minute)))
		require.NoError(t, err)
		return slices.Equal(want, idsOf(mails))
	})
	mails, err := collect(t, a.Since(t.Context(), first.Add(100*time.Minute+time.Second)))
	require.NoError(t, err)
	require.Equal(t, want[1:], idsOf(mails), "a second later the first is too old")
	mails, err = collect(t, a.Since(t.Context(), time.Time{}))
	require.NoError(t, err)
	require.Len(t, mails, many-1)
	mails, err = collect(t, a.Since(t.Context(), time.Now().Add(time.Hour)))
	require.NoError(t, err)
	require.Empty(t, mails)

	var seen []string
	for mail, err := range a.Since(t.Context(), time.Time{}) {
		require.NoError(t, err)
		seen = append(seen, mail.ID)
		m.label(t, done(mail.ID))
	}
	require.Equal(t, slices.Delete(slices.Clone(ids), 102, 103), seen, "marking mails read made it skip others")
	if mails, err = collect(t, a.Since(cancelled(t), time.Time{})); len(mails) < many-1 {
		require.ErrorIs(t, err, context.Canceled)
	}
}

// archiveNewest lists the Inbox from its end, read or not.
func archiveNewest(t *testing.T, m MailboxUnderTest) {
	a := m.archive(t)
	ids := m.deliver(t, many)
	m.Edit(ids[5], func(i *Item) { i.Read = true })
	m.Edit(ids[6], func(i *Item) { i.Elsewhere = true })
	want := slices.Delete(slices.Clone(ids), 6, 7)
	slices.Reverse(want)
	eventually(t, m.Lag, "who reads and moves mail", func() bool {
		mails, err := collect(t, a.Newest(t.Context()))
		require.NoError(t, err)
		return slices.Equal(want, idsOf(mails))
	})
	var seen []string
	for mail, err := range a.Newest(t.Context()) {
		require.NoError(t, err)
		if seen = append(seen, mail.ID); len(seen) == 30 {
			break
		}
	}
	require.Equal(t, want[:30], seen)
}

// archiveMail shows one mail as it is now.
func archiveMail(t *testing.T, m MailboxUnderTest) {
	a := m.archive(t)
	ids := m.deliver(t, 2)
	listed := m.one(t, ids[0])
	mail, err := a.Mail(t.Context(), ids[0])
	require.NoError(t, err)
	require.Equal(t, listed, mail, "the list shows the same")
	m.Edit(ids[0], func(i *Item) { i.Categories, i.Read = []string{"Blue"}, true })
	m.label(t, done(ids[0]))
	mail, err = a.Mail(t.Context(), ids[0])
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"Blue", "Zendesk"}, mail.Categories)
	require.Equal(t, int64(1), mail.Record.Ticket)
	m.Edit(ids[0], func(i *Item) { i.Elsewhere = true })
	mail, err = a.Mail(t.Context(), ids[0])
	require.NoError(t, err)
	require.Equal(t, ids[0], mail.ID)
	m.Delete(ids[0])
	_, err = a.Mail(t.Context(), ids[0])
	require.ErrorIs(t, err, exdesk.ErrNotFound)
}

// archiveMessageID finds mails by their Message-ID wherever they are, and nothing
// by what is none.
func archiveMessageID(t *testing.T, m MailboxUnderTest) {
	a := m.archive(t)
	at := begin()
	send := func(id, text string) string {
		return m.Deliver(fmt.Appendf(nil, "From: ann@customer.example\r\nMessage-ID: <%s>\r\nSubject: Hello\r\n\r\n%s\r\n", id, text), at)
	}
	find := func(id string) []string {
		mails, err := a.ByMessageID(t.Context(), id)
		require.NoError(t, err, "%.60q", id)
		ids := idsOf(mails)
		slices.Sort(ids)
		return ids
	}
	sorted := func(ids ...string) []string { slices.Sort(ids); return ids }
	one, other, third := send("same@customer.example", "One."), send("same@customer.example", "Another."), send("third@customer.example", "Third.")
	quoted := send("o'brien%2F\"x\"+(&)=?#@customer.example", "Odd.")
	eventually(t, m.Lag, "new mail", func() bool {
		return len(find("same@customer.example")) == 2 && len(find("third@customer.example")) == 1
	})
	require.Equal(t, sorted(one, other), find("same@customer.example"))
	m.label(t, done(third))
	m.Edit(third, func(i *Item) { i.Elsewhere = true })
	require.Equal(t, []string{third}, find("third@customer.example"), "it is in the mailbox still")
	mails, err := a.ByMessageID(t.Context(), "third@customer.example")
	require.NoError(t, err)
	require.NotNil(t, mails[0].Record)
	require.Equal(t, []string{quoted}, find("o'brien%2F\"x\"+(&)=?#@customer.example"))
	for _, id := range []string{"nobody@customer.example", "third", "' or 1 eq 1", "*", "", "日本@customer.example", string(noise(300))} {
		require.Empty(t, find(id), "%.60q", id)
	}
	m.Delete(one)
	eventually(t, m.Lag, "who deletes mail", func() bool { return slices.Equal([]string{other}, find("same@customer.example")) })
}
