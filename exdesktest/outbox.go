package exdesktest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// outboxTests are of a Mailbox that is an Outbox, or a Tracer.
var outboxTests = []subtest[MailboxUnderTest]{
	{"outbox draft", outboxDraft},
	{"outbox send", outboxSend},
	{"outbox ready", outboxReady},
	{"outbox finished", outboxFinished},
	{"outbox two drafts", outboxTwoDrafts},
	{"outbox discard", outboxDiscard},
	{"outbox sent meanwhile", outboxSentMeanwhile},
	{"outbox deleted meanwhile", outboxDeletedMeanwhile},
	{"outbox apart", outboxApart},
	{"outbox blind", outboxBlind},
	{"outbox large", outboxLarge},
	{"outbox outage", outboxOutage},
	{"outbox lost answer", outboxLost},
	{"tracer", tracerLetters},
	{"tracer delete", tracerDelete},
}

// outbox is an Outbox under test.
type outbox struct {
	exdesk.Outbox
	*MailboxUnderTest
}

func (m *MailboxUnderTest) outbox(t *testing.T) outbox {
	o, ok := m.Mailbox.(exdesk.Outbox)
	switch {
	case !ok:
		t.Skip("it is no Outbox")
	case m.Left == nil:
		t.Skip("MailboxUnderTest.Left is not set")
	}
	return outbox{o, m}
}

// letter is a letter from the mailbox with that number.
func (m *MailboxUnderTest) letter(n int, to ...string) *exdesk.Letter {
	return m.letterOf(n, to, nil, []byte(fmt.Sprintf("Letter no. %d.\r\n", n)))
}

func (m *MailboxUnderTest) letterOf(n int, to, blind []string, file []byte) *exdesk.Letter {
	guarded := []exdesk.Field{
		{Name: "From", Value: "Acme Support <" + m.Address() + ">"},
		{Name: "To", Value: strings.Join(to, ", ")},
		{Name: "Subject", Value: fmt.Sprintf("Re: No. %d", n)},
		{Name: "Date", Value: "Mon, 01 Nov 1999 10:00:00 +0100"},
		{Name: "Message-ID", Value: fmt.Sprintf("<letter-%d@zendesk.example>", n)},
		{Name: "In-Reply-To", Value: fmt.Sprintf("<%d@customer.example>", n)},
		{Name: "References", Value: fmt.Sprintf("<root@customer.example> <%d@customer.example>", n)},
		{Name: "Auto-Submitted", Value: "auto-generated"},
		{Name: "X-Zendesk-Email-Id", Value: fmt.Sprintf("EMAIL%d", n)},
	}
	var head strings.Builder
	for _, f := range guarded {
		fmt.Fprintf(&head, "%s: %s\r\n", f.Name, f.Value)
	}
	if len(blind) > 0 {
		fmt.Fprintf(&head, "Bcc: %s\r\n", strings.Join(blind, ", "))
	}
	head.WriteString("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n")
	var body bytes.Buffer
	fmt.Fprintf(&body, "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThis is letter no. %d.\r\n"+
		"--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=file.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n", n)
	for some := range slices.Chunk(file, 57) {
		body.WriteString(base64.StdEncoding.EncodeToString(some) + "\r\n")
	}
	body.WriteString("--b--\r\n")
	all := slices.Concat(to, blind)
	return &exdesk.Letter{
		Key: fmt.Sprintf("%032d", n), Notification: fmt.Sprintf("EMAIL%d", n), MessageID: fmt.Sprintf("<letter-%d@zendesk.example>", n),
		EmailID: fmt.Sprintf("EMAIL%d", n), Recipients: all, Guarded: guarded, Header: []byte(head.String()),
		Body: io.NewSectionReader(bytes.NewReader(body.Bytes()), 0, int64(body.Len())),
	}
}

