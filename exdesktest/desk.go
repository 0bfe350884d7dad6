package exdesktest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// DeskUnderTest is a Desk, and the hands of all who are at it besides exdesk:
// the agents, and what befalls it.
type DeskUnderTest struct {
	exdesk.Desk

	// Tickets returns the numbers of all tickets that are there.
	Tickets func() []int64
	// Look returns how a ticket is now, by another way than the Desk's own if
	// there is one, and false if it is not there.
	Look func(id int64) (Case, bool)
	// Edit lets an agent change a ticket: f gets it as it is, and may set the
	// Status and the Tags, and append Remarks with a Text that are Public or not.
	Edit func(id int64, f func(*Case))
	// Delete lets an agent delete a ticket.
	Delete func(id int64)

	// What follows need not be set; what is tested with it is left out then.

	// Merge lets an agent close a ticket in favour of another.
	Merge func(into, from int64)
	// Join makes somebody known, with his further addresses, and returns his
	// number. Of p the ID is not set.
	Join func(p exdesk.Person, further ...string) int64
	// Support makes an address one of the account's own.
	Support func(address string)
	// Outage makes the service fail in a way that passes, or ends that.
	Outage func(on bool)
	// Lose has the service act on the next request that changes something, and
	// the answer get lost.
	Lose func()

	// MostFile is the size in octets above which the service takes no file; 0 is
	// none that is tested.
	MostFile int64
	// Lag is how long after a change it may take to be seen.
	Lag time.Duration
}

// Case is a ticket as an agent sees it.
type Case struct {
	ExternalID string
	Subject    string
	Status     string
	Requester  string   // his address
	Recipient  string   // the address that he wrote to; "" if the service does not tell
	CCs        []string // their addresses
	Tags       []string
	FollowUpOf int64 // 0 if it follows none, or the service does not tell
	Created    time.Time
	Remarks    []Remark // the first first
}

// Remark is a comment as an agent sees it.
type Remark struct {
	ID     int64
	Author string // his address
	Public bool
	Text   string // without markup
	Files  [][]byte
}

// Desk tests an exdesk.Desk: that it makes a ticket of all that it is given, one
// for a key whatever happens meanwhile, finds again what it made, and reads what
// it is handed to the end. One that is a Conversations, a People or an Importer
// is tested for what is promised there as well.
//
// open opens an account without tickets.
func Desk(t *testing.T, in Bubble, open func(t *testing.T) DeskUnderTest) {
	run(t, in, open, slices.Concat([]subtest[DeskUnderTest]{
		{"account", deskAccount},
		{"create", deskCreate},
		{"create bare", deskBare},
		{"create odd", deskOdd},
		{"create follow-up", deskFollowUp},
		{"create twice", deskTwice},
		{"create another", deskAnother},
		{"create together", deskTogether},
		{"create lost answer", deskLost},
		{"create cancelled", deskCancelled},
		{"create refused", deskRefused},
		{"ticket", deskTicket},
		{"find", deskFind},
		{"find since", deskSince},
		{"find origin", deskOrigin},
		{"find many", deskMany},
		{"outage", deskOutage},
	}, uploadTests, conversationTests, peopleTests, importTests))
}

const customer = "ann@customer.example"

// ticketNo is a ticket to be made, with that number.
func ticketNo(n int) *exdesk.NewTicket {
	return &exdesk.NewTicket{
		Key: fmt.Sprintf("key-%d", n), ExternalID: fmt.Sprintf("exdesk:%032d", n), Origin: originNo(n),
		Requester: exdesk.Address{Name: "Ann Ångström", Address: customer}, Subject: fmt.Sprintf("No. %d", n),
		HTML: fmt.Sprintf("<p>Where is no. %d?</p>", n),
	}
}

func originNo(n int) exdesk.Origin {
	return exdesk.Origin{Digest: fmt.Sprintf("d%031d", n), Mail: fmt.Sprintf("a%015d", n), MessageID: fmt.Sprintf("%d@customer.example", n)}
}

// create makes a ticket that has to be made.
func (d *DeskUnderTest) create(t *testing.T, in *exdesk.NewTicket) *exdesk.Ticket {
	t.Helper()
	made, err := d.Create(t.Context(), in)
	require.NoError(t, err)
	require.NotNil(t, made)
	require.NotZero(t, made.ID)
	require.Equal(t, in.ExternalID, made.ExternalID)
	return made
}

