package graphtest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

func TestPoison(t *testing.T) {
	b := setup(t, nil)
	ids := b.deliver("one", "two", "three", "four")
	require.True(t, b.fake.Poison(ids[1]))
	require.False(t, b.fake.Poison("nonsense"))

	page := func(options ...string) reply {
		return b.get(b.list(append(options, "$orderby", "receivedDateTime", "$top", "2")...))
	}
	r := page("$select", "id,subject")
	b.refused(r, 500, "ErrorCorruptData")
	r = page("$select", "id")
	require.Len(t, r.value(), 2)
	require.Equal(t, 200, b.get(r.next()).status)
	require.Equal(t, 200, page("$select", "id,receivedDateTime").status)
	b.refused(page(), 500, "ErrorCorruptData")
	b.refused(page("$select", "id", "$expand", "singleValueExtendedProperties($filter=id eq 'Integer 0x0E08')"), 500, "ErrorCorruptData")
	r = page("$select", "subject", "$skip", "2")
	require.Equal(t, []string{"three", "four"}, r.subjects(), "a page without it")
	require.Empty(t, b.get(b.list("$select", "subject", "$filter", "internetMessageId eq '<nobody@x>'")).value())
	b.refused(b.get(b.list("$select", "subject", "$filter", "internetMessageId eq '<two@example.com>'")), 500, "ErrorCorruptData")

	b.refused(b.get(b.message(ids[1])), 500, "ErrorCorruptData")
	b.refused(b.get(b.message(ids[1])+"?$select=subject"), 500, "ErrorCorruptData")
	require.Equal(t, ids[1], b.get(b.message(ids[1])+"?$select=id", "Prefer", immutable).json["id"])
	require.Equal(t, 200, b.get(b.message(ids[0])).status)
	require.Equal(t, 200, b.get(b.message(ids[1])+"/$value").status)
	require.Equal(t, 200, b.get(b.message(ids[1])+"/attachments").status)
	require.Equal(t, 200, b.do("PATCH", b.message(ids[1]), `{"isRead":true}`).status)
}

func TestBreakMIME(t *testing.T) {
	b := setup(t, nil)
	ids := b.deliver("one", "two")
	require.True(t, b.fake.BreakMIME(ids[0], ""))
	require.True(t, b.fake.BreakMIME(ids[1], "ErrorCorruptData"))
	require.False(t, b.fake.BreakMIME("nonsense", ""))
	for range 3 {
		b.refused(b.get(b.message(ids[0])+"/$value"), 500, "ErrorMimeContentConversionFailed")
		b.refused(b.get(b.message(ids[1])+"/$value"), 500, "ErrorCorruptData")
	}
	require.Equal(t, []string{"two", "one"}, b.get(b.list()).subjects())
	require.Equal(t, 200, b.get(b.message(ids[0])).status)
	require.Equal(t, 200, b.get(b.message(ids[0])+"/attachments").status)
}

func TestHeavyPage(t *testing.T) {
	b := setup(t, &graphtest.Options{HeavyPage: 3})
	b.deliver("one", "two", "three", "four", "five")
	r := b.get(b.list("$select", "id"))
	b.refused(r, 504, "UnknownError")
	require.Empty(t, r.json["error"].(map[string]any)["message"])
	r = b.get(b.list("$top", "3"))
	require.Len(t, r.value(), 3)
	require.Len(t, b.get(r.next()).value(), 2)
}
