package graphtest_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

func TestListShowsMessages(t *testing.T) {
	b := setup(t, nil)
	ids := b.deliver("one", "two", "three")
	r := b.get(b.list(), "Prefer", immutable, "Client-Request-Id", "mine")
	require.Equal(t, 200, r.status, r.text)
	require.Equal(t, []string{"three", "two", "one"}, r.subjects(), "newest first")
	require.Equal(t, `IdType="ImmutableId"`, r.header.Get("Preference-Applied"))
	require.Equal(t, "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8", r.header.Get("Content-Type"))
	require.Equal(t, "mine", r.header.Get("Client-Request-Id"))
	require.Len(t, r.header.Get("Request-Id"), 36)
	date, err := time.Parse(time.RFC1123, r.header.Get("Date"))
	require.NoError(t, err)
	require.WithinDuration(t, start, date, time.Minute)
	require.Contains(t, r.json, "@microsoft.graph.tips")

	m := r.value()[2]
	require.Equal(t, ids[0], m["id"])
	require.Equal(t, `W/"`+m["changeKey"].(string)+`"`, m["@odata.etag"])
	require.Equal(t, "2026-11-22T08:57:00Z", m["receivedDateTime"])
	require.Equal(t, "2026-11-22T07:00:00Z", m["sentDateTime"])
	require.Equal(t, "<one@example.com>", m["internetMessageId"])
	require.Equal(t, "Hello one.", m["bodyPreview"])
	require.Equal(t, map[string]any{"emailAddress": map[string]any{"name": "Ann", "address": "ann@example.com"}}, m["from"])
	require.Equal(t, []any{}, m["categories"])
	require.Equal(t, []any{}, m["ccRecipients"])
	require.Equal(t, false, m["isRead"])
	require.Nil(t, m["isDeliveryReceiptRequested"])
	require.Equal(t, map[string]any{"flagStatus": "notFlagged"}, m["flag"])
	require.NotContains(t, m, "internetMessageHeaders")
	require.NotContains(t, m, "size")

	r = b.get(b.list("$select", "subject"))
	require.Len(t, r.value()[0], 3, "etag and id always, and what is selected")
	require.NotContains(t, r.json, "@microsoft.graph.tips")
}

func TestListFolder(t *testing.T) {
	b := setup(t, nil)
	b.deliver("one")
	_, err := b.fake.DeliverTo(b.fake.Mailbox(), letter("junk"), &graphtest.Delivery{Folder: "junkemail"})
	require.NoError(t, err)
	for _, path := range []string{"/mailFolders/inbox/messages", "/mailfolders('Inbox')/Messages/", "/MailFolders/Inbox/messages"} {
		r := b.get(b.user() + path)
		require.Equal(t, []string{"one"}, r.subjects(), path)
		folder := r.value()[0]["parentFolderId"].(string)
		require.Equal(t, []string{"one"}, b.get(b.user()+"/mailFolders/"+url.PathEscape(folder)+"/messages").subjects())
	}
	require.Len(t, b.get(b.list()).value(), 2, "the whole mailbox")
	b.refused(b.get(b.user()+"/mailFolders/nonsense/messages"), 400, "ErrorInvalidIdMalformed")
	require.Empty(t, b.fake.Unknown())
}

