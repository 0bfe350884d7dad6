package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// controls are what the control port has.
var controls = []string{"POST mail", "POST faults", "POST signin", "POST revoke", "POST clock", "POST label", "POST comment", "POST webhook",
	"GET mailbox", "GET sent", "GET left", "GET tickets", "GET notes", "GET deliveries", "GET requests"}

// FuzzControl: whatever the control port is told, it answers in JSON, which is an
// object or a list, and everything can be looked at afterwards; what it refuses, it
// says why in a line, and nothing has changed.
func FuzzControl(f *testing.F) {
	for i, body := range []string{
		mail, `{"server":"graph","status":503,"times":2}`, `{"code":"ABC","user":"x"}`, ``, `{"advance":"3h"}`, `{"message":"1","categories":["a"]}`, `{"ticket":1,"body":"x"}`, `{"url":"http://127.0.0.1:1/"}`,
	} {
		f.Add(byte(i), body, byte(4), `{"now":"2026-11-22T10:00:00Z"}`)
		f.Add(byte(i), `{`, byte(i), `null`)
		f.Add(byte(i), `{"x":1}`, byte(i+1), body)
	}
	f.Add(byte(4), `{"advance":"2562047h47m16s"}`, byte(4), `{"now":"9999-12-31T23:59:59Z"}`)
	f.Add(byte(4), `{"advance":"-2562047h47m16s"}`, byte(0), mail)
	f.Add(byte(4), `{"now":"9999-12-31T23:59:59Z"}`, byte(4), `{"advance":"2562047h47m16s"}`)
	f.Add(byte(1), `{"server":"zendesk","status":99}`, byte(1), `{"server":"graph","status":-1,"delay":-9}`)
	f.Add(byte(1), `{"server":"zendesk","path":"[","times":-1}`, byte(1), `{"server":"x"}`)
	f.Fuzz(func(t *testing.T, one byte, first string, two byte, second string) {
		box := &sandbox{exchange: graphtest.New(&graphtest.Options{}), support: zendesktest.New(&zendesktest.Options{})}
		box.hooks = zendesktest.NewWebhooks(box.support, nil)
		box.exchange.Deliver([]byte(mail))
		port := box.control()
		ask := func(method, path, body string) (int, string) {
			w := httptest.NewRecorder()
			port.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/control/"+path, strings.NewReader(body)))
			var v any
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &v), "%s %s: %s", path, body, w.Body)
			require.NotNil(t, v)
			return w.Code, w.Body.String()
		}
		look := func() string {
			var all strings.Builder
			for _, path := range []string{"mailbox", "sent", "tickets", "notes", "deliveries", "requests"} {
				status, text := ask(http.MethodGet, path, "")
				require.Equal(t, http.StatusOK, status, text)
				all.WriteString(text)
			}
			return all.String()
		}
		for i, body := range []string{first, second} {
			before := look()
			method, path, _ := strings.Cut(controls[int([]byte{one, two}[i])%len(controls)], " ")
			status, text := ask(method, path, body)
			after := look()
			switch {
			case status == http.StatusOK:
				require.True(t, path != "mail" || strings.Count(after, "internetMessageId") == 1+strings.Count(before, "internetMessageId"))
				continue
			}
			require.Equal(t, http.StatusBadRequest, status)
			require.Equal(t, before, after, "%s %s: %s", path, body, text)
			var why struct{ Error string }
			require.NoError(t, json.Unmarshal([]byte(text), &why))
			require.NotEmpty(t, why.Error)
		}
	})
}
