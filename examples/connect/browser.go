package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/examples/internal/settings"
)

// browsing is how long somebody may take to sign in with a browser: as long as
// with a code.
const browsing = 15 * time.Minute

// withBrowser signs in with a browser on this machine, which comes back to a port
// of loopback (RFC 8252 §7.3).
func (p *program) withBrowser(ctx context.Context, app *entra.App) (*oauth2.Token, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	// Entra takes any port of http://localhost, and no other name without more
	// ("Redirect URI (reply URL) outline and restrictions").
	in := entra.AuthRequest{Redirect: fmt.Sprintf("http://localhost:%d", ln.Addr().(*net.TCPAddr).Port), Scopes: p.Scopes()}
	if p.Access != settings.Shared {
		in.Mailbox = p.Mailbox
	}
	back := &comingBack{state: rand.Text(), came: make(chan answer, 1)}
	srv := &http.Server{Handler: back, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 32 << 10}
	go func() { _ = srv.Serve(ln) }()
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = srv.Shutdown(last) // so that the browser has its page
		_ = srv.Close()
	}()
	verifier := oauth2.GenerateVerifier()
	url := app.AuthCodeURL(in, back.state, verifier)
	p.say("Open this in a browser on this machine:\n\n%s\n", url)
	if terminal(p.stderr) {
		open(ctx, url)
	}
	end := p.wait(ctx, time.Now().Add(browsing))
	waiting, cancel := context.WithTimeoutCause(ctx, browsing, errors.New("nobody has come back from signing in: begin again"))
	defer cancel()
	var came answer
	select {
	case came = <-back.came:
	case <-waiting.Done():
		came.err = context.Cause(waiting)
	}
	if end(); came.err != nil {
		return nil, came.err
	}
	return app.Exchange(ctx, in, came.code, verifier)
}

// open asks the system to show a page. If it does not, the person does.
func open(ctx context.Context, url string) {
	command := []string{"xdg-open", url}
	switch runtime.GOOS {
	case "darwin":
		command[0] = "open"
	case "windows":
		command = []string{"rundll32", "url.dll,FileProtocolHandler", url}
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	if cmd.Start() == nil {
		go func() { _ = cmd.Wait() }()
	}
}

// comingBack is the page to which a browser comes back. Whatever does not belong
// to the sign-in that was begun is turned away, and waited on for what does.
type comingBack struct {
	state string
	came  chan answer // holds one
}

// answer is what the browser came back with.
type answer struct {
	code string
	err  error
}

func (b *comingBack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the address has the code in it
	if r.Method != http.MethodGet || r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	code, err := entra.Code(r.URL.Query(), b.state)
	if errors.Is(err, entra.ErrState) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, "This is not the sign-in that was begun in the terminal. Use the address that stands there.\n")
		return
	}
	select {
	case b.came <- answer{code, err}:
	default: // it came back before
	}
	if err != nil {
		_, _ = io.WriteString(w, "You have not signed in. The terminal says why; you may close this window.\n")
		return
	}
	_, _ = io.WriteString(w, "The terminal goes on; you may close this window.\n")
}