func TestFilters(t *testing.T) {
	b := setup(t, &graphtest.Options{NegatedLambda: true})
	ids := b.deliver("one", "it's two", "Three")
	b.fake.Edit(ids[1], func(m *graphtest.Message) {
		m.IsRead, m.Categories = true, []string{"Zendesk", "Other"}
		m.Properties["Integer {66f5a359-4659-4830-9070-00047ec6ac6e} Name Number"] = "12"
		m.Properties["String {66F5A359-4659-4830-9070-00047ec6ac6e} Name Color"] = "Green"
	})
	const ep = "singleValueExtendedProperties/Any(ep: ep/id eq '%s {66f5a359-4659-4830-9070-00047EC6AC6E} Name %s' and %s)"
	for filter, want := range map[string][]string{
		"isRead eq false":                              {"Three", "one"},
		"isRead ne false":                              {"it's two"},
		"not (isRead eq false)":                        {"it's two"},
		"isDraft eq true":                              {},
		"hasAttachments eq false":                      {"Three", "it's two", "one"},
		"subject eq 'It''s Two'":                       {"it's two"},
		"subject ne 'one'":                             {"Three", "it's two"},
		"startswith(subject,'th')":                     {"Three"},
		"contains(subject, 'E')":                       {"Three", "one"},
		"internetMessageId eq '<one@example.com>'":     {"one"},
		"receivedDateTime ge 2026-11-22T08:58:00Z":     {"Three", "it's two"},
		"receivedDateTime gt 2026-11-22T08:58:00.000Z": {"Three"},
		"receivedDateTime le 2026-11-22T08:58:00Z and receivedDateTime lt 2026-11-22T09:58:00+01:00":     {"one"},
		"receivedDateTime eq 2026-11-22T08:58:00Z or subject eq 'one'":                                   {"it's two", "one"},
		"isRead eq true or isRead eq false and subject eq 'one'":                                         {"it's two", "one"},
		"(isRead eq true or isRead eq false) and subject eq 'one'":                                       {"one"},
		"categories/any(c:c eq 'zendesk')":                                                               {"it's two"},
		"not categories/any()":                                                                           {"Three", "one"},
		"not(categories/any(c:c eq 'Zendesk'))":                                                          {"Three", "one"},
		fmt.Sprintf(ep, "String", "Color", "ep/value eq 'green'"):                                        {"it's two"},
		fmt.Sprintf(ep, "String", "color", "ep/value eq 'green'"):                                        {},
		fmt.Sprintf(ep, "String", "Color", "startswith(ep/value,'GR')"):                                  {"it's two"},
		fmt.Sprintf(ep, "Integer", "Number", "cast(ep/value, Edm.Int32) gt 11"):                          {"it's two"},
		fmt.Sprintf(ep, "Integer", "Number", "cast(ep/value, Edm.Int32) gt 12"):                          {},
		"singleValueExtendedProperties/any(e:e/id eq 'Integer 0x0E08' and cast(e/value,Edm.Int32) gt 5)": {"Three", "it's two", "one"},
	} {
		r := b.get(b.list("$filter", filter))
		require.Equal(t, 200, r.status, "%s: %s", filter, r.text)
		require.Equal(t, want, r.subjects(), filter)
		require.NotContains(t, r.text, "Color", "the property is not shown")
	}
	require.Empty(t, b.fake.Unknown())
}

func TestFiltersRefused(t *testing.T) {
	b := setup(t, nil)
	for filter, code := range map[string]string{
		"isRead eq":                             "RequestBroker--ParseUri",
		"isRead eq 'true'":                      "RequestBroker--ParseUri",
		"isRead eq false and":                   "RequestBroker--ParseUri",
		"(isRead eq false":                      "RequestBroker--ParseUri",
		"isRead eq false)":                      "RequestBroker--ParseUri",
		"nonsense eq 'x'":                       "RequestBroker--ParseUri",
		"subject eq 'open":                      "RequestBroker--ParseUri",
		"subject gt 'x'":                        "RequestBroker--ParseUri",
		"receivedDateTime ge 2026-11-22":        "RequestBroker--ParseUri",
		"receivedDateTime ge '2026-11-22'":      "RequestBroker--ParseUri",
		"":                                      "RequestBroker--ParseUri",
		"importance eq 'high'":                  "BadRequest",
		"not(categories/any(c:c eq 'Zendesk'))": "BadRequest",
		"singleValueExtendedProperties/any(e:e/id eq 'nonsense' and e/value eq 'x')": "ErrorInvalidExtendedProperty",
	} {
		b.refused(b.get(b.list("$filter", filter)), 400, code)
	}
}

func TestInefficientFilter(t *testing.T) {
	b := setup(t, nil)
	for _, c := range []struct {
		filter, order string
		ok            bool
	}{
		{"receivedDateTime ge 1900-01-01T00:00:00Z and isRead eq false", "receivedDateTime asc", true},
		{"receivedDateTime ge 1900-01-01T00:00:00Z and isRead eq false", "receivedDateTime,isRead", true},
		{"receivedDateTime ge 1900-01-01T00:00:00Z and isRead eq false", "isRead", false},
		{"isRead eq false and receivedDateTime ge 1900-01-01T00:00:00Z", "receivedDateTime", false},
		{"isRead eq false", "receivedDateTime desc", false},
		{"isRead eq false", "subject", false},
		{"isRead eq false", "isRead,subject", false},
	} {
		r := b.get(b.list("$filter", c.filter, "$orderby", c.order))
		if c.ok {
			require.Equal(t, 200, r.status, "%s by %s", c.filter, c.order)
		} else {
			b.refused(r, 400, "InefficientFilter")
		}
	}
	ids := b.deliver("one", "two", "three")
	b.fake.Edit(ids[1], func(m *graphtest.Message) { m.IsRead = true })
	require.Equal(t, []string{"two", "three", "one"}, b.get(b.list("$orderby", "subject desc")).subjects())
	require.Equal(t, []string{"one", "three", "two"}, b.get(b.list("$orderby", "isRead, receivedDateTime")).subjects())
	require.Equal(t, []string{"two", "three", "one"}, b.get(b.list("$orderby", "isRead desc, receivedDateTime desc")).subjects())
}

