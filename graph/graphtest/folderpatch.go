package graphtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// readFolder reads what a request says of a folder: those of its properties
// that may be set there, and extended ones ("Create
// singleValueLegacyExtendedProperty" lists mailFolder).
func (c *call) readFolder(writable ...string) ([]func(*folder), *refusal) {
	body, no := c.readBody()
	if no != nil {
		return nil, no
	}
	var changes []func(*folder)
	// In order, so that which of several faults is answered is no chance.
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if strings.Contains(name, "@odata.") {
			continue
		}
		apply, no := readFolderChange(name, body[name], writable)
		if no != nil {
			return nil, no
		}
		changes = append(changes, apply)
	}
	return changes, nil
}

func readFolderChange(name string, raw json.RawMessage, writable []string) (func(*folder), *refusal) {
	wrong := badRequest("Cannot convert the value of property '" + name + "' to its type.")
	switch {
	case name == "singleValueExtendedProperties":
		list, no := readSettings(raw, wrong, func(id propertyID) bool { return id == propCreated })
		if no != nil {
			return nil, no
		}
		return func(f *folder) {
			for _, one := range list {
				f.props = setProperties(f.props, map[propertyID]string{one.id: one.value})
			}
		}, nil
	case !slices.Contains(folderProperties, name):
		return nil, unknownProperty(name, "mailFolder")
	case !slices.Contains(writable, name):
		return nil, badProperty(name)
	case name == "isHidden":
		var v *bool
		if json.Unmarshal(raw, &v) != nil || v == nil {
			return nil, wrong
		}
		return func(f *folder) { f.hidden = *v }, nil
	}
	var v string
	if json.Unmarshal(raw, &v) != nil {
		return nil, wrong
	}
	return func(f *folder) { f.display = v }, nil
}

// patchFolder answers "Update mailFolder". isHidden is for new folders alone
// ("mailFolder resource type"). The answer does not show extended properties,
// as "Create singleValueLegacyExtendedProperty" says.
func (c *call) patchFolder(key string) *refusal {
	if no := c.parseQuery(); no != nil {
		return no
	}
	if no := c.need("Mail.ReadWrite"); no != nil {
		return no
	}
	changes, no := c.readFolder("displayName")
	if no != nil {
		return no
	}
	view, no := c.changeFolder(key, changes)
	if no != nil {
		return no
	}
	c.write(http.StatusOK, append(object{{"@odata.context", c.foldersContext("msgfolderroot") + "/$entity"}}, view...))
	return nil
}

func (c *call) changeFolder(key string, changes []func(*folder)) (object, *refusal) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	f := c.mailbox.folder(key)
	if f == nil {
		return nil, folderNotFound(key)
	}
	after := *f
	for _, apply := range changes {
		apply(&after)
	}
	switch renamed := after.display != f.display; {
	case after.display == "":
		return nil, nameless()
	case renamed && f.name != "":
		// How this is refused is not documented: this is how Exchange refuses
		// to set any property that may not be.
		return nil, badProperty("displayName")
	case renamed && c.mailbox.taken(f, after.display):
		return nil, c.folderExists("")
	}
	f.display, f.props = after.display, after.props
	return c.folderView(f), nil
}

// propCreated is PidTagCreationTime ([MS-OXPROPS]), which is a folder's own.
const propCreated propertyID = "SystemTime 0x3007"

// property returns the value of an extended property, always text. Server.mu
// is held.
func (f *folder) property(id propertyID) (string, bool) {
	if id == propCreated {
		return timestamp(f.created), true
	}
	v, ok := f.props[id]
	return v, ok
}
