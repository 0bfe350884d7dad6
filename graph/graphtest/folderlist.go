package graphtest

import (
	"net/http"
	"slices"
	"strings"
)

// folderProperties are shown of a folder, in this order.
var folderProperties = []string{"id", "displayName", "parentFolderId", "childFolderCount", "unreadItemCount", "totalItemCount", "isHidden"}

// checkFolderQuery asks for what reading folders needs.
func (c *call) checkFolderQuery() *refusal {
	for _, name := range c.query.selected {
		if !slices.Contains(folderProperties, name) {
			return badQuery("Could not find a property named '" + name + "' on type 'Microsoft.OutlookServices.MailFolder'.")
		}
	}
	if c.query.files != nil {
		return badQuery("Could not find a property named 'attachments' on type 'Microsoft.OutlookServices.MailFolder'.")
	}
	if len(c.query.expanded) > 0 { // "Get singleValueLegacyExtendedProperty"
		return c.need("Mail.Read")
	}
	return c.need("Mail.ReadBasic")
}

// folderView shows a folder in JSON. Server.mu is held.
func (c *call) folderView(f *folder) object {
	children, unread, total := 0, 0, 0
	now := c.s.Now()
	for _, o := range c.mailbox.folders {
		if o.parent == f {
			children++
		}
	}
	for _, it := range c.mailbox.items {
		if it.folder == f && it.here(now) {
			total++
			if !it.isRead {
				unread++
			}
		}
	}
	parent := ""
	if f.parent != nil {
		parent = f.parent.id
	}
	v := object{}
	for i, value := range []any{f.id, f.display, parent, children, unread, total, f.hidden} {
		name := folderProperties[i]
		if name == "id" || c.query.selected == nil || slices.Contains(c.query.selected, name) {
			v = append(v, member{name, value})
		}
	}
	return append(v, c.expansion("mailFolders", f.id, f.property)...)
}

func (c *call) foldersContext(parentKey string) string {
	context := c.base() + "/$metadata#" + c.user() + "/mailFolders"
	if parentKey != "msgfolderroot" {
		context += "('" + parentKey + "')/childFolders"
	}
	return context
}

// listFolders answers "List mailFolders" and "List childFolders": those
// directly within, and hidden ones only with includeHiddenFolders=true.
func (c *call) listFolders(parentKey string) *refusal {
	skipped, no := c.resume()
	if no != nil {
		return no
	}
	if no := c.parseQuery("$select", "$expand", "$top", "$skip", "$count", "$filter", "includeHiddenFolders"); no != nil {
		return no
	}
	matches, no := c.readFolderFilter(c.query.values.Get("$filter"))
	if no != nil {
		return no
	}
	if no := c.checkFolderQuery(); no != nil {
		return no
	}
	rows, no := c.foldersIn(parentKey, matches)
	if no != nil {
		return no
	}
	at := c.query.skip + skipped
	page := rows[min(at, len(rows)):min(at+min(c.query.top, c.s.opts.PageSize), len(rows))]
	v := object{{"@odata.context", c.foldersContext(parentKey) + c.projection()}}
	if c.query.count {
		v = append(v, member{"@odata.count", len(rows)})
	}
	v = append(v, member{"value", page})
	if at+len(page) < len(rows) {
		v = append(v, member{"@odata.nextLink", c.nextLink(skipped + len(page))})
	}
	c.write(http.StatusOK, v)
	return nil
}

// foldersIn shows the folders within one that match, by name.
func (c *call) foldersIn(parentKey string, matches func(*folder) bool) ([]object, *refusal) {
	hidden := is(c.query.values.Get("includeHiddenFolders"), "true")
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	parent := c.mailbox.folder(parentKey)
	if parent == nil {
		return nil, folderNotFound(parentKey)
	}
	var list []*folder
	for _, f := range c.mailbox.folders {
		if f.parent == parent && (hidden || !f.hidden) && matches(f) {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b *folder) int { return strings.Compare(strings.ToLower(a.display), strings.ToLower(b.display)) })
	rows := []object{}
	for _, f := range list {
		rows = append(rows, c.folderView(f))
	}
	return rows, nil
}

// readFolderFilter reads displayName eq '…' and startswith(displayName,'…'),
// which compare without regard to case.
func (c *call) readFolderFilter(text string) (func(*folder) bool, *refusal) {
	if text == "" {
		return func(*folder) bool { return true }, nil
	}
	toks, no := lex(text)
	if no != nil {
		return nil, no
	}
	p := &filterParser{toks: toks}
	op, head, tail := "eq", []string{"displayName", "eq"}, []string(nil)
	if p.accept("startswith") {
		op, head, tail = "startswith", []string{"(", "displayName", ","}, []string{")"}
	}
	want := ""
	if no = p.expect(head...); no == nil {
		want, no = p.str()
	}
	if no != nil || p.expect(tail...) != nil || p.pos < len(toks) {
		return nil, c.unimplemented("$filter of folders but displayName eq and startswith(displayName, …)")
	}
	holds := stringTests[op]
	return func(f *folder) bool { return holds(f.display, want) }, nil
}
