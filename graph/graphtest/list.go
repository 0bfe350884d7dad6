package graphtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// listMessages answers "List messages", of the mailbox or of a folder.
func (c *call) listMessages(folderKey string) *refusal {
	skipped, no := c.resume()
	if no != nil {
		return no
	}
	if no := c.parseQuery("$select", "$expand", "$filter", "$orderby", "$top", "$skip", "$count"); no != nil {
		return no
	}
	if no := c.checkRead(); no != nil {
		return no
	}
	if no := c.checkOrder(); no != nil {
		return no
	}
	var in *folder
	if folderKey != "" {
		if in = c.findFolder(folderKey); in == nil {
			return folderNotFound(folderKey)
		}
	}

	// QUIRK: a page is a slice of the result as it is now. What left the
	// result since the last page shifts the rest towards the start, so that
	// items are passed over unseen.
	found := c.find(in)
	at := c.query.skip + skipped
	size := min(c.query.top, c.s.opts.PageSize)
	page := found[min(at, len(found)):min(at+size, len(found))]
	if len(page) > 0 && c.s.emptyPage() {
		page = nil
	}
	if n := c.s.opts.HeavyPage; n > 0 && len(page) > n {
		return &refusal{status: http.StatusGatewayTimeout, code: "UnknownError"} // with an empty message
	}
	if no := c.spoiled(page...); no != nil {
		return no
	}
	v := object{{"@odata.context", c.base() + "/$metadata#" + c.user() + c.folderContext(folderKey) + "/messages" + c.projection()}}
	if c.query.count {
		v = append(v, member{"@odata.count", len(found)})
	}
	if c.query.selected == nil {
		v = append(v, tips)
	}
	rows := []object{}
	for _, it := range page {
		rows = append(rows, c.view(it))
	}
	v = append(v, member{"value", rows})
	if at+len(page) < len(found) {
		v = append(v, member{"@odata.nextLink", c.nextLink(skipped + len(page))})
	}
	c.prefer.apply(c.w.Header())
	c.write(http.StatusOK, v)
	return nil
}

// tips is an annotation that real answers carry: clients must pass over
// annotations they do not know.
var tips = member{"@microsoft.graph.tips", "Use $select to choose only the properties your app needs, as this can lead to performance improvements. For example: GET me/messages?$select=id,subject"}

func folderNotFound(key string) *refusal {
	if len(key) == folderLen && strings.HasPrefix(key, folderHead) {
		return itemNotFound()
	}
	return malformedID()
}

func (c *call) folderContext(key string) string {
	if key == "" {
		return ""
	}
	return "/mailFolders('" + url.PathEscape(key) + "')"
}

// checkRead asks for the permission that the query needs. Mail.ReadBasic does
// not open bodies, attachments and extended properties.
func (c *call) checkRead() *refusal {
	if no := c.query.checkSelect(); no != nil {
		return no
	}
	permission := "Mail.ReadBasic"
	for _, name := range c.query.selected {
		if slices.Contains(bodily, name) {
			permission = "Mail.Read"
		}
	}
	if len(c.query.expanded) > 0 || c.query.files != nil || c.query.filter != nil && slices.Contains(c.query.filter.properties, "singleValueExtendedProperties") {
		permission = "Mail.Read"
	}
	return c.need(permission)
}

// find returns snapshots of the messages that match, in order. Without
// $orderby the newest come first.
func (c *call) find(in *folder) []*item {
	q := &c.query
	var found []*item
	now := c.s.Now()
	c.s.mu.Lock()
	for _, it := range c.mailbox.items {
		if it.here(now) && (in == nil || it.folder == in) && (q.filter == nil || q.filter.match(it)) {
			snapshot := *it
			found = append(found, &snapshot)
		}
	}
	c.s.mu.Unlock()
	slices.SortStableFunc(found, func(a, b *item) int {
		for _, o := range q.order {
			n := o.compare(a, b)
			if o.descending {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		if len(q.order) > 0 {
			return a.seq - b.seq
		}
		if n := b.received.Compare(a.received); n != 0 {
			return n
		}
		return b.seq - a.seq
	})
	return found
}

// emptyPage tells whether it is time for an empty page.
func (s *Server) emptyPage() bool {
	if s.opts.EmptyPages == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages++
	return s.pages%s.opts.EmptyPages == 0
}

const skipToken = "$skiptoken"

// nextLink is the address of the next page. Its token is signed and belongs to
// the query, so that nobody makes one or changes the query beside it: "Paging
// Microsoft Graph data in your app" says to take the whole link as it is.
func (c *call) nextLink(skipped int) string {
	var mask [8]byte
	copy(mask[:], c.sign("mask", nil))
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(skipped)^binary.BigEndian.Uint64(mask[:]))
	token := base64.RawURLEncoding.EncodeToString(append(n[:], c.sign("page", n[:])[:16]...))

	raw := c.r.URL.RawQuery
	if raw != "" {
		raw += "&"
	}
	segs := []string{""}
	for _, seg := range append([]string{version}, c.segs...) {
		segs = append(segs, url.PathEscape(seg))
	}
	return strings.TrimSuffix(c.base(), "/"+version) + strings.Join(segs, "/") + "?" + raw + skipToken + "=" + token
}

// resume takes the page token out of the query and returns what it stands for.
func (c *call) resume() (int, *refusal) {
	before, token, ok := cutToken(c.r.URL.RawQuery)
	if !ok {
		return 0, nil
	}
	c.r.URL.RawQuery = before
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) != 24 || !hmac.Equal(b[8:], c.sign("page", b[:8])[:16]) {
		return 0, badRequest("The skip token is not valid.")
	}
	var mask [8]byte
	copy(mask[:], c.sign("mask", nil))
	return int(binary.BigEndian.Uint64(b) ^ binary.BigEndian.Uint64(mask[:])), nil
}

// cutToken finds the page token, which is the last option of a query unless
// the client rewrote it; then it is not taken for one, and refused.
func cutToken(raw string) (before, token string, ok bool) {
	for _, name := range []string{skipToken, url.QueryEscape(skipToken)} {
		if i := strings.LastIndex(raw, name+"="); i == 0 || i > 0 && raw[i-1] == '&' {
			return strings.TrimSuffix(raw[:i], "&"), raw[i+len(name)+1:], true
		}
	}
	return raw, "", false
}

// sign returns a code for what a page token says about this query.
func (c *call) sign(use string, what []byte) []byte {
	h := hmac.New(sha256.New, c.s.dice.key[:])
	values, _ := url.ParseQuery(c.r.URL.RawQuery)
	for _, text := range []string{use, strings.ToLower(plainPath(c.segs)), values.Encode()} {
		_ = binary.Write(h, binary.BigEndian, uint64(len(text)))
		h.Write([]byte(text))
	}
	h.Write(what)
	return h.Sum(nil)
}
