package zendesktest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// sorted returns the values of m in order of their keys.
func sorted[K cmp.Ordered, V any](m map[K]V) []V {
	out := make([]V, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

func (c *call) url(format string, args ...any) string { return c.base + fmt.Sprintf(format, args...) }

// here is the URL of the request with some parameters changed.
func (c *call) here(change map[string]string) string {
	q := c.r.URL.Query()
	for k, v := range change {
		q.Del(k)
		if v != "" {
			q.Set(k, v)
		}
	}
	u := url.URL{Path: c.r.URL.Path, RawQuery: q.Encode()}
	return c.base + u.String()
}

// window is one page of a list.
type window struct {
	from, to int
	tell     object
}

// into puts what tells of other pages beside the page itself.
func (w window) into(o object) object {
	maps.Copy(o, w.tell)
	return o
}

const largestPage = 100

// page finds the page that a request asks for in a list of ids, by cursor or
// by offset. Which of them a request means is told by its parameters. The ids
// are in ascending or descending order.
// https://developer.zendesk.com/api-reference/introduction/pagination/
func (s *Server) page(c *call, ids []int64, descending bool) (window, *answer) {
	q := c.r.URL.Query()
	if !cursored(q) {
		return s.offset100(c, len(ids))
	}
	size := largestPage
	if q.Has("page[size]") {
		n, err := strconv.Atoi(q.Get("page[size]"))
		if err != nil || n < 1 || n > largestPage {
			return window{}, listed(http.StatusBadRequest, "InvalidPaginationParameter", "page[size] is invalid",
				"The page[size] parameter must be an integer between 1 and 100")
		}
		size = n
	}
	w := window{from: 0}
	// at finds where a cursor points: at the first element that is not before
	// it, for the element itself may have left the list.
	at := func(name string) (i int, exact, ok bool) {
		b, err := base64.URLEncoding.DecodeString(q.Get(name))
		if err != nil {
			return 0, false, false
		}
		id, err := strconv.ParseInt(string(b), 10, 64)
		i, exact = slices.BinarySearchFunc(ids, id, func(have, want int64) int {
			if descending {
				return cmp.Compare(want, have)
			}
			return cmp.Compare(have, want)
		})
		return i, exact, err == nil
	}
	invalid := listed(http.StatusBadRequest, "InvalidPaginationParameter", "page[after] is not valid", "The cursor is invalid")
	switch {
	case q.Has("page[after]"):
		i, exact, ok := at("page[after]")
		if !ok {
			return w, invalid
		}
		if exact {
			i++
		}
		w.from = i
		w.to = min(w.from+size, len(ids))
	case q.Has("page[before]"):
		i, _, ok := at("page[before]")
		if !ok {
			return w, invalid
		}
		w.to = i
		w.from = max(i-size, 0)
	default:
		w.to = min(size, len(ids))
	}
	meta := object{"has_more": w.to < len(ids), "after_cursor": nil, "before_cursor": nil}
	links := object{"next": nil, "prev": nil}
	if w.to > w.from {
		after := base64.URLEncoding.EncodeToString([]byte(strconv.FormatInt(ids[w.to-1], 10)))
		before := base64.URLEncoding.EncodeToString([]byte(strconv.FormatInt(ids[w.from], 10)))
		meta["after_cursor"], meta["before_cursor"] = after, before
		// QUIRK: links.next is there on the last page as well; only has_more
		// tells the end.
		links["next"] = c.here(map[string]string{"page[after]": after, "page[before]": ""})
		links["prev"] = c.here(map[string]string{"page[before]": before, "page[after]": ""})
	}
	w.tell = object{"meta": meta, "links": links}
	return w, nil
}

// offset100 is page for lists that know offsets only.
func (s *Server) offset100(c *call, total int) (window, *answer) {
	q := c.r.URL.Query()
	number, size := 1, largestPage
	for name, v := range map[string]*int{"page": &number, "per_page": &size} {
		if !q.Has(name) {
			continue
		}
		n, err := strconv.Atoi(q.Get(name))
		if err != nil || n < 1 {
			return window{}, invalidAttribute(name, "an integer")
		}
		*v = n
	}
	size = min(size, largestPage) // a larger one is cut silently
	if number > 10_000/size {
		return window{}, listed(http.StatusBadRequest, "InvalidPaginationDepth", "Invalid pagination depth",
			"Number of pages exceeds 10,000 records; use cursor pagination")
	}
	w := window{from: min((number-1)*size, total), to: min(number*size, total)}
	w.tell = object{"count": total, "next_page": nil, "previous_page": nil}
	if w.to < total {
		w.tell["next_page"] = c.here(map[string]string{"page": strconv.Itoa(number + 1)})
	}
	if number > 1 {
		w.tell["previous_page"] = c.here(map[string]string{"page": strconv.Itoa(number - 1)})
	}
	return w, nil
}

// descending tells in which order a list is asked for: sort belongs to
// cursors, sort_order to offsets.
//
// QUIRK: sort_order sent with a cursor is ignored without a word, except by
// ticket audits, which have nothing else.
func (s *Server) descending(c *call, field string) bool {
	q := c.r.URL.Query()
	if v := strings.TrimPrefix(q.Get("sort"), "-"); v != "" && v != field && v != "id" {
		remember(&s.book.unknown, "sort="+v+" of "+c.route.pattern)
	}
	if cursored(q) && !strings.HasSuffix(c.route.pattern, "/audits") {
		return strings.HasPrefix(q.Get("sort"), "-")
	}
	return q.Get("sort_order") == "desc"
}

func cursored(q url.Values) bool {
	return q.Has("page[size]") || q.Has("page[after]") || q.Has("page[before]")
}
