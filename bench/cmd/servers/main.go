// The servers command runs the fake services that everything is measured
// against. It prints the URL of its control endpoint (package servers), and ends
// when its standard input does, so that it does not outlive who started it.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/exdesk/exdesk/bench/internal/servers"
)

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer) error {
	s, err := servers.Start()
	if err != nil {
		return err
	}
	defer s.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- http.Serve(ln, s) }()
	go func() {
		_, err := io.Copy(io.Discard, in)
		failed <- err
	}()
	fmt.Fprintf(out, "http://%s\n", ln.Addr())
	return <-failed
}
