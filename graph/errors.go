package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// Error is a request that Microsoft Graph refused or did not answer.
type Error struct {
	Op        string // what was done: "list messages"
	Status    int    // HTTP status; 0 when there was no answer
	Code      string // Graph's error code, such as "ErrorItemNotFound"
	RequestID string // Graph's request-id, which Microsoft's support asks for
	Err       error  // the cause below HTTP, or nil

	wait    time.Duration
	classes []error
	outside bool // of the mailboxes that the application may open
}

// Error tells what failed and, where a person can do something, what.
// Graph's own message is left out: it may quote addresses.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "graph: %s: ", e.Op)
	switch {
	case e.Status != 0 && e.Code != "":
		fmt.Fprintf(&b, "%d %s", e.Status, e.Code)
	case e.Status != 0:
		fmt.Fprintf(&b, "%d %s", e.Status, http.StatusText(e.Status))
	}
	if e.Err != nil {
		if e.Status != 0 {
			b.WriteString(": ")
		}
		b.WriteString(e.Err.Error())
	}
	if a := e.advice(); a != "" {
		b.WriteString(": " + a)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request-id %s)", e.RequestID)
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

// Reason returns what a person should know of the trouble, if anything.
func (e *Error) Reason() string { return e.advice() }

// RetryAfter returns how long Graph asked to be left alone, if it did.
func (e *Error) RetryAfter() (time.Duration, bool) { return max(e.wait, 0), e.wait >= 0 }

// class is what a code says, whatever status it came with: the same code is
// seen under different ones.
type class struct {
	err    error
	advice string
}

const noMailbox = "the mailbox is on-premises, inactive or not licensed; a new one may take 15 minutes, " +
	"and for an on-premises server use Zendesk's authenticated SMTP connector"

const noUser = "there is no such user: check the mailbox's address"

var codes = map[string]class{
	"erroritemnotfound":                {exdesk.ErrNotFound, ""},
	"errorinvalididmalformed":          {exdesk.ErrNotFound, ""},
	"mailboxnotenabledforrestapi":      {exdesk.ErrAccess, noMailbox},
	"mailboxnotsupportedforrestapi":    {exdesk.ErrAccess, noMailbox},
	"mailboxnothostedinexchangeonline": {exdesk.ErrAccess, noMailbox},
	"errornonexistentmailbox":          {exdesk.ErrAccess, noMailbox},
	"request_resourcenotfound":         {exdesk.ErrAccess, noUser},
	"resourcenotfound":                 {exdesk.ErrAccess, noUser},
	"errorinvaliduser":                 {exdesk.ErrAccess, noUser},
	"erroraccessdenied":                {exdesk.ErrAccess, "grant Mail.ReadWrite, and Mail.Send to send, for this mailbox: Connector.Check tells what is missing"},
	"authorization_requestdenied":      {exdesk.ErrAccess, "an administrator must consent to the application's permissions"},
	"invalidauthenticationtoken":       {exdesk.ErrAuth, "sign in again"},
	"errorirresolvableconflict":        {exdesk.ErrConflict, ""},
	"errorcorruptdata":                 {exdesk.ErrRefused, "Exchange cannot read its own copy of the mail"},
	"errormimecontentconversionfailed": {exdesk.ErrRefused, "Exchange cannot turn its copy of the mail into MIME"},
	"errorquotaexceeded":               {exdesk.ErrTemporary, "the mailbox is full"},

	"errorinvalidrecipients":                 {exdesk.ErrRefused, "Exchange does not take one of the recipients for an address"},
	"errorexceededmaxrecipientlimit":         {exdesk.ErrRefused, "it has more recipients than the mailbox may send one mail to"},
	"errorrecipientlimitexceeded":            {exdesk.ErrRefused, "it has more recipients than the mailbox may send one mail to"},
	"errormessagesizeexceeded":               {exdesk.ErrTooLarge, "it is larger than the mailbox may send"},
	"errorattachmentsizelimitexceeded":       {exdesk.ErrTooLarge, "a file is larger than can be attached"},
	"requestentitytoolarge":                  {exdesk.ErrTooLarge, ""},
	"errormimecontentinvalidbase64string":    {exdesk.ErrRefused, ""},
	"errormimecontentinvalid":                {exdesk.ErrRefused, ""},
	"invalidinternetmessageheader":           {exdesk.ErrRefused, ""},
	"invalidinternetmessageheadercollection": {exdesk.ErrRefused, ""},
	"errorsendasdenied":                      {exdesk.ErrAccess, "let the application send as this mailbox: Mail.Send, and Send As for a shared one"},
	"errorexceededmessagelimit":              {errQuota, "the mailbox has sent to as many recipients as it may in a day"},
	"errorsubmissionquotaexceeded":           {errQuota, "the mailbox has sent as much as it may for now"},
	"errormessagesubmissionblocked":          {errQuota, "Exchange lets this mailbox send nothing: an administrator has to look into it"},
}

