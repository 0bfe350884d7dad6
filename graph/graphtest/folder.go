package graphtest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// folder is a mail folder. Those that Exchange makes have a well-known name.
// Server.mu guards the second group.
type folder struct {
	name    string // "" of one that was created
	id      string
	parent  *folder // nil of the root, and of what is not below it
	hidden  bool
	created time.Time

	display string
	props   map[propertyID]string
}

// wellKnown are the names of folders that a path may use in place of an id.
// ("mailFolder resource type".)
var wellKnown = []string{
	"archive", "clutter", "conflicts", "conversationhistory", "deleteditems", "drafts", "inbox", "junkemail",
	"localfailures", "msgfolderroot", "outbox", "recoverableitemsdeletions", "scheduled", "searchfolders",
	"sentitems", "serverfailures", "syncissues",
}

// listed are the well-known folders that "List mailFolders" shows in its
// sample, by their English names.
var listed = map[string]string{
	"archive": "Archive", "conversationhistory": "Conversation History", "deleteditems": "Deleted Items", "drafts": "Drafts",
	"inbox": "Inbox", "junkemail": "Junk Email", "outbox": "Outbox", "sentitems": "Sent Items",
}

func (s *Server) presetFolders() []*folder {
	var list []*folder
	var root *folder
	for _, name := range wellKnown {
		f := &folder{name: name, id: s.dice.folderID(), created: s.stamp(), display: listed[name]}
		if name == "msgfolderroot" {
			root, f.display = f, "Top of Information Store"
		}
		if f.display == "" {
			f.display, f.hidden = name, true
		}
		list = append(list, f)
	}
	for _, f := range list {
		if listed[f.name] != "" || f.name == "clutter" {
			f.parent = root
		}
	}
	return list
}

// key names a folder to those who ask for a message.
func (f *folder) key() string {
	if f.name != "" {
		return f.name
	}
	return f.id
}

// folder finds a folder by id or well-known name. Server.mu is held.
func (m *mailbox) folder(key string) *folder {
	i := slices.IndexFunc(m.folders, func(f *folder) bool {
		return f.id == key || f.name != "" && strings.EqualFold(f.name, key)
	})
	if i < 0 {
		return nil
	}
	return m.folders[i]
}

func (c *call) findFolder(key string) *folder {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.mailbox.folder(key)
}

// routeFolders answers what is at and below /mailFolders, but for messages.
func (c *call) routeFolders(rest []string) *refusal {
	parent, method := "msgfolderroot", c.r.Method
	if len(rest) == 2 && is(rest[1], "childFolders") {
		parent, rest = rest[0], nil
	}
	switch {
	case len(rest) == 0 && method == http.MethodGet:
		return c.listFolders(parent)
	case len(rest) == 0 && method == http.MethodPost:
		return c.createFolder(parent)
	case len(rest) == 1 && method == http.MethodGet:
		return c.getFolder(rest[0])
	case len(rest) == 1 && method == http.MethodPatch:
		return c.patchFolder(rest[0])
	case len(rest) == 1 && method == http.MethodDelete:
		return c.deleteFolder(rest[0])
	}
	return c.unknown()
}

// createFolder answers "Create MailFolder" and "Create child folder". No two
// folders in one folder have the same name, so that to create one is to claim
// it: one of many wins.
func (c *call) createFolder(parentKey string) *refusal {
	if no := c.parseQuery(); no != nil {
		return no
	}
	if no := c.need("Mail.ReadWrite"); no != nil {
		return no
	}
	changes, no := c.readFolder("displayName", "isHidden")
	if no != nil {
		return no
	}
	f := &folder{id: c.s.dice.folderID()}
	for _, apply := range changes {
		apply(f)
	}
	if f.display == "" {
		return nameless()
	}
	view, no := c.addFolder(parentKey, f)
	if no != nil {
		return no
	}
	c.write(http.StatusCreated, append(object{{"@odata.context", c.foldersContext(parentKey) + "/$entity"}}, view...))
	return nil
}

func (c *call) addFolder(parentKey string, f *folder) (object, *refusal) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	f.parent = c.mailbox.folder(parentKey)
	if f.parent == nil {
		return nil, folderNotFound(parentKey)
	}
	if c.mailbox.taken(f, f.display) {
		return nil, c.folderExists(", Could not create folder '" + f.display + "'.")
	}
	f.created = c.s.stamp()
	c.mailbox.folders = append(c.mailbox.folders, f)
	return c.folderView(f), nil
}

// taken tells whether another folder beside f has a name. Server.mu is held.
func (m *mailbox) taken(f *folder, name string) bool {
	return slices.ContainsFunc(m.folders, func(o *folder) bool {
		return o != f && o.parent == f.parent && strings.EqualFold(o.display, name)
	})
}

func nameless() *refusal { return badRequest("displayName is required.") }

func (c *call) folderExists(more string) *refusal {
	return &refusal{status: c.s.opts.DuplicateFolder, code: "ErrorFolderExists",
		message: "A folder with the specified name already exists." + more}
}

// getFolder answers "Get mailFolder".
func (c *call) getFolder(key string) *refusal {
	if no := c.parseQuery("$select", "$expand"); no != nil {
		return no
	}
	if no := c.checkFolderQuery(); no != nil {
		return no
	}
	c.s.mu.Lock()
	f := c.mailbox.folder(key)
	var view object
	if f != nil {
		view = c.folderView(f)
	}
	c.s.mu.Unlock()
	if f == nil {
		return folderNotFound(key)
	}
	c.write(http.StatusOK, append(object{{"@odata.context", c.foldersContext("msgfolderroot") + c.projection() + "/$entity"}}, view...))
	return nil
}

// deleteFolder answers "Delete mailFolder". What it holds goes with it.
func (c *call) deleteFolder(key string) *refusal {
	if no := c.parseQuery(); no != nil {
		return no
	}
	if no := c.need("Mail.ReadWrite"); no != nil {
		return no
	}
	if no := c.removeFolder(key); no != nil {
		return no
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *call) removeFolder(key string) *refusal {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	m := c.mailbox
	f := m.folder(key)
	switch {
	case f == nil:
		return folderNotFound(key)
	case f.name != "":
		// The code is that of Exchange Web Services; the status is not documented.
		return &refusal{status: http.StatusBadRequest, code: "ErrorDeleteDistinguishedFolder",
			message: "Distinguished folders cannot be deleted."}
	}
	gone := func(o *folder) bool {
		for ; o != nil; o = o.parent {
			if o == f {
				return true
			}
		}
		return false
	}
	for _, it := range slices.Clone(m.items) {
		if gone(it.folder) {
			m.remove(it)
		}
	}
	m.folders = slices.DeleteFunc(slices.Clone(m.folders), gone)
	return nil
}
