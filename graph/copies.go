package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// letterItem is what is asked of a message that may be a letter's.
type letterItem struct {
	ID         string      `json:"id"`
	Draft      bool        `json:"isDraft"`
	Created    moment      `json:"createdDateTime"`
	MessageID  string      `json:"internetMessageId"`
	To         []recipient `json:"toRecipients"`
	CC         []recipient `json:"ccRecipients"`
	BCC        []recipient `json:"bccRecipients"`
	Properties []property  `json:"singleValueExtendedProperties"`
}

const (
	letterSelect = "id,isDraft,createdDateTime,internetMessageId,toRecipients,ccRecipients,bccRecipients"
	letterExpand = "singleValueExtendedProperties($filter=id eq '" + recordID + "' or id eq '" + markID + "')"
	// mostCopies is how many messages are looked at for each way to find them.
	mostCopies = "20"
)

// Copies implements exdesk.Outbox. In one batch it asks for the messages that
// carry the letter's mark; for drafts of its Message-ID or X-Zendesk-Email-Id,
// since a draft made of MIME carries no mark until the next request; and for id.
func (c *Client) Copies(ctx context.Context, l *exdesk.Letter, id string) ([]*exdesk.Copy, error) {
	search := func(filter string) batchRequest {
		return batchRequest{Method: http.MethodGet, Headers: preferImmutable, URL: c.listURL() + "?" +
			query("$filter", filter, "$select", letterSelect, "$expand", letterExpand, "$top", mostCopies)}
	}
	requests := []batchRequest{search(hasProperty(markID, l.Key))}
	if l.MessageID != "" {
		requests = append(requests, search("internetMessageId eq "+literal(l.MessageID)))
	}
	if l.EmailID != "" {
		requests = append(requests, search(hasProperty(internetHeaders+"X-Zendesk-Email-Id", l.EmailID)))
	}
	if id != "" {
		requests = append(requests, batchRequest{Method: http.MethodGet, Headers: preferImmutable,
			URL: c.itemURL(id) + "?" + query("$select", letterSelect, "$expand", letterExpand)})
	}
	answers, err := c.batch(ctx, "look for message", requests)
	if err != nil {
		return nil, err
	}
	var found []*exdesk.Copy
	for i := range answers {
		var out struct {
			Value []json.RawMessage `json:"value"`
			letterItem
		}
		err := answers[i].into(&out)
		switch {
		case i > 0 && err != nil && unanswerable(err), isGone(err):
			continue // another way to find it, or a draft that is gone
		case err != nil:
			return nil, err
		}
		items := []letterItem{out.letterItem}
		if out.Value != nil || out.ID == "" {
			items = nil
		}
		for _, raw := range out.Value {
			var it letterItem
			if json.Unmarshal(raw, &it) == nil {
				items = append(items, it)
			}
		}
		for _, it := range items {
			if it.is(l, id) && !slices.ContainsFunc(found, func(k *exdesk.Copy) bool { return k.ID == it.ID }) {
				found = append(found, it.copy())
			}
		}
	}
	sortCopies(found)
	return found, nil
}

func sortCopies(list []*exdesk.Copy) {
	slices.SortFunc(list, func(a, b *exdesk.Copy) int { return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID)) })
}

// Letters implements exdesk.Tracer.
func (c *Client) Letters(ctx context.Context, notification string) ([]*exdesk.Copy, error) {
	page, err := c.page(ctx, &rest.Request{Op: "look for notification", Path: c.path("messages"), Header: immutable(),
		Query: query("$filter", hasProperty(notificationID, notification), "$select", letterSelect, "$top", mostCopies, "$expand",
			"singleValueExtendedProperties($filter=id eq '"+recordID+"' or id eq '"+markID+"' or id eq '"+handedID+"')")})
	if err != nil {
		return nil, err
	}
	var found []*exdesk.Copy
	for _, raw := range page.Value {
		var it letterItem
		if json.Unmarshal(raw, &it) == nil && it.ID != "" && it.property(markID) != discarded {
			k := it.copy()
			_ = json.Unmarshal([]byte(it.property(handedID)), &k.Fields) // anybody with access could have written it
			found = append(found, k)
		}
	}
	sortCopies(found)
	return found, nil
}

// is reports whether a message is the letter. One without a mark can only be a
// draft, since the mark is written before sending: mail that arrives under a
// Message-ID that somebody guessed must not keep the letter from leaving.
func (it *letterItem) is(l *exdesk.Letter, id string) bool {
	switch mark := it.property(markID); {
	case it.ID == "":
		return false
	case mark != "" && mark != l.Key:
		return false
	case mark == l.Key, it.ID == id:
		return true
	}
	return it.Draft && sameAddresses(it.recipients(), l.Recipients)
}

func sameAddresses(a, b []string) bool {
	fold := func(list []string) []string {
		out := make([]string, len(list))
		for i, s := range list {
			out[i] = strings.ToLower(s)
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	return slices.Equal(fold(a), fold(b))
}

func (it *letterItem) property(id string) string {
	for _, p := range it.Properties {
		if p.is(id) {
			return string(p.Value)
		}
	}
	return ""
}

func (it *letterItem) recipients() []string {
	var list []string
	for _, r := range slices.Concat(it.To, it.CC, it.BCC) {
		list = append(list, r.EmailAddress.Address)
	}
	return list
}

func (it *letterItem) copy() *exdesk.Copy {
	return &exdesk.Copy{ID: it.ID, Draft: it.Draft, Created: it.Created.Time, MessageID: it.MessageID,
		Recipients: it.recipients(), Record: parseRecord(it.property(recordID))}
}

// listURL is the URL of all messages of the mailbox, inside a batch.
func (c *Client) listURL() string { return strings.TrimSuffix(c.itemURL("x"), "/x") }

func hasProperty(id, value string) string {
	return "singleValueExtendedProperties/Any(ep: ep/id eq " + literal(id) + " and ep/value eq " + literal(value) + ")"
}

// literal is a string in a filter.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