// draft makes a draft that has to be made, and waits until it is found.
func (o *outbox) draft(t *testing.T, l *exdesk.Letter, begun *exdesk.Copy) *exdesk.Copy {
	t.Helper()
	made, err := o.Draft(t.Context(), l, begun)
	require.NoError(t, err)
	require.NotEmpty(t, made.ID)
	require.True(t, made.Draft)
	require.True(t, l.GoesTo(made.Recipients), "%v and not %v", made.Recipients, l.Recipients)
	o.found(t, l, made.ID)
	return made
}

// found waits until Copies finds it.
func (o *outbox) found(t *testing.T, l *exdesk.Letter, id string) {
	t.Helper()
	eventually(t, o.Lag, "a draft or copy", func() bool {
		return slices.ContainsFunc(o.copies(t, l, ""), func(c *exdesk.Copy) bool { return c.ID == id })
	})
}

func (o *outbox) copies(t *testing.T, l *exdesk.Letter, id string) []*exdesk.Copy {
	t.Helper()
	list, err := o.Copies(t.Context(), l, id)
	require.NoError(t, err)
	for i, c := range list {
		require.NotEmpty(t, c.ID)
		require.True(t, i == 0 || !list[i-1].Created.After(c.Created), "the oldest first")
	}
	return list
}

// sent sends a draft, and returns the copy of what was sent.
func (o *outbox) sent(t *testing.T, l *exdesk.Letter, id string) *exdesk.Copy {
	t.Helper()
	require.NoError(t, o.Send(t.Context(), id))
	var copies []*exdesk.Copy
	eventually(t, o.Lag, "the copy of what was sent", func() bool {
		copies = o.copies(t, l, id)
		return len(copies) == 1 && !copies[0].Draft
	})
	return copies[0]
}

// outboxDraft makes a draft of which nothing leaves, tells what became of its
// header, and finds it.
func outboxDraft(t *testing.T, m MailboxUnderTest) {
	o := m.outbox(t)
	l := m.letter(1, "ann@customer.example", "Bob@customer.example")
	require.Empty(t, o.copies(t, l, ""))
	made := o.draft(t, l, nil)
	require.Empty(t, m.Left())
	require.Nil(t, made.Record)
	require.Len(t, made.Fields, len(l.Guarded))
	is, err := l.Compare(bytes.NewReader(m.open(t, made.ID)))
	require.NoError(t, err)
	for i, f := range made.Fields {
		require.Equal(t, l.Guarded[i].Name, f.Name)
		require.Equal(t, l.Guarded[i].Value, f.Handed)
		kept := f.Survival == exdesk.Kept || f.Survival == exdesk.Repaired
		require.Equal(t, is[i].Survival == exdesk.Kept, kept, "%s is said to be %s, and the draft has %q", f.Name, f.Survival, is[i].Draft)
	}
	for _, id := range []string{"", made.ID} {
		copies := o.copies(t, l, id)
		require.Len(t, copies, 1)
		require.Equal(t, made.ID, copies[0].ID)
		require.True(t, copies[0].Draft)
		require.Nil(t, copies[0].Record)
		require.True(t, l.GoesTo(copies[0].Recipients))
	}
	require.Empty(t, m.unread(t), "a draft is no mail of the Inbox")
}

// sending is the record of a letter that is about to be sent.
func sending(id string) exdesk.Record {
	return exdesk.Record{Account: "acme", Mail: fmt.Sprintf("%.16s", id), Outcome: exdesk.Sent, Ticket: 4711, At: time.Now().UTC().Truncate(time.Second)}
}

