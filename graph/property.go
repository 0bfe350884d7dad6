package graph

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/exdesk/exdesk"
)

const (
	// sizeID is PidTagMessageSize ([MS-OXPROPS] 2.796): Graph's message has no
	// size of its own.
	sizeID = "Integer 0x0E08"
	// recordID is the named property that holds an exdesk.Record. It is part
	// of the format on people's mail and never changes.
	recordID = "String {6a3de2f1-8c4b-4a57-9d06-5b0f2c7e91a8} Name exdesk"
	// markID is the named property that holds an exdesk.Letter's Key,
	// notificationID the one with its Notification, and handedID the one that
	// tells of its header, as a list of exdesk.FieldReport.
	markID         = "String {6a3de2f1-8c4b-4a57-9d06-5b0f2c7e91a8} Name exdesk-letter"
	notificationID = "String {6a3de2f1-8c4b-4a57-9d06-5b0f2c7e91a8} Name exdesk-notification"
	handedID       = "String {6a3de2f1-8c4b-4a57-9d06-5b0f2c7e91a8} Name exdesk-header"
	// internetHeaders begins the id of a property that becomes a header field
	// (PS_INTERNET_HEADERS, [MS-OXCMAIL] 2.1.3.2.4).
	internetHeaders = "String {00020386-0000-0000-C000-000000000046} Name "
)

// property is a singleValueLegacyExtendedProperty.
type property struct {
	ID    string `json:"id"`
	Value value  `json:"value"`
}

// value is a string, as documented; a bare number is read as its digits.
type value string

func (v *value) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) != nil {
		s = string(b)
	}
	*v = value(s)
	return nil
}

func (p *property) is(id string) bool { return same(p.ID, id) }

// same compares ids of properties as Exchange means them.
//
// QUIRK: Graph answers with the id in a form of its own: "Integer 0x0E08"
// comes back as "Integer 0xe08", and the case of a GUID may change.
func same(id, other string) bool {
	if strings.EqualFold(id, other) {
		return true
	}
	t1, tag1, ok1 := strings.Cut(id, " ")
	t2, tag2, ok2 := strings.Cut(other, " ")
	if !ok1 || !ok2 || !strings.EqualFold(t1, t2) {
		return false
	}
	n1, err1 := strconv.ParseUint(tag1, 0, 32)
	n2, err2 := strconv.ParseUint(tag2, 0, 32)
	return err1 == nil && err2 == nil && n1 == n2
}

// parseRecord returns nil for what no exdesk wrote: anybody who can write to
// the mailbox can write the property.
func parseRecord(s string) *exdesk.Record {
	var r exdesk.Record
	if len(s) > 8<<10 || json.Unmarshal([]byte(s), &r) != nil || r.Outcome == "" {
		return nil
	}
	return &r
}

// maxReason keeps the property far below what Exchange stores in a row.
const maxReason = 1000

func shorten(s string) string {
	if len(s) <= maxReason {
		return s
	}
	return strings.ToValidUTF8(s[:maxReason], "") + "…"
}

func formatRecord(r exdesk.Record) string {
	r.Reason = shorten(r.Reason)
	b, _ := json.Marshal(r) // strings and a number
	return string(b)
}