// look returns a ticket that has to be there.
func (d *DeskUnderTest) look(t *testing.T, id int64) Case {
	t.Helper()
	c, ok := d.Look(id)
	require.True(t, ok, "there is no ticket %d", id)
	return c
}

// find finds without an error, but for one about what is late.
func (d *DeskUnderTest) find(t *testing.T, externalID string, since time.Time) []int64 {
	t.Helper()
	var found []*exdesk.Ticket
	var err error
	eventually(t, d.Lag, "what a ticket was made of", func() bool {
		found, err = d.Find(t.Context(), externalID, since)
		return d.Lag == 0 || !errors.Is(err, exdesk.ErrTemporary)
	})
	require.NoError(t, err)
	ids := make([]int64, len(found))
	for i, f := range found {
		require.Equal(t, externalID, f.ExternalID)
		require.NotContains(t, ids[:i], f.ID, "each once")
		ids[i] = f.ID
	}
	slices.Sort(ids)
	return ids
}

// finds waits until just these are found.
func (d *DeskUnderTest) finds(t *testing.T, externalID string, want ...int64) {
	t.Helper()
	slices.Sort(want)
	eventually(t, d.Lag, "a new ticket", func() bool { return slices.Equal(want, d.find(t, externalID, time.Time{})) })
}

// deskAccount has a name that stays, and a clock that goes with its tickets.
func deskAccount(t *testing.T, d DeskUnderTest) {
	named, ok := d.Desk.(interface{ Account() string })
	clocked, ok2 := d.Desk.(interface{ Now() (time.Time, bool) })
	if !ok && !ok2 {
		t.Skip("it has neither Account nor Now")
	}
	made := d.create(t, ticketNo(1))
	if ok {
		require.NotEmpty(t, named.Account())
		require.Equal(t, named.Account(), named.Account())
	}
	if !ok2 {
		return
	}
	if now, known := clocked.Now(); known {
		require.WithinDuration(t, made.Created, now, time.Minute, "the clock is not the one of the tickets")
		time.Sleep(2 * time.Second)
		later, known := clocked.Now()
		require.True(t, known && later.After(now), "the clock stands still")
	}
}

// deskCreate makes a ticket of all that it is given.
func deskCreate(t *testing.T, d DeskUnderTest) {
	up, err := d.Upload(t.Context(), file("päper & co.pdf", []byte("file")))
	require.NoError(t, err)
	in := ticketNo(1)
	in.Tags, in.Uploads = []string{"mail", "vip"}, []string{up.Token}
	in.CCs = []exdesk.Address{{Name: "Bob", Address: "bob@customer.example"}, {Address: "eve@customer.example"}}
	if people, ok := d.Desk.(exdesk.People); ok {
		own, err := people.SupportAddresses(t.Context())
		require.NoError(t, err)
		if len(own) > 0 {
			in.Recipient = own[0]
		}
	}
	begin := time.Now()
	made := d.create(t, in)
	require.Equal(t, in.Origin, made.Origin)
	require.Equal(t, []int64{made.ID}, d.Tickets())
	got := d.look(t, made.ID)
	require.Equal(t, in.ExternalID, got.ExternalID)
	require.Equal(t, "No. 1", got.Subject)
	require.Equal(t, made.Status, got.Status)
	require.Equal(t, customer, got.Requester)
	require.Contains(t, []string{"", in.Recipient}, got.Recipient)
	require.ElementsMatch(t, []string{"bob@customer.example", "eve@customer.example"}, got.CCs)
	require.ElementsMatch(t, in.Tags, got.Tags)
	require.Len(t, got.Remarks, 1)
	first := got.Remarks[0]
	require.True(t, first.Public)
	require.Equal(t, customer, first.Author, "an author of 0 is the requester")
	require.Contains(t, first.Text, "Where is no. 1?")
	require.Equal(t, [][]byte{[]byte("file")}, first.Files)
	require.WithinDuration(t, made.Created, got.Created, time.Second)
	require.Less(t, made.Created.Sub(begin).Abs(), 24*time.Hour, "the ticket was made now")
	require.NotContains(t, fmt.Sprint(got.Subject, got.Remarks), in.Origin.Digest, "the origin is out of the agents' sight")
}

