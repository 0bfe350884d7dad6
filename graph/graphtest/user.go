package graphtest

import (
	"net/http"
	"net/url"
	"slices"
)

var userProperties = []string{"displayName", "id", "mail", "userPrincipalName"}

// getUser answers /me and /users/{id}. ("Get a user".)
func (c *call) getUser() *refusal {
	if no := c.parseQuery("$select"); no != nil {
		return no
	}
	t := c.token
	if t.user == c.mailbox && !t.has("User.Read") || t.user != c.mailbox && !t.has("User.ReadBasic.All") {
		return &refusal{status: http.StatusForbidden, code: "Authorization_RequestDenied",
			message: "Insufficient privileges to complete the operation."}
	}
	selected := userProperties
	if c.query.selected != nil {
		selected = c.query.selected
	}
	for _, name := range selected {
		if !slices.Contains(userProperties, name) {
			return c.unimplemented("user property " + name)
		}
	}
	m := c.mailbox
	c.s.mu.Lock()
	display := m.display
	c.s.mu.Unlock()
	values := map[string]string{"displayName": display, "id": m.guid, "mail": m.address, "userPrincipalName": m.address}
	v := object{{"@odata.context", c.base() + "/$metadata#users" + c.projection() + "/$entity"}}
	for _, name := range selected {
		v = append(v, member{name, values[name]})
	}
	c.write(http.StatusOK, v)
	return nil
}

// base is the address of the version root as the client sees it.
func (c *call) base() string {
	scheme := "http"
	if c.r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + c.r.Host + "/" + version
}

// user is the part of a context URL that names the user.
func (c *call) user() string { return "users('" + url.PathEscape(c.mailbox.guid) + "')" }
