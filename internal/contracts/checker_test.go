package contracts_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The checker finds what it is there to find.
func TestChecker(t *testing.T) {
	g, z := contracts(t)
	for name, c := range map[string]struct {
		in                       *contract
		method, target, question string
		status                   int
		answer, want             string
	}{
		"nothing":             {g, "PATCH", "/v1.0/me/messages/x", `{"isRead":true}`, 200, `{"id":"x"}`, ""},
		"member asked":        {g, "PATCH", "/v1.0/me/messages/x", `{"isread":true}`, 200, `{"id":"x"}`, "request /isread unknown"},
		"member within":       {g, "PATCH", "/v1.0/me/messages/x", `{"from":{"emailAddress":{"adress":"a"}}}`, 200, `{"id":"x"}`, "request /from/emailAddress/adress unknown"},
		"type asked":          {g, "PATCH", "/v1.0/me/messages/x", `{"isRead":"yes"}`, 200, `{"id":"x"}`, "request /isRead type"},
		"enum":                {g, "PATCH", "/v1.0/me/messages/x", `{"importance":"huge"}`, 200, `{"id":"x"}`, "request /importance enum"},
		"member answered":     {g, "GET", "/v1.0/me/messages/x", ``, 200, `{"id":"x","sise":1}`, "answer 200 /sise unknown"},
		"time":                {g, "GET", "/v1.0/me/messages/x", ``, 200, `{"receivedDateTime":"yesterday"}`, "answer 200 /receivedDateTime format"},
		"annotation":          {g, "GET", "/v1.0/me/messages/x", ``, 200, `{"colour@odata.type":"x"}`, "answer 200 /colour@odata.type unknown"},
		"derived type":        {g, "GET", "/v1.0/me/messages/x/attachments/y", ``, 200, `{"@odata.type":"#microsoft.graph.fileAttachment","contentBytes":"YQ=="}`, ""},
		"without its type":    {g, "GET", "/v1.0/me/messages/x/attachments/y", ``, 200, `{"contentBytes":"YQ=="}`, "answer 200 /contentBytes unknown"},
		"member missing":      {g, "GET", "/v1.0/me/messages/x", ``, 404, `{"error":{"code":"c"}}`, "answer 404 /error/message required"},
		"query":               {g, "GET", "/v1.0/me/messages?$expnd=x", ``, 200, `{"value":[]}`, "request query $expnd unknown"},
		"query's type":        {g, "GET", "/v1.0/me/messages?$top=many", ``, 200, `{"value":[]}`, "request query $top type"},
		"status":              {z, "DELETE", "/api/v2/tickets/1", ``, 200, ``, "answer 200 unknown"},
		"body to nothing":     {g, "DELETE", "/v1.0/me/messages/x", ``, 204, `{}`, "answer 204 body unknown"},
		"no body":             {g, "GET", "/v1.0/me/messages/x", ``, 200, ``, "answer 200 body missing"},
		"request without":     {g, "PATCH", "/v1.0/me/messages/x", ``, 200, `{}`, "request body missing"},
		"missing in request":  {z, "POST", "/api/v2/tickets", `{"ticket":{"subject":"s"}}`, 201, `{"ticket":{"subject":"s"}}`, "request /ticket/comment required"},
		"path's type":         {z, "GET", "/api/v2/tickets/one", ``, 200, `{}`, "request path ticket_id type"},
		"read-only":           {z, "PUT", "/api/v2/tickets/1", `{"ticket":{"comment":{"plain_body":"a"}}}`, 200, `{}`, "request /ticket/comment/plain_body readOnly"},
		"required parameter":  {z, "GET", "/api/v2/tickets/show_many", ``, 200, `{}`, "request query ids missing"},
		"envelope":            {z, "GET", "/api/v2/tickets/1", ``, 404, `{"message":"no"}`, "answer 404 refusal /error required"},
		"one of its messages": {z, "GET", "/api/v2/tickets/1", ``, 404, `{"error":{"title":"t"}}`, "answer 404 refusal /error type"},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(c.target)
			require.NoError(t, err)
			x := &exchange{method: c.method, target: u, asked: header(map[string]string{"Content-Type": "application/json"}), question: []byte(c.question),
				whole: true, status: c.status, told: header(map[string]string{"Content-Type": "application/json"}), answer: []byte(c.answer)}
			op, vars := c.in.find(c.method, u)
			require.NotNil(t, op)
			found := slices.Concat(c.in.request(op, vars, x), c.in.response(op, x))
			if c.want == "" {
				require.Empty(t, found)
				return
			}
			require.Contains(t, found, c.want)
		})
	}
}

// A batch is checked as what it stands for.
func TestBatchIsTakenApart(t *testing.T) {
	g, _ := contracts(t)
	l := newLedger(g)
	u, err := url.Parse("/v1.0/$batch")
	require.NoError(t, err)
	l.add(adapter, &exchange{method: "POST", target: u, asked: header(map[string]string{"Content-Type": "application/json"}), whole: true,
		question: []byte(`{"requests":[{"id":"1","method":"PATCH","url":"/me/messages/x","headers":{"Content-Type":"application/json"},"body":{"isread":true}},{"id":"2","method":"GET","url":"/me/messages/y"}]}`),
		status:   http.StatusOK, told: header(map[string]string{"Content-Type": "application/json"}),
		answer: []byte(`{"responses":[{"id":"1","status":200,"headers":{"Content-Type":"application/json"},"body":{"id":"x"}}]}`)})
	require.Contains(t, l.found, finding{"me_UpdateMessage", "request /isread unknown"})
	require.Contains(t, l.found, finding{"Batch", "answers are not to the requests"})
	require.Equal(t, 3, l.requests)
	require.Equal(t, 2, l.answers)
	require.True(t, deviation{op: "*_UpdateMessage", what: "request /* unknown"}.covers(finding{"me_UpdateMessage", "request /isread unknown"}))
	require.False(t, deviation{op: "*", what: "request /* unknown"}.covers(finding{"me_UpdateMessage", "request /from/x unknown"}))
}