// deskBare makes a ticket of as little as there may be.
func deskBare(t *testing.T, d DeskUnderTest) {
	made := d.create(t, &exdesk.NewTicket{
		Key: "bare", ExternalID: "exdesk:bare", Requester: exdesk.Address{Address: customer}, HTML: "<p>Hello</p>",
	})
	got := d.look(t, made.ID)
	require.Equal(t, customer, got.Requester)
	require.Empty(t, got.CCs)
	require.Len(t, got.Remarks, 1)
	require.Empty(t, got.Remarks[0].Files)
}

// deskOdd takes whatever came in a mail, or refuses it for good.
func deskOdd(t *testing.T, d DeskUnderTest) {
	var ccs []exdesk.Address
	for i := range 48 {
		ccs = append(ccs, exdesk.Address{Name: "No. " + fmt.Sprint(i), Address: fmt.Sprintf("cc%d@customer.example", i)})
	}
	for i, change := range []func(*exdesk.NewTicket){
		func(n *exdesk.NewTicket) { n.CCs = ccs },
		func(n *exdesk.NewTicket) { n.Subject = strings.Repeat("日本 ", 3000) },
		func(n *exdesk.NewTicket) { n.Subject = "" },
		func(n *exdesk.NewTicket) { n.Subject = "{{ticket.id}} \u202e \"';--\\ \x00 &amp;" },
		func(n *exdesk.NewTicket) { n.HTML = "<p>" + strings.Repeat("long ", 40_000) + "</p>" },
		func(n *exdesk.NewTicket) { n.Requester.Name = strings.Repeat("Ann ", 500) },
		func(n *exdesk.NewTicket) { n.Requester.Name = "" },
		func(n *exdesk.NewTicket) { n.Requester.Address = "o'brien+tag@customer.example" },
		func(n *exdesk.NewTicket) { n.Recipient = "nobody@elsewhere.example" },
		func(n *exdesk.NewTicket) { n.Uploads = []string{"nobody-gave-this"} },
	} {
		in := ticketNo(i)
		change(in)
		made, err := d.Create(t.Context(), in)
		if err != nil {
			require.ErrorIs(t, err, exdesk.ErrRefused, "no. %d", i)
			require.NotErrorIs(t, err, exdesk.ErrTemporary, "no. %d", i)
			d.finds(t, in.ExternalID)
			continue
		}
		got := d.look(t, made.ID)
		require.Equal(t, in.Requester.Address, got.Requester)
		require.Equal(t, in.ExternalID, got.ExternalID)
		if i == 0 {
			require.Len(t, got.CCs, len(ccs))
		}
	}
}

// deskFollowUp makes a ticket that follows a closed one.
func deskFollowUp(t *testing.T, d DeskUnderTest) {
	old := d.create(t, ticketNo(1))
	d.Edit(old.ID, func(c *Case) { c.Status = "closed" })
	in := ticketNo(2)
	in.FollowUp = old.ID
	made := d.create(t, in)
	require.NotEqual(t, old.ID, made.ID)
	require.Contains(t, []int64{0, old.ID}, d.look(t, made.ID).FollowUpOf)
	d.finds(t, in.ExternalID, made.ID)
	eventually(t, d.Lag, "its own origin", func() bool {
		found, err := d.Find(t.Context(), in.ExternalID, time.Time{})
		require.NoError(t, err)
		return found[0].Origin == in.Origin
	})
}

// deskTwice makes one ticket of two equal requests.
func deskTwice(t *testing.T, d DeskUnderTest) {
	made := d.create(t, ticketNo(1))
	for range 3 {
		again, err := d.Create(t.Context(), ticketNo(1))
		if err == nil {
			require.Equal(t, made.ID, again.ID)
		} else {
			require.True(t, sameClass(err, exdesk.ErrKeyUsed, exdesk.ErrDoubtful), "%v", err)
		}
		require.Equal(t, []int64{made.ID}, d.Tickets(), "a key makes one ticket")
		time.Sleep(time.Second)
	}
	other := d.create(t, ticketNo(2))
	require.NotEqual(t, made.ID, other.ID, "another key makes another ticket")
}

