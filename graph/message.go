package graph

import (
	"strconv"
	"strings"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/scan"
)

// single is the answer that is one message.
type single struct{ mail *exdesk.Mail }

// Scan implements rest.Scanner.
func (s *single) Scan(r *scan.Reader) { s.mail = new(exdesk.Mail); new(texts).read(r, s.mail) }

// texts makes the strings of mails: few large ones, of which each is a part, in
// place of many small ones.
type texts struct{ strings.Builder }

// someTexts is the size of the large ones, in octets.
const someTexts = 4 << 10

func (t *texts) add(b []byte) string {
	if t.Cap()-t.Len() < len(b) {
		t.Reset()
		t.Grow(max(someTexts, len(b)))
	}
	at := t.Len()
	t.Write(b)
	return t.String()[at:]
}

// mail reads one message of a list. Of one whose fields are not what they should
// be, the id will do: the mail itself is read all the same.
func (t *texts) mail(r *scan.Reader) *exdesk.Mail {
	m := new(exdesk.Mail)
	if t.read(r, m); r.Odd() {
		return &exdesk.Mail{ID: m.ID}
	}
	return m
}

// read reads what is asked of each mail of a list.
func (t *texts) read(r *scan.Reader, m *exdesk.Mail) {
	for name := range r.Object {
		switch string(name) {
		case "id":
			m.ID = t.add(r.Text())
		case "internetMessageId":
			m.MessageID = t.add(r.Text())
		case "conversationId":
			m.ConversationID = t.add(r.Text())
		case "receivedDateTime":
			m.Received = readMoment(r)
		case "sentDateTime":
			m.Sent = readMoment(r)
		case "subject":
			m.Subject = t.add(r.Text())
		case "from": // null on odd items
			for name := range r.Object {
				if string(name) == "emailAddress" {
					m.From = t.address(r)
				}
			}
		case "categories":
			m.Categories = nil
			for range r.Array {
				m.Categories = append(m.Categories, t.add(r.Text()))
			}
		case "singleValueExtendedProperties":
			for range r.Array {
				t.property(r, m)
			}
		}
	}
}

func (t *texts) address(r *scan.Reader) (a exdesk.Address) {
	for name := range r.Object {
		switch string(name) {
		case "name":
			a.Name = t.add(r.Text())
		case "address":
			a.Address = t.add(r.Text())
		}
	}
	return a
}

// property reads a property of those that listExpand names.
func (t *texts) property(r *scan.Reader, m *exdesk.Mail) {
	var id, value []byte
	for name := range r.Object {
		switch string(name) {
		case "id":
			id = r.Text()
		case "value":
			if value = nil; r.Kind() == '"' {
				value = r.Text()
			} else {
				value = r.Raw() // a bare number
			}
		}
	}
	switch {
	case same(string(id), sizeID):
		m.Size, _ = strconv.ParseInt(string(value), 10, 64)
	case same(string(id), recordID):
		m.Record = parseRecord(string(value))
	}
}

// readMoment reads a time, which may be missing or odd without spoiling its message.
func readMoment(r *scan.Reader) time.Time {
	if r.Kind() != '"' {
		r.Skip()
		return time.Time{}
	}
	at, _ := time.Parse(time.RFC3339, string(r.Text()))
	return at
}
