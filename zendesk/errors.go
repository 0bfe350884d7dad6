package zendesk

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// Error is a request that Zendesk refused or did not answer.
type Error struct {
	Op        string   // what was done: "create ticket"
	Status    int      // HTTP status; 0 when there was no answer
	Code      string   // Zendesk's error code, such as "RecordInvalid"
	Detail    string   // what Zendesk says is wrong, shortened
	Fields    []string // the fields that Zendesk says are wrong, sorted; "base" is the whole
	RequestID string   // Zendesk's request id, which its support asks for
	Err       error    // the cause below HTTP, or nil

	wait      time.Duration
	classes   []error
	suspended bool // the person whom it is about is
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "zendesk: %s: ", e.Op)
	switch {
	case e.Status != 0 && e.Code != "":
		fmt.Fprintf(&b, "%d %s", e.Status, e.Code)
	case e.Status != 0:
		fmt.Fprintf(&b, "%d %s", e.Status, http.StatusText(e.Status))
	}
	switch {
	case len(e.Fields) > 0:
		// The details quote names and addresses; Reason has them.
		b.WriteString(": " + clip(strings.Join(e.Fields, ", "), 100))
	case e.Detail != "" && e.Status != http.StatusUnprocessableEntity:
		b.WriteString(": " + rest.Quote(e.Detail)) // all of it is in Reason
	}
	if e.Err != nil {
		if e.Status != 0 {
			b.WriteString(": ")
		}
		b.WriteString(e.Err.Error())
	}
	switch {
	case errors.Is(e, exdesk.ErrAuth):
		b.WriteString(": connect the account again; API tokens end on 30 April 2027")
	case e.Status == http.StatusForbidden:
		b.WriteString(": the token lacks a scope, its user a role, or the plan a feature")
	case e.Code == "InvalidEndpoint":
		b.WriteString(": check the subdomain")
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request id %s)", e.RequestID)
	}
	return b.String()
}

// Unwrap returns the cause and the classes of package exdesk.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return e.classes
	}
	return append([]error{e.Err}, e.classes...)
}

// Reason returns what Zendesk says is wrong with what it was given.
func (e *Error) Reason() string { return e.Detail }

// RetryAfter returns how long Zendesk asked to be left alone, if it did.
func (e *Error) RetryAfter() (time.Duration, bool) { return max(e.wait, 0), e.wait >= 0 }

// explain puts a failure into Zendesk's words.
func explain(f *rest.Failure) error {
	e := &Error{Op: f.Op, Status: f.Status, Err: f.Err, wait: f.Wait}
	e.RequestID = rest.ID(f.Header.Get("X-Zendesk-Request-Id")) // as documented
	if e.RequestID == "" {
		e.RequestID = rest.ID(f.Header.Get("X-Request-Id")) // as seen
	}
	e.read(f.Body)
	e.classes = classes(e, f)
	return e
}