// deskAnother makes no second ticket of a key that comes with another body, and
// leaves the first as it is.
func deskAnother(t *testing.T, d DeskUnderTest) {
	made := d.create(t, ticketNo(1))
	before := d.look(t, made.ID)
	in := ticketNo(1)
	in.Subject, in.Uploads = "Another", nil
	in.HTML = "<p>Another</p>"
	again, err := d.Create(t.Context(), in)
	if err == nil {
		require.Equal(t, made.ID, again.ID)
	} else {
		require.ErrorIs(t, err, exdesk.ErrKeyUsed)
	}
	require.Equal(t, []int64{made.ID}, d.Tickets())
	require.Equal(t, before, d.look(t, made.ID))
}

// deskTogether makes one ticket of several equal requests at the same moment, and
// one of each of several others.
func deskTogether(t *testing.T, d DeskUnderTest) {
	const writers = 4
	var wg sync.WaitGroup
	same, errs := make([]int64, writers), make([]error, 2*writers)
	for i := range writers {
		wg.Go(func() {
			made, err := d.Create(t.Context(), ticketNo(1))
			if errs[i] = err; err == nil {
				same[i] = made.ID
			}
		})
		wg.Go(func() { _, errs[writers+i] = d.Create(t.Context(), ticketNo(10+i)) })
	}
	wg.Wait()
	var first int64
	for i, id := range same {
		if errs[i] != nil {
			require.True(t, sameClass(errs[i], exdesk.ErrKeyUsed, exdesk.ErrDoubtful), "%v", errs[i])
			continue
		}
		require.True(t, first == 0 || first == id, "%d and %d are of one key", first, id)
		first = id
	}
	require.NotZero(t, first, "nobody was told that the ticket was made")
	for i, err := range errs[writers:] {
		if err != nil { // two that make one customer at once
			require.True(t, sameClass(err, exdesk.ErrTemporary, exdesk.ErrDoubtful), "%v", err)
			eventually(t, max(d.Lag, time.Minute), "a ticket", func() bool {
				_, err := d.Create(t.Context(), ticketNo(10+i))
				return err == nil
			})
		}
	}
	require.Len(t, d.Tickets(), 1+writers)
}

// deskLost says that nobody knows, makes no second ticket, and finds the first.
func deskLost(t *testing.T, d DeskUnderTest) {
	if d.Lose == nil {
		t.Skip("DeskUnderTest.Lose is not set")
	}
	in := ticketNo(1)
	d.Lose()
	_, err := d.Create(t.Context(), in)
	require.True(t, sameClass(err, exdesk.ErrDoubtful, exdesk.ErrKeyUsed), "%v", err)
	require.NotErrorIs(t, err, exdesk.ErrRefused)
	ids := d.Tickets()
	require.Len(t, ids, 1)
	again, err := d.Create(t.Context(), ticketNo(1))
	if err == nil {
		require.Equal(t, ids[0], again.ID)
	} else {
		require.True(t, sameClass(err, exdesk.ErrDoubtful, exdesk.ErrKeyUsed), "%v", err)
	}
	require.Equal(t, ids, d.Tickets())
	d.finds(t, in.ExternalID, ids[0])
}

// deskCancelled does nothing, or says that it may have.
func deskCancelled(t *testing.T, d DeskUnderTest) {
	made, err := d.Create(cancelled(t), ticketNo(1))
	switch {
	case err == nil:
		require.Equal(t, []int64{made.ID}, d.Tickets())
	case !errors.Is(err, exdesk.ErrDoubtful):
		require.Empty(t, d.Tickets(), "it was made, and nobody said so")
	}
	require.NotErrorIs(t, err, exdesk.ErrRefused, "the next will take it")
	d.create(t, ticketNo(1))
	require.Len(t, d.Tickets(), 1)
	_, err = d.Find(cancelled(t), ticketNo(1).ExternalID, time.Time{})
	require.NotErrorIs(t, err, exdesk.ErrNotFound)
	_, err = d.Ticket(cancelled(t), d.Tickets()[0])
	require.NotErrorIs(t, err, exdesk.ErrNotFound)
}

// deskRefused says so of a customer whom somebody has suspended, if it is not to
// be taken.
func deskRefused(t *testing.T, d DeskUnderTest) {
	if d.Join == nil {
		t.Skip("DeskUnderTest.Join is not set")
	}
	d.Join(exdesk.Person{Name: "Mallory", Address: "mallory@customer.example", Suspended: true})
	in := ticketNo(1)
	in.Requester.Address = "mallory@customer.example"
	for range 2 {
		_, err := d.Create(t.Context(), in)
		if err == nil {
			return
		}
		require.True(t, sameClass(err, exdesk.ErrRefused, exdesk.ErrKeyUsed), "%v", err)
		require.NotErrorIs(t, err, exdesk.ErrTemporary)
		require.Empty(t, d.Tickets())
	}
}

