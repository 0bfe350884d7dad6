package exdesktest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// conversationTests are of a Desk that is a Conversations.
var conversationTests = []subtest[DeskUnderTest]{
	{"conversation", conversationFields},
	{"conversation changed", conversationChanged},
	{"conversation since", conversationSince},
	{"conversation many", conversationMany},
	{"conversation private", conversationPrivate},
	{"conversation merged", conversationMerged},
	{"conversation gone", conversationGone},
	{"comment", commentAdds},
	{"comment tags", commentTags},
	{"comment reopen", commentReopen},
	{"comment conflict", commentConflict},
	{"comment closed", commentClosed},
	{"comment together", commentTogether},
	{"comment lost answer", commentLost},
	{"comment cancelled", commentCancelled},
	{"private texts", privateTexts},
}

func (d *DeskUnderTest) conversations(t *testing.T) exdesk.Conversations {
	c, ok := d.Desk.(exdesk.Conversations)
	if !ok {
		t.Skip("it is no Conversations")
	}
	return c
}

// read reads a ticket once it is to be seen as it is.
func (d *DeskUnderTest) read(t *testing.T, id int64, since time.Time, seen func(*exdesk.Conversation) bool) *exdesk.Conversation {
	t.Helper()
	c := d.conversations(t)
	var got *exdesk.Conversation
	eventually(t, d.Lag, "the ticket as it is", func() bool {
		conv, err := c.Conversation(t.Context(), id, since)
		if err != nil && d.Lag > 0 && sameClass(err, exdesk.ErrTemporary, exdesk.ErrNotFound) {
			return false
		}
		require.NoError(t, err)
		require.Equal(t, id, conv.ID)
		got = conv
		return seen == nil || seen(conv)
	})
	return got
}

// comment makes a comment that has to be made, on the ticket as it is.
func (d *DeskUnderTest) comment(t *testing.T, id int64, n *exdesk.NewComment) int64 {
	t.Helper()
	d.settle()
	number, err := d.conversations(t).Comment(t.Context(), d.read(t, id, time.Time{}, nil), n)
	require.NoError(t, err)
	return number
}

// settle waits until all that was done is to be seen, and is older than a service
// can tell that goes by whole seconds.
func (d *DeskUnderTest) settle() { time.Sleep(2*time.Second + d.Lag) }

func commentNo(n int) *exdesk.NewComment {
	return &exdesk.NewComment{Origin: originNo(n), HTML: fmt.Sprintf("<p>This is comment %d.</p>", n), Public: true}
}

// conversationFields reads a ticket as it is.
func conversationFields(t *testing.T, d DeskUnderTest) {
	d.conversations(t)
	in := ticketNo(1)
	in.Tags, in.CCs = []string{"vip"}, []exdesk.Address{{Name: "Bob", Address: "bob@customer.example"}}
	made := d.create(t, in)
	got := d.read(t, made.ID, time.Time{}, nil)
	require.Equal(t, made.ExternalID, got.ExternalID)
	require.Equal(t, made.Status, got.Status)
	require.WithinDuration(t, made.Created, got.Created, 0)
	require.False(t, got.Private)
	require.False(t, got.Closed())
	require.Zero(t, got.MergedInto)
	require.Equal(t, []string{"vip"}, got.Tags)
	require.Len(t, got.CCs, 1)
	require.Contains(t, got.Origins, in.Origin, "the ticket's own is among them")
	require.NotEmpty(t, got.Stamp)
	require.WithinDuration(t, got.Created, got.Updated, time.Minute)
	if p, ok := d.Desk.(exdesk.People); ok {
		for address, id := range map[string]int64{customer: got.Requester, "bob@customer.example": got.CCs[0]} {
			who, err := p.Person(t.Context(), address)
			require.NoError(t, err)
			require.NotNil(t, who, address)
			require.Equal(t, who.ID, id, address)
		}
	}
}