func classes(e *Error, f *rest.Failure) []error {
	var list []error
	switch {
	case errors.Is(e.Err, rest.ErrRenewed):
		list = append(list, exdesk.ErrTemporary)
	case errors.Is(e.Err, rest.ErrForeign):
	case errors.Is(e.Err, rest.ErrToken) && !f.Temporary():
		list = append(list, exdesk.ErrAuth)
	case e.Code == "IdempotentRequestError":
		list = append(list, exdesk.ErrKeyUsed)
	case (e.Status >= 500 || e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout) &&
		strings.EqualFold(f.Header.Get("X-Idempotency-Lookup"), "hit"):
		// Whether failures are remembered is not documented. This is one, told
		// again: nothing happened now, and nothing ever will under this key.
		return append(list, exdesk.ErrKeyUsed, exdesk.ErrTemporary)
	case e.Status == http.StatusUnauthorized:
		list = append(list, exdesk.ErrAuth)
	case e.Status == http.StatusForbidden, e.Code == "InvalidEndpoint":
		list = append(list, exdesk.ErrAccess)
	case e.Status == http.StatusNotFound:
		list = append(list, exdesk.ErrNotFound)
	case e.Status == http.StatusConflict:
		// Besides a stale update: two requests that make the same user at
		// once, or a key that is being served. Nobody says which, so look.
		list = append(list, exdesk.ErrConflict, exdesk.ErrTemporary, exdesk.ErrDoubtful)
	case e.Status == http.StatusUnprocessableEntity && strings.Contains(e.Detail, "closed prevents ticket update"):
		// QUIRK: with "Status: " before it or without, under status or base. The
		// ticket was closed after it was read.
		list = append(list, exdesk.ErrConflict)
	case e.Status == http.StatusUnprocessableEntity && e.suspended:
		list = append(list, exdesk.ErrRefused, exdesk.ErrSuspended)
	case e.Status == http.StatusUnprocessableEntity, e.Status == http.StatusRequestEntityTooLarge,
		e.Code != "" && e.changes() && refusals[e.Status]:
		list = append(list, exdesk.ErrRefused)
	case e.Status == http.StatusTooManyRequests, e.Status == http.StatusRequestTimeout, e.Status >= 500, e.Status < 300:
		list = append(list, exdesk.ErrTemporary)
	}
	if f.Doubt {
		list = append(list, exdesk.ErrDoubtful)
	}
	return list
}

// refusals are the further statuses by which Zendesk, if the answer is its own,
// says that what it was given will never do.
var refusals = map[int]bool{
	http.StatusBadRequest: true, http.StatusRequestURITooLong: true, http.StatusUnsupportedMediaType: true,
}

func (e *Error) changes() bool {
	switch e.Op {
	case opUpload, opCreate, opComment, opImport:
		return true
	}
	return false
}

// read understands the four shapes of Zendesk's error answers, and says
// nothing of others, such as plain text and the HTML of a proxy:
//
//	{"error":"code","description":"…","details":{"field":[{"description":"…"}]}}
//	{"error":"sentence"}
//	{"error":{"title":"…","message":"…"}}
//	{"errors":[{"code":"…","title":"…","detail":"…"}]}
func (e *Error) read(body []byte) {
	var b struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"description"`
		Details     json.RawMessage `json:"details"`
		Errors      []struct{ Code, Title, Detail string }
	}
	if json.Unmarshal(body, &b) != nil {
		return
	}
	var object struct{ Title, Message string }
	switch {
	case json.Unmarshal(b.Error, &e.Code) == nil && e.Code != "":
		e.Detail = b.Description
		e.readDetails(b.Details)
		if strings.Contains(e.Code, " ") {
			e.Code, e.Detail = "", e.Code // a sentence, not a code
		}
	case json.Unmarshal(b.Error, &object) == nil && object.Title != "":
		e.Code, e.Detail = object.Title, object.Message
	case len(b.Errors) > 0:
		e.Code, e.Detail = b.Errors[0].Code, b.Errors[0].Detail
		if e.Detail == "" {
			e.Detail = b.Errors[0].Title
		}
	}
	e.Code, e.Detail = rest.Code(e.Code), clip(e.Detail, 300)
}

// readDetails takes over the fields that are named and what is said of them
// all.
func (e *Error) readDetails(details json.RawMessage) {
	var fields map[string][]struct{ Description, Error string }
	if json.Unmarshal(details, &fields) != nil {
		return
	}
	names := slices.Sorted(maps.Keys(fields))
	var all []string
	for _, name := range names {
		for _, p := range fields[name] {
			all = append(all, p.Description)
			// QUIRK: older answers have the sentence alone.
			e.suspended = e.suspended || p.Error == "UserSuspended" || strings.HasSuffix(p.Description, "is suspended.")
		}
	}
	if said := strings.Join(all, "; "); said != "" {
		e.Fields, e.Detail = slices.DeleteFunc(names, func(name string) bool { return rest.Code(name) == "" }), said
	}
}

// clip makes a server's words fit for one line of a log, and for a terminal.
func clip(s string, most int) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, shorten(s, most))
}

// shorten keeps a text within so many octets, and an ellipsis.
func shorten(s string, most int) string {
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