func TestInefficientFilterLenient(t *testing.T) {
	b := setup(t, &graphtest.Options{LenientOrder: true})
	b.deliver("one", "two")
	r := b.get(b.list("$filter", "isRead eq false", "$orderby", "receivedDateTime"))
	require.Equal(t, []string{"one", "two"}, r.subjects())
	b.refused(b.get(b.list("$filter", "isRead eq false", "$orderby", "subject")), 400, "InefficientFilter")
}

func TestQueryOptionsRefused(t *testing.T) {
	b := setup(t, nil)
	for _, c := range [][]string{
		{"$top", "0"}, {"$top", "1001"}, {"$top", "x"}, {"$skip", "-1"}, {"$count", "yes"},
		{"$select", "nonsense"}, {"$select", "subject,"}, {"$select", "size"},
		{"$orderby", "nonsense"}, {"$orderby", "subject sideways"},
		{"$expand", "extensions"}, {"$expand", "singleValueExtendedProperties"}, {"$expand", "attachments,attachments"},
		{"$expand", "attachments($select=nonsense)"}, {"$expand", "attachments($top=1)"}, {"$expand", "attachments("}, {"$expand", "attachments,"},
		{"$expand", "singleValueExtendedProperties($filter=id eq 'a')"},
		{"$search", `"x"`}, {"foo", "bar"}, {"top", "3"}, {"$skiptoken", "made-up"},
	} {
		require.Equal(t, 400, b.get(b.list(c...)).status, c)
	}
	require.Equal(t, 400, b.get(b.list("$top", "1")+"&$top=2").status)
	require.NotEmpty(t, b.fake.Unknown())
}

func TestPages(t *testing.T) {
	b := setup(t, nil)
	var names []string
	for i := range 25 {
		names = append(names, fmt.Sprintf("n%02d", i))
	}
	b.deliver(names...)
	require.Len(t, b.get(b.list()).value(), 10, "the documented default")
	require.Len(t, b.get(b.list("$top", "1000")).value(), 25)

	r := b.get(b.list("$top", "7", "$skip", "1", "$orderby", "receivedDateTime", "$count", "true", "$select", "subject"))
	require.EqualValues(t, 25, r.json["@odata.count"])
	all := r.subjects()
	pages := 1
	for ; r.next() != ""; pages++ {
		require.True(t, strings.HasPrefix(r.next(), b.web.URL+"/v1.0/"), r.next())
		require.NotContains(t, r.next(), "$skip=7")
		r = b.get(r.next())
		require.Equal(t, 200, r.status, r.text)
		all = append(all, r.subjects()...)
	}
	require.Equal(t, names[1:], all)
	require.Equal(t, 4, pages)
}

func TestNextLinkIsSigned(t *testing.T) {
	b := setup(t, nil)
	b.deliver("one", "two", "three")
	next := b.get(b.list("$top", "1")).next()
	for _, other := range []string{
		next + "A", next[:len(next)-4], strings.Replace(next, "top=1", "top=2", 1),
		strings.Replace(next, "messages", "mailFolders/inbox/messages", 1),
	} {
		require.Equal(t, 400, b.get(other).status, other)
	}
	require.Equal(t, 200, b.get(next).status)
}

// Whoever marks mail read while reading pages of unread mail misses every
// second page.
func TestPagesShift(t *testing.T) {
	b := setup(t, nil)
	b.deliver("one", "two", "three", "four", "five", "six")
	r := b.get(b.list("$top", "2", "$orderby", "receivedDateTime",
		"$filter", "receivedDateTime ge 1900-01-01T00:00:00Z and isRead eq false"), "Prefer", immutable)
	require.Equal(t, []string{"one", "two"}, r.subjects())
	for _, row := range r.value() {
		require.Equal(t, 200, b.do("PATCH", b.message(row["id"].(string)), `{"isRead":true}`).status)
	}
	r = b.get(r.next())
	require.Equal(t, []string{"five", "six"}, r.subjects(), "three and four have moved to the first page")
	require.Empty(t, r.next())
}

func TestPageSizeAndEmptyPages(t *testing.T) {
	b := setup(t, &graphtest.Options{PageSize: 2, EmptyPages: 2})
	b.deliver("one", "two", "three", "four", "five")
	r := b.get(b.list("$orderby", "receivedDateTime"))
	all, sizes := r.subjects(), []int{len(r.value())}
	for r.next() != "" {
		r = b.get(r.next())
		all, sizes = append(all, r.subjects()...), append(sizes, len(r.value()))
	}
	require.Equal(t, []string{"one", "two", "three", "four", "five"}, all)
	require.Equal(t, []int{2, 0, 2, 0, 1}, sizes)
}

