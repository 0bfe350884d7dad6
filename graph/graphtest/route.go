package graphtest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// call is one request to Graph, alone or within a batch.
type call struct {
	s         *Server
	w         http.ResponseWriter
	r         *http.Request
	segs      []string // of the path after the version
	token     *token   // nil if the request has none that was ever issued
	mailbox   *mailbox // nil if the path names none that exists
	requestID string
	query     query
	prefer    prefer
}

func (s *Server) newCall(w http.ResponseWriter, r *http.Request, segs []string) *call {
	c := &call{s: s, w: w, r: r, segs: segs, requestID: s.dice.guid()}
	c.token = s.tokenOf(r)
	c.mailbox = s.mailboxOf(c.token, segs)
	return c
}

// mailboxOf returns the mailbox that a path after the version is about, nil if
// there is none.
func (s *Server) mailboxOf(t *token, segs []string) *mailbox {
	switch {
	case len(segs) > 0 && is(segs[0], "me") && t != nil:
		return t.user
	case len(segs) > 1 && is(segs[0], "users"):
		return s.findMailbox(segs[1])
	}
	return nil
}

func (c *call) app() string {
	if c.token == nil {
		return ""
	}
	return c.token.app
}

// at tells whether element i of the path is a name. Names are not
// case-sensitive, ids are.
func (c *call) at(i int, name string) bool {
	return i < len(c.segs) && strings.EqualFold(c.segs[i], name)
}

// setHeader sets what every answer of Graph carries.
func (c *call) setHeader(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Date", c.s.Now().UTC().Format(http.TimeFormat))
	h.Set("Request-Id", c.requestID)
	h.Set("Client-Request-Id", c.requestID)
	if id := c.r.Header.Get("Client-Request-Id"); id != "" {
		h.Set("Client-Request-Id", id)
	}
	h.Set("X-Ms-Ags-Diagnostic", `{"ServerInfo":{"DataCenter":"Test","Slice":"E","Ring":"1","ScaleUnit":"001","RoleInstance":"GRAPHTEST"}}`)
	h.Set("OData-Version", "4.0")
}

// route answers a request, or says why not.
func (c *call) route() *refusal {
	if no := c.authenticate(); no != nil {
		return no
	}
	if c.at(0, "$batch") && len(c.segs) == 1 && c.r.Method == http.MethodPost {
		return c.batch()
	}
	rest, no := c.root()
	if no != nil {
		return no
	}
	c.prefer = parsePrefer(c.r.Header)

	folder := ""
	if len(rest) > 2 && is(rest[0], "mailFolders") && is(rest[2], "messages") {
		folder, rest = rest[1], rest[2:]
	}
	switch {
	case len(rest) == 0 && c.r.Method == http.MethodGet:
		return c.getUser()
	case len(rest) == 1 && is(rest[0], "messages") && c.r.Method == http.MethodGet:
		return c.listMessages(folder)
	case len(rest) == 1 && is(rest[0], "messages") && c.r.Method == http.MethodPost:
		return c.createMessage(folder)
	case len(rest) == 1 && isAction(rest[0], "sendMail") && c.r.Method == http.MethodPost:
		return c.sendMail()
	case len(rest) == 1 && isAction(rest[0], "translateExchangeIds") && c.r.Method == http.MethodPost:
		return c.translateExchangeIds()
	case len(rest) > 0 && is(rest[0], "mailFolders"):
		return c.routeFolders(rest[1:])
	case len(rest) > 1 && is(rest[0], "messages"):
		return c.routeMessage(folder, rest[1], rest[2:])
	case len(rest) == 2 && is(rest[0], "outlook") && is(rest[1], "masterCategories") && c.r.Method == http.MethodGet:
		return c.listCategories()
	case len(rest) == 2 && is(rest[0], "outlook") && is(rest[1], "masterCategories") && c.r.Method == http.MethodPost:
		return c.createCategory()
	}
	return c.unknown()
}

