package zendesk

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
)

// teller is a service that gives one answer after the other, with status 200 or
// 201, and then the last one again.
type teller struct {
	t     *testing.T
	list  [][]byte
	heard int
}

func (a *teller) RoundTrip(r *http.Request) (*http.Response, error) {
	require.Equal(a.t, "https://acme.zendesk.com Bearer s3cret", r.URL.Scheme+"://"+r.URL.Host+" "+r.Header.Get("Authorization"))
	body := a.list[min(a.heard, len(a.list)-1)]
	a.heard++
	require.Less(a.t, a.heard, 300, "without end")
	status := http.StatusOK
	if r.Method == http.MethodPost {
		status = http.StatusCreated
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
}

// says reports whether one of the answers has a member of that name which is a
// list, by a reader of JSON that knows no types.
func (a *teller) says(name string) bool {
	for _, b := range a.list {
		var any map[string]json.RawMessage
		if json.Unmarshal(b, &any) != nil {
			continue
		}
		for k, v := range any {
			if strings.EqualFold(k, name) && bytes.HasPrefix(bytes.TrimSpace(v), []byte("[")) {
				return true
			}
		}
	}
	return false
}

// contains reports whether a text is in the answers, however it is escaped.
func (a *teller) contains(s string) bool {
	return slices.ContainsFunc(a.list, func(b []byte) bool {
		var any any
		_ = json.Unmarshal(b, &any)
		plain, _ := json.Marshal(any)
		quoted, _ := json.Marshal(s)
		return bytes.Contains(bytes.ToLower(plain), bytes.ToLower(quoted[1:len(quoted)-1]))
	})
}

// names reports whether a member of that name, anywhere in the answers, is a text
// that is ok.
func (a *teller) names(name string, ok func(string) bool) bool {
	var within func(v any) bool
	within = func(v any) bool {
		switch v := v.(type) {
		case []any:
			return slices.ContainsFunc(v, within)
		case map[string]any:
			for k, v := range v {
				if s, is := v.(string); is && strings.EqualFold(k, name) && ok(s) || within(v) {
					return true
				}
			}
		}
		return false
	}
	return slices.ContainsFunc(a.list, func(b []byte) bool {
		var v any
		_ = json.Unmarshal(b, &v)
		return within(v)
	})
}

// FuzzAnswers: whatever a success says, nothing is made of it that it does not say.
// What is not as it should be is trouble that passes, and never that somebody or
// something is not there, or that the mail is refused for good; of what was to be
// changed it is not known then whether it was. Nobody is an agent who is not said
// to be, and lists come to an end.
func FuzzAnswers(f *testing.F) {
	const date = `"1999-12-01T00:00:00Z"` // of a bubble's yesterday
	for i, s := range []string{
		`{"ticket":{"id":7,"external_id":"x","status":"open","created_at":` + date + `,"updated_at":` + date + `,"is_public":true,"requester_id":5,"email_cc_ids":[1]}}`,
		`{"tickets":[{"id":7,"external_id":"x","created_at":` + date + `,"encoded_id":"ABCDEF-GHIJ"}],"meta":{"has_more":true},"links":{"next":"https://acme.zendesk.com/api/v2/tickets?n=1"}}`,
		`{"audits":[{"created_at":` + date + `,"metadata":{"custom":{"exdesk_digest":"d"}},"events":[{"type":"Comment","id":3,"body":"merged into ticket #9"}]}]}`,
		`{"users":[{"id":5,"email":"ann@customer.example","role":"end-user"}]}`, `{"users":[{"id":6,"email":"bob@customer.example","role":"agent"}]}`,
		`{"identities":[{"type":"email","value":"ann@customer.example"}]}`, `{"recipient_addresses":[{"email":"a@b"}]}`, `{"comments":[{"public":false,"plain_body":"x"}]}`,
		`{"upload":{"token":"t","attachment":{"content_url":"https://x"}}}`, `{"audit":{"events":[{"type":"Comment","id":3}]}}`,
		`{}`, `null`, `[]`, `{"tickets":null}`, `{"ticket":null}`, `{"ticket":{"id":"7"}}`, `{"ticket":{"id":-1,"updated_at":` + date + `}}`, `{"ticket":{"id":1e400}}`,
		`{"users":[{"email":"ann@customer.example"}]}`, `{"users":[null]}`, `{"users":[{"id":5,"email":"ann@customer.example","role":null}]}`,
		`{"tickets":[],"meta":{"has_more":true},"links":{"next":null}}`, `{"tickets":[],"audits":[],"comments":[],"identities":[],"recipient_addresses":[],"meta":{"has_more":true},"links":{"next":"https://acme.zendesk.com/api/v2/x"}}`,
		`{"tickets":[],"audits":[],"meta":{"has_more":true},"links":{"next":"https://evil.example/api/v2/x"}}`, `{"upload":{"token":""}}`, `{"error":"x"}`, `<html>`,
	} {
		f.Add([]byte(s), []byte(`{"audits":[{"created_at":`+date+`,"metadata":{"custom":{"exdesk_digest":"d","exdesk_message_id":"m"}}}]}`))
		f.Add([]byte(strings.ReplaceAll(s, "1999", "2999")), []byte(strings.ReplaceAll(s, "1999", "2999"))) // it keeps changing
		f.Add([]byte(s), []byte([]string{`{}`, `{"audits":null}`, `{"identities":[]}`}[i%3]))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		synctest.Test(t, func(t *testing.T) {
			a := &teller{t: t, list: [][]byte{first, second}}
			c, err := New("acme", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "s3cret"}), &Options{HTTPClient: &http.Client{Transport: a}})
			require.NoError(t, err)
			ctx := t.Context()
			// again asks once more, and looks at the error.
			again := func(changes bool, do func() error) {
				a.heard = 0
				err := do()
				if err == nil {
					return
				}
				require.Less(t, len(err.Error()), 500)
				require.Negative(t, strings.IndexFunc(err.Error(), unicode.IsControl))
				for _, class := range []error{exdesk.ErrNotFound, exdesk.ErrRefused, exdesk.ErrAuth, exdesk.ErrKeyUsed} {
					require.False(t, errors.Is(err, class), "%v", err)
				}
				if errors.Is(err, errNamesakes) {
					return
				}
				require.False(t, errors.Is(err, exdesk.ErrAccess), "%v", err)
				// A file that is uploaded twice does no harm, so nobody asks.
				require.True(t, changes == errors.Is(err, exdesk.ErrDoubtful) || strings.Contains(err.Error(), opUpload), "%v", err)
			}
			again(false, func() error {
				got, err := c.Ticket(ctx, 7)
				require.True(t, err != nil || got.ID == 7)
				return err
			})
			again(false, func() error {
				found, err := c.Find(ctx, "x", time.Time{})
				require.True(t, err != nil || a.says("tickets"))
				for _, got := range found {
					require.True(t, got.ID > 0 && got.ExternalID == "x" && a.contains(got.Origin.Digest))
				}
				return err
			})
			again(false, func() error {
				got, err := c.Conversation(ctx, 7, time.Time{})
				if err != nil {
					return err
				}
				require.EqualValues(t, 7, got.ID)
				require.True(t, a.says("audits") && got.MergedInto >= 0)
				require.False(t, got.Updated.IsZero() && !a.contains("0001-01-01T00:00:00"))
				for _, o := range got.Origins {
					require.True(t, o.Digest != "" && a.contains(o.Digest))
				}
				return nil
			})
			again(true, func() error {
				got, err := c.Create(ctx, &exdesk.NewTicket{ExternalID: "x", Key: "k", Requester: exdesk.Address{Address: "ann@customer.example"}})
				require.True(t, err != nil || got.ID > 0)
				return err
			})
			again(true, func() error {
				got, err := c.Import(ctx, &exdesk.NewTicket{ExternalID: "x", Requester: exdesk.Address{Address: "ann@customer.example"}}, time.Now())
				require.True(t, err != nil || got.ID > 0)
				return err
			})
			again(true, func() error {
				_, err := c.Comment(ctx, &exdesk.Conversation{Ticket: exdesk.Ticket{ID: 7}}, &exdesk.NewComment{HTML: "x"})
				return err
			})
			again(false, func() error {
				up, err := c.Upload(ctx, &exdesk.File{Name: "a", Body: strings.NewReader("x"), Size: 1})
				require.True(t, err != nil || up.Token != "" && a.contains(up.Token))
				return err
			})
			again(false, func() error {
				p, err := c.Person(ctx, "ann@customer.example")
				require.True(t, err != nil || a.says("users"))
				if p != nil {
					require.True(t, p.ID > 0 && a.contains("ann@customer.example"))
					require.True(t, !p.Agent || a.names("role", func(role string) bool { return role != "" && role != "end-user" }))
				}
				return err
			})
			again(false, func() error {
				list, err := c.Addresses(ctx, 5)
				require.True(t, err != nil || a.says("identities"))
				for _, s := range list {
					require.True(t, a.contains(s))
				}
				return err
			})
			again(false, func() error {
				_, err := c.SupportAddresses(ctx)
				require.True(t, err != nil || a.says("recipient_addresses"))
				return err
			})
			again(false, func() error {
				_, err := c.PrivateTexts(ctx, 7)
				require.True(t, err != nil || a.says("comments"))
				return err
			})
			again(false, func() error {
				_, err := c.Encoded(ctx, []string{"ABCDEF-GHIJ"}, []string{"ann@customer.example"})
				require.True(t, err != nil || a.says("users"))
				return err
			})
		})
	})
}
