package zendesktest

import (
	"cmp"
	"slices"
	"strings"
)

// order sorts tickets as a request asks, and makes the keys by which cursors
// know them.
// https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#sorting
//
// QUIRK: sort belongs to cursors, sort_by and sort_order to offsets; what
// belongs to the other is ignored without a word.
func (s *Server) order(c *call, list []*ticket) (keys []int64, descending bool) {
	q := c.r.URL.Query()
	by, descending := q.Get("sort_by"), q.Get("sort_order") == "desc"
	kinds := []string{"", "id", "status", "updated_at", "created_at"}
	if cursored(q) {
		by, descending = strings.CutPrefix(q.Get("sort"), "-")
		kinds = kinds[:4]
	}
	if !slices.Contains(kinds, by) {
		remember(&s.book.unknown, "sorting by "+by+" of "+c.route.pattern)
	}
	key := func(t *ticket) int64 {
		const ids = 1 << 21 // in which tickets of the same rank are in order
		switch by {
		case "status":
			return int64(slices.Index(statuses, t.status))*ids + t.id
		case "updated_at":
			return t.updated.Unix()*ids + t.id
		case "created_at":
			return t.created.Unix()*ids + t.id
		}
		return t.id
	}
	slices.SortFunc(list, func(a, b *ticket) int {
		if descending {
			a, b = b, a
		}
		return cmp.Compare(key(a), key(b))
	})
	for _, t := range list {
		keys = append(keys, key(t))
	}
	return keys, descending
}
