package graphtest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// query holds the query options of a request. ("Use query parameters to
// customize responses".)
type query struct {
	values   url.Values
	selected []string     // nil is the default set
	expanded []propertyID // of singleValueExtendedProperties
	files    *files       // of attachments, nil if they are not expanded
	filter   *filter
	order    []order
	top      int
	skip     int
	count    bool
}

// maxTop is the largest page of messages. ("List messages".)
const (
	maxTop     = 1000
	defaultTop = 10
)

// parseQuery reads the query, of which allowed are the options that the route
// knows. Others are refused, though Graph ignores some: a test should hear of
// them.
func (c *call) parseQuery(allowed ...string) *refusal {
	values, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return badQuery("The query string could not be parsed.")
	}
	q := query{values: values, top: defaultTop}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list := values[name]
		if !slices.Contains(allowed, name) {
			return c.unimplemented("query option " + name)
		}
		if len(list) > 1 {
			return badQuery("Query option '" + name + "' was specified more than once, but it must be specified at most once.")
		}
		var no *refusal
		switch v := list[0]; name {
		case "$select":
			q.selected, no = parseSelect(v)
		case "$expand":
			no = c.parseExpand(&q, v)
		case "$filter":
			if slices.Contains(allowed, "$orderby") { // not where it is ignored
				q.filter, no = c.parseFilter(v)
			}
		case "$orderby":
			q.order, no = parseOrder(v)
		case "$top":
			q.top, no = parseNumber(name, v, 1, maxTop)
		case "$skip":
			q.skip, no = parseNumber(name, v, 0, 1<<31-1)
		case "$count":
			switch v {
			case "true", "false":
				q.count = v == "true"
			default:
				no = badQuery("Invalid value '" + v + "' for $count query option found. The value must be 'true' or 'false'.")
			}
		}
		if no != nil {
			return no
		}
	}
	c.query = q
	return nil
}

func parseNumber(name, v string, low, high int) (int, *refusal) {
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		return 0, badRequest("The value '" + v + "' of the " + name + " query option is not a number from " +
			strconv.Itoa(low) + " to " + strconv.Itoa(high) + ".")
	}
	return n, nil
}

func parseSelect(v string) ([]string, *refusal) {
	var names []string
	for name := range strings.SplitSeq(v, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			return nil, badQuery("Syntax error: an empty name in $select.")
		}
		names = append(names, name)
	}
	return names, nil
}

// checkSelect refuses names that a message has not.
func (q *query) checkSelect() *refusal {
	for _, name := range q.selected {
		if !slices.Contains(messageProperties, name) {
			return badQuery("Could not find a property named '" + name + "' on type 'Microsoft.OutlookServices.Message'.")
		}
	}
	return nil
}

// order is one item of $orderby.
type order struct {
	property   string
	descending bool
	compare    func(a, b *item) int
}

func parseOrder(v string) ([]order, *refusal) {
	var list []order
	for one := range strings.SplitSeq(v, ",") {
		words := strings.Fields(one)
		if len(words) == 0 || len(words) > 2 || len(words) == 2 && words[1] != "asc" && words[1] != "desc" {
			return nil, badQuery("Syntax error in $orderby.")
		}
		compare, ok := sortable[words[0]]
		if !ok {
			return nil, badQuery("Could not find a property named '" + words[0] + "' to order by on type 'Microsoft.OutlookServices.Message'.")
		}
		list = append(list, order{words[0], len(words) == 2 && words[1] == "desc", compare})
	}
	return list, nil
}

var sortable = map[string]func(a, b *item) int{
	"receivedDateTime":     func(a, b *item) int { return a.received.Compare(b.received) },
	"sentDateTime":         func(a, b *item) int { return a.sent.Compare(b.sent) },
	"createdDateTime":      func(a, b *item) int { return a.created.Compare(b.created) },
	"lastModifiedDateTime": func(a, b *item) int { return a.modified.Compare(b.modified) },
	"subject":              func(a, b *item) int { return strings.Compare(strings.ToLower(a.subject), strings.ToLower(b.subject)) },
	"isRead":               func(a, b *item) int { return compareBool(a.isRead, b.isRead) },
	"hasAttachments":       func(a, b *item) int { return compareBool(a.attached, b.attached) },
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// checkOrder applies the rule of "List messages", Using filter and orderby in
// the same query: the properties of $orderby also stand in $filter, in the
// same order, and before the filter's other properties.
func (c *call) checkOrder() *refusal {
	q := &c.query
	if q.filter == nil || len(q.order) == 0 {
		return nil
	}
	if c.s.opts.LenientOrder && len(q.order) == 1 && q.order[0].property == "receivedDateTime" && slices.Equal(q.filter.properties, []string{"isRead"}) {
		return nil
	}
	for i, o := range q.order {
		if i >= len(q.filter.properties) || q.filter.properties[i] != o.property {
			return &refusal{status: http.StatusBadRequest, code: "InefficientFilter", message: complexText}
		}
	}
	return nil
}
