package graphtest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// A message is found by its Message-ID wherever it lies.
func TestFindByMessageID(t *testing.T) {
	b := setup(t, nil)
	for folder, id := range map[string]string{"inbox": "<in@x>", "sentitems": "<o'neil+sent/1@x>", "deleteditems": "<''@x>", "archive": "<ärchiv@x>"} {
		b.arrive("From: a@x\r\nSubject: "+folder+"\r\nMessage-ID: "+id+"\r\n\r\n", &graphtest.Delivery{Folder: folder})
	}
	eq := func(id string) string { return "internetMessageId eq '" + strings.ReplaceAll(id, "'", "''") + "'" }
	found := func(filter string) []string {
		r := b.get(b.list("$filter", filter, "$select", "id,subject,parentFolderId", "$top", "5",
			"$expand", "singleValueExtendedProperties($filter=id eq 'Integer 0x0E08')"), "Prefer", immutable)
		require.Equal(t, 200, r.status, r.text)
		for _, row := range r.value() {
			require.Len(t, row["singleValueExtendedProperties"], 1)
		}
		return r.subjects()
	}
	require.Equal(t, []string{"sentitems"}, found(eq("<o'neil+sent/1@x>")))
	require.Equal(t, []string{"deleteditems"}, found(eq("<''@x>")))
	require.Equal(t, []string{"archive"}, found(eq("<ärchiv@x>")))
	require.Empty(t, found(eq("<nobody@x>")))
	require.Empty(t, found(eq("<IN@x>")), "ids are compared as they are")
	require.ElementsMatch(t, []string{"inbox", "sentitems", "deleteditems"}, found(eq("<in@x>")+" or "+eq("<o'neil+sent/1@x>")+" or "+eq("<''@x>")))
	require.Equal(t, 400, b.get(b.list("$filter", "internetMessageId eq '<o'neil@x>'")).status)
}

func TestFilterLag(t *testing.T) {
	b := setup(t, &graphtest.Options{FilterLag: time.Minute})
	b.arrive("Subject: one\r\nMessage-ID: <1@x>\r\n\r\n", &graphtest.Delivery{Folder: "sentitems", Received: start.Add(-time.Hour)})
	find := func(filter string) []string { return b.get(b.list("$filter", filter)).subjects() }
	require.Empty(t, find("internetMessageId eq '<1@x>'"), "new in its folder, whatever it says")
	require.Empty(t, find("internetMessageId eq '<1@x>' or internetMessageId eq '<2@x>'"))
	require.Equal(t, []string{"one"}, find("subject eq 'one'"))
	require.Equal(t, []string{"one"}, b.get(b.user()+"/mailFolders/sentitems/messages").subjects())
	b.fake.Advance(time.Minute)
	require.Equal(t, []string{"one"}, find("internetMessageId eq '<1@x>'"))
}

func TestPropertyLag(t *testing.T) {
	const prop = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name exdesk"
	set := fmt.Sprintf(`{"singleValueExtendedProperties":[{"id":%q,"value":"1"}],"toRecipients":[{"emailAddress":{"address":"ann@example.com"}}]}`, prop)
	byProperty := "singleValueExtendedProperties/any(ep: ep/id eq '" + prop + "' and ep/value eq '1')"
	const byFlag = "isDraft eq true"
	b := setup(t, &graphtest.Options{PropertyLag: time.Minute, SentLag: 10 * time.Second})
	find := func(filter string) []map[string]any {
		r := b.get(b.list("$filter", filter, "$expand", "singleValueExtendedProperties($filter=id eq '"+prop+"')"))
		require.Equal(t, 200, r.status, r.text)
		return r.value()
	}
	id := b.draft(set)
	require.Empty(t, find(byProperty))
	require.Len(t, find(byProperty+" or "+byFlag), 1)
	require.Contains(t, find(byFlag)[0], "singleValueExtendedProperties")
	m, _ := b.fake.Message(id)
	require.Len(t, find("internetMessageId eq '"+m.InternetMessageID+"'"), 1, "that is FilterLag")
	b.fake.Advance(time.Minute)
	require.Len(t, find(byProperty), 1)

	// What is set on a message that has lain there is found at once.
	id = b.draft(`{}`)
	b.fake.Advance(time.Minute)
	require.Equal(t, 200, b.do("PATCH", b.message(id), set).status)
	require.Len(t, find(byProperty), 2)

	// To be sent is to be put into Sent Items.
	require.Equal(t, 202, b.send(id).status)
	b.fake.Advance(time.Minute)
	require.Len(t, find("isRead eq true"), 2)
	require.Len(t, find(byProperty), 1)
	b.fake.Advance(10 * time.Second)
	require.Len(t, find(byProperty), 2)

	b = setupMore(t, &graphtest.Options{FilterLag: time.Minute})
	b.draft(set)
	require.Len(t, find(byProperty), 1, "that is PropertyLag")
}

