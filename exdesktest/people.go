package exdesktest

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// peopleTests are of a Desk that is a People.
var peopleTests = []subtest[DeskUnderTest]{
	{"person", personFound},
	{"person odd", personOdd},
	{"person agents", personAgents},
	{"person addresses", personAddresses},
	{"support addresses", supportAddresses},
	{"encoded", encodedID},
}

func (d *DeskUnderTest) people(t *testing.T) exdesk.People {
	p, ok := d.Desk.(exdesk.People)
	if !ok {
		t.Skip("it is no People")
	}
	return p
}

// join makes somebody known.
func (d *DeskUnderTest) join(t *testing.T, p exdesk.Person, further ...string) int64 {
	if d.Join == nil {
		t.Skip("DeskUnderTest.Join is not set")
	}
	id := d.Join(p, further...)
	require.NotZero(t, id, "DeskUnderTest.Join")
	return id
}

// personFound knows people by any of their addresses, in whatever case.
func personFound(t *testing.T, d DeskUnderTest) {
	p := d.people(t)
	id := d.join(t, exdesk.Person{Name: "Bob", Address: "bob@customer.example"}, "robert@other.example")
	other := d.join(t, exdesk.Person{Name: "Bobby", Address: "bob@customer.example.net"}, "notbob@customer.example")
	for address, want := range map[string]int64{
		"bob@customer.example": id, "BOB@Customer.Example": id, "robert@other.example": id, "Robert@Other.Example": id,
		"bob@customer.example.net": other, "notbob@customer.example": other,
	} {
		got, err := p.Person(t.Context(), address)
		require.NoError(t, err, address)
		require.NotNil(t, got, address)
		require.Equal(t, want, got.ID, address)
		require.False(t, got.Agent, address)
		require.False(t, got.Suspended, address)
	}
	got, err := p.Person(t.Context(), "robert@other.example")
	require.NoError(t, err)
	require.Equal(t, "bob@customer.example", got.Address, "the primary one")
	require.Equal(t, "Bob", got.Name)

	_, err = d.Create(t.Context(), ticketNo(1))
	require.NoError(t, err)
	got, err = p.Person(t.Context(), customer)
	require.NoError(t, err)
	require.NotNil(t, got, "who has a ticket is known")
	require.False(t, got.Agent)
}

// personOdd takes nobody for somebody.
func personOdd(t *testing.T, d DeskUnderTest) {
	p := d.people(t)
	d.join(t, exdesk.Person{Name: "Bob", Address: "bob@customer.example"}, "robert@other.example")
	for _, address := range []string{
		"nobody@customer.example", "ob@customer.example", "bob@customer.exampl", "bob@customer", "@customer.example", "bob", "customer.example",
		"*", "*@customer.example", "%@customer.example", "bob@customer.example\" OR \"x", "bob@customer.example role:agent",
		"Bob <bob@customer.example>", "bob@customer.example,robert@other.example", "bob+tag@customer.example", "böb@customer.example", strings.Repeat("x", 300) + "@customer.example",
	} {
		got, err := p.Person(t.Context(), address)
		if err == nil {
			require.Nil(t, got, "%.60q", address)
		}
		require.NotErrorIs(t, err, exdesk.ErrTemporary, "%.60q", address)
	}
}

// personAgents tells who may do what.
func personAgents(t *testing.T, d DeskUnderTest) {
	p := d.people(t)
	for _, want := range []exdesk.Person{
		{Name: "Agent", Address: "agent1@desk.example", Agent: true},
		{Name: "Light", Address: "agent2@desk.example", Agent: true, PrivateOnly: true},
		{Name: "Grouped", Address: "agent3@desk.example", Agent: true, Restricted: true, Group: 77},
		{Name: "Restricted", Address: "agent4@desk.example", Agent: true, Restricted: true},
		{Name: "Customer", Address: "customer@desk.example"},
		{Name: "Suspended", Address: "mallory@desk.example", Suspended: true},
	} {
		want.ID = d.join(t, want)
		got, err := p.Person(t.Context(), want.Address)
		require.NoError(t, err)
		require.Equal(t, &want, got)
	}
}

// personAddresses returns all of a person's addresses, and nobody else's.
func personAddresses(t *testing.T, d DeskUnderTest) {
	p := d.people(t)
	id := d.join(t, exdesk.Person{Name: "Bob", Address: "bob@customer.example"}, "robert@other.example", "bob@home.example")
	alone := d.join(t, exdesk.Person{Name: "Eve", Address: "eve@customer.example"})
	got, err := p.Addresses(t.Context(), id)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"bob@customer.example", "robert@other.example", "bob@home.example"}, got)
	got, err = p.Addresses(t.Context(), alone)
	require.NoError(t, err)
	require.Equal(t, []string{"eve@customer.example"}, got)
}

// supportAddresses has all that are the account's own.
func supportAddresses(t *testing.T, d DeskUnderTest) {
	p := d.people(t)
	if d.Support == nil {
		t.Skip("DeskUnderTest.Support is not set")
	}
	before, err := p.SupportAddresses(t.Context())
	require.NoError(t, err)
	for _, address := range []string{"help@desk.example", "sales@desk.example"} {
		d.Support(address)
		before = append(before, address)
	}
	got, err := p.SupportAddresses(t.Context())
	require.NoError(t, err)
	require.ElementsMatch(t, before, got)
}

// encodedID finds a ticket of somebody by what its notifications call it.
func encodedID(t *testing.T, d DeskUnderTest) {
	p := d.people(t)
	d.conversations(t)
	one, two := d.create(t, ticketNo(1)), d.create(t, ticketNo(2))
	in := ticketNo(3)
	in.Requester = exdesk.Address{Name: "Eve", Address: "eve@customer.example"}
	in.CCs = []exdesk.Address{{Name: "Bob", Address: "bob@customer.example"}}
	hers := d.create(t, in)
	code := func(id int64) string { return d.read(t, id, time.Time{}, nil).EncodedID }
	if code(one.ID) == "" {
		t.Skip("its tickets have no encoded ids")
	}
	for _, c := range []struct {
		ids, addresses []string
		want           int64
	}{
		{[]string{code(one.ID)}, []string{customer}, one.ID},
		{[]string{code(two.ID)}, []string{"nobody@customer.example", customer}, two.ID},
		{[]string{code(two.ID), code(one.ID)}, []string{customer}, two.ID},
		{[]string{code(one.ID), code(two.ID)}, []string{customer}, one.ID},
		{[]string{"AAAAAA-BBBBB", code(one.ID)}, []string{customer}, one.ID},
		{[]string{code(hers.ID), code(one.ID)}, []string{customer, "eve@customer.example"}, hers.ID},
		{[]string{code(hers.ID)}, []string{"bob@customer.example"}, hers.ID}, // who is copied
		{[]string{code(hers.ID)}, []string{customer}, 0},                     // another's
		{[]string{"AAAAAA-BBBBB", "", "%"}, []string{customer}, 0},
		{[]string{code(one.ID)}, []string{"nobody@customer.example"}, 0},
		{[]string{code(one.ID)}, nil, 0},
		{nil, []string{customer}, 0},
	} {
		got, err := p.Encoded(t.Context(), c.ids, c.addresses)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%v of %v", c.ids, c.addresses)
	}
}
