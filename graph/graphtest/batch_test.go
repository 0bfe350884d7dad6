package graphtest_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

type item = map[string]any

// batch sends requests and returns the answers as they came.
func (b *bench) batch(steps []item) []item {
	b.Helper()
	r := b.rawBatch(item{"requests": steps})
	require.Equal(b, 200, r.status, r.text)
	var list []item
	for _, v := range r.json["responses"].([]any) {
		list = append(list, v.(item))
	}
	require.Len(b, list, len(steps))
	return list
}

func (b *bench) rawBatch(v any) reply {
	b.Helper()
	text, err := json.Marshal(v)
	require.NoError(b, err)
	return b.do("POST", "/v1.0/$batch", string(text))
}

func (b *bench) patches(ids []string) []item {
	var steps []item
	for i, id := range ids {
		steps = append(steps, item{"id": fmt.Sprint(i + 1), "method": "PATCH", "url": strings.TrimPrefix(b.message(id), "/v1.0"),
			"headers": item{"Content-Type": "application/json"}, "body": item{"isRead": true}})
	}
	return steps
}

func byID(list []item) map[string]item {
	m := map[string]item{}
	for _, v := range list {
		m[v["id"].(string)] = v
	}
	return m
}

func TestBatch(t *testing.T) {
	b := setup(t, nil)
	ids := b.deliver("one", "two")
	me := "/me/messages/"
	list := byID(b.batch([]item{
		b.patches(ids)[0],
		{"id": "get", "method": "get", "url": me + ids[1] + "?$select=subject", "headers": item{"Prefer": immutable}},
		{"id": "mime", "method": "GET", "url": me + ids[1] + "/$value"},
		{"id": "gone", "method": "GET", "url": me + ids[1][:len(ids[1])-3] + "AA="},
		{"id": "bad", "method": "PATCH", "url": me + ids[1], "headers": item{"Content-Type": "application/json"}, "body": item{"isRead": "x"}},
		{"id": "nested", "method": "POST", "url": "/$batch", "headers": item{"Content-Type": "application/json"}, "body": item{}},
		{"id": "move", "method": "POST", "url": me + ids[1] + "/move", "headers": item{"content-type": "application/json"}, "body": item{"destinationId": "archive"}},
	}))
	require.EqualValues(t, 200, list["1"]["status"])
	require.Equal(t, true, list["1"]["body"].(item)["isRead"])
	require.Equal(t, ids[1], list["get"]["body"].(item)["id"])
	headers := list["get"]["headers"].(item)
	require.Equal(t, immutable, headers["Preference-Applied"])
	require.Contains(t, headers["Content-Type"], "application/json")
	mime, err := base64.StdEncoding.DecodeString(list["mime"]["body"].(string))
	require.NoError(t, err)
	require.Contains(t, string(mime), "Subject: two\r\n")
	require.EqualValues(t, 404, list["gone"]["status"])
	require.EqualValues(t, 400, list["bad"]["status"])
	require.EqualValues(t, 400, list["nested"]["status"])
	require.EqualValues(t, 201, list["move"]["status"])
	m, _ := b.fake.Message(ids[0])
	require.True(t, m.IsRead)
	require.Equal(t, 1, b.fake.Count(), "a batch is one request")
}

