package zendesk_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// talk makes a ticket of ann's and returns its number.
func talk(t *testing.T, c *zendesk.Client) int64 {
	t.Helper()
	made, err := c.Create(t.Context(), &exdesk.NewTicket{Key: "k", ExternalID: "exdesk:x", Requester: exdesk.Address{Name: "Ann", Address: "ann@customer.example"},
		Subject: "Where?", HTML: "<p>Where?</p>", Origin: exdesk.Origin{Digest: "d0", Mail: "m0", MessageID: "q@x.example"}})
	require.NoError(t, err)
	time.Sleep(2 * time.Second)
	return made.ID
}

func TestConversation(t *testing.T) {
	inBubble(t, &zendesktest.Options{UpdateLimit: -1, RateLimit: -1, TokenLife: -1}, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		id := talk(t, c)
		ann, err := c.Person(t.Context(), "Ann@customer.example")
		require.NoError(t, err)
		begin := time.Now()
		for i := range 250 { // three pages of audits
			conv, err := c.Conversation(t.Context(), id, begin.Add(-time.Minute))
			require.NoError(t, err)
			require.Len(t, conv.Origins, i+1)
			n := &exdesk.NewComment{Author: ann.ID, Public: i%2 == 0, HTML: fmt.Sprint("<p>", i, "</p>"), Tags: []string{"b", fmt.Sprint("t", i%3)},
				CCs:    []exdesk.Address{{Name: "Bob", Address: "bob@customer.example"}},
				Origin: exdesk.Origin{Digest: fmt.Sprint("d", i+1), Mail: fmt.Sprint("m", i+1), MessageID: fmt.Sprint("a", i, "@x.example")}}
			number, err := c.Comment(t.Context(), conv, n)
			require.NoError(t, err)
			ticket, _ := srv.Ticket(id)
			require.Equal(t, ticket.Comments[i+1].ID, number)
			require.Equal(t, i%2 == 0, ticket.Comments[i+1].Public)
			_, err = c.Comment(t.Context(), conv, n)
			require.ErrorIs(t, err, exdesk.ErrConflict, "the ticket has moved on")
			time.Sleep(time.Minute)
		}
		srv.Edit(id, func(t *zendesktest.Ticket) {
			t.Assignee.Email, t.Followers = "agent@acme.test", []string{"agent@acme.test"}
		})
		time.Sleep(time.Minute)
		conv, err := c.Conversation(t.Context(), id, time.Time{})
		require.NoError(t, err)
		require.Len(t, conv.Origins, 251)
		require.Equal(t, exdesk.Origin{Digest: "d250", Mail: "m250", MessageID: "a249@x.example"}, conv.Origins[0], "newest first")
		require.Equal(t, ann.ID, conv.Requester)
		require.NotZero(t, conv.Assignee)
		require.Len(t, conv.CCs, 1)
		require.Len(t, conv.Followers, 1)
		require.Equal(t, []string{"b", "t0", "t1", "t2"}, conv.Tags)
		require.Regexp(t, `^[0-9A-Z]{6}-[0-9A-Z]{4,5}$`, conv.EncodedID)
		require.False(t, conv.Private)
		srv.ResetRequests()
		conv, err = c.Conversation(t.Context(), id, time.Now().Add(-10*time.Minute))
		require.NoError(t, err)
		require.Less(t, len(conv.Origins), 12)
		require.Equal(t, 2, srv.Count(), "what is older is not read")
		texts, err := c.PrivateTexts(t.Context(), id)
		require.NoError(t, err)
		require.Contains(t, texts, "249")
		require.NotContains(t, texts, "248")
		_, err = c.Conversation(t.Context(), 999, time.Time{})
		require.ErrorIs(t, err, exdesk.ErrNotFound)
	})
}

// A stamp tells no two changes of one second apart, so it is read after it.
func TestStampIsReadAfterItsSecond(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		id := talk(t, c)
		time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(1100 * time.Millisecond)))
		touch := func(tag string) {
			srv.Edit(id, func(t *zendesktest.Ticket) { t.Tags = append(t.Tags, tag) })
		}
		touch("one")
		begin := time.Now()
		conv, err := c.Conversation(t.Context(), id, time.Time{})
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(begin), 900*time.Millisecond)
		touch("two")
		_, err = c.Comment(t.Context(), conv, &exdesk.NewComment{HTML: "x"})
		require.ErrorIs(t, err, exdesk.ErrConflict)
	})
}

