package graphtest_test

import (
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

func (r reply) folders() []string {
	var list []string
	for _, row := range r.value() {
		list = append(list, row["displayName"].(string))
	}
	return list
}

func TestFolders(t *testing.T) {
	b := setup(t, nil)
	b.deliver("one", "two")
	path := b.user() + "/mailFolders"
	r := b.get(path)
	require.Equal(t, []string{"Archive", "Conversation History", "Deleted Items", "Drafts", "Inbox", "Junk Email", "Outbox", "Sent Items"}, r.folders())
	require.Contains(t, b.get(path+"?includeHiddenFolders=true").folders(), "clutter")
	inbox := b.get(path + "/inbox").json
	require.Equal(t, "Inbox", inbox["displayName"])
	require.Equal(t, 2.0, inbox["totalItemCount"])
	require.Equal(t, 2.0, inbox["unreadItemCount"])
	require.Equal(t, inbox["id"], b.get(path + "/" + inbox["id"].(string)).json["id"])
	require.Equal(t, inbox["parentFolderId"], b.get(path + "/msgfolderroot").json["id"])
	require.Len(t, b.get(path+"/inbox?$select=displayName").json, 3)

	r = b.do("POST", path, `{"displayName":"claim 1","isHidden":true}`)
	require.Equal(t, 201, r.status, r.text)
	id := r.json["id"].(string)
	require.Equal(t, true, r.json["isHidden"])
	require.Empty(t, b.get(path+"?$filter="+url.QueryEscape("displayName eq 'claim 1'")).folders())
	r = b.get(path + "?includeHiddenFolders=true&$count=true&$filter=" + url.QueryEscape("displayName eq 'CLAIM 1'"))
	require.Equal(t, []string{"claim 1"}, r.folders())
	require.Equal(t, 1.0, r.json["@odata.count"])
	r = b.do("POST", path, `{"displayName":"Claim 1"}`)
	b.refused(r, 409, "ErrorFolderExists")
	require.Contains(t, r.text, "Could not create folder 'Claim 1'.")

	// Below another folder the name is free.
	r = b.do("POST", path+"/inbox/childFolders", `{"displayName":"claim 1"}`)
	require.Equal(t, 201, r.status, r.text)
	child := r.json["id"].(string)
	require.Equal(t, []string{"claim 1"}, b.get(path+"/inbox/childFolders").folders())
	require.Equal(t, 1.0, b.get(path + "/inbox").json["childFolderCount"])

	draft := b.do("POST", path+"/"+child+"/messages", `{"subject":"in there"}`, "Prefer", immutable).json["id"].(string)
	m, _ := b.fake.Message(draft)
	require.Equal(t, child, m.Folder)
	require.True(t, b.fake.Edit(draft, func(m *graphtest.Message) { m.IsRead = false }))
	require.Equal(t, []string{"in there"}, b.get(path+"/"+child+"/messages").subjects())
	require.Equal(t, 201, b.do("POST", b.message(draft)+"/move", `{"destinationId":"`+id+`"}`).status)
	require.Equal(t, []string{"in there"}, b.get(path+"/"+id+"/messages").subjects())
	require.Equal(t, 204, b.do("DELETE", path+"/"+id, "").status)
	b.refused(b.get(b.message(draft)), 404, "ErrorItemNotFound")
	b.refused(b.get(path+"/"+id), 404, "ErrorItemNotFound")
	b.refused(b.do("DELETE", path+"/"+id, ""), 404, "ErrorItemNotFound")
	require.Equal(t, 201, b.do("POST", path, `{"displayName":"claim 1"}`).status, "the name is free again")

	r = b.get(path + "?$top=3")
	require.Len(t, r.folders(), 3)
	require.Len(t, b.get(r.next()).folders(), 3)
	require.Empty(t, b.fake.Unknown())
}

func TestFoldersRefused(t *testing.T) {
	b := setup(t, &graphtest.Options{DuplicateFolder: 400})
	path := b.user() + "/mailFolders"
	require.Equal(t, 201, b.do("POST", path, `{"displayName":"x"}`).status)
	b.refused(b.do("POST", path, `{"displayName":"x"}`), 400, "ErrorFolderExists")
	b.refused(b.do("POST", path, `{"displayName":"Inbox"}`), 400, "ErrorFolderExists")
	b.refused(b.do("POST", path, `{"displayName":""}`), 400, "BadRequest")
	b.refused(b.do("POST", path, `{"displayName":1}`), 400, "BadRequest")
	b.refused(b.do("POST", path, `{"displayName":"y","color":1}`), 400, "RequestBodyRead")
	b.refused(b.do("POST", path+"/nowhere/childFolders", `{"displayName":"x"}`), 400, "ErrorInvalidIdMalformed")
	b.refused(b.do("DELETE", path+"/inbox", ""), 400, "ErrorDeleteDistinguishedFolder")
	b.refused(b.get(path+"/inbox?$select=size"), 400, "RequestBroker--ParseUri")
	b.refused(b.get(path+"?$filter=isHidden%20eq%20true"), 400, "BadRequest")
	b.refused(b.do("PUT", path+"/inbox", `{}`), 501, "NotImplemented")
	b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.ReadBasic"}})
	require.Equal(t, 200, b.get(path).status)
	b.refused(b.do("POST", path, `{"displayName":"z"}`), 403, "ErrorAccessDenied")
	b.refused(b.do("DELETE", path+"/x", ""), 403, "ErrorAccessDenied")
	b.token = b.fake.TokenFor(graphtest.Grant{Scopes: []string{"Mail.Send"}})
	b.refused(b.get(path), 403, "ErrorAccessDenied")
}

// Of many who claim a name one gets it.
func TestFolderClaim(t *testing.T) {
	b := setup(t, &graphtest.Options{InFlight: -1})
	var group sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		group.Go(func() { statuses[i] = b.do("POST", b.user()+"/mailFolders", `{"displayName":"claim"}`).status })
	}
	group.Wait()
	won := 0
	for _, s := range statuses {
		if s == 201 {
			won++
		} else if s != 409 {
			t.Errorf("status %d", s)
		}
	}
	require.Equal(t, 1, won)
}