// conversationChanged shows what people did, and has another stamp.
func conversationChanged(t *testing.T, d DeskUnderTest) {
	made := d.create(t, ticketNo(1))
	before := d.read(t, made.ID, time.Time{}, nil)
	for _, status := range []string{"open", "pending", "solved", "closed"} {
		time.Sleep(2 * time.Second)
		d.Edit(made.ID, func(c *Case) {
			c.Status, c.Tags = status, []string{status + "-tag"}
			c.Remarks = append(c.Remarks, Remark{Text: "Changed.", Public: true})
		})
		got := d.read(t, made.ID, time.Time{}, func(c *exdesk.Conversation) bool { return c.Status == status })
		require.NotEqual(t, before.Stamp, got.Stamp)
		require.True(t, got.Updated.After(before.Updated), "%s and then %s", before.Updated, got.Updated)
		require.Equal(t, []string{status + "-tag"}, got.Tags)
		require.Equal(t, status == "closed", got.Closed())
		require.Equal(t, []exdesk.Origin{ticketNo(1).Origin}, got.Origins, "what people add has none")
		before = got
	}
}

// conversationSince has the origins of what was added at or after a moment.
func conversationSince(t *testing.T, d DeskUnderTest) {
	d.conversations(t)
	made := d.create(t, ticketNo(1))
	d.comment(t, made.ID, commentNo(2))
	d.settle()
	one := d.read(t, made.ID, time.Time{}, func(c *exdesk.Conversation) bool { return len(c.Origins) == 2 })
	d.comment(t, made.ID, commentNo(3))
	d.settle()
	all := d.read(t, made.ID, time.Time{}, func(c *exdesk.Conversation) bool { return len(c.Origins) == 3 })
	require.ElementsMatch(t, []exdesk.Origin{originNo(1), originNo(2), originNo(3)}, all.Origins)
	origins := func(since time.Time) []exdesk.Origin { return d.read(t, made.ID, since, nil).Origins }
	require.ElementsMatch(t, []exdesk.Origin{originNo(2), originNo(3)}, origins(one.Updated), "at that moment as well")
	require.Equal(t, []exdesk.Origin{originNo(3)}, origins(one.Updated.Add(time.Second)))
	require.Empty(t, origins(all.Updated.Add(time.Second)))
}

// conversationMany has all origins, or says that it cannot read them.
func conversationMany(t *testing.T, d DeskUnderTest) {
	c := d.conversations(t)
	made := d.create(t, ticketNo(1))
	d.comment(t, made.ID, commentNo(2))
	for i := range many {
		d.Edit(made.ID, func(c *Case) { c.Remarks = append(c.Remarks, Remark{Text: fmt.Sprint("Remark ", i)}) })
	}
	d.comment(t, made.ID, commentNo(3))
	d.settle()
	got, err := c.Conversation(t.Context(), made.ID, time.Time{})
	if err == nil {
		require.ElementsMatch(t, []exdesk.Origin{originNo(1), originNo(2), originNo(3)}, got.Origins, "some, and no error")
	}
}

// conversationPrivate tells a ticket of which nothing is public.
func conversationPrivate(t *testing.T, d DeskUnderTest) {
	d.conversations(t)
	made := d.create(t, ticketNo(1))
	d.Edit(made.ID, func(c *Case) { c.Remarks = append(c.Remarks, Remark{Text: "Among us."}) })
	time.Sleep(d.Lag)
	require.False(t, d.read(t, made.ID, time.Time{}, nil).Private, "something is public")
	d.Edit(made.ID, func(c *Case) {
		for i := range c.Remarks {
			c.Remarks[i].Public = false
		}
	})
	if slices.ContainsFunc(d.look(t, made.ID).Remarks, func(r Remark) bool { return r.Public }) {
		t.Skip("nobody can make a public comment private there")
	}
	d.read(t, made.ID, time.Time{}, func(c *exdesk.Conversation) bool { return c.Private })
}

