// The relay command measures what a notification costs that leaves through the
// mailbox: by exdesk, and by net/http alone, which does less.
package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/bench/internal/delivery"
	"github.com/exdesk/exdesk/bench/internal/measure"
	"github.com/exdesk/exdesk/bench/internal/servers"
	"github.com/exdesk/exdesk/graph"
)

func main() {
	measure.Main(slices.Concat(
		delivery.Measurements(measure.Exdesk, open, "5KB", "2MB", "30MB"),
		// Whatever was lost, nobody knows whether the mail has left, and with which
		// header; and 3 MB are the most.
		delivery.Measurements("net/http: sendMail, no header check, no receipt", openBare, "5KB", "2MB"),
	)...)
}

// open leaves everything at its default but what would make it wait.
func open(at *servers.Access) (delivery.Sender, error) {
	mailbox, err := graph.New(at.Mailbox, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: at.GraphToken}), &graph.Options{BaseURL: at.Graph})
	if err != nil {
		return nil, err
	}
	conn, err := exdesk.New(mailbox, nil, &exdesk.Options{Relay: exdesk.RelayOptions{Limiter: exdesk.Unlimited, Settle: -1}})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, p *delivery.Parcel) error {
		f, err := os.Open(p.MIME)
		if err != nil {
			return err
		}
		defer f.Close()
		r, err := conn.Relay(ctx, &exdesk.Outbound{MIME: f, Ticket: 7})
		if err == nil && (r.Already || r.MessageID != p.MessageID) {
			err = fmt.Errorf("the receipt is another notification's: %+v", r)
		}
		return err
	}, nil
}

// openBare gives the whole MIME to "user: sendMail".
func openBare(at *servers.Access) (delivery.Sender, error) {
	return func(ctx context.Context, p *delivery.Parcel) error {
		mime, err := os.ReadFile(p.MIME)
		if err != nil {
			return err
		}
		body := strings.NewReader(base64.StdEncoding.EncodeToString(mime))
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, at.Graph+"/users/"+at.Mailbox+"/sendMail", body)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+at.GraphToken)
		req.Header.Set("Content-Type", "text/plain")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusAccepted {
			return fmt.Errorf("sendMail was answered %s", resp.Status)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}, nil
}