// deskTicket returns a ticket, or says that there is none.
func deskTicket(t *testing.T, d DeskUnderTest) {
	made := d.create(t, ticketNo(1))
	other := d.create(t, ticketNo(2))
	var got *exdesk.Ticket
	ticket := func(id int64) (err error) {
		got, err = d.Ticket(t.Context(), id)
		return err
	}
	eventually(t, d.Lag, "a new ticket", func() bool { return ticket(made.ID) == nil })
	require.Equal(t, made.ID, got.ID)
	require.Equal(t, made.ExternalID, got.ExternalID)
	require.Equal(t, made.Status, got.Status)
	require.WithinDuration(t, made.Created, got.Created, 0)
	require.Contains(t, []exdesk.Origin{{}, ticketNo(1).Origin}, got.Origin)
	d.Edit(made.ID, func(c *Case) { c.Status = "solved" })
	eventually(t, d.Lag, "the status", func() bool { return ticket(made.ID) == nil && got.Status == "solved" })
	d.Delete(made.ID)
	eventually(t, d.Lag, "who deletes tickets", func() bool { return errors.Is(ticket(made.ID), exdesk.ErrNotFound) })
	eventually(t, d.Lag, "a new ticket", func() bool { return ticket(other.ID) == nil })
	for _, id := range []int64{made.ID, made.ID + 1_000_000, 1<<62 + 1, 0, -1} {
		err := ticket(id)
		require.ErrorIs(t, err, exdesk.ErrNotFound, "ticket %d", id)
		require.NotErrorIs(t, err, exdesk.ErrTemporary, "ticket %d", id)
	}
}

// deskFind finds all tickets of an external id, and no others.
func deskFind(t *testing.T, d DeskUnderTest) {
	require.Empty(t, d.find(t, "exdesk:nobody's", time.Time{}))
	one := d.create(t, ticketNo(1))
	twin := ticketNo(2)
	twin.ExternalID = one.ExternalID
	two := d.create(t, twin)
	var others []*exdesk.Ticket
	for i, id := range []string{one.ExternalID + "0", one.ExternalID[:20], "exdesk:a b&c=d?#%2F", "exdesk:*"} {
		in := ticketNo(10 + i)
		in.ExternalID = id
		others = append(others, d.create(t, in))
	}
	d.finds(t, one.ExternalID, one.ID, two.ID)
	for _, o := range others {
		d.finds(t, o.ExternalID, o.ID)
	}
	for _, id := range []string{"exdesk", "exdesk:", strings.ToUpper(one.ExternalID), "' or 1 eq 1", "%"} {
		require.Empty(t, d.find(t, id, time.Time{}), "%q", id)
	}
	time.Sleep(d.Lag)
	found, err := d.Find(t.Context(), one.ExternalID, time.Time{})
	require.NoError(t, err)
	for _, f := range found {
		want := ticketNo(1).Origin
		if f.ID == two.ID {
			want = twin.Origin
		}
		require.Equal(t, want, f.Origin, "each has its own")
		require.Contains(t, []string{one.Status, two.Status}, f.Status)
	}
	d.Edit(one.ID, func(c *Case) { c.Status = "closed" })
	d.finds(t, one.ExternalID, one.ID, two.ID) // closed or not
	d.Delete(two.ID)
	d.finds(t, one.ExternalID, one.ID)
}

// deskSince finds what was made at or after a moment.
func deskSince(t *testing.T, d DeskUnderTest) {
	first := d.create(t, ticketNo(1))
	time.Sleep(3 * time.Second)
	in := ticketNo(2)
	in.ExternalID = first.ExternalID
	second := d.create(t, in)
	d.finds(t, first.ExternalID, first.ID, second.ID)
	require.Len(t, d.find(t, first.ExternalID, first.Created), 2, "at that moment as well")
	require.Equal(t, []int64{second.ID}, d.find(t, first.ExternalID, first.Created.Add(2*time.Second)))
	require.Equal(t, []int64{second.ID}, d.find(t, first.ExternalID, second.Created))
	require.Empty(t, d.find(t, first.ExternalID, second.Created.Add(2*time.Second)))
	d.Edit(first.ID, func(c *Case) { c.Tags = append(c.Tags, "touched") })
	time.Sleep(d.Lag)
	require.Equal(t, []int64{second.ID}, d.find(t, first.ExternalID, second.Created), "when it was made counts, and not when it was changed")
}