// outboxSend sends it once, to all, and keeps a copy that says what the draft said.
func outboxSend(t *testing.T, m MailboxUnderTest) {
	o := m.outbox(t)
	l := m.letter(2, "ann@customer.example", "bob@customer.example")
	made := o.draft(t, l, nil)
	r := sending(made.ID)
	_, err := o.Ready(t.Context(), l, made.ID, r)
	require.NoError(t, err)
	kept := o.sent(t, l, made.ID)
	left := m.Left()
	require.Len(t, left, 1)
	require.ElementsMatch(t, l.Recipients, left[0].Recipients)
	got := readMail(t, left[0].MIME)
	require.Equal(t, "Re: No. 2", got.subject)
	require.Equal(t, m.Address(), got.from)
	require.True(t, got.says("This is letter no. 2."))
	require.True(t, got.has([]byte("Letter no. 2.\r\n")))
	require.NotNil(t, kept.Record, "the copy keeps what was written on the draft")
	require.Equal(t, r, *kept.Record)
	require.Regexp(t, "^<.+>$", kept.MessageID)
	require.True(t, kept.Marked)
	require.Equal(t, "Re: No. 2", readMail(t, m.open(t, kept.ID)).subject)

	for _, id := range []string{made.ID, kept.ID} {
		require.ErrorIs(t, o.Send(t.Context(), id), exdesk.ErrNotFound, "there is no draft any more")
	}
	require.Len(t, m.Left(), 1)
	if a, ok := m.Mailbox.(exdesk.Archive); ok {
		eventually(t, m.Lag, "sent mail by its Message-ID", func() bool {
			mails, err := a.ByMessageID(t.Context(), strings.Trim(kept.MessageID, "<>"))
			require.NoError(t, err)
			return len(mails) == 1 && mails[0].ID == kept.ID && mails[0].Record != nil && mails[0].Record.Ticket == 4711
		})
	}
}

// outboxReady writes the record, and shows what else there is by then.
func outboxReady(t *testing.T, m MailboxUnderTest) {
	o := m.outbox(t)
	l := m.letter(3, "ann@customer.example")
	first := o.draft(t, l, nil)
	time.Sleep(2 * time.Second) // so that it is the older one
	second := o.draft(t, l, nil)
	copies, err := o.Ready(t.Context(), l, second.ID, sending(second.ID))
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(copies, func(c *exdesk.Copy) bool { return c.ID == first.ID }), "another process made a draft before, and is to be seen")
	eventually(t, m.Lag, "the record", func() bool {
		copies = o.copies(t, l, second.ID)
		return len(copies) == 2 && copies[0].Record == nil && copies[1].Record != nil
	})
	require.Equal(t, sending(second.ID).Ticket, copies[1].Record.Ticket)
	require.True(t, copies[1].Draft)
	require.Empty(t, m.Left())
}

// outboxFinished goes on with a draft that was begun, and leaves only one.
func outboxFinished(t *testing.T, m MailboxUnderTest) {
	o := m.outbox(t)
	l := m.letter(4, "ann@customer.example")
	o.draft(t, l, nil)
	var last *exdesk.Copy
	for range 2 { // as found, and then as one that was about to be sent
		begun := o.copies(t, l, "")
		require.Len(t, begun, 1)
		last = o.draft(t, l, begun[0])
		require.Len(t, last.Fields, len(l.Guarded))
		eventually(t, m.Lag, "the draft alone", func() bool {
			list := o.copies(t, l, "")
			return len(list) == 1 && list[0].ID == last.ID
		})
		_, err := o.Ready(t.Context(), l, last.ID, sending(last.ID))
		require.NoError(t, err)
		eventually(t, m.Lag, "the record", func() bool {
			list := o.copies(t, l, last.ID)
			return len(list) == 1 && list[0].Record != nil
		})
	}
	o.sent(t, l, last.ID)
	require.Len(t, m.Left(), 1)
	require.True(t, readMail(t, m.Left()[0].MIME).has([]byte("Letter no. 4.\r\n")))
}

// outboxTwoDrafts finds both, the oldest first.
func outboxTwoDrafts(t *testing.T, m MailboxUnderTest) {
	o := m.outbox(t)
	l := m.letter(5, "ann@customer.example")
	first := o.draft(t, l, nil)
	time.Sleep(2 * time.Second)
	second := o.draft(t, l, nil)
	require.NotEqual(t, first.ID, second.ID)
	copies := o.copies(t, l, "")
	require.Len(t, copies, 2)
	require.Equal(t, first.ID, copies[0].ID)
	require.True(t, copies[0].Created.Before(copies[1].Created))
	require.NoError(t, o.Discard(t.Context(), l, second.ID))
	eventually(t, m.Lag, "the first alone", func() bool {
		list := o.copies(t, l, "")
		return len(list) == 1 && list[0].ID == first.ID
	})
}

