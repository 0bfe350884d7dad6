package settings

import (
	"log/slog"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/zendesk"
)

// App returns the application as it is registered with Entra.
func (s *Settings) App() (*entra.App, error) {
	return entra.New(s.tenant, s.clientID, s.credential, &entra.Options{Cloud: s.cloud})
}

// Scopes are the permissions that somebody who signs in is asked for.
func (s *Settings) Scopes() []string {
	return entra.Scopes(entra.Wants{Shared: s.Access == Shared, ReadOnly: !s.Sends})
}

// Tokens returns the source of the tokens that open the mailbox. A sign-in that
// is not there is an error when it is asked.
func (s *Settings) Tokens() (oauth2.TokenSource, error) {
	app, err := s.App()
	if err != nil {
		return nil, err
	}
	if s.Access == Application {
		return app.AppSource()
	}
	store, err := s.Store()
	if err != nil {
		return nil, err
	}
	return app.Source(s.Mailbox, store)
}

// GraphURL is the Graph that is asked, with its version.
func (s *Settings) GraphURL() string { return s.cloud.BaseURL() }

// Box returns the mailbox, which those tokens open.
func (s *Settings) Box(source oauth2.TokenSource) (*graph.Client, error) {
	opts := &graph.Options{BaseURL: s.cloud.BaseURL(), OutOfReach: s.outOfReach}
	if s.Access == Person {
		opts.User = "me" // whose name may be another than the address
	}
	return graph.New(s.Mailbox, source, opts)
}

// Account is the Zendesk account, for people to read.
func (s *Settings) Account() string {
	if s.zendeskURL != "" {
		return s.zendeskURL
	}
	return s.zendesk + ".zendesk.com"
}

// Desk returns the Zendesk account, with these scopes, by default those of package
// zendesk. log hears what Zendesk warns of.
func (s *Settings) Desk(log *slog.Logger, scopes ...string) (*zendesk.Client, error) {
	source, err := s.deskTokens(scopes)
	if err != nil {
		return nil, err
	}
	return zendesk.New(s.zendesk, source, &zendesk.Options{BaseURL: s.zendeskURL, Logger: log})
}

func (s *Settings) deskTokens(scopes []string) (oauth2.TokenSource, error) {
	if s.zendeskEmail != "" {
		return zendesk.APIToken(s.zendeskEmail, s.zendeskToken), nil
	}
	app, err := zendesk.NewApp(s.zendesk, s.zendeskID, s.zendeskSecret, &zendesk.AppOptions{BaseURL: s.zendeskURL})
	if err != nil {
		return nil, err
	}
	return app.AppSource(scopes...)
}
