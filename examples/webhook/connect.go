package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/zendesk"
)

// connection is both services and how they are used.
type connection struct {
	mailbox *graph.Client
	desk    *zendesk.Client
	relay   exdesk.RelayOptions
	secrets []string // of the webhook
	self    []int64  // users whose comments are not sent
	log     *slog.Logger
}

// connect reads the environment. It does no I/O.
func connect(ctx context.Context, s *settings) (*connection, error) {
	address := os.Getenv("EXDESK_MAILBOX")
	if address == "" {
		return nil, errors.New("set EXDESK_MAILBOX to the mailbox's address")
	}
	microsoft, err := graphTokens(ctx)
	if err != nil {
		return nil, err
	}
	var g graph.Options
	if s.graph != "" {
		g.BaseURL = strings.TrimSuffix(strings.TrimRight(s.graph, "/"), "/v1.0") + "/v1.0"
	}
	c := new(connection)
	if c.mailbox, err = graph.New(address, microsoft, &g); err != nil {
		return nil, err
	}
	// Claims in the mailbox know what no process has sent yet, so that a start
	// need not wait until all that was sent shows.
	c.relay.Claimer = &graph.Claims{Client: c.mailbox}
	subdomain, base, err := account(os.Getenv("EXDESK_ZENDESK"), s.zendesk)
	if err != nil {
		return nil, err
	}
	support, err := zendeskTokens(ctx, base)
	if err != nil {
		return nil, err
	}
	if c.desk, err = zendesk.New(subdomain, support, &zendesk.Options{BaseURL: base}); err != nil {
		return nil, err
	}
	for secret := range list("EXDESK_WEBHOOK_SECRETS") {
		c.secrets = append(c.secrets, secret)
	}
	if len(c.secrets) == 0 {
		return nil, errors.New("set EXDESK_WEBHOOK_SECRETS to the signing secret that Zendesk shows of the webhook")
	}
	for text := range list("EXDESK_SELF") {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, errors.New("EXDESK_SELF takes ids of users, with commas between them")
		}
		c.self = append(c.self, id)
	}
	return c, nil
}

// list yields what a variable lists.
func list(name string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for one := range strings.SplitSeq(os.Getenv(name), ",") {
			if one = strings.TrimSpace(one); one != "" && !yield(one) {
				return
			}
		}
	}
}

// account is the subdomain of an account and its root, from EXDESK_ZENDESK and
// -zendesk.
func account(name, override string) (subdomain, base string, err error) {
	base = "https://" + name + ".zendesk.com"
	if subdomain = name; strings.Contains(name, "://") {
		u, err := url.Parse(name)
		if err != nil || u.Host == "" {
			return "", "", errors.New("EXDESK_ZENDESK takes an account such as acme or https://acme.zendesk.com")
		}
		base = strings.TrimRight(name, "/")
		subdomain, _, _ = strings.Cut(u.Hostname(), ".")
	}
	if subdomain == "" {
		return "", "", errors.New("set EXDESK_ZENDESK to the account, such as acme")
	}
	if override != "" {
		base = strings.TrimRight(override, "/")
	}
	return subdomain, base, nil
}

func graphTokens(ctx context.Context) (oauth2.TokenSource, error) {
	if token := os.Getenv("EXDESK_GRAPH_TOKEN"); token != "" {
		return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}), nil
	}
	tenant, id, secret := os.Getenv("ENTRA_TENANT"), os.Getenv("ENTRA_CLIENT_ID"), os.Getenv("ENTRA_CLIENT_SECRET")
	if tenant == "" || id == "" || secret == "" {
		return nil, errors.New("set ENTRA_TENANT, ENTRA_CLIENT_ID and ENTRA_CLIENT_SECRET, or EXDESK_GRAPH_TOKEN")
	}
	c := clientcredentials.Config{ClientID: id, ClientSecret: secret, Scopes: []string{"https://graph.microsoft.com/.default"},
		TokenURL: fmt.Sprintf("https://login.microsoftonline.com/%s/oauth2/v2.0/token", url.PathEscape(tenant)), AuthStyle: oauth2.AuthStyleInParams}
	return c.TokenSource(context.WithoutCancel(ctx)), nil // also while it ends
}

func zendeskTokens(ctx context.Context, base string) (oauth2.TokenSource, error) {
	if token := os.Getenv("EXDESK_ZENDESK_TOKEN"); token != "" {
		return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}), nil
	}
	id, secret := os.Getenv("ZENDESK_CLIENT_ID"), os.Getenv("ZENDESK_CLIENT_SECRET")
	if id == "" || secret == "" {
		return nil, errors.New("set ZENDESK_CLIENT_ID and ZENDESK_CLIENT_SECRET, or EXDESK_ZENDESK_TOKEN")
	}
	c := clientcredentials.Config{ClientID: id, ClientSecret: secret, TokenURL: base + "/oauth/tokens", Scopes: []string{"read"}, AuthStyle: oauth2.AuthStyleInParams}
	return c.TokenSource(context.WithoutCancel(ctx)), nil
}
