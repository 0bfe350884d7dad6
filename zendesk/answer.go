package zendesk

import (
	"strconv"
	"time"

	"github.com/exdesk/exdesk/internal/scan"
)

// madeTicket is the answer to a ticket that was made. Zendesk's holds the whole
// text once more, and in an audit again, of which nothing is wanted.
type madeTicket struct{ Ticket ticket }

// Scan implements rest.Scanner. A ticket whose number or time cannot be read has
// none: it is looked for.
func (a *madeTicket) Scan(r *scan.Reader) {
	for name := range r.Object {
		if string(name) != "ticket" {
			continue
		}
		var t ticket
		ok := true
		for name := range r.Object {
			switch string(name) {
			case "id":
				id, err := strconv.ParseInt(string(r.Raw()), 10, 64)
				t.ID, ok = id, ok && err == nil
			case "external_id":
				t.ExternalID = string(r.Text())
			case "status":
				t.Status = string(r.Text())
			case "created_at":
				if text := r.Text(); len(text) > 0 {
					at, err := time.Parse(time.RFC3339, string(text))
					t.Created, ok = at, ok && err == nil
				}
			}
		}
		if ok {
			a.Ticket = t
		}
	}
}

// madeUpload is the answer to a file.
type madeUpload struct{ token, url string }

// Scan implements rest.Scanner.
func (a *madeUpload) Scan(r *scan.Reader) {
	for name := range r.Object {
		if string(name) != "upload" {
			continue
		}
		for name := range r.Object {
			switch string(name) {
			case "token":
				a.token = string(r.Text())
			case "attachment":
				for name := range r.Object {
					if string(name) == "content_url" {
						a.url = string(r.Text())
					}
				}
			}
		}
	}
}
