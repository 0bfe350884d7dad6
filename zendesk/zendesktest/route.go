package zendesktest

import (
	"net/http"
	"slices"
	"strings"
)

// call is one request on its way through the account.
type call struct {
	r     *http.Request
	x     *exchange
	base  string
	route *route
	vars  map[string]string
	token *token // nil: anonymous
}

type route struct {
	method, pattern string
	scope           string // that a token needs
	query           string // the parameters that the route acts on
	anonymous       bool   // serves those who have no credentials
	outside         bool   // is not part of /api/v2
	serve           func(*Server, *call) *answer
}

const (
	paging  = "page page[size] page[after] page[before] per_page "
	sorting = paging + "sort sort_by sort_order "
)

var routes = []route{
	{method: "GET", pattern: authorizePath, query: authorizing, outside: true, serve: (*Server).showAuthorization},
	{method: "POST", pattern: authorizePath, query: authorizing, outside: true, serve: (*Server).answerAuthorization},
	{method: "POST", pattern: tokensPath, outside: true, serve: (*Server).issueToken},
	{method: "GET", pattern: "/attachments/token/{key}", query: "name", outside: true, serve: (*Server).showContent},
	{method: "GET", pattern: "/attachment/{account}/{key}", query: "token", outside: true, serve: (*Server).showStored}, // of Options.FileHost
	{method: "GET", pattern: "/access/unauthenticated", query: "return_to", outside: true, serve: (*Server).showSignIn},

	{method: "POST", pattern: "/api/v2/tickets", scope: "tickets:write", serve: (*Server).createTicket},
	{method: "GET", pattern: "/api/v2/tickets", scope: "tickets:read", query: sorting + "external_id", serve: (*Server).listTickets},
	{method: "GET", pattern: "/api/v2/tickets/show_many", scope: "tickets:read", query: "ids", serve: (*Server).showMany},
	{method: "GET", pattern: "/api/v2/tickets/{id}", scope: "tickets:read", serve: (*Server).showTicket},
	{method: "PUT", pattern: "/api/v2/tickets/{id}", scope: "tickets:write", serve: (*Server).updateTicket},
	{method: "DELETE", pattern: "/api/v2/tickets/{id}", scope: "tickets:write", serve: (*Server).deleteTicket},
	{method: "POST", pattern: "/api/v2/tickets/{id}/merge", scope: "tickets:write", serve: (*Server).mergeTickets},
	{method: "POST", pattern: "/api/v2/imports/tickets", scope: "tickets:write", query: "archive_immediately", serve: (*Server).importTicket},
	{method: "GET", pattern: "/api/v2/job_statuses/{id}", scope: "tickets:read", serve: (*Server).showJob},
	{method: "GET", pattern: "/api/v2/tickets/{id}/email_ccs", scope: "tickets:read", query: "page per_page", serve: (*Server).listEmailCCs},
	{method: "GET", pattern: "/api/v2/tickets/{id}/followers", scope: "tickets:read", query: "page per_page", serve: (*Server).listFollowers},
	{method: "GET", pattern: "/api/v2/tickets/{id}/audits", scope: "tickets:read", query: paging + "sort_order", serve: (*Server).listAudits},
	{method: "GET", pattern: "/api/v2/tickets/{id}/comments", scope: "tickets:read", query: paging + "sort sort_order include include_inline_images", serve: (*Server).listComments},

	{method: "POST", pattern: "/api/v2/uploads", scope: "ticket_attachments:write", query: "filename token", serve: (*Server).createUpload},
	{method: "DELETE", pattern: "/api/v2/uploads/{key}", scope: "ticket_attachments:write", serve: (*Server).deleteUpload},
	{method: "GET", pattern: "/api/v2/attachments/{id}", scope: "tickets:read", serve: (*Server).showAttachment},

	{method: "GET", pattern: "/api/v2/users", scope: "users:read", query: paging + "role role[]", serve: (*Server).listEverybody},
	{method: "GET", pattern: "/api/v2/users/me", scope: "users:read", anonymous: true, serve: (*Server).showMe},
	{method: "GET", pattern: "/api/v2/users/search", scope: "users:read", query: paging + "query external_id", serve: (*Server).searchUsers},
	{method: "GET", pattern: "/api/v2/users/show_many", scope: "users:read", query: "ids", serve: (*Server).showManyUsers},
	{method: "GET", pattern: "/api/v2/users/{id}", scope: "users:read", serve: (*Server).showUser},
	{method: "GET", pattern: "/api/v2/users/{id}/identities", scope: "users:read", query: paging + "type[]", serve: (*Server).listIdentities},
	{method: "GET", pattern: "/api/v2/users/{id}/tickets/requested", scope: "tickets:read", query: sorting + "exclude_archived", serve: (*Server).listRequested},
	{method: "GET", pattern: "/api/v2/users/{id}/tickets/ccd", scope: "tickets:read", query: sorting, serve: (*Server).listCCd},
	{method: "GET", pattern: "/api/v2/users/{id}/tickets/followed", scope: "tickets:read", query: sorting + "exclude_archived", serve: (*Server).listFollowed},
	{method: "GET", pattern: "/api/v2/users/{id}/tickets/assigned", scope: "tickets:read", query: sorting, serve: (*Server).listAssigned},
	{method: "GET", pattern: "/api/v2/oauth/tokens/current", serve: (*Server).showCurrentToken},
	{method: "DELETE", pattern: "/api/v2/oauth/tokens/current", serve: (*Server).revokeCurrentToken},
	{method: "GET", pattern: "/api/v2/oauth/tokens/{id}", scope: "read", serve: (*Server).showToken},
	{method: "DELETE", pattern: "/api/v2/oauth/tokens/{id}", scope: "write", serve: (*Server).revokeToken},
	{method: "GET", pattern: "/api/v2/recipient_addresses/{id}", scope: settingsScope, serve: (*Server).showSupportAddress},
	{method: "GET", pattern: "/api/v2/recipient_addresses", scope: settingsScope, query: paging, serve: (*Server).listSupportAddresses},
	{method: "GET", pattern: "/api/v2/account/settings", scope: settingsScope, serve: (*Server).showSettings},
}

// match finds the route of a request; the suffix .json means nothing.
func match(c *call) (*route, string) {
	path := strings.TrimSuffix(strings.TrimSuffix(c.r.URL.Path, "/"), ".json")
	parts := strings.Split(path, "/")
	for i := range routes {
		rt := &routes[i]
		if rt.method != c.r.Method {
			continue
		}
		if vars, ok := rt.vars(parts); ok {
			c.vars = vars
			return rt, path
		}
	}
	return nil, path
}

func (rt *route) vars(parts []string) (map[string]string, bool) {
	want := strings.Split(rt.pattern, "/")
	if len(want) != len(parts) {
		return nil, false
	}
	vars := map[string]string{}
	for i, w := range want {
		switch {
		case strings.HasPrefix(w, "{"):
			vars[strings.Trim(w, "{}")] = parts[i]
		case w != parts[i]:
			return nil, false
		}
	}
	return vars, true
}

func (rt *route) knows(query string) bool {
	return slices.Contains(strings.Fields(rt.query), query)
}