// outboxDiscard takes a draft away, so that it is neither found nor sent.
func outboxDiscard(t *testing.T, m MailboxUnderTest) {
	o := m.outbox(t)
	l := m.letter(6, "ann@customer.example")
	made := o.draft(t, l, nil)
	require.NoError(t, o.Discard(t.Context(), l, made.ID))
	for _, id := range []string{"", made.ID} {
		require.Empty(t, o.copies(t, l, id))
	}
	if err := o.Send(t.Context(), made.ID); err != nil {
		require.ErrorIs(t, err, exdesk.ErrNotFound)
	}
	require.Empty(t, m.Left())
	again := o.draft(t, l, nil)
	o.sent(t, l, again.ID)
	require.Len(t, m.Left(), 1)
}

// outboxSentMeanwhile says so, and leaves what was sent.
func outboxSentMeanwhile(t *testing.T, m MailboxUnderTest) {
	o := m.outbox(t)
	for n, ready := range []bool{false, true} {
		l := m.letter(10+n, "ann@customer.example")
		begun := o.draft(t, l, nil)
		if ready {
			_, err := o.Ready(t.Context(), l, begun.ID, sending(begun.ID))
			require.NoError(t, err)
			begun.Record = new(exdesk.Record)
			*begun.Record = sending(begun.ID)
		}
		require.NoError(t, o.Send(t.Context(), begun.ID))
		_, err := o.Draft(t.Context(), l, begun)
		require.True(t, err != nil && sameClass(err, exdesk.ErrDone, exdesk.ErrTemporary), "%v", err)
		var kept *exdesk.Copy
		eventually(t, m.Lag, "the copy of what was sent", func() bool {
			list := o.copies(t, l, begun.ID)
			if len(list) == 1 && !list[0].Draft {
				kept = list[0]
			}
			return kept != nil
		})
		require.ErrorIs(t, o.Discard(t.Context(), l, kept.ID), exdesk.ErrDone)
		list := o.copies(t, l, kept.ID)
		require.Len(t, list, 1)
		require.False(t, list[0].Draft)
		require.Len(t, m.Left(), n+1)
	}
}

// outboxDeletedMeanwhile says that there is no such draft.
func outboxDeletedMeanwhile(t *testing.T, m MailboxUnderTest) {
	o := m.outbox(t)
	l := m.letter(7, "ann@customer.example")
	made := o.draft(t, l, nil)
	m.Delete(made.ID)
	require.ErrorIs(t, o.Send(t.Context(), made.ID), exdesk.ErrNotFound)
	require.ErrorIs(t, o.Discard(t.Context(), l, made.ID), exdesk.ErrNotFound)
	eventually(t, m.Lag, "who deletes drafts", func() bool { return len(o.copies(t, l, made.ID)) == 0 })
	_, err := o.Ready(t.Context(), l, made.ID, sending(made.ID))
	require.True(t, sameClass(err, exdesk.ErrNotFound), "%v", err)
	require.Empty(t, m.Left())
}

// outboxApart takes no letter for another: not one of the same notification to
// somebody else, and not what anybody sent here under its Message-ID.
func outboxApart(t *testing.T, m MailboxUnderTest) {
	o := m.outbox(t)
	one, two, other := m.letter(8, "ann@customer.example"), m.letter(8, "bob@customer.example"), m.letter(9, "ann@customer.example")
	two.Key = "of the same notification"
	m.listed(t, m.Deliver(slices.Concat(one.Header, []byte("--b\r\n\r\nForged.\r\n--b--\r\n")), begin()))
	require.Empty(t, o.copies(t, one, ""), "mail that came is no letter")
	a := o.draft(t, one, nil)
	require.Empty(t, o.copies(t, two, ""))
	b := o.draft(t, two, nil)
	require.Empty(t, o.copies(t, other, ""))
	require.NotEqual(t, a.ID, b.ID)
	kept := o.sent(t, two, b.ID)
	list := o.copies(t, one, a.ID)
	require.Len(t, list, 1)
	require.True(t, list[0].Draft)
	require.NoError(t, o.Discard(t.Context(), one, a.ID))
	o.found(t, two, kept.ID)
	require.Len(t, m.Left(), 1)
}

