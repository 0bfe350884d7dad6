package graph

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/exdesk/exdesk/internal/rest"
	"github.com/exdesk/exdesk/internal/scan"
)

// batchSize is how many requests a batch may hold ("Combine multiple requests
// in one HTTP call using JSON batching").
const batchSize = 20

type batchRequest struct {
	ID      string       `json:"id"`
	Method  string       `json:"method"`
	URL     string       `json:"url"` // relative to the version
	Headers batchHeaders `json:"headers,omitzero"`
	Body    any          `json:"body,omitempty"`
}

type batchHeaders struct {
	Type   string `json:"Content-Type,omitempty"`
	Prefer string `json:"Prefer,omitempty"`
	Match  string `json:"If-Match,omitempty"`
}

const immutableID = `IdType="ImmutableId"`

var preferImmutable = batchHeaders{Prefer: immutableID}

type batchAnswer struct {
	op      string
	Status  int               // 0 if there is none
	Headers map[string]string // of a refusal
	Body    []byte            // of a refusal, and of what was asked for with GET
}

// batchAnswers are the answers to requests, in their order.
type batchAnswers struct {
	requests []batchRequest
	answers  []batchAnswer
}

// Scan implements rest.Scanner. A PATCH is answered with the whole message, its
// text included, which nobody asked for.
func (b *batchAnswers) Scan(r *scan.Reader) {
	for name := range r.Object {
		if string(name) != "responses" {
			continue
		}
		for range r.Array {
			var id, status, headers, body []byte
			for name := range r.Object {
				switch string(name) {
				case "id":
					id = r.Text()
				case "status":
					status = r.Raw()
				case "headers":
					headers = r.Raw()
				case "body":
					body = r.Raw()
				}
			}
			i, err := strconv.Atoi(string(id))
			if err != nil || i < 0 || i >= len(b.answers) {
				continue
			}
			a := &b.answers[i]
			a.Status, _ = strconv.Atoi(string(status))
			refused := a.Status/100 != 2
			if refused {
				_ = json.Unmarshal(headers, &a.Headers)
			}
			if refused || b.requests[i].Method == http.MethodGet {
				a.Body = bytes.Clone(body)
			}
		}
	}
}

// itemURL is a message's URL inside a batch, and folderURL a folder's.
func (c *Client) itemURL(id string) string   { return c.batchURL("messages", id) }
func (c *Client) folderURL(id string) string { return c.batchURL("mailFolders", id) }

func (c *Client) batchURL(elements ...string) string {
	var b strings.Builder
	b.Grow(200) // ids are long
	for _, e := range c.path(elements...) {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(e))
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
	out := batchAnswers{requests, make([]batchAnswer, len(requests))}
	for i := range out.answers {
		out.answers[i].op = op
	}
	_, err := c.rest.JSON(ctx, &rest.Request{
		Op: op, Method: http.MethodPost, Path: []string{"$batch"},
		JSON: struct {
			Requests []batchRequest `json:"requests"`
		}{requests},
		Repeatable: true, Slots: maxInFlight,
		Shorten: 16 << 10,
	}, &out)
	return out.answers, err
}

var errNoAnswer = errors.New("the batch came back without an answer to this request")

// into decodes a successful answer, unless v is nil, or returns the error.
func (a *batchAnswer) into(v any) error {
	if a.Status == 0 {
		return explain(&rest.Failure{Op: a.op, Wait: -1, Err: errNoAnswer})
	}
	body := a.Body
	// What is not JSON comes as a string of base64.
	if r := scan.New(body); r.Kind() == '"' {
		body, _ = base64.StdEncoding.DecodeString(string(r.Text()))
	}
	if a.Status/100 != 2 {
		h := make(http.Header, len(a.Headers))
		for k, v := range a.Headers {
			h.Set(k, v)
		}
		return explain(&rest.Failure{Op: a.op, Status: a.Status, Header: h, Body: body, Wait: rest.RetryAfter(h)})
	}
	if v == nil {
		return nil
	}
	if rest.Decode(body, v) != nil {
		return explain(&rest.Failure{Op: a.op, Status: a.Status, Wait: -1, Err: fmt.Errorf("the answer is not a message")})
	}
	return nil
}