var errQuota = errors.Join(exdesk.ErrQuota, exdesk.ErrTemporary)

// narrow reports whether a 429 is about a quota of sending, which is none of
// reading. Any other is about all requests to the mailbox ("Microsoft Graph
// throttling guidance").
func narrow(f *rest.Failure) bool {
	return errors.Is(codes[strings.ToLower(errorCode(f.Body))].err, exdesk.ErrQuota)
}

// isGone reports whether the message is not there.
func isGone(err error) bool { return errors.Is(err, exdesk.ErrNotFound) }

func (e *Error) advice() string {
	switch {
	case e.outside:
		return outOfScope
	case e.Op == opSession && e.Status == http.StatusForbidden:
		// "Known issues": with delegated permissions it succeeds in one's own
		// mailbox alone.
		return "Exchange takes files of 3 MB and more of who signed in for the own mailbox alone, not for a shared one: use an application's permissions"
	}
	return codes[strings.ToLower(e.Code)].advice
}

// outOfScope is the advice where an administrator keeps the application from the
// mailbox, which no permission will change.
const outOfScope = "an administrator limits the application to other mailboxes: add this one to the management scope of its role " +
	"(RBAC for Applications) or to the group of its application access policy, which may take half an hour or more to be heeded"

// isOutside reports whether an answer says that an application's permission does
// not cover the mailbox ("Limiting application permissions to specific Exchange
// Online mailboxes"). QUIRK: the code is that of a permission that is missing, and
// the message alone tells them apart: the older one and the newer one. RBAC for
// Applications may say neither.
func isOutside(body []byte) bool {
	var b struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	return json.Unmarshal(body, &b) == nil &&
		(strings.HasPrefix(b.Error.Message, "[RAOP]") || strings.HasPrefix(b.Error.Message, "Access to OData is disabled"))
}

// explain puts a failure into Graph's words.
func explain(f *rest.Failure) error {
	e := &Error{Op: f.Op, Status: f.Status, Err: f.Err, RequestID: rest.ID(f.Header.Get("request-id")), wait: f.Wait}
	e.Code = errorCode(f.Body)
	e.outside = f.Status == http.StatusForbidden && isOutside(f.Body)
	e.classify(f)
	return e
}

func (e *Error) classify(f *rest.Failure) {
	c, known := codes[strings.ToLower(e.Code)]
	switch {
	case errors.Is(e.Err, rest.ErrRenewed):
		e.classes = append(e.classes, exdesk.ErrTemporary)
	case known:
		e.classes = append(e.classes, c.err)
	case errors.Is(e.Err, rest.ErrForeign):
	case errors.Is(e.Err, rest.ErrToken) && !f.Temporary():
		e.classes = append(e.classes, exdesk.ErrAuth)
	case e.Status == http.StatusUnauthorized:
		e.classes = append(e.classes, exdesk.ErrAuth)
	case e.Status == http.StatusForbidden:
		e.classes = append(e.classes, exdesk.ErrAccess)
	case e.Status == http.StatusNotFound || e.Status == http.StatusGone:
		e.classes = append(e.classes, exdesk.ErrNotFound)
	case e.Status == http.StatusRequestEntityTooLarge:
		e.classes = append(e.classes, exdesk.ErrTooLarge)
	case e.Status == http.StatusConflict || e.Status == http.StatusPreconditionFailed:
		e.classes = append(e.classes, exdesk.ErrConflict)
	case e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout || e.Status >= 500,
		e.Status < 300: // no answer, or a success that could not be read
		e.classes = append(e.classes, exdesk.ErrTemporary)
	}
	if f.Doubt {
		e.classes = append(e.classes, exdesk.ErrDoubtful)
	}
}

// errorCode returns the most specific code of an OData error body. The inner
// error's key comes in two spellings.
func errorCode(body []byte) string {
	type inner struct {
		Code string `json:"code"`
	}
	var b struct {
		Error struct {
			Code  string `json:"code"`
			Inner inner  `json:"innerError"` // matches "innererror" too
		} `json:"error"`
	}
	if json.Unmarshal(body, &b) != nil {
		return ""
	}
	// QUIRK: throttling answers carry the bare status as the inner code.
	if c := b.Error.Inner.Code; c != "" && strings.Trim(c, "0123456789") != "" {
		if _, known := codes[strings.ToLower(b.Error.Code)]; !known {
			return rest.Code(c)
		}
	}
	return rest.Code(b.Error.Code)
}

// clip keeps a hostile answer from filling a line.
func clip(code string) string {
	if len(code) > 100 {
		code = code[:100]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, code)
}
