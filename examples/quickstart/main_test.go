package main

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// quickstart runs the program and returns what it printed.
func quickstart(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	err = run(t.Context(), args, &out, &errs)
	return out.String(), errs.String(), err
}

func objects(t *testing.T, s string) map[string]object {
	t.Helper()
	all := make(map[string]object)
	for d := json.NewDecoder(strings.NewReader(s)); d.More(); {
		var o object
		require.NoError(t, d.Decode(&o))
		all[o.File+o.Subject] = o
	}
	return all
}

func TestSamples(t *testing.T) {
	out, _, err := quickstart(t)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 17, out)
	for i, want := range []string{"MAIL", "ticket 1", "ticket 2 with a file", "ticket 3", "ticket 4 with 3 files", "ticket 5 with a file", "rejected: the mail is malformed",
		"rejected: the To field is missing", "rejected: the mail has", "nothing new: it is ticket 1", "comment on ticket 2", "note on ticket 4: ", "ticket 6, though another mail has its Message-ID",
		"sent to 1 recipient of ticket 1: ", "comment on ticket 1", "", "13 mails, "} {
		require.Contains(t, lines[i], want)
	}
	require.Contains(t, out, "Zendesk, RejectedByZendesk")
	require.NotContains(t, out, "\x1b", "no colours in a pipe")
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "sub"), 0o755))
	write := func(name, mail string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(mail), 0o644))
	}
	write("a.eml", "From ann Sat Jan  1 00:00:00 2000\nFrom: Ann <ann@customer.example>\nTo: support@contoso.test\nCc: bob@customer.example\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\nHello.\n")
	write("sub/whatever", "From: bob@customer.example\nTo: support@contoso.test\nSubject: File\nContent-Type: multipart/mixed; boundary=b\n\n"+
		"--b\nContent-Type: text/html\n\n<p>Hi</p>\n--b\nContent-Type: text/csv; name=x.csv\nContent-Disposition: attachment\n\n1,2\n--b--\n")
	write("no-to", "From: eve@customer.example\nSubject: Rejected\n\nWhat I had to say.\n")
	out, errs, err := quickstart(t, "-eml", dir, "-json")
	require.NoError(t, err)
	require.Contains(t, errs, "the limits of 25 mails a minute, and of 20 an hour from one sender, are lifted")
	require.Contains(t, errs, "3 mails, ")
	all := objects(t, out)
	require.Len(t, all, 3)
	a := all["a.emlGrüße"]
	require.Equal(t, object{File: "a.eml", MessageID: a.MessageID, Outcome: "ticket", Reason: "the sender is not verified: Exchange wrote no result of its checks", Ticket: a.Ticket, Subject: "Grüße", FromName: "Ann",
		FromAddress: "ann@customer.example", Requester: "ann@customer.example", CC: []string{"bob@customer.example"}, Text: "Hello.\n",
		Public: true, Attachments: []attachment{}, Labels: []string{"Zendesk"}}, a)
	require.Equal(t, []attachment{{Name: "x.csv", Type: "text/csv", Bytes: 3}}, all["sub/whateverFile"].Attachments)
	require.Equal(t, 9, all["sub/whateverFile"].HTMLBytes)
	no := all["no-toRejected"]
	require.Equal(t, "rejected", no.Outcome)
	require.Equal(t, "the To field is missing", no.Reason)
	require.Equal(t, "What I had to say.\n", no.Text, "what could be read is shown")
	require.Equal(t, []string{"Zendesk", "RejectedByZendesk"}, no.Labels)
	require.Zero(t, no.Ticket)
}

// A subject as the mailbox lists it, and a reason, are no commands to a terminal.
func TestTableIsSafeToPrint(t *testing.T) {
	require.Equal(t, "]0;x 31m Pay", shorten("\x1b]0;x\x07\u009b31m\u202ePay\u2028", 40))
}

