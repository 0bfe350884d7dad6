package contracts_test

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// exchange is one request and what was answered.
type exchange struct {
	method   string
	target   *url.URL
	asked    http.Header
	question []byte
	whole    bool // all of the question was read
	status   int  // 0 if no answer was sent, or not all of it
	told     http.Header
	answer   []byte
}

// usual are fields that HTTP itself defines (RFC 9110, RFC 6750), for which no
// contract is needed. Who describes an operation need not name them (OpenAPI
// 3.0.3, Parameter Object, says so of three).
var usual = []string{"Accept", "Accept-Encoding", "Authorization", "Content-Length", "Content-Type", "Date", "User-Agent", "Www-Authenticate", "Retry-After"}

// request tells how the request deviates from the contract.
func (c *contract) request(op *operation, vars map[string]string, x *exchange) []string {
	var found []string
	tell := func(parts ...string) { found = append(found, strings.Join(append([]string{"request"}, parts...), " ")) }
	query, err := url.ParseQuery(x.target.RawQuery)
	if err != nil {
		tell("query unreadable")
	}
	known := make(map[string]bool)
	for _, ref := range op.params {
		p := ref.Value
		var values []string
		switch p.In {
		case openapi3.ParameterInPath:
			values = []string{vars[p.Name]}
		case openapi3.ParameterInQuery:
			values = query[p.Name]
			known[p.Name] = true
		case openapi3.ParameterInHeader:
			values = x.asked.Values(p.Name)
			known[http.CanonicalHeaderKey(p.Name)] = true
		}
		switch {
		case len(values) == 0 && p.Required:
			tell(p.In, p.Name, "missing")
		case len(values) > 1:
			tell(p.In, p.Name, "repeated")
		}
		for _, v := range values {
			for _, f := range violations(p.Schema.Value, scalar(p.Schema.Value, v), openapi3.VisitAsRequest()) {
				tell(p.In, p.Name, f)
			}
		}
	}
	for name := range query {
		if !known[name] {
			tell("query", name, "unknown")
		}
	}
	for name := range x.asked {
		if !known[name] && !slices.Contains(usual, name) {
			tell("header", name, "unknown")
		}
	}
	switch b := op.RequestBody; {
	case !x.whole:
	case b == nil && len(x.question) > 0:
		tell("body unknown")
	case b != nil && len(x.question) == 0 && b.Value.Required:
		tell("body missing")
	case b != nil && len(x.question) > 0:
		for _, f := range c.body(b.Value.Content, x.asked.Get("Content-Type"), x.question, openapi3.VisitAsRequest()) {
			tell(f)
		}
	}
	return found
}

// response tells how the answer deviates from the contract.
func (c *contract) response(op *operation, x *exchange) []string {
	var found []string
	tell := func(parts ...string) {
		found = append(found, strings.Join(append([]string{"answer", strconv.Itoa(x.status)}, parts...), " "))
	}
	ref := op.Responses.Status(x.status)
	if ref == nil {
		ref = op.Responses.Default()
	}
	if ref == nil {
		tell("unknown")
		for _, f := range refusal(x) {
			tell("refusal", f)
		}
		return found
	}
	for name := range x.told {
		if ref.Value.Headers[name] == nil && !slices.Contains(usual, name) {
			tell("header", name, "unknown")
		}
	}
	for name, h := range ref.Value.Headers {
		for _, v := range x.told.Values(name) {
			for _, f := range violations(h.Value.Schema.Value, scalar(h.Value.Schema.Value, v), openapi3.VisitAsResponse()) {
				tell("header", name, f)
			}
		}
	}
	content := ref.Value.Content
	switch {
	case len(content) == 0 && len(x.answer) > 0:
		tell("body unknown")
	case len(content) > 0 && len(x.answer) == 0:
		tell("body missing")
	case len(content) > 0:
		for _, f := range c.body(content, x.told.Get("Content-Type"), x.answer, openapi3.VisitAsResponse()) {
			tell(f)
		}
	}
	return found
}

// body tells how a body deviates from what its media type's schema says.
func (c *contract) body(content openapi3.Content, mediaType string, body []byte, as openapi3.SchemaValidationOption) []string {
	m, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return []string{"type unreadable"}
	}
	var found []string
	described := content.Get(m)
	if described == nil {
		found = append(found, "type "+m+" unknown")
		// QUIRK: Zendesk sends JSON under other names.
		if described = content.Get("application/json"); described == nil || !json.Valid(body) {
			return found
		}
		m = "application/json"
	}
	var v any = string(body)
	if m == "application/json" {
		if json.Unmarshal(body, &v) != nil {
			return append(found, "body no JSON")
		}
	}
	if described.Schema == nil {
		return found
	}
	found = append(found, violations(described.Schema.Value, v, as)...)
	return append(found, c.strange(described.Schema.Value, v, "")...)
}

// scalar reads what stands in a path, a query or a header as the schema would
// have it.
func scalar(s *openapi3.Schema, v string) any {
	if s.Type.Is(openapi3.TypeInteger) || s.Type.Is(openapi3.TypeBoolean) {
		var out any
		if json.Unmarshal([]byte(v), &out) == nil {
			return out
		}
	}
	return v
}

// violations tells what a value lacks or has otherwise than its schema says,
// each as the place and the keyword.
func violations(s *openapi3.Schema, v any, as openapi3.SchemaValidationOption) []string {
	var found []string
	var read func(err error)
	read = func(err error) {
		var one *openapi3.SchemaError
		switch e := err.(type) {
		case nil:
		case openapi3.MultiError:
			for _, err := range e {
				read(err)
			}
		case *openapi3.SchemaError:
			one = e
		default:
			found = append(found, err.Error())
		}
		switch {
		case one == nil:
		case one.SchemaField == "allOf" && one.Value == nil && one.Schema.Nullable:
			// nullable beside allOf is meant to allow null, and by the letter does not.
		case one.SchemaField == "allOf":
			read(inside(one.Origin))
		case one.SchemaField == "anyOf", one.SchemaField == "oneOf":
			for _, f := range nearest(one, as) {
				found = append(found, place(one.JSONPointer())+f)
			}
		default:
			found = append(found, strings.TrimSpace(place(one.JSONPointer())+" "+one.SchemaField))
		}
	}
	read(s.VisitJSON(v, as, openapi3.MultiErrors(), openapi3.EnableFormatValidation(),
		openapi3.WithStringFormatValidators(formats)))
	slices.Sort(found)
	return slices.Compact(found)
}

// nearest tells what keeps a value from being the one of several that it is most
// like.
func nearest(e *openapi3.SchemaError, as openapi3.SchemaValidationOption) []string {
	var least []string
	for _, ref := range append(slices.Clone(e.Schema.AnyOf), e.Schema.OneOf...) {
		if found := violations(ref.Value, e.Value, as); least == nil || len(found) < len(least) {
			least = found
		}
	}
	return least
}

// inside returns what the parts of an allOf say.
func inside(err error) error {
	for err != nil {
		if all, ok := err.(openapi3.MultiError); ok {
			return all
		}
		err = errors.Unwrap(err)
	}
	return nil
}

// place writes a JSON pointer, in which every index is *.
func place(elements []string) string {
	var b strings.Builder
	for _, e := range elements {
		if _, err := strconv.Atoi(e); err == nil {
			e = "*"
		}
		b.WriteString("/" + e)
	}
	return b.String()
}
