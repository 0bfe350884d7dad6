package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/exdesk/exdesk/internal/rest"
)

// batchSize is how many requests a batch may hold ("Combine multiple requests
// in one HTTP call using JSON batching").
const batchSize = 20

var preferImmutable = map[string]string{"Prefer": `IdType="ImmutableId"`}

type batchRequest struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"` // relative to the version
	Headers map[string]string `json:"headers,omitempty"`
	Body    any               `json:"body,omitempty"`
}

type batchAnswer struct {
	op      string
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// itemURL is a message's URL inside a batch, and folderURL a folder's.
func (c *Client) itemURL(id string) string   { return c.batchURL("messages", id) }
func (c *Client) folderURL(id string) string { return c.batchURL("mailFolders", id) }

func (c *Client) batchURL(elements ...string) string {
	var b strings.Builder
	for _, e := range c.path(elements...) {
		b.WriteString("/" + url.PathEscape(e))
	}
	return b.String()
}

// batch sends independent requests that may be heard twice and returns their
// answers in the order of the requests; Graph answers in any order. Graph
// runs up to four of them at once, so the batch waits for the mailbox to be
// free of our other requests.
func (c *Client) batch(ctx context.Context, op string, requests []batchRequest) ([]batchAnswer, error) {
	for i := range requests {
		requests[i].ID = strconv.Itoa(i)
	}
	var out struct {
		Responses []batchAnswer `json:"responses"`
	}
	_, err := c.rest.JSON(ctx, &rest.Request{
		Op: op, Method: http.MethodPost, Path: []string{"$batch"},
		JSON: map[string]any{"requests": requests}, Repeatable: true, Slots: maxInFlight,
		// A PATCH is answered with the whole message, its text included.
		Shorten: 16 << 10,
	}, &out)
	if err != nil {
		return nil, err
	}
	c.heed(op, out.Responses)
	answers := make([]batchAnswer, len(requests))
	for i := range answers {
		answers[i] = batchAnswer{op: op}
	}
	for _, a := range out.Responses {
		if i, err := strconv.Atoi(a.ID); err == nil && i >= 0 && i < len(answers) {
			a.op = op
			answers[i] = a
		}
	}
	return answers, nil
}

// mostHush bounds the pause that an item of a batch imposes on all requests.
const mostHush = time.Hour

// heed leaves the mailbox alone for as long as any item of a batch was told to: it
// is throttled as a request of its own would be.
func (c *Client) heed(op string, answers []batchAnswer) {
	for _, a := range answers {
		if f := a.failure(op); (f.Status == http.StatusTooManyRequests || f.Status >= 500) && f.Wait > 0 && !narrow(f) {
			c.rest.Hush(min(f.Wait, mostHush))
		}
	}
}

// failure is what an item of a batch says, as one of a request of its own.
func (a *batchAnswer) failure(op string) *rest.Failure {
	h := make(http.Header, len(a.Headers))
	for k, v := range a.Headers {
		h.Set(k, v)
	}
	return &rest.Failure{Op: op, Status: a.Status, Header: h, Body: a.body(), Wait: rest.RetryAfter(h)}
}

// body is the body of an answer. What is not JSON comes as a string of base64.
func (a *batchAnswer) body() []byte {
	var s string
	if json.Unmarshal(a.Body, &s) != nil {
		return a.Body
	}
	body, _ := base64.StdEncoding.DecodeString(s)
	return body
}

var errNoAnswer = errors.New("the batch came back without an answer to this request")

// into decodes a successful answer, unless v is nil, or returns the error.
func (a *batchAnswer) into(v any) error {
	if a.Status == 0 {
		return explain(&rest.Failure{Op: a.op, Wait: -1, Err: errNoAnswer})
	}
	if a.Status/100 != 2 {
		return explain(a.failure(a.op))
	}
	if v == nil {
		return nil
	}
	if err := json.Unmarshal(a.body(), v); err != nil {
		return explain(&rest.Failure{Op: a.op, Status: a.Status, Wait: -1, Err: fmt.Errorf("the answer is not a message")})
	}
	return nil
}