// A list of all mail, read or not, from either end.
func TestListReadAndUnread(t *testing.T) {
	b := setup(t, nil)
	ids := b.deliver("one", "two", "three", "four", "five")
	b.fake.Edit(ids[1], func(m *graphtest.Message) { m.IsRead = true })
	b.fake.Edit(ids[3], func(m *graphtest.Message) { m.IsRead = true })
	pages := func(order string) (all []string) {
		r := b.get(b.user() + "/mailFolders/inbox/messages" + joined([]string{"$top", "2", "$orderby", order,
			"$filter", "receivedDateTime ge " + start.Add(-4*time.Minute).Format(time.RFC3339)}))
		for ; ; r = b.get(r.next()) {
			require.Equal(t, 200, r.status, r.text)
			all = append(all, r.subjects()...)
			if r.next() == "" {
				return all
			}
			// What is marked while the list is read stays in it.
			b.do("PATCH", b.message(r.value()[0]["id"].(string)), `{"isRead":true}`)
		}
	}
	require.Equal(t, []string{"five", "four", "three", "two"}, pages("receivedDateTime desc"))
	require.Equal(t, []string{"two", "three", "four", "five"}, pages("receivedDateTime asc"))
}

// QUIRK: what arrives while the newest come first pushes the rest on, so that
// items are seen twice.
func TestNewestFirstRepeats(t *testing.T) {
	b := setup(t, nil)
	b.deliver("one", "two", "three", "four")
	r := b.get(b.list("$top", "2", "$orderby", "receivedDateTime desc", "$filter", "receivedDateTime ge 1900-01-01T00:00:00Z"))
	require.Equal(t, []string{"four", "three"}, r.subjects())
	b.fake.Deliver(letter("five"))
	require.Equal(t, []string{"three", "two"}, b.get(r.next()).subjects())
}

func TestPatchBackAndForth(t *testing.T) {
	b := setup(t, nil)
	id := b.deliver("one")[0]
	const prop = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name exdesk"
	set := func(body string) graphtest.Message {
		r := b.do("PATCH", b.message(id), body)
		require.Equal(t, 200, r.status, r.text)
		m, _ := b.fake.Message(id)
		return m
	}
	value := func(v string) string {
		return fmt.Sprintf(`{"singleValueExtendedProperties":[{"id":%q,"value":%q}]}`, prop, v)
	}
	set(`{"isRead":true,"categories":["Zendesk"]}`)
	m := set(value("1"))
	require.True(t, m.IsRead, "kept")
	require.Equal(t, []string{"Zendesk"}, m.Categories)
	require.Equal(t, map[string]string{prop: "1"}, m.Properties)
	key := m.ChangeKey

	m = set(`{"isRead":false,"categories":[]}`)
	require.False(t, m.IsRead)
	require.Empty(t, m.Categories)
	require.Equal(t, map[string]string{prop: "1"}, m.Properties)
	require.NotEqual(t, key, m.ChangeKey)

	m = set(value("2"))
	require.False(t, m.IsRead)
	require.Empty(t, m.Categories)
	require.Equal(t, map[string]string{prop: "2"}, m.Properties)
	m = set(`{"isRead":true,"categories":["Other","Zendesk"]}`)
	require.True(t, m.IsRead)
	require.Equal(t, []string{"Other", "Zendesk"}, m.Categories)
}
