package zendesktest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// desk is an account on a real network, and a client of it.
type desk struct {
	*zendesktest.Server
	t     *testing.T
	url   string
	token string
	http  *http.Client
}

func setup(t *testing.T, opt *zendesktest.Options) *desk {
	t.Helper()
	s := zendesktest.New(opt)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return &desk{Server: s, t: t, url: web.URL, token: s.Token(), http: http.DefaultClient}
}

// inBubble is setup where time is virtual.
func inBubble(t *testing.T, opt *zendesktest.Options, f func(*testing.T, *desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := zendesktest.New(opt)
		network := make(pipe)
		web := &http.Server{Handler: s}
		go func() { _ = web.Serve(network) }()
		transport := &http.Transport{DialContext: network.dial}
		f(t, &desk{Server: s, t: t, url: "http://acme.test", token: s.Token(), http: &http.Client{Transport: transport}})
		transport.CloseIdleConnections()
		_ = web.Close()
	})
}

type response struct {
	*http.Response
	body []byte
	json map[string]any
}

// at follows a path such as "ticket.via.channel" or "audits.0.id".
func (r *response) at(path string) any { return dig(r.json, path) }

func dig(v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch w := v.(type) {
		case map[string]any:
			v = w[name]
		case []any:
			i := int(name[0] - '0')
			if i >= len(w) {
				return nil
			}
			v = w[i]
		default:
			return nil
		}
	}
	return v
}

func (r *response) id(path string) int64 {
	n, _ := r.at(path).(json.Number)
	i, _ := n.Int64()
	return i
}

func (d *desk) request(method, path string, body any, head ...string) *http.Request {
	d.t.Helper()
	var rd io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		rd = strings.NewReader(b)
	case []byte:
		rd = bytes.NewReader(b)
	case io.Reader:
		rd = b
	}
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.url+path, rd)
	require.NoError(d.t, err)
	r.Header.Set("Authorization", "Bearer "+d.token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(head); i += 2 {
		if head[i+1] == "" {
			r.Header.Del(head[i])
			continue
		}
		r.Header.Set(head[i], head[i+1])
	}
	return r
}

func (d *desk) do(method, path string, body any, head ...string) *response {
	d.t.Helper()
	res, err := d.http.Do(d.request(method, path, body, head...))
	require.NoError(d.t, err)
	defer func() { _ = res.Body.Close() }()
	out := &response{Response: res}
	out.body, err = io.ReadAll(res.Body)
	require.NoError(d.t, err)
	dec := json.NewDecoder(bytes.NewReader(out.body))
	dec.UseNumber()
	_ = dec.Decode(&out.json)
	return out
}

// want does a request and requires its status.
func (d *desk) want(status int, method, path string, body any, head ...string) *response {
	d.t.Helper()
	res := d.do(method, path, body, head...)
	require.Equal(d.t, status, res.StatusCode, "%s", res.body)
	return res
}

func (d *desk) create(fields string, head ...string) *response {
	d.t.Helper()
	return d.want(201, "POST", "/api/v2/tickets", `{"ticket":{`+fields+`}}`, head...)
}

func (d *desk) update(status int, id int64, fields string) *response {
	d.t.Helper()
	return d.want(status, "PUT", fmt.Sprintf("/api/v2/tickets/%d", id), `{"ticket":{`+fields+`}}`)
}

func (d *desk) ticket(id int64) zendesktest.Ticket {
	d.t.Helper()
	v, ok := d.Ticket(id)
	require.True(d.t, ok)
	return v
}

func (d *desk) upload(name string, body any) string {
	d.t.Helper()
	return d.want(201, "POST", "/api/v2/uploads?filename="+name, body, "Content-Type", "application/octet-stream").at("upload.token").(string)
}

const hello = `"subject":"Fire","comment":{"html_body":"<p>It burns</p>","public":true},"requester":{"name":"Ann","email":"Ann@Example.com"}`
