package exdesktest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// importTests are of a Desk that is an Importer.
var importTests = []subtest[DeskUnderTest]{
	{"import", importOld},
	{"import twice", importTwice},
	{"import lost answer", importLost},
}

func (d *DeskUnderTest) importer(t *testing.T) exdesk.Importer {
	i, ok := d.Desk.(exdesk.Importer)
	if !ok {
		t.Skip("it is no Importer")
	}
	return i
}

// importOld makes a ticket of the past, and finds it.
func importOld(t *testing.T, d DeskUnderTest) {
	i := d.importer(t)
	up, err := d.Upload(t.Context(), file("x.txt", []byte("file")))
	require.NoError(t, err)
	in := ticketNo(1)
	in.Tags, in.Uploads = []string{"old"}, []string{up.Token}
	written := time.Now().Add(-1000 * time.Hour).Truncate(time.Second)
	made, err := i.Import(t.Context(), in, written)
	require.NoError(t, err)
	require.Equal(t, in.ExternalID, made.ExternalID)
	require.Equal(t, in.Origin, made.Origin)
	got := d.look(t, made.ID)
	require.WithinDuration(t, written, got.Created, time.Second, "when it was written")
	require.Equal(t, "No. 1", got.Subject)
	require.Equal(t, customer, got.Requester)
	require.Contains(t, got.Tags, "old")
	require.Len(t, got.Remarks, 1)
	require.Contains(t, got.Remarks[0].Text, "Where is no. 1?")
	require.Equal(t, customer, got.Remarks[0].Author)
	require.Equal(t, [][]byte{[]byte("file")}, got.Remarks[0].Files)
	d.finds(t, in.ExternalID, made.ID)
	found, err := d.Find(t.Context(), in.ExternalID, time.Time{})
	require.NoError(t, err)
	require.Equal(t, in.Origin.Digest, found[0].Origin.Digest)
}

// importTwice finds both, since no key keeps a second from being made.
func importTwice(t *testing.T, d DeskUnderTest) {
	i := d.importer(t)
	in := ticketNo(1)
	written := time.Now().Add(-1000 * time.Hour)
	one, err := i.Import(t.Context(), in, written)
	require.NoError(t, err)
	two, err := i.Import(t.Context(), in, written)
	require.NoError(t, err)
	ids := []int64{one.ID}
	if two.ID != one.ID {
		ids = append(ids, two.ID)
	}
	d.finds(t, in.ExternalID, ids...)
}

// importLost says that nobody knows, and finds it.
func importLost(t *testing.T, d DeskUnderTest) {
	i := d.importer(t)
	if d.Lose == nil {
		t.Skip("DeskUnderTest.Lose is not set")
	}
	in := ticketNo(1)
	d.Lose()
	_, err := i.Import(t.Context(), in, time.Now().Add(-1000*time.Hour))
	require.True(t, sameClass(err, exdesk.ErrDoubtful), "%v", err)
	ids := d.Tickets()
	require.Len(t, ids, 1, "a request without a key must not be sent twice")
	d.finds(t, in.ExternalID, ids[0])
}