// conversationMerged names the ticket that goes on instead.
func conversationMerged(t *testing.T, d DeskUnderTest) {
	c := d.conversations(t)
	if d.Merge == nil {
		t.Skip("DeskUnderTest.Merge is not set")
	}
	one, two := d.create(t, ticketNo(1)), d.create(t, ticketNo(2))
	time.Sleep(2 * time.Second)
	d.Merge(two.ID, one.ID)
	gone := d.read(t, one.ID, time.Now().Add(time.Hour), func(c *exdesk.Conversation) bool { return c.Closed() })
	require.Equal(t, two.ID, gone.MergedInto)
	require.Zero(t, d.read(t, two.ID, time.Time{}, nil).MergedInto)
	_, err := c.Comment(t.Context(), gone, commentNo(3))
	require.ErrorIs(t, err, exdesk.ErrConflict)
}

// conversationGone says that there is no such ticket.
func conversationGone(t *testing.T, d DeskUnderTest) {
	c := d.conversations(t)
	made := d.create(t, ticketNo(1))
	conv := d.read(t, made.ID, time.Time{}, nil)
	d.Delete(made.ID)
	eventually(t, d.Lag, "who deletes tickets", func() bool {
		_, err := c.Conversation(t.Context(), made.ID, time.Time{})
		return errors.Is(err, exdesk.ErrNotFound)
	})
	_, err := c.Conversation(t.Context(), made.ID+1_000_000, time.Time{})
	require.ErrorIs(t, err, exdesk.ErrNotFound)
	require.NotErrorIs(t, err, exdesk.ErrTemporary)
	_, err = c.PrivateTexts(t.Context(), made.ID+1_000_000)
	require.ErrorIs(t, err, exdesk.ErrNotFound)
	_, err = c.Comment(t.Context(), conv, commentNo(2))
	require.Error(t, err)
	require.True(t, sameClass(err, exdesk.ErrNotFound, exdesk.ErrConflict, exdesk.ErrRefused), "%v", err)
}

// commentAdds adds all that it is given, and nothing to other tickets.
func commentAdds(t *testing.T, d DeskUnderTest) {
	d.conversations(t)
	made, other := d.create(t, ticketNo(1)), d.create(t, ticketNo(9))
	up, err := d.Upload(t.Context(), file("x.txt", []byte("file")))
	require.NoError(t, err)
	n := commentNo(2)
	n.Uploads, n.CCs = []string{up.Token}, []exdesk.Address{{Name: "Bob", Address: "bob@customer.example"}}
	if p, ok := d.Desk.(exdesk.People); ok {
		who, err := p.Person(t.Context(), customer)
		require.NoError(t, err)
		n.Author = who.ID
	}
	time.Sleep(2 * time.Second)
	number := d.comment(t, made.ID, n)
	got := d.look(t, made.ID)
	require.Len(t, got.Remarks, 2)
	second := got.Remarks[1]
	require.Equal(t, second.ID, number)
	require.True(t, second.Public)
	require.Contains(t, second.Text, "This is comment 2.")
	require.Equal(t, [][]byte{[]byte("file")}, second.Files)
	require.Equal(t, []string{"bob@customer.example"}, got.CCs)
	if n.Author != 0 {
		require.Equal(t, customer, second.Author)
	}
	require.NotContains(t, second.Text, n.Origin.Digest, "the origin is out of the agents' sight")
	require.Contains(t, got.Remarks[0].Text, "Where is no. 1?")
	conv := d.read(t, made.ID, time.Time{}, func(c *exdesk.Conversation) bool { return len(c.Origins) == 2 })
	require.ElementsMatch(t, []exdesk.Origin{originNo(1), originNo(2)}, conv.Origins)

	n = commentNo(3)
	n.Public, n.CCs = false, nil
	number = d.comment(t, made.ID, n)
	got = d.look(t, made.ID)
	require.Len(t, got.Remarks, 3)
	require.Equal(t, got.Remarks[2].ID, number)
	require.False(t, got.Remarks[2].Public, "it was to be private")
	require.NotEqual(t, customer, got.Remarks[2].Author, "an author of 0 is the user of the API")
	require.Equal(t, []string{"bob@customer.example"}, got.CCs, "who is copied stays")
	require.Len(t, d.look(t, other.ID).Remarks, 1)
}

