package sim

import (
	"net/http"
	"regexp"
	"strings"
)

// operation is what a request does, in the words of the story.
type operation string

// The operations that failures tell apart. Whatever else is asked of a service
// is named by its method and the last fixed word of its path.
const (
	opToken   operation = "token"
	opList    operation = "list"
	opFind    operation = "find"
	opOpen    operation = "open"
	opMark    operation = "mark"
	opLabels  operation = "labels" // a batch
	opDraft   operation = "draft"
	opSend    operation = "send"
	opDiscard operation = "discard"
	opCreate  operation = "create"
	opComment operation = "comment"
	opLookup  operation = "lookup"
	opAudits  operation = "audits"
	opUpload  operation = "upload"
)

// service is one of the two.
type service string

const (
	exchange service = "exchange"
	support  service = "support"
)

// tagged is how mails and notifications are named in all that is said of them.
var (
	tagged  = regexp.MustCompile(`[mn]\d{5}t`)
	noticed = regexp.MustCompile(`n\d{5}t`)
)

// messageIDs finds the messages that the requests of a batch are about.
var messageIDs = regexp.MustCompile(`/messages/([^/?"]+)`)

// operationOf tells what a request does.
func operationOf(to service, r *http.Request) operation {
	path := r.URL.Path
	elements := strings.Split(strings.Trim(path, "/"), "/")
	last := elements[len(elements)-1]
	is := func(method, suffix string) bool { return r.Method == method && strings.HasSuffix(path, suffix) }
	switch {
	case is("POST", "/token"), is("POST", "/oauth/tokens"):
		return opToken
	case to == support && is("POST", "/tickets"):
		return opCreate
	case to == support && r.Method == "PUT" && len(elements) == 4 && elements[2] == "tickets":
		return opComment
	case to == support && is("GET", "/tickets"):
		return opLookup
	case is("GET", "/audits"):
		return opAudits
	case is("POST", "/uploads"):
		return opUpload
	case is("GET", "/inbox/messages"):
		return opList
	case is("GET", "/messages"):
		return opFind
	case is("GET", "/$value"):
		return opOpen
	case is("POST", "/$batch"):
		return opLabels
	case is("POST", "/messages"):
		return opDraft
	case is("POST", "/send"):
		return opSend
	case r.Method == "PATCH" && elements[len(elements)-2] == "messages":
		return opMark
	case r.Method == "DELETE" && elements[len(elements)-2] == "messages":
		return opDiscard
	}
	for i := len(elements) - 1; i >= 0; i-- {
		if len(elements[i]) < 30 && !strings.ContainsAny(elements[i], "0123456789@") {
			last = elements[i]
			break
		}
	}
	return operation(strings.ToLower(r.Method) + " " + last)
}

// writes reports whether the service has something else afterwards.
func (o operation) writes() bool {
	switch o {
	case opMark, opLabels, opDraft, opSend, opDiscard, opCreate, opComment, opUpload:
		return true
	}
	return !strings.HasPrefix(string(o), "get ") && o != opList && o != opFind && o != opOpen && o != opLookup && o != opAudits && o != opToken
}
