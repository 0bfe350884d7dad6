package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// local is a fake Exchange Online and a fake Zendesk, reached over loopback
// like the real ones.
type local struct {
	exchange *graphtest.Server
	support  *zendesktest.Server
	mailbox  *graph.Client
	desk     *zendesk.Client
	count    *counter
	stop     func()
}

func startLocal(g *graphtest.Options, z *zendesktest.Options) (*local, error) {
	l := &local{exchange: graphtest.New(g), support: zendesktest.New(z), count: new(counter)}
	graphURL, stopGraph, err := serve(l.exchange)
	if err != nil {
		return nil, err
	}
	zendeskURL, stopZendesk, err := serve(l.support)
	if err != nil {
		stopGraph()
		return nil, err
	}
	l.stop = func() { stopGraph(); stopZendesk() }
	l.mailbox, err = graph.New(l.exchange.Mailbox(), oauth2.StaticTokenSource(&oauth2.Token{AccessToken: l.exchange.Token()}),
		&graph.Options{BaseURL: graphURL + "/v1.0", HTTPClient: l.count.client("Graph")})
	if err == nil {
		l.desk, err = zendesk.New("acme", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: l.support.Token()}),
			&zendesk.Options{BaseURL: zendeskURL, HTTPClient: l.count.client("Zendesk")})
	}
	if err != nil {
		l.stop()
		return nil, err
	}
	return l, nil
}

// serve runs a server on a free port of loopback.
func serve(h http.Handler) (url string, stop func(), err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: h}
	go func() { _ = srv.Serve(ln) }()
	return "http://" + ln.Addr().String(), func() { _ = srv.Close() }, nil
}

// runSamples shows the main job on mail of our own making.
func runSamples(ctx context.Context, p *printer) error {
	l, err := startLocal(nil, nil)
	if err != nil {
		return err
	}
	defer l.stop()
	for _, mail := range samples() {
		p.expect(l.exchange.Deliver(mail), "")
	}
	p.labels, p.address = l.labels, l.exchange.Mailbox()
	err = ingest(ctx, l.mailbox, l.desk, exdesk.Options{}, p)
	if err == nil {
		err = l.showAnswer(ctx, p)
	}
	p.close(l.count)
	return err
}

// labels reads what people would see on the mail.
func (l *local) labels(r *exdesk.Result) []string {
	m, _ := l.exchange.Message(r.Mail.ID)
	return m.Categories
}

// Files are fed in parts, so that a large folder does not have to fit into
// the fake mailbox at once.
const (
	partFiles = 500
	partBytes = 256 << 20
)

// runFiles feeds the files of a folder as mail.
func runFiles(ctx context.Context, s *settings, p *printer) error {
	paths, err := files(s.eml, p)
	if err != nil {
		return err
	}
	l, err := startLocal(&graphtest.Options{Raw: true, Budget: -1}, &zendesktest.Options{RateLimit: -1})
	if err != nil {
		return err
	}
	defer l.stop()
	p.labels, p.address = l.labels, l.exchange.Mailbox()
	opts := exdesk.Options{DryRun: s.dry}
	if !s.rates {
		opts.Limiter, opts.Brake = exdesk.Unlimited, exdesk.Unlimited
		p.note("the limits of 25 mails a minute, and of 20 an hour from one sender, are lifted; -rates keeps them")
	}
	for len(paths) > 0 && ctx.Err() == nil {
		var ids []string
		size := 0
		for len(paths) > 0 && len(ids) < partFiles && size < partBytes {
			path := paths[0]
			paths = paths[1:]
			mail, err := os.ReadFile(filepath.Join(s.eml, path))
			if err != nil {
				p.unreadable(path, err)
				continue
			}
			id := l.exchange.Deliver(unbox(mail))
			p.expect(id, path)
			ids, size = append(ids, id), size+len(mail)
		}
		if err := ingest(ctx, l.mailbox, l.desk, opts, p); err != nil {
			p.close(l.count)
			return err
		}
		for _, id := range ids {
			l.exchange.Remove(id)
		}
	}
	p.close(l.count)
	return ctx.Err()
}

// files lists the regular files below dir, sorted, with slashes.
func files(dir string, p *printer) ([]string, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("-eml %s: there is no such folder", dir)
	}
	var paths []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			p.unreadable(path, err)
		case d.Type().IsRegular():
			paths = append(paths, path)
		}
		return nil
	})
	if err == nil && len(paths) == 0 {
		err = errors.New("there are no files")
	}
	if err != nil {
		return nil, fmt.Errorf("-eml %s: %w", dir, err)
	}
	return paths, nil
}

// unbox drops the line that an mbox puts before each mail; it belongs to the
// box.
func unbox(mail []byte) []byte {
	if bytes.HasPrefix(mail, []byte("From ")) {
		if i := bytes.IndexByte(mail, '\n'); i >= 0 {
			return mail[i+1:]
		}
	}
	return mail
}
