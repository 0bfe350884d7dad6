package graphtest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

const (
	owner   = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name owner"
	created = "SystemTime 0x3007"
)

// folders is the path of the folders with query options.
func (b *bench) folders(options ...string) string { return b.user() + "/mailFolders" + joined(options) }

func (b *bench) folder(id string, options ...string) string {
	return b.user() + "/mailFolders/" + id + joined(options)
}

func expand(ids ...string) string {
	filter := "id eq '" + ids[0] + "'"
	for _, id := range ids[1:] {
		filter += " or id eq '" + id + "'"
	}
	return "singleValueExtendedProperties($filter=" + filter + ")"
}

func owned(by string) string {
	return fmt.Sprintf(`"singleValueExtendedProperties":[{"id":%q,"value":%q}]`, owner, by)
}

// extended returns the extended properties of a message or a folder.
func extended(row map[string]any) map[string]string {
	list, _ := row["singleValueExtendedProperties"].([]any)
	var props map[string]string
	for _, one := range list {
		if props == nil {
			props = map[string]string{}
		}
		one := one.(map[string]any)
		props[one["id"].(string)] = one["value"].(string)
	}
	return props
}

func TestFolderProperties(t *testing.T) {
	b := setup(t, nil)
	r := b.do("POST", b.folders(), `{"displayName":"claim 1","isHidden":true,`+owned("one")+`}`)
	require.Equal(t, 201, r.status, r.text)
	require.NotContains(t, r.text, "singleValueExtendedProperties", "the answer does not show them")
	id := r.json["id"].(string)
	require.NotContains(t, b.get(b.folder(id)).text, "singleValueExtendedProperties")

	r = b.get(b.folder(id, "$expand", expand("string {66F5A359-4659-4830-9070-00047EC6AC6E} Name owner", "Integer 0x0036")))
	require.Equal(t, 200, r.status, r.text)
	require.Equal(t, map[string]string{owner: "one"}, extended(r.json), "the id is echoed normalised, what it lacks is missing")
	require.Contains(t, r.json["singleValueExtendedProperties@odata.context"], "/mailFolders('")
	require.NotContains(t, b.get(b.folder("inbox", "$expand", expand(owner))).text, "singleValueExtendedProperties")

	r = b.do("PATCH", b.folder(id), `{"@odata.type":"#microsoft.graph.mailFolder",`+owned("two")+`}`)
	require.Equal(t, 200, r.status, r.text)
	require.Equal(t, "claim 1", r.json["displayName"])
	require.Equal(t, true, r.json["isHidden"])
	require.NotContains(t, r.text, "singleValueExtendedProperties")
	r = b.do("PATCH", b.folder(id), `{"singleValueExtendedProperties":[{"id":"Integer {66f5a359-4659-4830-9070-00047ec6ac6e} Id 0x8001","value":"7"}]}`)
	require.Equal(t, 200, r.status, r.text)
	require.Equal(t, map[string]string{owner: "two", "Integer {66f5a359-4659-4830-9070-00047ec6ac6e} Id 0x8001": "7"},
		extended(b.get(b.folder(id, "$expand", expand(owner, "Integer {66f5a359-4659-4830-9070-00047ec6ac6e} Id 32769"))).json), "the other stays")

	// A well-known folder has them as well, and a folder within another.
	require.Equal(t, 200, b.do("PATCH", b.folder("inbox"), `{`+owned("desk")+`}`).status)
	require.Equal(t, map[string]string{owner: "desk"}, extended(b.get(b.folder("inbox", "$expand", expand(owner))).json))
	r = b.do("POST", b.user()+"/mailFolders/inbox/childFolders", `{"displayName":"below",`+owned("three")+`}`)
	require.Equal(t, 201, r.status, r.text)
	r = b.get(b.user() + "/mailFolders/inbox/childFolders" + joined([]string{"$expand", expand(owner)}))
	require.Equal(t, map[string]string{owner: "three"}, extended(r.value()[0]))
	require.Empty(t, b.fake.Unknown())
}

