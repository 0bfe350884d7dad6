package consent

import (
	"context"
	"errors"
	"html/template"
	"log/slog"
	"net/http"

	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/tokens"
)

// Options are the settings of a Handler. URL and Mailboxes have no default.
type Options struct {
	// URL is where the Handler is, as browsers see it: https, or http on a
	// loopback host. Hosts and paths that a request names are not believed.
	URL string
	// Mailboxes returns the addresses that the visitor may see, connect and
	// disconnect, by the application's own login; without any the visitor is
	// refused. See Only.
	Mailboxes func(*http.Request) ([]string, error)
	// Wants is what the connections are for, which decides on the permissions.
	Wants entra.Wants
	// Keeper seals the cookies. Processes that serve the same visitors need the
	// same one. Default: a key that ends with the process.
	Keeper tokens.Keeper
	// Graph is how Microsoft Graph is asked who signed in. Its User is not used,
	// and its BaseURL is by default that of the App's cloud.
	Graph *graph.Options
	// Account returns the name in the Store of a mailbox. Default: the address, with
	// the letters A to Z in lower case. Where visitors of several customers say
	// themselves which addresses are theirs, it has to begin with the customer:
	// otherwise who names another's address sees and ends another's sign-in.
	Account func(mailbox string) string
	// Template makes the pages. Default: Template().
	Template *template.Template
	// OnChange hears of what changed, before the visitor does. The browser may
	// leave meanwhile: the context does not end. Optional.
	OnChange func(context.Context, Event)
	// Logger hears of what changed and of what failed. Default: nobody.
	Logger *slog.Logger
}

// Only returns an Options.Mailboxes for an application without people: everybody
// who gets to the Handler may do everything with these mailboxes. Let nobody get
// there without a login.
func Only(mailboxes ...string) func(*http.Request) ([]string, error) {
	list := append([]string(nil), mailboxes...)
	return func(*http.Request) ([]string, error) { return list, nil }
}

// Change is what an Event tells.
type Change string

const (
	// Connected means that somebody signed in where nobody had.
	Connected Change = "connected"
	// Reconnected means that somebody signed in once more.
	Reconnected Change = "reconnected"
	// Disconnected means that the sign-in was forgotten.
	Disconnected Change = "disconnected"
)

// Event is a change that a visitor has made.
type Event struct {
	Change  Change
	Mailbox string // as Options.Mailboxes has it
	Account string // its name in the Store
	User    string // who signed in; "" if Disconnected
}

var errNoMailboxes = errors.New("consent: no Mailboxes: say who may connect what, or Only for an application without people")
