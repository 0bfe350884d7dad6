package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/exdesk/exdesk"
)

// health answers whoever looks after it.
func (d *daemon) health() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if !d.watch.alive() {
			plain(w, http.StatusServiceUnavailable, "hung\n")
			return
		}
		plain(w, http.StatusOK, "alive\n")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		now, since, reason := d.watch.look()
		status, text := http.StatusServiceUnavailable, fmt.Sprintf("%s since %s", now, since.UTC().Format(time.RFC3339))
		if now == working {
			status = http.StatusOK
		}
		if reason != "" {
			text += ": " + reason
		}
		plain(w, status, text+"\n")
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		_ = e.Encode(d.report())
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		d.report().metrics(w)
	})
	return mux
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// report is what /status tells.
type report struct {
	State       state         `json:"state"`
	Since       time.Time     `json:"since"`
	Reason      string        `json:"reason,omitempty"`
	DryRun      bool          `json:"dryRun,omitempty"`
	LastPass    time.Time     `json:"lastPass,omitzero"`
	LastSuccess time.Time     `json:"lastSuccess,omitzero"`
	NextPass    time.Time     `json:"nextPass,omitzero"`
	AtHand      bool          `json:"atHand"`   // whether a mail is being imported
	Failures    int           `json:"failures"` // passes in a row
	Waiting     int           `json:"waiting"`  // mails
	Oldest      time.Time     `json:"oldest,omitzero"`
	Totals      exdesk.Totals `json:"totals"`
}

func (d *daemon) report() *report {
	s := d.conn.Status()
	r := &report{DryRun: d.dry, AtHand: d.ending.atHand(), LastPass: s.LastPass.UTC(), LastSuccess: s.LastSuccess.UTC(), NextPass: s.NextPass.UTC(),
		Failures: s.Failures, Waiting: s.Waiting, Oldest: s.Oldest.UTC(), Totals: s.Totals}
	r.State, r.Since, r.Reason = d.watch.look()
	r.Since = r.Since.UTC()
	return r
}

// metrics writes Prometheus' text format.
func (r *report) metrics(w io.Writer) {
	gauge := func(name, help string, value int64) {
		fmt.Fprintf(w, "# HELP exdesk_%s %s\n# TYPE exdesk_%[1]s gauge\nexdesk_%[1]s %[3]d\n", name, help, value)
	}
	at := func(name, help string, t time.Time) {
		if !t.IsZero() {
			gauge(name+"_timestamp_seconds", help, t.Unix())
		}
	}
	ready := int64(0)
	if r.State == working {
		ready = 1
	}
	gauge("ready", "Whether passes over the Inbox succeed.", ready)
	at("state_since", "When that changed last.", r.Since)
	at("last_pass", "When a pass last came to its end.", r.LastPass)
	at("last_success", "When a pass last left nothing waiting.", r.LastSuccess)
	gauge("failed_passes", "Passes in a row that could not come to their end.", int64(r.Failures))
	gauge("waiting_mails", "Mails that the newest pass left for the next.", int64(r.Waiting))
	at("oldest_waiting_mail", "When the oldest of them was received.", r.Oldest)
	fmt.Fprint(w, "# HELP exdesk_mails_total What became of the mail.\n# TYPE exdesk_mails_total counter\n")
	t := &r.Totals
	for _, one := range []struct {
		name string
		n    int
	}{{"ticket", t.Tickets}, {"comment", t.Comments}, {"note", t.Notes}, {"held", t.Held}, {"rejected", t.Rejected},
		{"duplicate", t.Duplicates}, {"relabelled", t.Relabelled}, {"gone", t.Gone}} {
		fmt.Fprintf(w, "exdesk_mails_total{outcome=%q} %d\n", one.name, one.n)
	}
}

// askHealth asks the one that runs, for the HEALTHCHECK of a container.
func askHealth(ctx context.Context, listen string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return errors.New("EXDESK_LISTEN is off, or no address: there is nobody to ask")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // of which an empty image has no name
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return err
	}
	direct := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no proxy
	resp, err := direct.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		return fmt.Errorf("%s: %s", resp.Status, strings.TrimSpace(string(text)))
	}
	return nil
}
