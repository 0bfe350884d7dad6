package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// moment is a time that may be missing or odd without spoiling its message.
type moment struct{ time.Time }

func (m *moment) UnmarshalJSON(b []byte) error {
	m.Time, _ = time.Parse(`"`+time.RFC3339+`"`, string(b))
	return nil
}

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
	letterFilter = "singleValueExtendedProperties($filter=id eq '" + recordID + "' or id eq '" + markID + "'"
	letterExpand = letterFilter + ")"
	// mostCopies is how many messages are looked at for each way to find them.
	mostCopies = "20"
	// mostCopyPages is how many further pages are read.
	mostCopyPages = 10
)

// letterQuery asks for a letterItem.
var letterQuery = query("$select", letterSelect, "$expand", letterExpand)

// Copies implements exdesk.Outbox. In one batch it asks for the messages that
// carry the letter's mark; for drafts of its Message-ID or X-Zendesk-Email-Id,
// since a draft made of MIME carries no mark until the next request; and for id.
func (c *Client) Copies(ctx context.Context, l *exdesk.Letter, id string) ([]*exdesk.Copy, error) {
	answers, err := c.batch(ctx, "look for message", c.searches(l, id))
	if err != nil {
		return nil, err
	}
	return c.copies(ctx, answers, l, id)
}

// searches are the ways to find a letter; the last one is id itself, if it is
// known.
func (c *Client) searches(l *exdesk.Letter, id string) []batchRequest {
	search := func(filter string) batchRequest {
		return batchRequest{Method: http.MethodGet, Headers: preferImmutable, URL: c.listURL() + "?" +
			query("$filter", filter) + "&" + letterQuery + "&$top=" + mostCopies}
	}
	requests := []batchRequest{search(hasProperty(markID, l.Key)), search(hasProperty(markID, discarded+l.Key))}
	if l.MessageID != "" {
		requests = append(requests, search("internetMessageId eq "+literal(l.MessageID)+" and isDraft eq true"))
	}
	if l.EmailID != "" {
		requests = append(requests, search(hasProperty(internetHeaders+"X-Zendesk-Email-Id", l.EmailID)+" and isDraft eq true"))
	}
	if id != "" {
		requests = append(requests, batchRequest{Method: http.MethodGet, Headers: preferImmutable,
			URL: c.itemURL(id) + "?" + letterQuery})
	}
	return requests
}

// copies reads the answers to searches. What cannot be read is no proof that
// there is nothing.
func (c *Client) copies(ctx context.Context, answers []batchAnswer, l *exdesk.Letter, id string) ([]*exdesk.Copy, error) {
	var items []letterItem
	for i := range answers {
		if id != "" && i == len(answers)-1 {
			var it letterItem
			switch err := answers[i].into(&it); {
			case isGone(err):
			case err == nil && it.ID == "":
				return nil, unclear("the answer is not a message")
			case err != nil:
				return nil, err
			default:
				items = append(items, it)
			}
			continue
		}
		var p page
		err := answers[i].into(&p)
		if i > 1 && err != nil && unanswerable(err) {
			continue // it is the question: the id is anybody's word
		}
		for n := 0; ; n++ {
			if err != nil {
				return nil, err
			}
			if p.Value == nil {
				return nil, unclear("the answer is not a list")
			}
			for _, raw := range p.Value {
				var it letterItem
				if json.Unmarshal(raw, &it) != nil || it.ID == "" {
					return nil, unclear("the answer holds what is no message")
				}
				items = append(items, it)
			}
			if p.Next == "" || n == mostCopyPages {
				break
			}
			var next *page
			if next, err = c.page(ctx, &rest.Request{Op: "look for message", URL: p.Next, Header: immutable()}); err == nil {
				p = *next
			}
		}
	}
	var found []*exdesk.Copy
	seen := make(map[string]bool)
	for _, it := range items {
		switch {
		case seen[it.ID]:
			continue
		case it.property(markID) == discarded+l.Key && it.Draft:
			_ = c.Delete(ctx, it.ID) // somebody died before he did it
		case it.is(l, id):
			found = append(found, it.copy())
		}
		seen[it.ID] = true
	}
	sortCopies(found)
	return found, nil
}

func unclear(what string) error {
	return explain(&rest.Failure{Op: "look for message", Status: http.StatusOK, Wait: -1, Err: errors.New(what)})
}

func sortCopies(list []*exdesk.Copy) {
	slices.SortFunc(list, func(a, b *exdesk.Copy) int { return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID)) })
}

// Letters implements exdesk.Tracer. What is written on a message is read from the
// message: a list may cut long properties short.
func (c *Client) Letters(ctx context.Context, notification string) ([]*exdesk.Copy, error) {
	items, err := c.some(ctx, &rest.Request{Op: "look for notification", Path: c.path("messages"), Header: immutable(),
		Query: query("$filter", hasProperty(notificationID, notification), "$select", "id", "$top", mostCopies)}, batchSize)
	if err != nil {
		return nil, err
	}
	var requests []batchRequest
	for _, raw := range items {
		var it letterItem
		if json.Unmarshal(raw, &it) == nil && it.ID != "" && len(requests) < batchSize {
			requests = append(requests, batchRequest{Method: http.MethodGet, Headers: preferImmutable, URL: c.itemURL(it.ID) + "?" +
				query("$select", letterSelect, "$expand", letterFilter+" or id eq '"+handedID+"')")})
		}
	}
	if len(requests) == 0 {
		return nil, nil
	}
	answers, err := c.batch(ctx, "read notification", requests)
	if err != nil {
		return nil, err
	}
	var found []*exdesk.Copy
	for i := range answers {
		var it letterItem
		switch err := answers[i].into(&it); {
		case isGone(err), it.ID == "" && err == nil, strings.HasPrefix(it.property(markID), discarded):
			continue
		case err != nil:
			return nil, err
		}
		k := it.copy()
		_ = json.Unmarshal([]byte(it.property(handedID)), &k.Fields) // anybody with access could have written it
		found = append(found, k)
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
	case mark == discarded+l.Key && !it.Draft:
		return true // it was sent all the same
	case mark != "" && mark != l.Key:
		return false
	case mark == l.Key, it.ID == id && mark == "":
		return true
	}
	return it.Draft && l.GoesTo(it.recipients())
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
		Recipients: it.recipients(), Record: parseRecord(it.property(recordID)), Marked: it.property(markID) != ""}
}

// listURL is the URL of all messages of the mailbox, inside a batch.
func (c *Client) listURL() string { return c.batchURL("messages") }

func hasProperty(id, value string) string {
	return "singleValueExtendedProperties/Any(ep: ep/id eq " + literal(id) + " and ep/value eq " + literal(value) + ")"
}

// literal is a string in a filter.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
