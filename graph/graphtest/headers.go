package graphtest

import (
	"mime"
	"slices"
	"strconv"
	"strings"
)

// HeaderProfile says what becomes of the header of a mail that is composed
// here: what a draft's $value shows is what arrives, but for
// Options.LostOnWire and what sending itself changes.
//
// Fields that Exchange keeps in properties of their own survive in every
// profile: addresses, subject, dates, ids, References, In-Reply-To, List-*,
// importance, receipts and languages ([MS-OXCMAIL] 2.1.3.2).
type HeaderProfile int

const (
	// Repairable is what people report. Of a mail given as MIME, x- fields
	// survive only if the mailbox knows their name already (microsoft-graph-docs
	// issue 17444 has three steps that show it); other fields do not, and
	// Auto-Submitted does not (msgraph-sdk-dotnet issue 2209). A mailbox learns
	// a name when a program asks for it ("Named Properties, Round 2": mail that
	// arrives or is submitted teaches nothing): by internetMessageHeaders, or by
	// an extended property String {00020386-0000-0000-C000-000000000046} Name X,
	// which becomes the field X ([MS-OXCMAIL] 2.1.3.2.4). What is set in these
	// two ways survives.
	Repairable HeaderProfile = iota
	// Keeps is what "Overview of the Microsoft Graph send mail process" says of
	// MIME content: it is copied more or less intact. All fields survive.
	Keeps
	// Strips is the worst that people fear: nothing survives but what has a
	// property of its own, however it was set.
	Strips
)

// mapped are the fields that are kept in properties of their own, in any case.
// A named property of the same name does not become a field ([MS-OXCMAIL]
// 2.1.3.2.4).
var mapped = map[string]bool{
	"from": true, "sender": true, "to": true, "cc": true, "bcc": true, "reply-to": true, "subject": true, "date": true,
	"message-id": true, "in-reply-to": true, "references": true, "thread-topic": true, "thread-index": true,
	"importance": true, "priority": true, "x-priority": true, "x-msmail-priority": true, "sensitivity": true,
	"list-help": true, "list-subscribe": true, "list-unsubscribe": true, "reply-by": true, "expires": true, "expiry-date": true,
	"disposition-notification-to": true, "return-receipt-to": true, "accept-language": true, "content-language": true,
}

// The properties that are fields, by tag ([MS-OXCMAIL] 2.1.3.2).
var headerOf = map[propertyID]string{
	propReferences: "References", propInReplyTo: "In-Reply-To", propMessageID: "Message-ID",
	"String 0x1043": "List-Help", "String 0x1044": "List-Subscribe", propUnsubscribe: "List-Unsubscribe",
	propSuppress: suppressField,
}

const (
	internetHeaders = "String {00020386-0000-0000-c000-000000000046} Name " // PS_INTERNET_HEADERS

	suppressField = "X-Auto-Response-Suppress"
	// maxReferences is where a reader may cut References (PidTagInternetReferences).
	maxReferences = 64 << 10
)

// admits tells whether a field that was set by its name reaches the header.
func (o *Options) admits(name string) bool {
	lower := strings.ToLower(name)
	switch {
	case o.Headers == Strips || mapped[lower] || structural[lower] || reserved(lower):
		return false
	case is(name, suppressField):
		// QUIRK: it has a property of its own, so that one of its name is not
		// written. exchangelib issue 1258 saw that of this field, and all others
		// arrive.
		return o.SuppressHeader
	}
	return isFieldName([]byte(name)) && !strings.Contains(name, ":")
}

// reserved tells whether nobody but Exchange may write a field.
func reserved(lower string) bool {
	for _, head := range []string{"x-ms-exchange-organization-", "x-ms-exchange-forest-",
		"x-microsoft-exchange-organization", "x-microsoft-exchange-forest"} {
		if strings.HasPrefix(lower, head) {
			return true
		}
	}
	return lower == "received" || lower == "return-path"
}

// read decides which fields of a MIME message are stored, and which of them as
// named properties. known are the names that the mailbox knows.
func (p HeaderProfile) read(list []field, known map[string]string) (kept []field, props map[propertyID]string) {
	props = map[propertyID]string{}
	for _, f := range list {
		lower := strings.ToLower(f.name)
		name, knows := known[lower]
		switch {
		case reserved(lower) && p != Keeps:
			continue
		case mapped[lower] && p != Keeps:
			f = trimReferences(f)
		case mapped[lower]:
		case is(f.name, suppressField) && p == Repairable:
			v, ok := parseSuppress(f.value())
			if !ok {
				continue
			}
			f = field{suppressField, []byte(" " + suppressText(v))}
		case p == Repairable && knows && strings.HasPrefix(lower, "x-"):
			f.name = name // written as the mailbox has learnt it
		case p != Keeps:
			continue
		}
		if knows {
			props[propertyID(internetHeaders+name)] = decodeWords(f.value())
		}
		kept = append(kept, f)
	}
	if p != Keeps {
		kept = oneAuthor(kept)
	}
	return kept, props
}

func trimReferences(f field) field {
	if v := f.value(); strings.EqualFold(f.name, "References") && len(v) > maxReferences {
		return field{f.name, []byte(" " + v[:maxReferences])}
	}
	return f
}

// oneAuthor leaves the first address of From: "If the From header contains
// multiple addresses, the first address MUST be used; the others are ignored."
// ([MS-OXCMAIL], From.)
func oneAuthor(list []field) []field {
	people := (&mail{root: &part{fields: list}}).people("From")
	if len(people) < 2 {
		return list
	}
	d := draft{fields: list}
	d.set("From", people[0].text())
	return d.fields
}

// learn makes a mailbox know the name of a field, unless the field has a
// property of its own. Server.mu is held.
func (m *mailbox) learn(name string) {
	lower := strings.ToLower(name)
	if m.known[lower] == "" && !mapped[lower] && !is(name, suppressField) {
		m.known[lower] = name
	}
}

// LearnHeaders makes a mailbox know names of header fields, as it does once a
// program has set them. It panics if there is no such mailbox.
func (s *Server) LearnHeaders(mailbox string, names ...string) {
	m := s.mustMailbox(mailbox)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		m.learn(name)
	}
}

// headerValue writes a text as the value of a field.
func headerValue(text string) string { return mime.QEncoding.Encode("utf-8", unbroken(text)) }

// suppressions are the bits of PidTagAutoResponseSuppress ([MS-OXCMAIL]
// 2.1.3.2.20); all of them are -1, none is 0.
var suppressions = []string{"DR", "NDR", "RN", "NRN", "OOF", "AutoReply"}

func parseSuppress(text string) (int, bool) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "all":
		return -1, true
	case "none":
		return 0, true
	}
	bits := 0
	for one := range strings.SplitSeq(text, ",") {
		i := slices.IndexFunc(suppressions, func(s string) bool { return strings.EqualFold(s, strings.TrimSpace(one)) })
		if i >= 0 {
			bits |= 1 << i
		}
	}
	return bits, bits != 0
}

func suppressText(bits int) string {
	switch bits {
	case -1:
		return "All"
	case 0:
		return "None"
	}
	var list []string
	for i, s := range suppressions {
		if bits&(1<<i) != 0 {
			list = append(list, s)
		}
	}
	return strings.Join(list, ", ")
}

// headerText turns the value of a property into that of its field.
func headerText(id propertyID, value string) string {
	if id == propSuppress {
		bits, _ := strconv.Atoi(value)
		return suppressText(bits)
	}
	return headerValue(value)
}
