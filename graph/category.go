package graph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// Colours of categories, of the 25 that Outlook has ("outlookCategory resource
// type").
const (
	Red    = "preset0"
	Orange = "preset1"
	Yellow = "preset3"
	Green  = "preset4"
	Blue   = "preset7"
	Purple = "preset8"
)

// Colour gives a category its colour, one of the above or any other preset0 to
// preset24, by adding it to the mailbox's master list. Labels work without: they
// are on the mail, and Outlook shows those that are not in the list without colour.
// A category that is there already stays as it is. It takes
// MailboxSettings.ReadWrite, and nothing else does; in a shared mailbox nobody who
// signed in may, with any permission, and ErrAccess is the answer. In the cloud
// that 21Vianet runs in China there is no such list, and ErrNotFound or ErrAccess
// is the answer.
func (c *Client) Colour(ctx context.Context, category, colour string) error {
	there, err := c.categories(ctx)
	if err != nil || containsFold(there, category) {
		return err
	}
	var made struct{ ID string }
	_, err = c.rest.JSON(ctx, &rest.Request{Op: "create category", Method: http.MethodPost, Path: c.path("outlook", "masterCategories"),
		JSON: map[string]string{"displayName": category, "color": colour}}, &made)
	// How a name that is taken is refused is not documented.
	var e *Error
	if errors.As(err, &e) && (e.Status == http.StatusConflict || e.Status == http.StatusBadRequest || errors.Is(err, exdesk.ErrDoubtful)) {
		if there, err := c.categories(ctx); err == nil && containsFold(there, category) {
			return nil
		}
	}
	return err
}

// containsFold reports whether a list has that text, whatever its case.
func containsFold(list []string, name string) bool {
	return slices.ContainsFunc(list, func(c string) bool { return strings.EqualFold(c, name) })
}

// categories returns the names of the master list ("List Outlook categories").
func (c *Client) categories(ctx context.Context) ([]string, error) {
	names := []string{}
	req := &rest.Request{Op: "list categories", Path: c.path("outlook", "masterCategories")}
	for n := 0; n < 10; n++ { // no paging is documented
		p, err := c.page(ctx, req)
		if err != nil {
			return nil, err
		}
		for _, item := range p.Value {
			var one struct{ DisplayName string }
			if json.Unmarshal(item, &one) == nil {
				names = append(names, one.DisplayName)
			}
		}
		if p.Next == "" {
			break
		}
		req = &rest.Request{Op: req.Op, URL: p.Next}
	}
	return names, nil
}
