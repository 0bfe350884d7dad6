package zendesk

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// oldTicket is a ticket of the past.
type oldTicket struct {
	ExternalID string       `json:"external_id"`
	Requester  user         `json:"requester"`
	Recipient  string       `json:"recipient,omitempty"`
	EmailCCs   []emailCC    `json:"email_ccs,omitempty"`
	Subject    string       `json:"subject,omitempty"`
	Created    time.Time    `json:"created_at"`
	Comments   []oldComment `json:"comments"`
	Metadata   metadata     `json:"metadata"` // whether it is kept is not documented
	Tags       []string     `json:"tags,omitempty"`
}

type oldComment struct {
	comment
	Created time.Time `json:"created_at"`
}

// digestTag begins the tag that keeps the digest of an imported mail: an import's
// metadata may be dropped, its tags are not. It names the ticket as well, since
// a follow-up inherits the tags of what it follows.
func digestTag(externalID string) string {
	h := sha256.Sum256([]byte(externalID))
	return "exdesk_digest_" + hex.EncodeToString(h[:4]) + "_"
}

// importedDigest is the digest of the mail that the ticket was imported from.
func (t *ticket) importedDigest() string {
	for _, tag := range t.Tags {
		if d, ok := strings.CutPrefix(tag, digestTag(t.ExternalID)); ok {
			return d
		}
	}
	return ""
}

const opImport = "import ticket"

// Import implements exdesk.Importer ("Ticket Import"). No trigger runs, nobody
// is notified, and only administrators may do it.
func (c *Client) Import(ctx context.Context, t *exdesk.NewTicket, written time.Time) (*exdesk.Ticket, error) {
	written = written.UTC().Truncate(time.Second)
	in := oldTicket{
		ExternalID: t.ExternalID,
		Requester:  user{Name: clipName(cmp.Or(t.Requester.Name, t.Requester.Address)), Email: t.Requester.Address},
		Recipient:  t.Recipient,
		EmailCCs:   emailCCs(t.CCs),
		Subject:    t.Subject,
		Created:    written,
		Comments:   []oldComment{{comment{HTML: t.HTML, Public: true, Uploads: t.Uploads}, written}},
		Metadata:   metadataOf(t.Origin),
		Tags:       append(slices.Clone(t.Tags), digestTag(t.ExternalID)+t.Origin.Digest),
	}
	req := &rest.Request{Op: opImport, Method: http.MethodPost, Path: []string{"imports", "tickets"}, JSON: map[string]any{"ticket": &in}}
	var out struct{ Ticket ticket }
	if _, err := c.do(ctx, req, &out); err != nil {
		return nil, err
	}
	if out.Ticket.ID <= 0 {
		return nil, explain(&rest.Failure{Op: req.Op, Status: http.StatusCreated, Wait: -1, Doubt: true, Err: errors.New("the answer has no ticket")})
	}
	made := out.Ticket.desk()
	made.Origin = t.Origin
	return made, nil
}
