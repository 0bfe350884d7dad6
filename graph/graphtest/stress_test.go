package graphtest_test

import (
	"fmt"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// Everything at once, for the race detector.
func TestStress(t *testing.T) {
	b := setup(t, &graphtest.Options{InFlight: -1})
	ids := b.deliver("one", "two", "three", "four", "five", "six")
	require.NoError(t, b.fake.Fault(graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/messages/*", Skip: 5, Times: 5, Status: 412}))
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 20 {
				id := ids[(worker+i)%len(ids)]
				for _, st := range b.batch(b.patches(ids)) {
					if st["status"] != 200.0 && st["status"] != 412.0 {
						t.Errorf("status %v", st["status"])
					}
				}
				b.do("POST", b.message(id)+"/move", `{"destinationId":"archive"}`)
				b.get(b.list("$expand", "singleValueExtendedProperties($filter=id eq 'Integer 0x0E08')"))
				b.fake.Edit(id, func(m *graphtest.Message) { m.Categories = append(m.Categories, fmt.Sprint(i)) })
				b.fake.Deliver(letter("more"))
				b.mime(id)
				b.get(b.message(id) + "/attachments")
				b.fake.Poison(id)
				draft := b.draftMIME(note)
				b.do("PATCH", b.message(draft), repair)
				b.do("POST", b.message(draft)+"/attachments", `{"@odata.type":"#microsoft.graph.fileAttachment","name":"a","contentBytes":"aGk="}`)
				b.send(draft)
				b.do("POST", b.user()+"/mailFolders", `{"displayName":"claim"}`)
				b.do("PATCH", b.user()+"/mailFolders/inbox", `{"singleValueExtendedProperties":[{"id":"String 0x3004","value":"mine"}]}`)
				b.get(b.user() + "/mailFolders?$expand=" + url.QueryEscape("singleValueExtendedProperties($filter=id eq 'String 0x3004')"))
				b.fake.LearnHeaders(b.fake.Mailbox(), "x-a")
				b.fake.SetDisplayName(b.fake.Mailbox(), "Name")
				_, _ = b.fake.Sent(), b.fake.Accepted()
				_, _, _ = b.fake.Messages(), b.fake.Requests(), b.fake.Violations()
			}
		})
	}
	group.Wait()
	require.Len(t, b.fake.Messages(), 6+80+80)
	require.Len(t, b.fake.Sent(), 80)
}
