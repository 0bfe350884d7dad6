package contracts_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/internal/corpus"
	"github.com/exdesk/exdesk/internal/memnet"
)

var (
	sampleHead  = regexp.MustCompile(`(?m)^\*\*EX (\d+) `)
	sampleCall  = regexp.MustCompile("`(GET|POST|PATCH|DELETE) ([^`]+)`")
	sampleBody  = regexp.MustCompile("`(\\{[^`]*\\})`")
	sampleField = regexp.MustCompile("`(Prefer): ([^`]+)`")
	statusWord  = regexp.MustCompile(`\b[245]\d\d\b`)
	memberWord  = regexp.MustCompile(`"([@A-Za-z][\w.@-]*)"\s*:\s*("|\[|\{|true|false|null|-?\d)`)
)

// readSamples returns the documented exchanges by their numbers.
func readSamples(t *testing.T) map[int]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(os.Getenv(corpus.Variable), "facts", "graph-http-examples.md"))
	require.NoError(t, err)
	text := string(raw)
	at := sampleHead.FindAllStringSubmatchIndex(text, -1)
	list := make(map[int]string)
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		n, _ := strconv.Atoi(text[m[2]:m[3]])
		list[n], _, _ = strings.Cut(text[m[0]:end], "\n## ")
	}
	return list
}

// replay is one documented exchange on its way to the fake.
type replay struct {
	*testing.T
	fake        *graphtest.Server
	url, token  string
	http        *http.Client
	asked, told string // the two halves of the text
	header      map[string]string
}

// as makes the documented request, with what stands for something put in place,
// in pairs.
func (r *replay) as(pairs ...string) map[string]any {
	r.Helper()
	fill := strings.NewReplacer(pairs...)
	call := sampleCall.FindStringSubmatch(r.asked)
	require.NotNil(r, call, "no request in %q", r.asked)
	body := ""
	if b := sampleBody.FindStringSubmatch(r.asked); b != nil {
		body = fill.Replace(b[1])
	}
	if h := sampleField.FindStringSubmatch(r.asked); h != nil {
		r.header[h[1]] = h[2]
	}
	return r.with(call[1], strings.ReplaceAll(fill.Replace(call[2]), " ", "%20"), body)
}

// with makes a request of which the document shows a part, and compares the
// answer with the documented one: its status is among those that are named, and it
// has the members that are shown, of the same types.
func (r *replay) with(method, path, body string) map[string]any {
	r.Helper()
	status, v := r.send(method, path, body)
	require.Contains(r, statusWord.FindAllString(r.told, -1), strconv.Itoa(status), "%s %s: %v", method, path, v)
	has := make(map[string][]string)
	kinds(v, has)
	for _, m := range memberWord.FindAllStringSubmatch(r.told, -1) {
		require.Contains(r, has[m[1]], kindOf[m[2][:1]], "%s of %v", m[1], v)
	}
	return v
}

func (r *replay) send(method, path, body string) (int, map[string]any) {
	r.Helper()
	base := r.url + "/v1.0"
	if strings.HasPrefix(path, "http") {
		base = ""
	} else if strings.Contains(path, "/oauth2/") {
		base = r.url
	}
	req, err := http.NewRequestWithContext(r.Context(), method, base+path, strings.NewReader(body))
	require.NoError(r, err)
	req.Header.Set("Authorization", "Bearer "+r.token)
	switch {
	case strings.HasPrefix(body, "{"):
		req.Header.Set("Content-Type", "application/json")
	case body != "":
		req.Header.Set("Content-Type", "text/plain")
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	if req.Header.Get("Authorization") == "" {
		req.Header.Del("Authorization")
	}
	resp, err := r.http.Do(req)
	require.NoError(r, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(r, err)
	var v map[string]any
	if strings.Contains(resp.Header.Get("Content-Type"), "json") {
		require.NoError(r, json.Unmarshal(raw, &v))
	}
	for name, want := range r.header {
		if name == "Prefer" {
			require.Equal(r, want, resp.Header.Get("Preference-Applied"))
		}
	}
	return resp.StatusCode, v
}

var kindOf = map[string]string{`"`: "string", "[": "array", "{": "object", "t": "boolean", "f": "boolean", "n": "null"}

func init() {
	for _, c := range "-0123456789" {
		kindOf[string(c)] = "number"
	}
}

// kinds notes the type of every member at every depth.
func kinds(v any, has map[string][]string) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			kind := "null"
			switch value.(type) {
			case string:
				kind = "string"
			case float64:
				kind = "number"
			case bool:
				kind = "boolean"
			case []any:
				kind = "array"
			case map[string]any:
				kind = "object"
			}
			has[name] = append(has[name], kind)
			kinds(value, has)
		}
	case []any:
		for _, value := range v {
			kinds(value, has)
		}
	}
}

// The documented exchanges of Microsoft Graph go as they are documented, against
// the fake, or are listed with the reason why they cannot.
func TestSamples(t *testing.T) {
	g, _ := contracts(t)
	all := readSamples(t)
	require.Len(t, all, 59)
	require.Len(t, samples, 59)
	l := newLedger(g)
	replayed := 0
	for n := 1; n <= len(all); n++ {
		s := samples[n]
		if s.cannot != "" {
			require.Nil(t, s.replay, "EX %d", n)
			t.Logf("EX %d is not replayed: %s", n, s.cannot)
			continue
		}
		replayed++
		t.Run("EX "+strconv.Itoa(n), func(t *testing.T) {
			require.NotNil(t, s.replay)
			asked, told, _ := strings.Cut(all[n], "→")
			synctest.Test(t, func(t *testing.T) { s.against(t, l, asked, told) })
		})
	}
	t.Logf("%d of %d documented exchanges are replayed", replayed, len(all))
	listed := append(slices.Clone(graphDeviations), sampleDeviations...)
	for f := range l.found {
		require.True(t, slices.ContainsFunc(listed, func(d deviation) bool { return d.covers(f) }), "%s: %s is not listed", f.op, f.what)
	}
}

func (s *documented) against(t *testing.T, l *ledger, asked, told string) {
	fake := graphtest.New(&s.options)
	base, client, stop := memnet.Serve(l.record(sample, fake))
	t.Cleanup(stop)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.replay(&replay{T: t, fake: fake, url: base, token: fake.Token(), http: client, asked: asked, told: told, header: map[string]string{}})
}

func (r *replay) form(pairs ...string) string {
	id, secret := r.fake.Client()
	v := url.Values{"client_id": {id}, "client_secret": {secret}}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	r.header["Content-Type"], r.header["Authorization"] = "application/x-www-form-urlencoded", ""
	return v.Encode()
}

func (r *replay) mail() string {
	r.Helper()
	return r.fake.Deliver(letter("ann", toSupport, withFile(100)))
}
