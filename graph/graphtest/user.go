package graphtest

import (
	"net/http"
	"net/url"
	"slices"
)

var (
	// basicProperties are those that User.ReadBasic.All shows of others.
	basicProperties = []string{"displayName", "id", "mail", "userPrincipalName"}
	// userProperties are all that this server knows; those that are not basic
	// come only if they are selected.
	userProperties = append([]string{"accountEnabled", "assignedPlans", "onPremisesSyncEnabled", "proxyAddresses"}, basicProperties...)
)

// getUser answers /me and /users/{id}. ("Get a user".)
func (c *call) getUser() *refusal {
	if no := c.parseQuery("$select"); no != nil {
		return no
	}
	selected := basicProperties
	if c.query.selected != nil {
		selected = c.query.selected
	}
	permission := "User.ReadBasic.All"
	for _, name := range selected {
		if !slices.Contains(userProperties, name) {
			return c.unimplemented("user property " + name)
		}
		if !slices.Contains(basicProperties, name) {
			permission = "User.Read.All"
		}
	}
	if c.token.user == c.mailbox {
		permission = "User.Read" // shows all of one's own
	}
	if !c.token.has(permission) {
		return &refusal{status: http.StatusForbidden, code: "Authorization_RequestDenied",
			message: "Insufficient privileges to complete the operation."}
	}
	values := c.properties()
	v := object{{"@odata.context", c.base() + "/$metadata#users" + c.projection() + "/$entity"}}
	for _, name := range selected {
		v = append(v, member{name, values[name]})
	}
	c.write(http.StatusOK, v)
	return nil
}

// exchangePlan is servicePlanId of Exchange Online (Plan 1), and foundationPlan
// that of Exchange Foundation, which comes with most products, such as the free
// ones, and holds no mailbox. ("Product names and service plan identifiers for
// licensing".)
const (
	exchangePlan   = "9aaf7827-d63c-4b61-89c3-182f06f82e5c"
	foundationPlan = "113feb6c-3fe4-4440-bddc-54d774bf0318"
)

func plan(id, status string) object {
	return object{{"assignedDateTime", "2026-01-15T09:30:00Z"}, {"capabilityStatus", status}, {"service", "exchange"}, {"servicePlanId", id}}
}

// properties are those of the user. ("user resource type".)
func (c *call) properties() map[string]any {
	m := c.mailbox
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	plans, synced := []object{}, any(nil) // null, if it never was
	if m.entry.plan != "" {
		plans = append(plans, plan(exchangePlan, m.entry.plan))
	}
	if !m.entry.disabled { // a shared mailbox takes no product at all
		plans = append(plans, plan(foundationPlan, "Enabled"))
	}
	if m.entry.synced {
		synced = true
	}
	mail, proxies := any(m.address), []string{"SMTP:" + m.address}
	if m.entry == (entry{nowhere: true}) { // who never had a mailbox
		mail, proxies = nil, []string{}
	}
	for _, a := range m.aliases {
		proxies = append(proxies, "smtp:"+a)
	}
	return map[string]any{"displayName": m.display, "id": m.guid, "mail": mail, "userPrincipalName": m.address,
		"accountEnabled": !m.disabled.Load(), "assignedPlans": plans, "onPremisesSyncEnabled": synced, "proxyAddresses": proxies}
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
