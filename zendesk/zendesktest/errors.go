package zendesktest

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
)

// The service has four envelopes for errors, and text; which one it takes is
// said at each maker. Clients must read them all.
// https://developer.zendesk.com/api-reference/introduction/responses/

// answer is what a handler says. It is made under the lock and written
// without it.
type answer struct {
	status int
	header http.Header
	body   []byte
}

const jsonType = "application/json; charset=utf-8"

func reply(status int, v any) *answer {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // v is made here, of maps and strings
	}
	return &answer{status: status, header: http.Header{"Content-Type": {jsonType}}, body: bytes.TrimSpace(b.Bytes())}
}

func (a *answer) with(key, value string) *answer {
	a.header.Set(key, value)
	return a
}

func (a *answer) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	if a.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that has gone is no concern of the account
}

// object is how JSON objects are built before they are answered.
type object = map[string]any

// bare is the first envelope, of credentials.
func bare(status int, text string) *answer { return reply(status, object{"error": text}) }

// plain is the second envelope, of most refusals.
func plain(status int, code, description string) *answer {
	return reply(status, object{"error": code, "description": description})
}

// details is the second envelope's list of what is wrong, by field.
type details map[string][]object

func (d details) add(field, description, code string) {
	d[field] = append(d[field], object{"description": description, "error": code})
}

func (d details) answer() *answer {
	return reply(http.StatusUnprocessableEntity,
		object{"error": "RecordInvalid", "description": "Record validation errors", "details": d})
}

func refused(field, description, code string) *answer {
	d := details{}
	d.add(field, description, code)
	return d.answer()
}

func notFound() *answer { return plain(http.StatusNotFound, "RecordNotFound", "Not found") }

// titled is the third envelope, of permissions and of parameters that have
// the wrong type.
func titled(status int, title, message string) *answer {
	return reply(status, object{"error": object{"title": title, "message": message}})
}

func forbidden() *answer {
	return titled(http.StatusForbidden, "Forbidden",
		"You do not have access to this page. Please contact the account owner of this help desk for further help.")
}

func invalidAttribute(name, want string) *answer {
	return titled(http.StatusBadRequest, "Invalid attribute",
		"You passed an invalid value for the "+name+" attribute. Invalid parameter: "+name+" must be "+want)
}

// listed is the fourth envelope, of pagination.
func listed(status int, code, title, detail string) *answer {
	return reply(status, object{"errors": []object{{"code": code, "title": title, "detail": detail}}})
}

func text(status int, body string) *answer {
	return &answer{status: status, header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, body: []byte(body)}
}

// limited is the answer of a limit, whose body the vendor does not document.
func (s *Server) limited(asJSON bool) *answer {
	if asJSON || s.opt.JSONLimits {
		return plain(http.StatusTooManyRequests, "APIRateLimitExceeded",
			"Number of allowed API requests per minute exceeded")
	}
	return text(http.StatusTooManyRequests, "Number of allowed API requests per minute exceeded")
}

// answerFault writes what is usual for status, with code if the script names
// one.
func (s *Server) answerFault(w http.ResponseWriter, _ *http.Request, status int, code string) {
	or := func(usual string) string {
		if code != "" {
			return code
		}
		return usual
	}
	var a *answer
	switch status {
	case http.StatusUnauthorized:
		a = bare(status, or(notAuthenticated))
	case http.StatusForbidden:
		a = titled(status, or("Forbidden"), "You do not have access to this page. Please contact the account owner of this help desk for further help.")
	case http.StatusNotFound:
		a = plain(status, or("RecordNotFound"), "Not found")
	case http.StatusConflict:
		a = conflict(or("UpdateConflict"))
	case http.StatusUnprocessableEntity:
		a = reply(status, object{"error": or("RecordInvalid"), "description": "Record validation errors",
			"details": details{"base": {{"description": "Refused by a scripted fault", "error": or("Scripted")}}}})
	case http.StatusTooManyRequests:
		a = s.limited(code != "")
	default:
		if code == "" && status >= 500 {
			// QUIRK: "errors may come as text/plain", and what stands before
			// the service answers in text.
			a = text(status, http.StatusText(status))
			break
		}
		a = plain(status, or("BadRequest"), http.StatusText(status))
	}
	a.write(w)
}