// commentTags adds tags to those that are there.
func commentTags(t *testing.T, d DeskUnderTest) {
	d.conversations(t)
	in := ticketNo(1)
	in.Tags = []string{"mail"}
	made := d.create(t, in)
	time.Sleep(2 * time.Second)
	d.Edit(made.ID, func(c *Case) { c.Tags = append(c.Tags, "agents") })
	d.comment(t, made.ID, commentNo(2))
	require.ElementsMatch(t, []string{"mail", "agents"}, d.look(t, made.ID).Tags)
	n := commentNo(3)
	n.Tags = []string{"reply", "mail"}
	d.comment(t, made.ID, n)
	require.ElementsMatch(t, []string{"mail", "agents", "reply"}, d.look(t, made.ID).Tags)
}

// commentReopen opens what waited for the customer or was solved, if it is to.
func commentReopen(t *testing.T, d DeskUnderTest) {
	d.conversations(t)
	made := d.create(t, ticketNo(1))
	n := 2
	for _, step := range []struct {
		status string
		reopen bool
		want   string
	}{{"pending", false, "pending"}, {"pending", true, "open"}, {"solved", true, "open"}, {"solved", false, "solved"}} {
		time.Sleep(2 * time.Second)
		d.Edit(made.ID, func(c *Case) { c.Status = step.status })
		d.read(t, made.ID, time.Time{}, func(c *exdesk.Conversation) bool { return c.Status == step.status })
		comment := commentNo(n)
		comment.Reopen, comment.Public = step.reopen, false
		n++
		d.comment(t, made.ID, comment)
		require.Equal(t, step.want, d.look(t, made.ID).Status, "%+v", step)
	}
}

// commentConflict adds nothing to a ticket that is not any more as it was read.
func commentConflict(t *testing.T, d DeskUnderTest) {
	c := d.conversations(t)
	made := d.create(t, ticketNo(1))
	for i, change := range []func(*Case){
		func(c *Case) { c.Tags = append(c.Tags, "agents") },
		func(c *Case) { c.Remarks = append(c.Remarks, Remark{Text: "An answer.", Public: true}) },
		func(c *Case) { c.Status = "pending" },
	} {
		d.settle()
		conv := d.read(t, made.ID, time.Time{}, nil)
		d.Edit(made.ID, change)
		before := d.look(t, made.ID)
		_, err := c.Comment(t.Context(), conv, commentNo(2+i))
		require.ErrorIs(t, err, exdesk.ErrConflict)
		require.NotErrorIs(t, err, exdesk.ErrRefused, "whoever reads it again may add")
		require.Equal(t, before, d.look(t, made.ID), "nothing was added")
	}
	d.settle()
	conv := d.read(t, made.ID, time.Time{}, nil)
	_, err := c.Comment(t.Context(), conv, commentNo(8))
	require.NoError(t, err)
	n := len(d.look(t, made.ID).Remarks)
	_, err = c.Comment(t.Context(), conv, commentNo(8))
	require.ErrorIs(t, err, exdesk.ErrConflict, "its own comment changed it as well")
	require.Len(t, d.look(t, made.ID).Remarks, n)
}