func TestMergedTickets(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		talk(t, c)
		made, err := c.Create(t.Context(), &exdesk.NewTicket{Key: "k2", ExternalID: "exdesk:y", Requester: exdesk.Address{Address: "ann@customer.example"}, HTML: "Again?"})
		require.NoError(t, err)
		time.Sleep(time.Minute)
		srv.Merge(made.ID, 1)
		time.Sleep(time.Minute)
		conv, err := c.Conversation(t.Context(), 1, time.Now())
		require.NoError(t, err)
		require.Equal(t, made.ID, conv.MergedInto)
		require.True(t, conv.Closed())
		_, err = c.Comment(t.Context(), conv, &exdesk.NewComment{HTML: "x"})
		require.ErrorIs(t, err, exdesk.ErrConflict, "closed means: look again")
		require.NotErrorIs(t, err, exdesk.ErrRefused)
		conv, err = c.Conversation(t.Context(), made.ID, time.Now())
		require.NoError(t, err)
		require.Zero(t, conv.MergedInto)
	})
}

// The words of a merge are the last resort.
func TestMergeThatIsOnlyToldInWords(t *testing.T) {
	for body, want := range map[string]int64{
		`This request was closed and merged into request #42 "Where?".`: 42,
		`Merged into ticket #7`: 7,
		`Nothing to see.`:       0,
	} {
		inBubble(t, nil, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
			id := talk(t, c)
			srv.Edit(id, func(t *zendesktest.Ticket) {
				t.Status, t.Tags = "closed", []string{"closed_by_merge"}
				t.Comments = append(t.Comments, zendesktest.Comment{HTML: body, Body: body})
			})
			time.Sleep(time.Minute)
			conv, err := c.Conversation(t.Context(), id, time.Time{})
			require.NoError(t, err)
			require.Equal(t, want, conv.MergedInto)
		})
	}
}

// Where the audits are behind the ticket, nobody knows what was added.
func TestAuditsThatAreBehind(t *testing.T) {
	inBubble(t, &zendesktest.Options{AuditLag: 10 * time.Second}, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		id := talk(t, c)
		time.Sleep(20 * time.Second)
		conv, err := c.Conversation(t.Context(), id, time.Time{})
		require.NoError(t, err)
		_, err = c.Comment(t.Context(), conv, &exdesk.NewComment{HTML: "x", Origin: exdesk.Origin{Digest: "d"}})
		require.NoError(t, err)
		_, err = c.Conversation(t.Context(), id, time.Time{})
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		time.Sleep(10 * time.Second)
		conv, err = c.Conversation(t.Context(), id, time.Time{})
		require.NoError(t, err)
		require.Len(t, conv.Origins, 2)
	})
}

func TestCommentIsRefused(t *testing.T) {
	inBubble(t, &zendesktest.Options{RefuseSuspendedAuthors: true}, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		id := talk(t, c)
		conv, err := c.Conversation(t.Context(), id, time.Time{})
		require.NoError(t, err)
		_, err = c.Comment(t.Context(), conv, &exdesk.NewComment{HTML: "x", CCs: []exdesk.Address{{Address: "not an address"}}})
		require.NoError(t, err, "it is made without them")
		time.Sleep(2 * time.Second)
		srv.Suspend("ann@customer.example")
		conv, err = c.Conversation(t.Context(), id, time.Time{})
		require.NoError(t, err)
		_, err = c.Comment(t.Context(), conv, &exdesk.NewComment{HTML: "x", Author: conv.Requester})
		require.ErrorIs(t, err, exdesk.ErrSuspended)
		require.ErrorIs(t, err, exdesk.ErrRefused)
		_, err = c.Create(t.Context(), &exdesk.NewTicket{Key: "k3", Requester: exdesk.Address{Address: "ann@customer.example"}, HTML: "x"})
		require.ErrorIs(t, err, exdesk.ErrSuspended)
	})
}

