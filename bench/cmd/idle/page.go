package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"

	"github.com/exdesk/exdesk"
)

// page is the process that serves the empty page.
type page struct {
	cmd  *exec.Cmd
	base string
	url  string // of the service with its version
	http *http.Client
	conn *exdesk.Connector
}

// served is what it has served.
type served struct {
	Requests  int `json:"requests"`
	Mailboxes int `json:"mailboxes"` // different ones
}

// start starts it.
func start() (*page, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "serve")
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil { // which ends when this process does
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	base, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the server did not start: %w", err)
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 16 // it answers at once
	base = strings.TrimSpace(base)
	return &page{cmd: cmd, base: base, url: base + "/v1.0", http: &http.Client{Transport: t}}, nil
}

func (p *page) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// served asks what was served.
func (p *page) served() (s served, err error) {
	resp, err := p.http.Get(p.base + "/served")
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	return s, json.NewDecoder(resp.Body).Decode(&s)
}

// serve is the other process.
func serve() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.Exit(0) // whoever started it is gone
	}()
	fmt.Printf("http://%s\n", ln.Addr())
	body := []byte(`{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users('x')/mailFolders('inbox')/messages","value":[]}`)
	var mu sync.Mutex
	requests, seen := 0, make(map[string]bool)
	fmt.Fprintln(os.Stderr, http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		mu.Lock()
		defer mu.Unlock()
		if r.URL.Path == "/served" {
			_ = json.NewEncoder(w).Encode(served{requests, len(seen)})
			return
		}
		requests++
		seen[strings.Split(r.URL.Path, "/")[3]] = true
		_, _ = w.Write(body)
	})))
}
