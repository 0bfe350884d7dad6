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

// oauthError is the envelope of the token endpoint, RFC 6749 §5.2.
func oauthError(status int, code string) *answer {
	return reply(status, object{"error": code, "error_description": oauthTexts[code]}).with("Cache-Control", "no-store")
}

// oauthTexts are what the service says besides. That of invalid_grant is in
// https://support.zendesk.com/hc/en-us/articles/115012709368
var oauthTexts = map[string]string{
	"invalid_grant":             "The provided access grant is invalid, expired, or revoked (e.g. invalid assertion, expired authorization token, bad end-user password credentials, or mismatching authorization code and redirection URI).",
	"invalid_client":            "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.",
	"invalid_scope":             "The requested scope is invalid, unknown, or malformed.",
	"invalid_request":           "The request is missing a required parameter, includes an unsupported parameter or parameter value, or is otherwise malformed.",
	"unauthorized_client":       "The client is not authorized to use this authorization grant type.",
	"unsupported_grant_type":    "The authorization grant type is not supported by the authorization server.",
	"unsupported_response_type": "The requested response type is not supported by the authorization server.",
	"access_denied":             "The end-user or authorization server denied the request.",
}

// answerFault writes what is usual for status, with code if the script names
// one.
func (s *Server) answerFault(w http.ResponseWriter, r *http.Request, status int, code string) {
	or := func(usual string) string {
		if code != "" {
			return code
		}
		return usual
	}
	var a *answer
	tokens := r.URL.Path == tokensPath
	switch status {
	case http.StatusUnauthorized:
		if a = bare(status, or(notAuthenticated)); tokens {
			a = oauthError(status, or("invalid_client"))
		}
	case http.StatusForbidden:
		if tokens {
			a = oauthError(status, or("unauthorized_client"))
			break
		}
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
		if a = plain(status, or("BadRequest"), http.StatusText(status)); tokens {
			a = oauthError(status, or("invalid_request"))
		}
	}
	a.write(w)
}
