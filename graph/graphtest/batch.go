package graphtest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// maxBatch is how many requests a batch may hold. ("Combine multiple HTTP
// requests using JSON batching".)
const maxBatch = 20

// step is one request of a batch.
type step struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`

	done   chan struct{} // closed when answer is there
	answer *answer
}

// answer is a ResponseWriter that keeps what is written.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// batch answers $batch. The batch itself is in no mailbox and passes the gate
// freely; each request within it passes on its own.
func (c *call) batch() *refusal {
	if no := c.parseQuery(); no != nil {
		return no
	}
	steps, no := c.readBatch()
	if no != nil {
		return no
	}
	c.runBatch(steps)

	var list []object
	for _, st := range steps {
		list = append(list, st.view())
	}
	c.s.dice.shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	c.write(http.StatusOK, object{{"responses", list}})
	return nil
}

func (c *call) readBatch() ([]*step, *refusal) {
	body, no := c.readBody()
	if no != nil {
		return nil, no
	}
	bad := badRequest("Invalid batch payload format.")
	var steps []*step
	for name := range body {
		if name != "requests" {
			return nil, bad
		}
	}
	d := json.NewDecoder(bytes.NewReader(body["requests"]))
	d.DisallowUnknownFields()
	if d.Decode(&steps) != nil || len(steps) == 0 || slices.Contains(steps, nil) {
		return nil, bad
	}
	if len(steps) > maxBatch {
		return nil, badRequest("Number of batch request steps exceeds the maximum value of 20.")
	}
	seen := map[string]bool{}
	for _, st := range steps {
		u, err := url.Parse(st.URL)
		switch {
		case st.ID == "" || st.URL == "" || err != nil || u.IsAbs() || u.Host != "" || u.Fragment != "":
			return nil, bad
		case !slices.Contains([]string{"GET", "POST", "PATCH", "PUT", "DELETE"}, strings.ToUpper(st.Method)):
			return nil, bad
		case seen[st.ID]:
			return nil, badRequest("Request Id has to be unique in a batch: " + st.ID + ".")
		case st.hasBody() && st.header("Content-Type") == "":
			return nil, badRequest("Write request id : " + st.ID + " does not contain Content-Type header or body.")
		}
		for _, on := range st.DependsOn {
			if !seen[on] {
				return nil, badRequest("Request " + st.ID + " depends on " + on + ", which is no earlier request of the batch.")
			}
		}
		seen[st.ID] = true
		st.done = make(chan struct{})
	}
	if !c.s.opts.AnyDependsOn && !documentedShape(steps) {
		return nil, badRequest("Invalid dependsOn: requests run in parallel, one after the other, or all after the same one.")
	}
	return steps, nil
}

func (st *step) hasBody() bool { return len(st.Body) > 0 && string(st.Body) != "null" }

func (st *step) header(name string) string {
	for k, v := range st.Headers {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

// documentedShape tells whether dependsOn has one of the three shapes that are
// documented: parallel, serial, or all on the same request.
func documentedShape(steps []*step) bool {
	parallel, serial, same := true, true, true
	for i, st := range steps {
		parallel = parallel && len(st.DependsOn) == 0
		if i > 0 {
			serial = serial && slices.Equal(st.DependsOn, []string{steps[i-1].ID})
			same = same && slices.Equal(st.DependsOn, []string{steps[0].ID})
		}
	}
	return parallel || serial || same
}

// runBatch runs the requests, four at a time for a mailbox ("Microsoft Graph
// service-specific throttling limits" says that Graph does so), each after
// those it depends on.
func (c *call) runBatch(steps []*step) {
	slots := c.s.opts.InFlight
	if slots < 1 {
		slots = 4
	}
	lanes := map[*mailbox]chan struct{}{}
	byID := map[string]*step{}
	var group sync.WaitGroup
	for _, st := range steps {
		byID[st.ID] = st
		var before []*step
		for _, on := range st.DependsOn {
			before = append(before, byID[on])
		}
		path, _, _ := strings.Cut(st.URL, "?")
		segs, _ := segments(path) // what cannot be parsed is refused later
		m := c.s.mailboxOf(c.token, segs)
		if lanes[m] == nil {
			lanes[m] = make(chan struct{}, slots)
		}
		lane := lanes[m]
		// The next request starts when this one has passed the fault script,
		// or cannot yet start: which request a fault befalls must not depend
		// on the scheduler.
		started := make(chan struct{})
		start := sync.OnceFunc(func() { close(started) })
		group.Go(func() {
			defer close(st.done)
			defer start()
			if len(before) > 0 {
				start()
			}
			for _, other := range before {
				<-other.done
			}
			if slices.ContainsFunc(before, func(other *step) bool { return other.answer.status >= 400 }) {
				st.answer = failedDependency()
				return
			}
			lane <- struct{}{}
			defer func() { <-lane }()
			c.runStep(st, start)
		})
		<-started
	}
	group.Wait()
	if c.r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // a hanging request, and the client gave up
	}
}

func failedDependency() *answer {
	a := &answer{header: http.Header{}, status: http.StatusFailedDependency}
	a.header.Set("Content-Type", "application/json")
	a.body.Write(encode(object{{"error", object{
		{"code", "FailedDependency"}, {"message", "A request on which this request depends has failed."},
	}}}))
	return a
}

// announcer is the context of a request within a batch. It calls start when
// the request has passed the fault script: serveGraph calls it behind the
// script, and a script that holds a request back asks for Done.
type announcer struct {
	context.Context
	start func()
}

func (a announcer) Done() <-chan struct{} {
	a.start()
	return a.Context.Done()
}

// runStep sends one request through faults and routes.
func (c *call) runStep(st *step, start func()) {
	st.answer = &answer{header: http.Header{}}
	defer func() {
		switch e := recover(); e {
		case nil:
		case http.ErrAbortHandler: // a fault lost the answer
			st.answer = &answer{header: http.Header{}}
			inner := *c
			inner.w = st.answer
			inner.refuse(&refusal{status: http.StatusGatewayTimeout, code: "UnknownError"})
		default:
			panic(e)
		}
	}()
	u, _ := url.Parse("/" + version + "/" + strings.TrimLeft(st.URL, "/")) // parsed before
	var body []byte
	if st.hasBody() {
		body = st.Body
	}
	r, err := http.NewRequestWithContext(announcer{c.r.Context(), start}, strings.ToUpper(st.Method), u.String(), bytes.NewReader(body))
	if err != nil {
		inner := *c
		inner.w = st.answer
		inner.refuse(badRequest("Invalid batch payload format."))
		return
	}
	r.Host, r.TLS, r.RemoteAddr = c.r.Host, c.r.TLS, c.r.RemoteAddr
	for k, v := range st.Headers {
		r.Header.Set(k, v)
	}
	r.Header.Set("Authorization", c.r.Header.Get("Authorization"))
	if strings.EqualFold(strings.Trim(u.Path, "/"), version+"/$batch") {
		inner := *c
		inner.w = st.answer
		inner.refuse(badRequest("A batch cannot hold a batch."))
		return
	}
	c.s.serve(&recorder{ResponseWriter: st.answer}, r)
}

// view shows the answer of a step: a JSON body as it is, another as base64.
func (st *step) view() object {
	a := st.answer
	headers := object{}
	for _, name := range []string{"Location", "Retry-After", "Preference-Applied", "ETag", "WWW-Authenticate"} {
		if v := a.header.Get(name); v != "" {
			headers = append(headers, member{name, v})
		}
	}
	v := object{{"id", st.ID}, {"status", max(a.status, http.StatusOK)}}
	if a.body.Len() == 0 {
		return append(v, member{"headers", headers})
	}
	kind := a.header.Get("Content-Type")
	headers = append(headers, member{"Content-Type", kind})
	var body any = base64.StdEncoding.EncodeToString(a.body.Bytes())
	if strings.HasPrefix(kind, "application/json") && json.Valid(a.body.Bytes()) {
		body = json.RawMessage(a.body.Bytes())
	}
	return append(v, member{"headers", headers}, member{"body", body})
}
