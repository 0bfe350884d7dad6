package contracts_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/zendesk"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

const toAnn = "To: Ann <ann@customer.example>\r\n"

// outbound sends notifications, small and large, to one and to many, looks for
// them, and probes the mailbox.
func (w *world) outbound() {
	w.Helper()
	var many strings.Builder
	for i := range 6 {
		fmt.Fprintf(&many, "%sr%d@customer.example", map[bool]string{true: "Bcc: "}[i == 0]+map[bool]string{true: ", "}[i > 0], i)
	}
	for name, out := range map[string]exdesk.Outbound{
		"small":  {MIME: strings.NewReader(notice("small", toAnn, page)), Ticket: 1},
		"files":  {MIME: strings.NewReader(notice("files", toAnn, withFile(20_000)))},
		"large":  {MIME: strings.NewReader(notice("large", toAnn, withFile(4_500_000, 200_000)))},
		"larger": {MIME: strings.NewReader(notice("larger", toAnn, withFile(2_000_000, 1_500_000)))},
		"many":   {MIME: strings.NewReader(notice("many", toAnn+many.String()+"\r\n", page))},
	} {
		for range 2 { // the second time it has left already
			ctx, cancel := context.WithTimeout(w.Context(), time.Hour)
			_, err := w.conn.Relay(ctx, &out)
			cancel()
			if err == nil {
				continue
			}
			w.Logf("%s: %v", name, err)
			out.MIME = strings.NewReader(notice(name, toAnn, page))
		}
	}
	_ = w.mailbox.Colour(w.Context(), "Zendesk", graph.Green)
	time.Sleep(10 * time.Minute)
	_, _ = w.conn.Trace(w.Context(), "01HQsmall", w.mailbox)
	ctx, cancel := context.WithTimeout(w.Context(), 10*time.Minute)
	defer cancel()
	_, _ = w.conn.Probe(ctx)
	w.settle() // nothing of it becomes a ticket
}

// claims are shared by processes, and are swept.
func (w *world) claims() {
	w.Helper()
	w.options.Relay.Claimer = &graph.Claims{Client: w.mailbox}
	w.connect()
	for i := range 3 {
		_, err := w.conn.Relay(w.Context(), &exdesk.Outbound{MIME: strings.NewReader(notice(fmt.Sprint("claimed", i), toAnn, page))})
		require.NoError(w, err)
		time.Sleep(2 * time.Hour)
	}
}

// notifies makes the notification of an agent's comment that has a file.
func (w *world) notifies() {
	w.Helper()
	w.support.AddUser(zendesktest.User{Name: "Sam", Email: "sam@acme.test", Role: "agent"})
	all := w.support.Tickets()
	i := slices.IndexFunc(all, func(t zendesktest.Ticket) bool { return t.Subject == "About away" || t.Subject == "About plain" })
	at := all[i].ID
	up, err := w.desk.Upload(w.Context(), &exdesk.File{Name: "a.txt", Type: "text/plain", Size: 1, Body: strings.NewReader("a")})
	require.NoError(w, err)
	to, err := w.desk.Conversation(w.Context(), at, time.Time{})
	require.NoError(w, err)
	var agent int64
	for _, u := range w.support.Users() {
		if u.Email == "sam@acme.test" {
			agent = u.ID
		}
	}
	made, err := w.desk.Comment(w.Context(), to, &exdesk.NewComment{Author: agent, Public: true, HTML: "<p>It is out.</p>", Uploads: []string{up.Token}})
	require.NoError(w, err)
	out, err := w.desk.Notification(w.Context(), &zendesk.CommentAdded{Ticket: at, Comment: made, Public: true,
		Author: zendesk.CommentAuthor{ID: agent}, At: w.support.Now()}, exdesk.Address{Address: w.exchange.Mailbox()})
	require.NoError(w, err)
	_, err = io.Copy(io.Discard, out.MIME)
	require.NoError(w, err)
}
