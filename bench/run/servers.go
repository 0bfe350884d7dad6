package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/exdesk/exdesk/bench/internal/measure"
	"github.com/exdesk/exdesk/bench/internal/servers"
)

// startServers runs the services, and returns the URL of their control endpoint
// and what ends them.
func startServers(ctx context.Context, program string) (url string, stop func(), err error) {
	cmd := exec.CommandContext(ctx, program)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe() // it ends when that does
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = in.Close()
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("the servers said nothing: %w", err)
	}
	return strings.TrimSpace(line), stop, nil
}

// environment is that of a subject program. dir is this run's.
func environment(url, dir string, quick bool) []string {
	env := append(os.Environ(), servers.Variable+"="+url, measure.Run+"="+dir, measure.Quick+"=")
	if quick {
		env = append(env, measure.Quick+"=1") // the last one counts
	}
	return env
}