// outboxBlind sends to those in Bcc, and tells nobody.
func outboxBlind(t *testing.T, m MailboxUnderTest) {
	o := m.outbox(t)
	l := m.letterOf(20, []string{"ann@customer.example"}, []string{"secret@customer.example"}, []byte("Letter no. 20.\r\n"))
	made := o.draft(t, l, nil)
	o.sent(t, l, made.ID)
	require.ElementsMatch(t, l.Recipients, m.Left()[0].Recipients)
	got, err := mail.ReadMessage(bytes.NewReader(m.Left()[0].MIME))
	require.NoError(t, err)
	require.Empty(t, got.Header.Get("Bcc"))
	require.NotContains(t, string(m.Left()[0].MIME), "secret@customer.example")
}

// outboxLarge sends several megabytes, whole.
func outboxLarge(t *testing.T, m MailboxUnderTest) {
	o := m.outbox(t)
	file := noise(5 << 20)
	l := m.letterOf(21, []string{"ann@customer.example"}, nil, file)
	made := o.draft(t, l, nil)
	copies, err := o.Ready(t.Context(), l, made.ID, sending(made.ID))
	require.NoError(t, err)
	require.LessOrEqual(t, len(copies), 1)
	o.sent(t, l, made.ID)
	got := readMail(t, m.Left()[0].MIME)
	require.True(t, got.has(file), "the file is not what was handed in")
	require.True(t, got.says("This is letter no. 21."))
}

// outboxOutage says that the trouble passes, and sends nothing of its own accord
// afterwards.
func outboxOutage(t *testing.T, m MailboxUnderTest) {
	o := m.outbox(t)
	if m.Outage == nil {
		t.Skip("MailboxUnderTest.Outage is not set")
	}
	l := m.letter(22, "ann@customer.example")
	made := o.draft(t, l, nil)
	m.Outage(true)
	_, err := o.Copies(t.Context(), l, made.ID)
	require.ErrorIs(t, err, exdesk.ErrTemporary)
	_, err = o.Draft(t.Context(), m.letter(23, "ann@customer.example"), nil)
	require.True(t, err != nil && sameClass(err, exdesk.ErrTemporary, exdesk.ErrDoubtful), "%v", err)
	_, err = o.Ready(t.Context(), l, made.ID, sending(made.ID))
	require.ErrorIs(t, err, exdesk.ErrTemporary)
	err = o.Send(t.Context(), made.ID)
	require.True(t, err != nil && sameClass(err, exdesk.ErrTemporary, exdesk.ErrDoubtful), "%v", err)
	require.ErrorIs(t, o.Discard(t.Context(), l, made.ID), exdesk.ErrTemporary)
	m.Outage(false)
	var copies []*exdesk.Copy
	eventually(t, max(m.Lag, time.Minute), "the end of the outage", func() bool {
		copies, err = o.Copies(t.Context(), l, made.ID)
		return err == nil
	})
	require.Len(t, copies, 1)
	require.True(t, copies[0].Draft)
	require.Empty(t, m.Left())
	o.sent(t, l, made.ID)
	require.Len(t, m.Left(), 1)
}

// outboxLost finds what a call made whose answer was lost, so that there is one
// draft in the end, and one mail leaves.
func outboxLost(t *testing.T, m MailboxUnderTest) {
	o := m.outbox(t)
	if m.Lose == nil {
		t.Skip("MailboxUnderTest.Lose is not set")
	}
	l := m.letter(24, "ann@customer.example")
	m.Lose()
	made, err := o.Draft(t.Context(), l, nil)
	if err != nil {
		require.True(t, sameClass(err, exdesk.ErrTemporary, exdesk.ErrDoubtful), "%v", err)
		var begun *exdesk.Copy
		eventually(t, m.Lag, "the draft that was made", func() bool {
			if list := o.copies(t, l, ""); len(list) > 0 {
				begun = list[0]
			}
			return begun != nil
		})
		made = o.draft(t, l, begun)
	}
	m.Lose()
	err = o.Send(t.Context(), made.ID)
	require.True(t, sameClass(err, exdesk.ErrDoubtful), "%v", err)
	eventually(t, m.Lag, "the copy of what was sent", func() bool {
		list := o.copies(t, l, made.ID)
		return len(list) == 1 && !list[0].Draft
	})
	require.Len(t, m.Left(), 1)
}

