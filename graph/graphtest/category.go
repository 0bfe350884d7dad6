package graphtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// category is an entry of the master list. Messages hold names, which need not
// be in the list.
type category struct{ id, name, color string }

// presetCategories are those of a new mailbox.
func (s *Server) presetCategories() []category {
	var list []category
	for _, c := range []category{
		{"", "Red category", "preset0"}, {"", "Orange category", "preset1"}, {"", "Yellow category", "preset3"},
		{"", "Green category", "preset4"}, {"", "Blue category", "preset7"}, {"", "Purple category", "preset8"},
	} {
		list = append(list, category{s.dice.guid(), c.name, c.color})
	}
	return list
}

func (k category) view() object {
	return object{{"id", k.id}, {"displayName", k.name}, {"color", k.color}}
}

// listCategories answers "List Outlook categories".
func (c *call) listCategories() *refusal {
	// QUIRK: the list takes $filter and ignores it.
	if no := c.parseQuery("$filter"); no != nil {
		return no
	}
	if no := c.need("MailboxSettings.Read"); no != nil {
		return no
	}
	rows := []object{}
	c.s.mu.Lock()
	for _, k := range c.mailbox.categories {
		rows = append(rows, k.view())
	}
	c.s.mu.Unlock()
	c.write(http.StatusOK, object{{"@odata.context", c.categoriesContext()}, {"value", rows}})
	return nil
}

func (c *call) categoriesContext() string {
	return c.base() + "/$metadata#" + c.user() + "/outlook/masterCategories"
}

// createCategory answers "Create Outlook category": the name must be unique,
// the colour is none or preset0 to preset24.
func (c *call) createCategory() *refusal {
	if no := c.parseQuery(); no != nil {
		return no
	}
	if no := c.need("MailboxSettings.ReadWrite"); no != nil {
		return no
	}
	body, no := c.readBody()
	if no != nil {
		return no
	}
	k := category{id: c.s.dice.guid(), color: "none"}
	for name, raw := range body {
		target := map[string]*string{"displayName": &k.name, "color": &k.color}[name]
		if target == nil {
			return unknownProperty(name, "outlookCategory")
		}
		if json.Unmarshal(raw, target) != nil {
			return badRequest("Cannot convert the value of property '" + name + "' to Edm.String.")
		}
	}
	if k.name == "" || !validColor(k.color) {
		return badRequest("displayName is required, and color is none or preset0 to preset24.")
	}
	c.s.mu.Lock()
	taken := slices.ContainsFunc(c.mailbox.categories, func(o category) bool { return strings.EqualFold(o.name, k.name) })
	if !taken {
		// Clipped, so that a list being written is never written to.
		c.mailbox.categories = append(slices.Clip(c.mailbox.categories), k)
	}
	c.s.mu.Unlock()
	if taken {
		return &refusal{status: c.s.opts.DuplicateCategory, code: "ErrorCategoryAlreadyExists",
			message: "A category with the same name already exists."}
	}
	c.write(http.StatusCreated, append(object{{"@odata.context", c.categoriesContext() + "/$entity"}}, k.view()...))
	return nil
}

func validColor(color string) bool {
	if color == "none" {
		return true
	}
	text, ok := strings.CutPrefix(color, "preset")
	n, err := strconv.Atoi(text)
	return ok && err == nil && n >= 0 && n <= 24 && text == strconv.Itoa(n)
}

func unknownProperty(name, kind string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: "RequestBodyRead",
		message: "The property '" + name + "' does not exist on type 'microsoft.graph." + kind +
			"'. Make sure to only use property names that are defined by the type or mark the type as open type."}
}