func TestPerson(t *testing.T) {
	for _, o := range []zendesktest.Options{{}, {NoIdentities: true}} {
		inBubble(t, &o, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
			srv.AddUser(zendesktest.User{Name: "Abe", Email: "abe@contoso.test", Emails: []string{"abe@home.example"}, Role: "agent", TicketRestriction: "groups", DefaultGroupID: 7})
			srv.AddUser(zendesktest.User{Name: "Lil", Email: "lil@contoso.test", Role: "agent", Light: true})
			srv.AddUser(zendesktest.User{Name: "Joanna", Email: "joann@customer.example", Role: "end-user"})
			abe, err := c.Person(t.Context(), "ABE@contoso.test")
			require.NoError(t, err)
			require.Equal(t, &exdesk.Person{ID: abe.ID, Name: "Abe", Address: "abe@contoso.test", Agent: true, Restricted: true, Group: 7}, abe)
			again, err := c.Person(t.Context(), "abe@home.example")
			require.NoError(t, err)
			require.NotNil(t, again)
			require.Equal(t, abe.ID, again.ID)
			lil, err := c.Person(t.Context(), "lil@contoso.test")
			require.NoError(t, err)
			require.True(t, lil.PrivateOnly)
			joanna, err := c.Person(t.Context(), "joann@customer.example")
			require.NoError(t, err)
			require.False(t, joanna.Agent)
			require.False(t, joanna.Restricted, "of an end user it means nothing")
			for _, nobody := range []string{"ann@customer.example", "nobody@x.example", `x" role:agent "@y.example`, "a b@c.example"} {
				p, err := c.Person(t.Context(), nobody)
				require.NoError(t, err)
				require.Nil(t, p, nobody)
			}
		})
	}
}

func TestSupportAddresses(t *testing.T) {
	var want []string
	for i := range 250 {
		want = append(want, fmt.Sprint("s", i, "@contoso.test"))
	}
	inBubble(t, &zendesktest.Options{SupportAddresses: want}, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		got, err := c.SupportAddresses(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func TestEncoded(t *testing.T) {
	inBubble(t, &zendesktest.Options{ListArchived: true}, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
		srv.AddUser(zendesktest.User{Name: "Gus", Email: "gus@contoso.test", Role: "agent"})
		id := talk(t, c)
		srv.Edit(id, func(t *zendesktest.Ticket) { t.Assignee.Email = "gus@contoso.test" })
		ticket, _ := srv.Ticket(id)
		for _, who := range []string{"ann@customer.example", "gus@contoso.test"} {
			got, err := c.Encoded(t.Context(), []string{"AAAAAA-BBBB", ticket.EncodedID}, []string{"nobody@x.example", who})
			require.NoError(t, err)
			require.Equal(t, id, got)
		}
		got, err := c.Encoded(t.Context(), []string{ticket.EncodedID}, []string{"agent@acme.test"})
		require.NoError(t, err)
		require.Zero(t, got, "it is none of his")
	})
}

func TestImport(t *testing.T) {
	for _, o := range []zendesktest.Options{{}, {ImportMetadata: true}} {
		inBubble(t, &o, func(t *testing.T, srv *zendesktest.Server, c *zendesk.Client) {
			at := time.Date(1999, 5, 6, 7, 8, 9, 123, time.UTC)
			made, err := c.Import(t.Context(), &exdesk.NewTicket{ExternalID: "exdesk:old", Requester: exdesk.Address{Name: "Ann", Address: "ann@customer.example"},
				Subject: "Old", HTML: "<p>Old</p>", Tags: []string{"x"}, CCs: []exdesk.Address{{Address: "bob@customer.example"}}, Origin: exdesk.Origin{Digest: "d"}}, at)
			require.NoError(t, err)
			require.Equal(t, at.Truncate(time.Second), made.Created)
			ticket, _ := srv.Ticket(made.ID)
			require.Equal(t, at.Truncate(time.Second), ticket.Comments[0].CreatedAt)
			require.Equal(t, "ann@customer.example", ticket.Comments[0].Author.Email)
			found, err := c.Find(t.Context(), "exdesk:old", time.Time{})
			require.NoError(t, err)
			require.Len(t, found, 1)
			if o.ImportMetadata {
				require.Equal(t, "d", found[0].Origin.Digest)
			} else {
				require.Equal(t, at.Truncate(time.Second), found[0].Created)
			}
		})
	}
}