func TestBatchRefused(t *testing.T) {
	b := setup(t, nil)
	get := func(id string, on ...string) item {
		return item{"id": id, "method": "GET", "url": "/me", "dependsOn": append([]string{}, on...)}
	}
	var many []item
	for i := range 21 {
		many = append(many, get(fmt.Sprint(i)))
	}
	require.Len(t, b.batch(many[:20]), 20)
	for name, steps := range map[string][]item{
		"21":           many,
		"none":         {},
		"same id":      {get("1"), get("1")},
		"no id":        {get("")},
		"absolute":     {{"id": "1", "method": "GET", "url": "https://graph.microsoft.com/v1.0/me"}},
		"method":       {{"id": "1", "method": "BREW", "url": "/me"}},
		"no type":      {{"id": "1", "method": "PATCH", "url": "/me", "body": item{}}},
		"unknown on":   {get("1"), get("2", "3")},
		"itself":       {get("1", "1")},
		"another form": {get("1"), get("2"), get("3", "2")},
	} {
		require.Equal(t, 400, b.rawBatch(item{"requests": steps}).status, name)
	}
	require.Equal(t, 400, b.do("POST", "/v1.0/$batch", `{"requests":`).status)
	require.Equal(t, 400, b.rawBatch(item{}).status)
	b.refused(b.do("POST", "/v1.0/$batch", `{}`, "Authorization", ""), 401, "InvalidAuthenticationToken")
}

func TestBatchDependsOn(t *testing.T) {
	b := setup(t, nil)
	ids := b.deliver("one", "two", "three")
	steps := b.patches(ids)
	steps[1]["body"] = item{"isRead": 1}
	steps[1]["dependsOn"] = []string{"1"}
	steps[2]["dependsOn"] = []string{"2"}
	list := byID(b.batch(steps))
	require.EqualValues(t, 200, list["1"]["status"])
	require.EqualValues(t, 400, list["2"]["status"])
	require.EqualValues(t, 424, list["3"]["status"])
	m, _ := b.fake.Message(ids[2])
	require.False(t, m.IsRead)

	steps = b.patches(ids)
	steps[1]["dependsOn"] = []string{"1"}
	steps[2]["dependsOn"] = []string{"1"}
	for _, st := range b.batch(steps) {
		require.EqualValues(t, 200, st["status"])
	}
}

func TestBatchAnyDependsOn(t *testing.T) {
	b := setup(t, &graphtest.Options{AnyDependsOn: true})
	steps := b.patches(b.deliver("one", "two", "three"))
	steps[2]["dependsOn"] = []string{"2"}
	require.Len(t, b.batch(steps), 3)
}

func TestBatchAnswersInAnyOrder(t *testing.T) {
	b := setup(t, nil)
	steps := b.patches(b.deliver("one", "two", "three", "four", "five", "six"))
	orders := map[string]bool{}
	for range 5 {
		var order []string
		for _, st := range b.batch(steps) {
			order = append(order, st["id"].(string))
		}
		orders[strings.Join(order, "")] = true
		slices.Sort(order)
		require.Equal(t, "123456", strings.Join(order, ""))
	}
	require.Greater(t, len(orders), 1)
}

func TestFaultsBefallBatchItems(t *testing.T) {
	b := setup(t, nil)
	ids := b.deliver("one", "two", "three", "four", "five")
	path := "/v1.0/users/*/messages/*"
	// Which items are hit does not depend on the scheduler.
	require.NoError(t, b.fake.Fault(graphtest.Fault{Path: path, Skip: 1, Status: 429, RetryAfter: "7", Delay: graphtest.Duration(time.Millisecond)}))
	require.NoError(t, b.fake.Fault(graphtest.Fault{Path: path, Skip: 2, Drop: true, Commit: true}))
	list := byID(b.batch(b.patches(ids)))
	require.EqualValues(t, 200, list["1"]["status"])
	require.EqualValues(t, 429, list["2"]["status"])
	require.Equal(t, "7", list["2"]["headers"].(item)["Retry-After"])
	require.EqualValues(t, 200, list["3"]["status"])
	require.EqualValues(t, 504, list["4"]["status"])
	require.EqualValues(t, 200, list["5"]["status"])
	m, _ := b.fake.Message(ids[3])
	require.True(t, m.IsRead, "it acted and lost its answer")

	require.NoError(t, b.fake.Fault(graphtest.Fault{Status: 503}))
	b.refused(b.rawBatch(item{"requests": b.patches(ids)}), 503, "ErrorServerBusy")
}