// commentClosed adds nothing to a ticket that is closed, or was closed since.
func commentClosed(t *testing.T, d DeskUnderTest) {
	c := d.conversations(t)
	made := d.create(t, ticketNo(1))
	d.settle()
	conv := d.read(t, made.ID, time.Time{}, nil)
	d.Edit(made.ID, func(c *Case) { c.Status = "closed" })
	for range 2 {
		_, err := c.Comment(t.Context(), conv, commentNo(2))
		require.ErrorIs(t, err, exdesk.ErrConflict)
		require.NotErrorIs(t, err, exdesk.ErrRefused)
		require.Len(t, d.look(t, made.ID).Remarks, 1)
		conv = d.read(t, made.ID, time.Time{}, func(c *exdesk.Conversation) bool { return c.Closed() })
	}
}

// commentTogether adds one of those that go by the same reading.
func commentTogether(t *testing.T, d DeskUnderTest) {
	c := d.conversations(t)
	made := d.create(t, ticketNo(1))
	d.settle()
	conv := d.read(t, made.ID, time.Time{}, nil)
	const writers = 4
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() { _, errs[i] = c.Comment(t.Context(), conv, commentNo(2+i)) })
	}
	wg.Wait()
	added := 0
	for _, err := range errs {
		if err == nil {
			added++
			continue
		}
		require.ErrorIs(t, err, exdesk.ErrConflict)
	}
	require.Equal(t, 1, added)
	require.Len(t, d.look(t, made.ID).Remarks, 2)
}

// commentLost says that nobody knows, and whoever reads again does.
func commentLost(t *testing.T, d DeskUnderTest) {
	c := d.conversations(t)
	if d.Lose == nil {
		t.Skip("DeskUnderTest.Lose is not set")
	}
	made := d.create(t, ticketNo(1))
	d.settle()
	conv := d.read(t, made.ID, time.Time{}, nil)
	d.Lose()
	_, err := c.Comment(t.Context(), conv, commentNo(2))
	require.True(t, sameClass(err, exdesk.ErrDoubtful), "%v", err)
	require.Len(t, d.look(t, made.ID).Remarks, 2)
	_, err = c.Comment(t.Context(), conv, commentNo(2))
	require.ErrorIs(t, err, exdesk.ErrConflict)
	require.Len(t, d.look(t, made.ID).Remarks, 2)
	again := d.read(t, made.ID, time.Time{}, func(c *exdesk.Conversation) bool { return len(c.Origins) == 2 })
	require.Contains(t, again.Origins, originNo(2))
}

// commentCancelled adds nothing, or says that it may have.
func commentCancelled(t *testing.T, d DeskUnderTest) {
	c := d.conversations(t)
	made := d.create(t, ticketNo(1))
	d.settle()
	_, err := c.Comment(cancelled(t), d.read(t, made.ID, time.Time{}, nil), commentNo(2))
	added := len(d.look(t, made.ID).Remarks) == 2
	require.True(t, !added || err == nil || errors.Is(err, exdesk.ErrDoubtful), "it was added, and nobody said so: %v", err)
	require.True(t, added || err != nil, "it was not added, and nobody said so")
}

// privateTexts are the private comments alone, as text, the newest first.
func privateTexts(t *testing.T, d DeskUnderTest) {
	c := d.conversations(t)
	made := d.create(t, ticketNo(1))
	texts, err := c.PrivateTexts(t.Context(), made.ID)
	require.NoError(t, err)
	require.Empty(t, texts)
	for i, public := range []bool{false, true, false} {
		d.settle()
		n := commentNo(2 + i)
		n.Public, n.HTML = public, fmt.Sprintf("<p>Comment %d <b>&amp;</b> so on</p>", 2+i)
		d.comment(t, made.ID, n)
	}
	time.Sleep(d.Lag)
	texts, err = c.PrivateTexts(t.Context(), made.ID)
	require.NoError(t, err)
	require.Len(t, texts, 2)
	require.Contains(t, texts[0], "Comment 4")
	require.Contains(t, texts[1], "Comment 2")
	require.Contains(t, texts[0], "& so on", "it is text, not HTML")
	require.NotContains(t, texts[0], "<")
}
