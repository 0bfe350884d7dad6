package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/zendesk"
)

// runRemote works on servers that already run.
func runRemote(ctx context.Context, s *settings, p *printer) error {
	graphToken, zendeskToken, address := os.Getenv("EXDESK_GRAPH_TOKEN"), os.Getenv("EXDESK_ZENDESK_TOKEN"), os.Getenv("EXDESK_MAILBOX")
	if graphToken == "" || zendeskToken == "" || address == "" {
		return errors.New("set EXDESK_GRAPH_TOKEN, EXDESK_ZENDESK_TOKEN and EXDESK_MAILBOX")
	}
	count := new(counter)
	mailbox, err := graph.New(address, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: graphToken}),
		&graph.Options{BaseURL: versioned(s.graph), HTTPClient: count.client("Graph")})
	if err != nil {
		return err
	}
	subdomain, local, err := account(s.zendesk)
	if err != nil {
		return err
	}
	desk, err := zendesk.New(subdomain, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: zendeskToken}),
		&zendesk.Options{BaseURL: s.zendesk, HTTPClient: count.client("Zendesk")})
	if err != nil {
		return err
	}
	opts := exdesk.Options{DryRun: s.dry || !s.yes && !(local && loopback(s.graph))}
	if opts.DryRun {
		p.note(fmt.Sprintf("this is what would become of the new mail of %s; nothing is written to the mailbox or to %s", address, s.zendesk))
	}
	p.address = address
	p.labels = func(r *exdesk.Result) []string { return append(r.Mail.Categories, r.Labels...) }
	err = ingest(ctx, mailbox, desk, opts, p)
	p.close(count)
	if opts.DryRun && !s.dry {
		p.note("nothing was done; -yes does it")
	}
	if peak := peakMemory(); peak != "" {
		p.note("peak memory of this process: " + peak)
	}
	return err
}

// peakMemory is the most memory that this process had resident, where the
// system tells (proc(5), VmHWM).
func peakMemory() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// versioned adds the API's version where the URL has none.
func versioned(base string) string {
	if base = strings.TrimRight(base, "/"); !strings.HasSuffix(base, "/v1.0") {
		base += "/v1.0"
	}
	return base
}

// account takes the subdomain out of a Zendesk URL.
func account(base string) (subdomain string, local bool, err error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return "", false, errors.New("-zendesk takes a URL such as https://acme.zendesk.com")
	}
	if loopback(base) {
		return "acme", true, nil
	}
	subdomain, _, _ = strings.Cut(u.Hostname(), ".")
	return subdomain, false, nil
}

func loopback(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
