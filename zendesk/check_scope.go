package zendesk

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

const onScopes = "scopes"

// nowhere is a ticket that does not exist: tickets are counted from 1, and no
// account has made as many. It is the largest number that JSON carries unharmed.
const nowhere = 1<<53 - 1

// scope is what a request needs that is tried.
type scope struct {
	req      *rest.Request
	severity exdesk.Severity // if it is refused
	lacks    string          // what cannot be done then
	scope    string          // that it takes
	do       string
}

// scopes tries what Ingest does. A request that is refused for its scope is
// answered 403, whatever it asks for; one that is not is answered 200, or 404 if
// it is about what does not exist, as far as is known. Nothing could come of it even
// if that existed: a ticket that was changed since 1970 refuses a safe update, and no
// token is one that Zendesk makes.
func (k *checking) scopes(ctx context.Context) {
	list := []scope{
		{&rest.Request{Op: "try to change a ticket", Method: http.MethodPut, Path: ticketPath(nowhere), JSON: map[string]any{"ticket": map[string]any{
			"safe_update": true, "updated_stamp": "1970-01-01T00:00:00Z"}}}, exdesk.Failure,
			"no ticket can be made or added to", "tickets:write", "add tickets:write to the scopes of the token"},
		{&rest.Request{Op: "try an upload", Method: http.MethodDelete, Path: []string{"uploads", "exdesk-checks-whether-it-may"}}, exdesk.Failure,
			"no file can be stored", "ticket_attachments:write", "add ticket_attachments:write to the scopes of the token, or write"},
	}
	one := int64(nowhere)
	var out struct{ Tickets []ticket }
	_, err := k.do(ctx, &rest.Request{Op: "list tickets", Path: []string{"tickets"}, Query: "page%5Bsize%5D=1"}, &out)
	if len(out.Tickets) > 0 && out.Tickets[0].ID > 0 {
		one = out.Tickets[0].ID
	}
	missing := k.tried(ctx, err, &scope{nil, exdesk.Failure, "no ticket can be found", "tickets:read", "add tickets:read or read to the scopes of the token"})
	// By one edition of its page it takes the global scope, by another
	// tickets:read.
	list = append(list, scope{&rest.Request{Op: "try to read audits", Path: append(ticketPath(one), "audits"), Query: "page%5Bsize%5D=1"}, exdesk.Warning,
		"the audits of tickets cannot be read: replies become tickets of their own", "read", "add the scope read to the token: tickets:read is not enough in this account"})
	if k.me.ID != nil {
		list = append(list, scope{&rest.Request{Op: "try to read addresses", Path: []string{"users", strconv.FormatInt(*k.me.ID, 10), "identities"}, Query: "page%5Bsize%5D=1"}, exdesk.Warning,
			"people's further addresses cannot be read: who writes from one of them is taken for somebody else", "read", "add the scope read to the token: users:read is not enough in this account"})
	}
	for i := range list {
		_, err := k.do(ctx, list[i].req, &struct{}{})
		missing = k.tried(ctx, err, &list[i]) || missing
	}
	if !missing {
		k.add(onScopes, exdesk.Good, "tickets can be found, made and added to, and files stored", "")
	}
}

// tried adds what came of trying, unless all is well, and reports whether it added
// something.
func (k *checking) tried(ctx context.Context, err error, s *scope) bool {
	switch status, code := answered(err); {
	case err == nil && (s.req == nil || s.req.Method == ""), status == http.StatusNotFound && code != "InvalidEndpoint":
		return false
	case status == http.StatusForbidden:
		k.forbidden(ctx, onScopes, s.severity, s.lacks, s.scope, s.do)
	case err == nil:
		k.add(onScopes, exdesk.Unknown, "it could not be found out whether "+s.lacks+": what does not exist was changed", "")
	default:
		k.trouble(onScopes, "it could not be found out whether "+s.lacks, err)
	}
	return true
}

// forbidden tells what a 403 means: that the scope is missing, unless that cannot
// be, because it was granted or because API tokens have none.
func (k *checking) forbidden(ctx context.Context, subject string, severity exdesk.Severity, what, scope, do string) {
	var granted []string
	if source, ok := k.rest.Token.(scoped); ok {
		granted, _ = source.Scopes(ctx) // none, if it does not tell
	}
	_, verb, _ := strings.Cut(scope, ":")
	switch {
	case k.apiToken():
		what, do = what+": an API token has no scopes, so that it is the role or the plan that does not allow it", staff
	case slices.Contains(granted, scope), slices.Contains(granted, verb):
		what, do = what+": the scope "+scope+" was granted, so that it is the role or the plan that does not allow it", staff
	default:
		what += ": the scope " + scope + " is missing"
	}
	k.add(subject, severity, what, do)
}

// scoped is a token source that knows what was granted.
type scoped interface {
	Scopes(ctx context.Context) ([]string, error)
}

// useful are the scopes that exdesk has use for.
var useful = []string{"read", "tickets:read", "tickets:write", "ticket_attachments:write", "users:read", "users:write", "account_settings:read"}

// mostScopes is how many scopes too many are told of.
const mostScopes = 20

// granted tells of scopes that are not needed, if the token source knows them.
func (k *checking) granted(ctx context.Context) {
	source, ok := k.rest.Token.(scoped)
	if !ok {
		return
	}
	list, err := source.Scopes(ctx)
	if err != nil {
		k.add(onScopes, exdesk.Unknown, "the token source does not tell what was granted", "")
		return
	}
	told := 0
	for _, s := range list {
		if slices.Contains(useful, s) {
			continue
		}
		if told++; told > mostScopes {
			k.add(onScopes, exdesk.Warning, "there are more scopes that are not needed", "")
			return
		}
		k.add(onScopes, exdesk.Warning, "the scope "+clip(s, 60)+" was granted and is not needed: it opens "+opens(s),
			"ask for read, tickets:write and ticket_attachments:write alone")
	}
}

// opens says what a scope opens ("OAuth scopes"; an unknown one is granted and
// opens nothing).
func opens(scope string) string {
	subject, verb, _ := strings.Cut(scope, ":")
	switch {
	case scope == "write":
		return "changing and deleting everything in the account"
	case scope == "impersonate":
		return "acting as any end user"
	case verb == "read" || verb == "write":
		return clip(subject, 40)
	}
	return "nothing that is known"
}
