package zendesktest

import (
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// openBare parses a request whose fields stand in no object of their own.
func (s *Server) openBare(c *call, body []byte, action string) (params, *parse, *answer) {
	root := &parse{action: action}
	if kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type")); kind != "application/json" {
		// QUIRK: other bodies are not refused, they are not read.
		s.mu.Lock()
		s.violation("%s %s is not sent as application/json", c.r.Method, c.r.URL.Path)
		s.mu.Unlock()
		return params{root: root}, root, nil
	}
	top := params{root: root}
	if err := decode(body, &top.in); err != nil {
		return params{}, root, reply(http.StatusUnprocessableEntity,
			object{"error": "Unprocessable Entity", "message": "Server could not parse JSON"})
	}
	return top, root, nil
}

// open parses a request that holds one object called "ticket".
func (s *Server) open(c *call, body []byte, action string) (params, *parse, *answer) {
	top, root, a := s.openBare(c, body, action)
	if a != nil {
		return params{}, root, a
	}
	p, ok := top.object("ticket")
	top.close()
	if !ok {
		return params{}, root, invalidAttribute("ticket", "an object from "+action)
	}
	return p, root, nil
}

// warn tells the client which of its fields were ignored, and the account's
// owner which of them the real service would have obeyed.
func (s *Server) warn(a *answer, root *parse) *answer {
	for _, name := range root.unmodeled {
		remember(&s.book.unknown, "field "+name+" of "+root.action)
	}
	if len(root.stray) == 0 {
		return a
	}
	slices.Sort(root.stray)
	quoted := make([]string, len(root.stray))
	for i, name := range root.stray {
		quoted[i] = strconv.QuoteToASCII(name)
	}
	controller, action, _ := strings.Cut(root.action, "/")
	return a.with("X-Zendesk-API-Warn", `{:allowed_parameters=>{:controller=>"`+controller+`", :action=>"`+action+
		`", :unpermitted_keys=>[`+strings.Join(quoted, ", ")+`], :invalid_values=>[]}}`)
}
