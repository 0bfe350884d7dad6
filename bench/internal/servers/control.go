package servers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// Variable is the environment variable with the URL of the control endpoint.
const Variable = "EXDESK_BENCH_SERVERS"

// Control is a client of the control endpoint.
type Control struct{ url string }

// Open returns the control endpoint that the driver has started.
func Open() (*Control, error) {
	url := os.Getenv(Variable)
	if url == "" {
		return nil, fmt.Errorf("%s is not set: let the driver run this, or start cmd/servers and set it to the URL that it prints", Variable)
	}
	return At(url), nil
}

// At returns the control endpoint at that URL.
func At(url string) *Control { return &Control{strings.TrimRight(url, "/")} }

// Reset makes both services new, and returns what opens them. What was opened
// before does not open them any more.
func (c *Control) Reset(v Setup) (*Access, error) {
	if err := c.call("POST", "/reset", v, nil); err != nil {
		return nil, err
	}
	a := new(Access)
	return a, c.call("GET", "/access", nil, a)
}

// Fill delivers mail, and returns the ids of the messages.
func (c *Control) Fill(v Fill) (ids []string, err error) {
	return ids, c.call("POST", "/fill", v, &ids)
}

// Outcome returns what the services hold.
func (c *Control) Outcome() (*Outcome, error) {
	v := new(Outcome)
	return v, c.call("GET", "/outcome", nil, v)
}

// Counters returns what the services have seen. What is still on its way to them,
// such as the end of a connection, is not in it.
func (c *Control) Counters() (*Counters, error) {
	v := new(Counters)
	return v, c.call("GET", "/counters", nil, v)
}

// call keeps no connection open: nothing of it should be in what is measured.
func (c *Control) call(method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequest(method, c.url+path, &body)
	if err != nil {
		return err
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the servers answered %s to %s: %s", resp.Status, path, bytes.TrimSpace(answer))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}
