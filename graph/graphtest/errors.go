package graphtest

import (
	"net/http"
	"strings"
)

// refusal is an answer with Graph's error envelope. It is not an error type:
// nothing went wrong with the server.
type refusal struct {
	status     int
	code       string
	message    string
	retryAfter string
	inner      string // a further code in innerError
}

// contentType is what Graph sends with JSON. ("Get access on behalf of a
// user": the sample answer.)
const contentType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

const (
	notFoundText = "The specified object was not found in the store."
	deniedText   = "Access is denied. Check credentials and try again."
	complexText  = "The restriction or sort order is too complex for this operation."
	conflictText = "The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item."
	propertyText = "Set action is invalid for property."
)

func badRequest(message string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: "BadRequest", message: message}
}

// badQuery is the answer to a query that cannot be parsed.
func badQuery(message string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: "RequestBroker--ParseUri", message: message}
}

func badProperty(name string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: "ErrorInvalidPropertySet", message: propertyText + " Property: " + name + "."}
}

func denied() *refusal {
	return &refusal{status: http.StatusForbidden, code: "ErrorAccessDenied", message: deniedText}
}

func itemNotFound() *refusal {
	return &refusal{status: http.StatusNotFound, code: "ErrorItemNotFound", message: notFoundText}
}

func malformedID() *refusal {
	return &refusal{status: http.StatusBadRequest, code: "ErrorInvalidIdMalformed", message: "Id is malformed."}
}

func conflict() *refusal {
	return &refusal{status: http.StatusPreconditionFailed, code: "ErrorIrresolvableConflict", message: conflictText}
}

func unauthenticated(message string) *refusal {
	return &refusal{status: http.StatusUnauthorized, code: "InvalidAuthenticationToken", message: message}
}

// usual are the codes that are usual for a status, and texts the messages
// usual for a code, for faults that name none.
var (
	usual = map[int]string{
		http.StatusBadRequest:            "BadRequest",
		http.StatusUnauthorized:          "InvalidAuthenticationToken",
		http.StatusForbidden:             "ErrorAccessDenied",
		http.StatusNotFound:              "ErrorItemNotFound",
		http.StatusConflict:              "Conflict",
		http.StatusGone:                  "SyncStateNotFound",
		http.StatusPreconditionFailed:    "ErrorIrresolvableConflict",
		http.StatusRequestEntityTooLarge: "RequestEntityTooLarge",
		http.StatusTooManyRequests:       "TooManyRequests",
		http.StatusInternalServerError:   "ErrorInternalServerError",
		http.StatusServiceUnavailable:    "ErrorServerBusy",
		http.StatusInsufficientStorage:   "ErrorQuotaExceeded",
	}
	texts = map[string]string{
		"InvalidAuthenticationToken":                        "Lifetime validation failed, the token is expired.",
		"ErrorAccessDenied":                                 deniedText,
		"ErrorItemNotFound":                                 notFoundText,
		"ErrorIrresolvableConflict":                         conflictText,
		"RequestEntityTooLarge":                             "The maximum request length supported is 4MB.",
		"TooManyRequests":                                   "Please retry again later.",
		"ApplicationThrottled":                              "Application is over its MailboxConcurrency limit.",
		"ErrorInternalServerError":                          "An internal server error occurred. The operation failed.",
		"ErrorServerBusy":                                   "The server cannot service this request right now. Try again later.",
		"ErrorCorruptData":                                  "Data is corrupt.",
		"ErrorMimeContentConversionFailed":                  "Conversion to or from MIME content failed.",
		"MailboxNotEnabledForRESTAPI":                       "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
		"ErrorInvalidIdMalformed":                           "Id is malformed.",
		"InefficientFilter":                                 complexText,
		"ErrorInvalidRecipients":                            noRecipientsText,
		"ErrorSendAsDenied":                                 sendAsText,
		"ErrorExceededMessageLimit":                         "Cannot send mail. Daily Message/Recipient limit exceeded. Follow the instructions in your Inbox to verify your account.",
		"ErrorSubmissionQuotaExceeded":                      "The message can't be submitted because the sender's submission quota was exceeded.",
		"ErrorMessageSizeExceeded":                          "The message exceeds the maximum supported size.",
		"ErrorAttachmentSizeLimitExceeded":                  "The attachment exceeds the maximum supported size.",
		"ErrorAttachmentSizeShouldNotBeLessThanMinimumSize": "The attachment size should not be less than the minimum size of an upload session.",
		"ErrorMimeContentInvalidBase64String":               "Invalid base64 string for MIME content.",
		"UnknownError":                                      "",
	}
)

// answerFault writes a scripted status in the envelope of the service that was
// asked.
func (s *Server) answerFault(w http.ResponseWriter, r *http.Request, status int, code string) {
	if !strings.HasPrefix(r.URL.Path, "/"+version+"/") && !strings.HasPrefix(r.URL.Path, "/"+uploadRoot+"/") {
		no := trouble(90033)
		if no.status = status; code != "" {
			no.err = code
		}
		s.refuseToken(w, no)
		return
	}
	if code == "" {
		code = usual[status]
	}
	if code == "" {
		// What gateways before Graph send, with an empty message.
		code = "UnknownError"
	}
	text, ok := texts[code]
	if !ok {
		text = "A scripted failure."
	}
	c := s.newCall(w, r, nil)
	if w.Header().Get("Request-Id") == "" {
		c.setHeader(w)
	}
	c.requestID = w.Header().Get("Request-Id")
	c.refuse(&refusal{status: status, code: code, message: text})
}

// refuse writes an error envelope. ("Microsoft Graph error responses".)
func (c *call) refuse(no *refusal) {
	now := timestamp(c.s.Now())
	clientID := c.r.Header.Get("Client-Request-Id")
	if clientID == "" {
		clientID = c.requestID
	}
	inner := object{
		{"date", strings.TrimSuffix(now, "Z")},
		{"request-id", c.requestID},
		{"client-request-id", clientID},
	}
	if no.inner != "" {
		inner = append(object{{"code", no.inner}}, inner...)
	}
	if no.code == "TooManyRequests" {
		// "Microsoft Graph throttling guidance": the sample answer.
		inner = append(object{{"code", "429"}, {"message", "Please retry after"}, {"status", "429"}}, inner...)
	}
	h := c.w.Header()
	if no.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`)
	}
	if no.retryAfter != "" {
		h.Set("Retry-After", no.retryAfter)
	}
	c.write(no.status, object{{"error", object{
		{"code", no.code},
		{"message", no.message},
		{"innerError", inner},
	}}})
}
