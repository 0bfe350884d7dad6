package graphtest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// A message has an id that changes when it is moved and one that stays, and each
// can be had for the other.
func TestTranslateExchangeIds(t *testing.T) {
	b := setup(t, nil)
	b.deliver("a", "b")
	ids := func(header ...string) (list []string) {
		for _, row := range b.get(b.list("$select", "id"), header...).value() {
			list = append(list, row["id"].(string))
		}
		return list
	}
	mutable, constant := ids(), ids("Prefer", immutable)
	translate := func(from, to string, ids ...string) []map[string]any {
		in, err := json.Marshal(map[string]any{"inputIds": ids, "sourceIdType": from, "targetIdType": to})
		require.NoError(t, err)
		r := b.do("POST", b.user()+"/translateExchangeIds", string(in), "Content-Type", "application/json")
		require.Equal(t, 200, r.status, r.text)
		return r.value()
	}
	for i := range mutable {
		require.NotEqual(t, mutable[i], constant[i])
		require.Equal(t, []map[string]any{{"sourceId": mutable[i], "targetId": constant[i]}}, translate("restId", "restImmutableEntryId", mutable[i]))
		require.Equal(t, []map[string]any{{"sourceId": constant[i], "targetId": mutable[i]}}, translate("restImmutableEntryId", "restId", constant[i]))
	}
	list := translate("restId", "restImmutableEntryId", "gone", mutable[1], constant[0])
	require.Len(t, list, 3)
	for i, ok := range []bool{false, true, false} {
		require.Equal(t, ok, list[i]["targetId"] != nil)
		require.Equal(t, !ok, list[i]["errorDetails"] != nil)
	}
	for _, bad := range []string{`{"inputIds":[]}`, `{"inputIds":["x"],"sourceIdType":"restId","targetIdType":"none"}`, `{"inputIds":"x"}`, `{"ids":["x"]}`,
		`{"inputIds":["x"` + strings.Repeat(`,"x"`, 1000) + `],"sourceIdType":"restId","targetIdType":"restId"}`} {
		require.Equal(t, 400, b.do("POST", b.user()+"/translateExchangeIds", bad, "Content-Type", "application/json").status, "%.60s", bad)
	}
	other := b.fake.TokenFor(graphtest.Grant{AppOnly: true, Scopes: []string{"Mail.Read"}})
	r := b.do("POST", b.user()+"/translateExchangeIds", `{}`, "Content-Type", "application/json", "Authorization", "Bearer "+other)
	require.Equal(t, 403, r.status, r.text)
}