// tracerLetters finds what was sent by the name of the notification.
func tracerLetters(t *testing.T, m MailboxUnderTest) {
	tracer, ok := m.Mailbox.(exdesk.Tracer)
	if !ok {
		t.Skip("it is no Tracer")
	}
	o := m.outbox(t)
	one, two := m.letter(25, "ann@customer.example"), m.letter(25, "bob@customer.example")
	two.Key = "the second part"
	first := o.draft(t, one, nil)
	time.Sleep(2 * time.Second)
	second := o.draft(t, two, nil)
	other := o.draft(t, m.letter(26, "ann@customer.example"), nil)
	_, err := o.Ready(t.Context(), two, second.ID, sending(second.ID))
	require.NoError(t, err)
	kept := o.sent(t, two, second.ID)
	var found []*exdesk.Copy
	eventually(t, m.Lag, "letters of a notification", func() bool {
		found, err = tracer.Letters(t.Context(), "EMAIL25")
		require.NoError(t, err)
		return len(found) == 2
	})
	require.Equal(t, first.ID, found[0].ID)
	require.True(t, found[0].Draft)
	require.Equal(t, kept.ID, found[1].ID)
	require.False(t, found[1].Draft)
	require.NotNil(t, found[1].Record)
	require.Equal(t, int64(4711), found[1].Record.Ticket)
	for i, l := range []*exdesk.Letter{one, two} {
		require.True(t, l.GoesTo(found[i].Recipients))
		require.Len(t, found[i].Fields, len(l.Guarded), "what became of the header")
		for k, f := range found[i].Fields {
			require.Equal(t, l.Guarded[k].Name, f.Name)
			require.Equal(t, l.Guarded[k].Value, f.Handed)
		}
	}
	for _, name := range []string{"EMAIL", "EMAIL2", "nobody's", "' or 1 eq 1"} {
		found, err = tracer.Letters(t.Context(), name)
		require.NoError(t, err)
		require.Empty(t, found)
	}
	require.NoError(t, o.Discard(t.Context(), m.letter(26, "ann@customer.example"), other.ID))
	eventually(t, m.Lag, "what was discarded", func() bool {
		found, err = tracer.Letters(t.Context(), "EMAIL26")
		require.NoError(t, err)
		return len(found) == 0
	})
}

// tracerDelete deletes mail, sent or not.
func tracerDelete(t *testing.T, m MailboxUnderTest) {
	tracer, ok := m.Mailbox.(exdesk.Tracer)
	if !ok {
		t.Skip("it is no Tracer")
	}
	o := m.outbox(t)
	l := m.letter(27, "ann@customer.example")
	kept := o.sent(t, l, o.draft(t, l, nil).ID)
	draft := o.draft(t, m.letter(28, "ann@customer.example"), nil)
	arrived := m.deliver(t, 2)
	for _, id := range []string{kept.ID, draft.ID, arrived[0]} {
		require.NoError(t, tracer.Delete(t.Context(), id))
	}
	eventually(t, m.Lag, "what was deleted", func() bool { return slices.Equal(idsOf(m.unread(t)), arrived[1:]) })
	if !m.KeepsDeleted {
		eventually(t, m.Lag, "what was deleted", func() bool {
			return len(o.copies(t, l, "")) == 0 && len(o.copies(t, m.letter(28, "ann@customer.example"), "")) == 0
		})
	}
	require.Len(t, m.Left(), 1, "what has left has left")
}