func TestExpand(t *testing.T) {
	b := setup(t, nil)
	id := b.deliver("one", "two")[0]
	const guid = "{66F5A359-4659-4830-9070-00047ec6ac6e}"
	b.fake.Edit(id, func(m *graphtest.Message) { m.Properties["String "+guid+" Name exdesk"] = "x" })
	expand := "singleValueExtendedProperties($filter=id eq 'Integer 0x0E08' or id eq 'String " + guid + " Name exdesk')"

	r := b.get(b.list("$select", "subject", "$expand", expand, "$orderby", "receivedDateTime"))
	require.Equal(t, 200, r.status, r.text)
	size := map[string]any{"id": "Integer 0xe08", "value": fmt.Sprint(len(letter("one")))}
	require.Equal(t, []any{size, map[string]any{"id": "String " + strings.ToLower(guid) + " Name exdesk", "value": "x"}},
		r.value()[0]["singleValueExtendedProperties"])
	require.Len(t, r.value()[1]["singleValueExtendedProperties"], 1)

	r = b.get(b.message(id) + joined([]string{"$expand", "singleValueExtendedProperties($filter=id eq 'String " + guid + " Name EXDESK')"}))
	require.Equal(t, 200, r.status)
	require.NotContains(t, r.json, "singleValueExtendedProperties", "names are case-sensitive")
	r = b.get(b.message(id) + joined([]string{"$expand", "singleValueExtendedProperties($filter=id eq 'String 0x007D')"}))
	require.Contains(t, r.text, `Subject: one\r\n`)
}

// FuzzFilter: a filter is answered or refused, whatever it is; what is answered to
// it and to its opposite are all messages, each once, and it with itself says what it
// says alone. Another order and another form show the same messages.
func FuzzFilter(f *testing.F) {
	f.Add("receivedDateTime ge 1900-01-01T00:00:00Z and not (isRead eq false or categories/any(c:c eq 'a''b'))")
	f.Add("singleValueExtendedProperties/any(e:e/id eq 'Integer 0xe08' and cast(e/value, Edm.Int32) gt 5)")
	f.Add("internetMessageId eq '<2@example.com>' or subject eq 'two'")
	f.Add("isRead eq true or (hasAttachments eq false and importance eq 'normal')")
	f.Add("startswith(subject,'t') and receivedDateTime lt 2026-11-22T09:00:00Z")
	f.Add("receivedDateTime desc")
	f.Add("singleValueExtendedProperties($filter=id eq 'String 0x007D')")
	fake := graphtest.New(&graphtest.Options{Budget: -1, TokenLife: 24 * time.Hour})
	all := make(map[string]bool)
	for i, name := range []string{"one", "two", "three"} {
		id, err := fake.DeliverTo(fake.Mailbox(), letter(name), &graphtest.Delivery{Read: i == 1, Categories: []string{"a'b"}[:i%2]})
		require.NoError(f, err)
		all[id] = true
	}
	token := fake.Token()
	f.Fuzz(func(t *testing.T, filter string) {
		ask := func(option, value string) (ids map[string]bool, ok bool) {
			req := httptest.NewRequest("GET", "/v1.0/me/messages"+joined([]string{option, value}), nil)
			req.Header.Set("Authorization", "Bearer "+token)
			req.Header.Set("Prefer", `IdType="ImmutableId"`)
			w := httptest.NewRecorder()
			fake.ServeHTTP(w, req)
			require.Contains(t, []int{200, 400}, w.Code, w.Body)
			if w.Code != 200 {
				return nil, false
			}
			var out struct{ Value []struct{ ID string } }
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &out))
			ids = make(map[string]bool)
			for _, m := range out.Value {
				require.False(t, ids[m.ID], "twice")
				ids[m.ID] = true
			}
			return ids, true
		}
		for _, option := range []string{"$expand", "$orderby", "$skiptoken"} {
			if ids, ok := ask(option, filter); ok && option != "$skiptoken" {
				require.Len(t, ids, len(all), "%s shows all", option)
			}
		}
		yes, ok := ask("$filter", filter)
		no, ok2 := ask("$filter", "not ("+filter+")")
		if !ok || !ok2 || strings.TrimSpace(filter) == "" {
			return
		}
		require.Equal(t, len(all), len(yes)+len(no), "%v and %v", yes, no)
		for id := range yes {
			require.False(t, no[id])
		}
		if both, ok := ask("$filter", "("+filter+") and ("+filter+")"); ok {
			require.Equal(t, yes, both)
		}
		if either, ok := ask("$filter", "("+filter+") or not ("+filter+")"); ok {
			require.Len(t, either, len(all))
		}
	})
}