// PidTagCreationTime is the server's, so that claims can be told apart by age.
func TestFolderCreated(t *testing.T) {
	b := setup(t, nil)
	b.fake.Advance(90 * time.Second)
	r := b.do("POST", b.folders(), `{"displayName":"claim"}`)
	id := r.json["id"].(string)
	age := func() string {
		r := b.get(b.folder(id, "$expand", expand("SystemTime 0x3007")))
		require.Equal(t, 200, r.status, r.text)
		return extended(r.json)[created]
	}
	require.Regexp(t, `^2026-11-22T09:01:3\dZ$`, age())
	before := age()
	b.fake.Advance(30 * time.Minute)
	require.Equal(t, 200, b.do("PATCH", b.folder(id), `{"displayName":"renamed"}`).status)
	require.Equal(t, before, age())
	set := `{"displayName":"x","singleValueExtendedProperties":[{"id":"SystemTime 0x3007","value":"2026-01-01T00:00:00Z"}]}`
	b.refused(b.do("PATCH", b.folder(id), set), 400, "ErrorInvalidPropertySet")
	b.refused(b.do("POST", b.folders(), set), 400, "ErrorInvalidPropertySet")
	require.Equal(t, before, age())
}

func TestFolderList(t *testing.T) {
	b := setup(t, nil)
	for i := range 5 {
		r := b.do("POST", b.folders(), fmt.Sprintf(`{"displayName":"Claim o'%d","isHidden":true,%s}`, i, owned(fmt.Sprint(i))))
		require.Equal(t, 201, r.status, r.text)
	}
	require.Equal(t, 201, b.do("POST", b.folders(), `{"displayName":"claim bare"}`).status)
	list := func(filter string, more ...string) reply {
		r := b.get(b.folders(append([]string{"$filter", filter, "$select", "displayName", "$expand", expand(owner, created)}, more...)...))
		require.Equal(t, 200, r.status, r.text)
		return r
	}
	r := list("displayName eq 'CLAIM O''3'", "includeHiddenFolders", "true")
	require.Equal(t, []string{"Claim o'3"}, r.folders())
	require.Len(t, r.value()[0], 4, "id, name, and the expansion with its context")
	require.Equal(t, "3", extended(r.value()[0])[owner])
	require.Contains(t, extended(r.value()[0]), created)
	require.Equal(t, []string{"claim bare"}, list("startswith(displayName,'claim')").folders(), "the others are hidden")
	require.Empty(t, list("displayName eq ''").value())

	var names []string
	var owners []string
	r = list("startswith(displayName, 'Claim ')", "includeHiddenFolders", "true", "$top", "4", "$count", "true")
	require.Equal(t, 6.0, r.json["@odata.count"])
	for ; ; r = b.get(r.next()) {
		for _, row := range r.value() {
			owners = append(owners, extended(row)[owner])
		}
		names = append(names, r.folders()...)
		if r.next() == "" {
			break
		}
	}
	require.Equal(t, []string{"claim bare", "Claim o'0", "Claim o'1", "Claim o'2", "Claim o'3", "Claim o'4"}, names)
	require.Equal(t, []string{"", "0", "1", "2", "3", "4"}, owners)
	require.Empty(t, b.fake.Unknown())
}