func TestWhatCannotBeFinished(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "empty"), nil, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "junk"), []byte("\x00\xff\xfe\x01"), 0o644))
	out, _, err := quickstart(t, "-eml", dir)
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(out, "rejected: "), out)

	exchange, support := graphtest.New(nil), zendesktest.New(nil)
	exchange.Deliver(samples()[0])
	require.NoError(t, exchange.Fault(graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/messages/*", Status: 403, Times: -1}))
	graphServer, deskServer := httptest.NewServer(exchange), httptest.NewServer(support)
	defer graphServer.Close()
	defer deskServer.Close()
	t.Setenv("EXDESK_GRAPH_TOKEN", exchange.Token())
	t.Setenv("EXDESK_ZENDESK_TOKEN", support.Token())
	t.Setenv("EXDESK_MAILBOX", exchange.Mailbox())
	out, _, err = quickstart(t, "-graph", graphServer.URL, "-zendesk", deskServer.URL)
	require.ErrorContains(t, err, "1 mail not finished")
	require.Contains(t, out, "ticket 1, not labelled: graph: label messages: 403")
}

func TestRemote(t *testing.T) {
	exchange, support := graphtest.New(nil), zendesktest.New(nil)
	for _, mail := range samples()[:4] {
		exchange.Deliver(mail)
	}
	graphServer, deskServer := httptest.NewServer(exchange), httptest.NewServer(support)
	defer graphServer.Close()
	defer deskServer.Close()
	args := []string{"-graph", graphServer.URL, "-zendesk", deskServer.URL}
	t.Setenv("EXDESK_GRAPH_TOKEN", "")
	_, _, err := quickstart(t, args...)
	require.ErrorContains(t, err, "EXDESK_GRAPH_TOKEN")
	t.Setenv("EXDESK_GRAPH_TOKEN", exchange.Token())
	t.Setenv("EXDESK_ZENDESK_TOKEN", support.Token())
	t.Setenv("EXDESK_MAILBOX", exchange.Mailbox())
	out, _, err := quickstart(t, args...)
	require.NoError(t, err)
	require.Contains(t, out, "4 mails, ")
	require.Len(t, support.Tickets(), 4)
	out, _, err = quickstart(t, append(args, "-json")...)
	require.NoError(t, err)
	require.Empty(t, out, "nothing is left")

	exchange.ExpireTokens()
	_, _, err = quickstart(t, args...)
	require.ErrorContains(t, err, "sign in again")
}

func TestDryRun(t *testing.T) {
	exchange, support := graphtest.New(nil), zendesktest.New(nil)
	for _, mail := range samples() {
		exchange.Deliver(mail)
	}
	graphServer, deskServer := httptest.NewServer(exchange), httptest.NewServer(support)
	defer graphServer.Close()
	defer deskServer.Close()
	t.Setenv("EXDESK_GRAPH_TOKEN", exchange.Token())
	t.Setenv("EXDESK_ZENDESK_TOKEN", support.Token())
	t.Setenv("EXDESK_MAILBOX", exchange.Mailbox())
	out, errs, err := quickstart(t, "-dry", "-graph", graphServer.URL, "-zendesk", deskServer.URL)
	require.NoError(t, err)
	require.Contains(t, out, "Where is my order?        a ticket")
	require.Contains(t, out, "rejected: the To field is missing")
	require.Contains(t, out, "nothing new: it is a ticket")
	require.Contains(t, out, "comment on a ticket")
	require.Contains(t, out, "note on a ticket")
	require.Contains(t, errs, "nothing is written to the mailbox")
	requireReadOnly(t, exchange, support)
	require.Empty(t, support.Tickets())
}

func requireReadOnly(t *testing.T, exchange *graphtest.Server, support *zendesktest.Server) {
	t.Helper()
	for _, r := range exchange.Requests() {
		require.Equal(t, "GET", r.Method)
	}
	for _, r := range support.Requests() {
		require.Equal(t, "GET", r.Method)
	}
}

// Off loopback a dry run is the default. The account here cannot be reached.
func TestOffLoopbackWritesNothing(t *testing.T) {
	exchange := graphtest.New(nil)
	server := httptest.NewServer(exchange)
	defer server.Close()
	t.Setenv("EXDESK_GRAPH_TOKEN", exchange.Token())
	t.Setenv("EXDESK_ZENDESK_TOKEN", "x")
	t.Setenv("EXDESK_MAILBOX", exchange.Mailbox())
	_, errs, err := quickstart(t, "-graph", server.URL, "-zendesk", "https://acme.zendesk.example")
	require.NoError(t, err)
	require.Contains(t, errs, "this is what would become of the new mail of support@contoso.test")
	require.Contains(t, errs, "nothing was done; -yes does it")
	requireReadOnly(t, exchange, zendesktest.New(nil))
}

func TestWrongFlags(t *testing.T) {
	for _, args := range [][]string{{"-graph", "x"}, {"surplus"}, {"-dry", "-yes"}, {"-nonsense"}, {"-eml", "x", "-graph", "y", "-zendesk", "z"}, {"-eml", "/does/not/exist"}, {"-eml", t.TempDir()}} {
		_, _, err := quickstart(t, args...)
		require.Error(t, err, "%v", args)
	}
}