func (c *call) routeMessage(folder, id string, rest []string) *refusal {
	// A garbled id comes before all else: it is what a client that does not
	// escape a slash sends, and the rest of the id is no route.
	if !wellFormed(id) {
		return malformedID()
	}
	if len(rest) > 0 && is(rest[0], "attachments") {
		return c.routeAttachment(folder, id, rest[1:])
	}
	action := strings.ToLower(strings.Join(rest, "/"))
	switch c.r.Method + " " + action {
	case "GET ":
		return c.getMessage(folder, id)
	case "GET $value":
		return c.getMIME(folder, id)
	case "PATCH ":
		return c.patchMessage(folder, id)
	case "DELETE ":
		return c.deleteMessage(folder, id)
	case "POST move":
		return c.moveMessage(folder, id)
	case "POST copy":
		return c.copyMessage(folder, id)
	case "POST send", "POST microsoft.graph.send":
		return c.sendMessage(folder, id)
	}
	return c.unknown()
}

// root resolves /me and /users/{id}, and returns the path after it.
func (c *call) root() ([]string, *refusal) {
	switch {
	case c.at(0, "me"):
		if c.token.user == nil {
			// Known from the service: an application has no "me".
			return nil, badRequest("/me request is only valid with delegated authentication flow.")
		}
		return c.segs[1:], nil
	case c.at(0, "users") && len(c.segs) > 1:
		rest := c.segs[2:]
		if c.mailbox == nil && len(rest) == 0 {
			return nil, &refusal{status: http.StatusNotFound, code: "Request_ResourceNotFound",
				message: "Resource '" + c.segs[1] + "' does not exist or one of its queried reference-property objects are not present."}
		}
		if c.mailbox == nil {
			return nil, &refusal{status: http.StatusNotFound, code: "ErrorInvalidUser",
				message: "The requested user '" + c.segs[1] + "' is invalid."}
		}
		return rest, nil
	}
	return nil, c.unknown()
}

// unknown refuses a route that this server does not implement.
func (c *call) unknown() *refusal {
	what := c.r.Method + " " + c.r.URL.Path
	c.s.log.miss(what)
	return &refusal{status: http.StatusNotImplemented, code: "NotImplemented", message: "graphtest: no route for " + what}
}

// unimplemented refuses what the service may know and this server does not.
func (c *call) unimplemented(what string) *refusal {
	c.s.log.miss(c.r.Method + " " + c.r.URL.Path + ": " + what)
	return badRequest("graphtest: not implemented: " + what)
}

func is(seg, name string) bool { return strings.EqualFold(seg, name) }

// isAction tells whether an element is an action, qualified or not.
func isAction(seg, name string) bool { return is(seg, name) || is(seg, "microsoft.graph."+name) }

// keyed are the collections whose members may be named in OData's key syntax,
// as in mailFolders('Inbox').
var keyed = []string{"users", "messages", "mailfolders", "attachments", "attachmentsessions", "childfolders"}

// segments splits an escaped path. A trailing slash is accepted, as in
// Microsoft's own samples.
func segments(escaped string) ([]string, error) {
	var segs []string
	for part := range strings.SplitSeq(strings.Trim(escaped, "/"), "/") {
		seg, err := url.PathUnescape(part)
		if err != nil {
			return nil, err
		}
		name, key, ok := strings.Cut(seg, "('")
		if key, closed := strings.CutSuffix(key, "')"); ok && closed && slices.Contains(keyed, strings.ToLower(name)) {
			segs = append(segs, name, strings.ReplaceAll(key, "''", "'"))
			continue
		}
		segs = append(segs, seg)
	}
	return segs, nil
}

// plainPath joins segments to an unescaped path in which a slash within a
// segment stays escaped.
func plainPath(segs []string) string {
	var b strings.Builder
	for _, seg := range segs {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(seg, "/", "%2F"))
	}
	return b.String()
}