func TestFolderRename(t *testing.T) {
	b := setup(t, nil)
	create := func(path, name string) string {
		r := b.do("POST", path, `{"displayName":"`+name+`"}`)
		require.Equal(t, 201, r.status, r.text)
		return r.json["id"].(string)
	}
	one := create(b.folders(), "one")
	create(b.folders(), "two")
	below := create(b.user()+"/mailFolders/inbox/childFolders", "one")
	rename := func(id, name string) reply { return b.do("PATCH", b.folder(id), `{"displayName":"`+name+`"}`) }
	b.refused(rename(one, "TWO"), 409, "ErrorFolderExists")
	b.refused(b.do("PATCH", b.folder(one), `{"displayName":"two",`+owned("x")+`}`), 409, "ErrorFolderExists")
	require.Nil(t, extended(b.get(b.folder(one, "$expand", expand(owner))).json), "all of it or nothing")
	require.Equal(t, 200, rename(below, "two").status, "free in there")
	require.Equal(t, "One", rename(one, "One").json["displayName"])
	require.Equal(t, "three", rename(one, "three").json["displayName"])
	create(b.folders(), "one")
	require.Equal(t, "three", b.get(b.folder(one)).json["displayName"])

	b.refused(rename("inbox", "Post"), 400, "ErrorInvalidPropertySet")
	require.Equal(t, 200, rename("inbox", "Inbox").status, "it has that name")
	b.refused(rename(one, ""), 400, "BadRequest")
	b.refused(rename("nowhere", "x"), 400, "ErrorInvalidIdMalformed")
	require.Equal(t, 204, b.do("DELETE", b.folder(one), "").status)
	b.refused(rename(one, "x"), 404, "ErrorItemNotFound")
	require.Empty(t, b.fake.Unknown())
}

func TestFolderPropertiesRefused(t *testing.T) {
	b := setup(t, &graphtest.Options{DuplicateFolder: 400})
	id := b.do("POST", b.folders(), `{"displayName":"x"}`).json["id"].(string)
	b.refused(b.do("PATCH", b.folder(id), `{"displayName":"inbox"}`), 400, "ErrorFolderExists")
	for body, code := range map[string]string{
		`{"isHidden":true}`:                           "ErrorInvalidPropertySet",
		`{"totalItemCount":1}`:                        "ErrorInvalidPropertySet",
		`{"color":1}`:                                 "RequestBodyRead",
		`{"displayName":1}`:                           "BadRequest",
		`{"singleValueExtendedProperties":null}`:      "BadRequest",
		`{"singleValueExtendedProperties":[{}]}`:      "ErrorInvalidExtendedProperty",
		`{"singleValueExtendedProperties":[{"a":1}]}`: "RequestBodyRead",
		`{"singleValueExtendedProperties":[{"id":"Integer 0x1","value":"x"}]}`: "BadRequest",
		`{"singleValueExtendedProperties":[{"id":"String 0x1"}]}`:              "BadRequest",
	} {
		b.refused(b.do("PATCH", b.folder(id), body), 400, code)
	}
	b.refused(b.do("POST", b.folders(), `{"displayName":"y","totalItemCount":1}`), 400, "ErrorInvalidPropertySet")
	b.refused(b.do("POST", b.folders(), `{"displayName":"y","isHidden":null}`), 400, "BadRequest")
	b.refused(b.get(b.folders("$expand", "singleValueExtendedProperties")), 400, "RequestBroker--ParseUri")
	require.Empty(t, b.fake.Unknown())
	b.refused(b.get(b.folders("$expand", "childFolders")), 400, "BadRequest")
	b.refused(b.get(b.folders("$filter", "contains(displayName,'x')")), 400, "BadRequest")
	b.refused(b.get(b.folders("$filter", "startswith(displayName,'x') or displayName eq 'y'")), 400, "BadRequest")
	b.refused(b.get(b.folders("$filter", "displayName eq 'y")), 400, "RequestBroker--ParseUri")
	require.Len(t, b.fake.Unknown(), 3)

	b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.Read"}})
	b.refused(b.do("PATCH", b.folder(id), `{"displayName":"y"}`), 403, "ErrorAccessDenied")
	require.Equal(t, 200, b.get(b.folders("$expand", expand(owner))).status)
	b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.ReadBasic"}})
	b.refused(b.get(b.folders("$expand", expand(owner))), 403, "ErrorAccessDenied")
	b.refused(b.get(b.folder(id, "$expand", expand(owner))), 403, "ErrorAccessDenied")
	require.Equal(t, 200, b.get(b.folder(id)).status)
}
