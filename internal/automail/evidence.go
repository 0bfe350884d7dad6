package automail

import (
	"io"
	"strings"

	"github.com/exdesk/exdesk/internal/eml"
)

const (
	// MaxText is how much of a text Judge looks at, in octets.
	MaxText = 16 << 10

	maxReport   = 16 << 10 // octets of one report
	maxReports  = 4
	maxOriginal = 48 << 10 // of the returned mail: Exchange Online writes long headers
)

// Evidence is what is known of a mail once it was read, front to back. It
// holds less than 150 KB beside the header.
type Evidence struct {
	// Header is the mail's.
	Header *eml.Header
	// Text is the first text of the mail, as text even where it came as HTML.
	// What is beyond MaxText is not looked at.
	Text string

	reports  []*excerpt
	original *excerpt
}

// Keep returns where the octets of a leaf of that type are to be copied to
// while they are read, or nil where they do not matter. Writing never fails:
// what is beyond the bounds is dropped.
func (e *Evidence) Keep(mediaType string) io.Writer {
	switch kind := reportType(mediaType); {
	case kind != "" && len(e.reports) < maxReports:
		x := &excerpt{kind: kind, left: maxReport}
		e.reports = append(e.reports, x)
		return x
	case isOriginal(mediaType) && e.original == nil:
		e.original = &excerpt{left: maxOriginal}
		return e.original
	}
	return nil
}

// excerpt is the beginning of a leaf.
type excerpt struct {
	kind string // of a report, as in report-type
	b    []byte
	left int
}

func (x *excerpt) Write(p []byte) (int, error) {
	n := min(len(p), x.left)
	x.b = append(x.b, p[:n]...)
	x.left -= n
	return len(p), nil
}

func (x *excerpt) text() string {
	if x == nil {
		return ""
	}
	return strings.ToValidUTF8(string(x.b), "\uFFFD")
}

// reportType is the report-type (RFC 6522 §3) of which a leaf of that media
// type is the machine-readable part, "" for none.
func reportType(mediaType string) string {
	switch strings.ToLower(mediaType) {
	case "message/delivery-status", "message/global-delivery-status": // RFC 3464 §2.1, RFC 6533 §4
		return deliveryStatus
	case "message/disposition-notification", "message/global-disposition-notification": // RFC 8098 §3.1, RFC 6533 §6
		return dispositionNotification
	case "message/feedback-report": // RFC 5965 §3
		return feedbackReport
	}
	return ""
}

const (
	deliveryStatus          = "delivery-status"
	dispositionNotification = "disposition-notification"
	feedbackReport          = "feedback-report"
)

// isOriginal tells whether a leaf of that media type may be the mail that a
// report returns, or its header.
func isOriginal(mediaType string) bool {
	switch strings.ToLower(mediaType) {
	case "message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers", // RFC 6522 §4, RFC 6533 §5
		"text/rfc822-header": // QUIRK: senders of feedback reports
		return true
	}
	return false
}