// deskOrigin keeps all of an origin, whatever is done with the ticket.
func deskOrigin(t *testing.T, d DeskUnderTest) {
	in := ticketNo(1)
	in.Origin.MessageID = `o'brien%2F"x"+(&)=?#日本<b>@customer.example`
	made := d.create(t, in)
	require.Equal(t, in.Origin, made.Origin)
	for i := range 130 {
		d.Edit(made.ID, func(c *Case) {
			c.Remarks = append(c.Remarks, Remark{Text: fmt.Sprint("Remark ", i), Public: i%2 == 0})
			c.Tags = []string{fmt.Sprint("t", i)}
		})
	}
	d.finds(t, in.ExternalID, made.ID)
	eventually(t, d.Lag, "the origin", func() bool {
		found, err := d.Find(t.Context(), in.ExternalID, time.Time{})
		require.NoError(t, err)
		return found[0].Origin == in.Origin
	})
}

// deskMany finds all, or says that it cannot.
func deskMany(t *testing.T, d DeskUnderTest) {
	for i := range many {
		in := ticketNo(i)
		in.ExternalID = "exdesk:many"
		d.create(t, in)
	}
	time.Sleep(d.Lag)
	found, err := d.Find(t.Context(), "exdesk:many", time.Time{})
	require.True(t, err != nil || len(found) == many, "%d of %d, and no error", len(found), many)
	require.NotErrorIs(t, err, exdesk.ErrNotFound)
}

// deskOutage says that the trouble is of the kind that passes, tells nobody that
// something is not there, and works again afterwards.
func deskOutage(t *testing.T, d DeskUnderTest) {
	if d.Outage == nil {
		t.Skip("DeskUnderTest.Outage is not set")
	}
	made := d.create(t, ticketNo(1))
	d.Outage(true)
	_, err := d.Ticket(t.Context(), made.ID)
	passes(t, err)
	_, err = d.Find(t.Context(), made.ExternalID, time.Time{})
	passes(t, err)
	_, err = d.Upload(t.Context(), file("x.bin", []byte("file")))
	passes(t, err)
	_, err = d.Create(t.Context(), ticketNo(2))
	passes(t, err)
	if c, ok := d.Desk.(exdesk.Conversations); ok {
		_, err = c.Conversation(t.Context(), made.ID, time.Time{})
		passes(t, err)
		_, err = c.PrivateTexts(t.Context(), made.ID)
		passes(t, err)
	}
	if p, ok := d.Desk.(exdesk.People); ok {
		_, err = p.Person(t.Context(), customer)
		passes(t, err)
		_, err = p.SupportAddresses(t.Context())
		passes(t, err)
		_, err = p.Addresses(t.Context(), 1)
		passes(t, err)
		_, err = p.Encoded(t.Context(), []string{"ABCDEF-GHIJ"}, []string{customer})
		passes(t, err)
	}
	if i, ok := d.Desk.(exdesk.Importer); ok {
		_, err = i.Import(t.Context(), ticketNo(3), time.Now().Add(-time.Hour))
		passes(t, err)
	}
	d.Outage(false)
	eventually(t, max(d.Lag, time.Minute), "the end of the outage", func() bool {
		_, err := d.Ticket(t.Context(), made.ID)
		return err == nil
	})
	_, err = d.Create(t.Context(), ticketNo(2))
	if errors.Is(err, exdesk.ErrKeyUsed) { // the failure was remembered: look, and take another key
		require.Empty(t, d.find(t, ticketNo(2).ExternalID, time.Time{}))
		in := ticketNo(2)
		in.Key += "-2"
		_, err = d.Create(t.Context(), in)
	}
	require.NoError(t, err)
	d.finds(t, ticketNo(2).ExternalID, d.Tickets()[1])
	require.Len(t, d.Tickets(), 2)
}

// passes fails unless an error is of trouble that passes.
func passes(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, exdesk.ErrTemporary)
	require.NotErrorIs(t, err, exdesk.ErrNotFound, "nobody knows")
	require.NotErrorIs(t, err, exdesk.ErrRefused)
}
