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
	return v
}

func (c *call) foldersContext(parentKey string) string {
	context := c.base() + "/$metadata#" + c.user() + "/mailFolders"
	if parentKey != "msgfolderroot" {
		context += "('" + parentKey + "')/childFolders"
	}
	return context
}

// listFolders answers "List mailFolders" and "List childFolders": those
// directly within, and hidden ones only with includeHiddenFolders=true. Of
// filters it knows displayName eq.
func (c *call) listFolders(parentKey string) *refusal {
	skipped, no := c.resume()
	if no != nil {
		return no
	}
	values := c.r.URL.Query()
	hidden := strings.EqualFold(values.Get("includeHiddenFolders"), "true")
	wanted, no := c.readFolderFilter(values.Get("$filter"))
	if no != nil {
		return no
	}
	if no := c.parseQuery("$select", "$top", "$skip", "$count", "$filter", "includeHiddenFolders"); no != nil {
		return no
	}
	if no := c.checkFolderQuery(); no != nil {
		return no
	}
	parent := c.findFolder(parentKey)
	if parent == nil {
		return folderNotFound(parentKey)
	}
	rows := []object{}
	for _, f := range c.foldersIn(parent) {
		if (hidden || !f.hidden) && (wanted == "" || strings.EqualFold(f.display, wanted)) {
			c.s.mu.Lock()
			rows = append(rows, c.folderView(f))
			c.s.mu.Unlock()
		}
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

// foldersIn returns the folders within one, by name.
func (c *call) foldersIn(parent *folder) []*folder {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	var list []*folder
	for _, f := range c.mailbox.folders {
		if f.parent == parent {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b *folder) int { return strings.Compare(strings.ToLower(a.display), strings.ToLower(b.display)) })
	return list
}

// readFolderFilter reads displayName eq '…'.
func (c *call) readFolderFilter(text string) (string, *refusal) {
	if text == "" {
		return "", nil
	}
	toks, no := lex(text)
	if no != nil {
		return "", no
	}
	if len(toks) != 3 || toks[0].text != "displayName" || toks[1].text != "eq" || !toks[2].quoted {
		return "", c.unimplemented("$filter of folders but displayName eq")
	}
	return toks[2].text, nil
}
