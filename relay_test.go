package exdesk_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph/graphtest"
)

// notice is a notification of Zendesk, as its samples show them.
func notice(name string) string {
	return fmt.Sprintf("From: \"Acme Support\" <support@contoso.test>\r\nTo: ann@customer.example\r\nReply-To: support@contoso.test\r\n"+
		"Subject: Re: About %[1]s\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n"+
		"Message-ID: <56Z97D7G67G_65d68382aa493_%[2]x_sprut@zendesk.com>\r\n"+
		"In-Reply-To: <one@customer.example>\r\n <two@customer.example>\r\nReferences: <56Z97D7G67G@zendesk.com>\r\n"+
		"Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n"+
		"X-Mailer: Zendesk Mailer\r\nX-Zendesk-From-Account-Id: cc6f582\r\nX-Zendesk-Email-Id: 01HQ6Z3D%[2]x\r\n"+
		"X-Delivery-Context: event-id-1\r\n"+
		"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"+
		"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nIt is on its way, %[1]s.\r\n\r\n[56Z97D-7G67G]\r\n"+
		"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>It is on its way, %[1]s.</p><span>[56Z97D-7G67G]</span>\r\n--b--\r\n", name, name)
}

func outbound(text string) *exdesk.Outbound {
	return &exdesk.Outbound{MIME: strings.NewReader(text), Ticket: 7}
}

// relay runs f in a bubble, with a world in which nothing has settled yet.
func relaying(t *testing.T, g *graphtest.Options, f func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, g, nil)
		f(w)
	})
}

// leave relays a notification that must leave.
func (w *world) leave(out *exdesk.Outbound) *exdesk.Receipt {
	w.Helper()
	r, err := w.conn.Relay(w.Context(), out)
	require.NoError(w, err)
	return r
}

func TestRelay(t *testing.T) {
	relaying(t, nil, func(w *world) {
		r := w.leave(outbound(notice("ann")))
		require.False(w, r.Already)
		require.Equal(w, []string{"ann@customer.example"}, r.Recipients)
		require.Equal(w, "Acme Support", r.Name)
		sent := w.exchange.Sent()
		require.Len(w, sent, 1)
		for _, f := range r.Fields {
			require.Contains(w, []exdesk.Survival{exdesk.Kept, exdesk.Repaired}, f.Survival, f.Name)
			if f.Name != "From" {
				require.Contains(w, unfold(sent[0].MIME), f.Name+": "+f.Handed+"\r\n")
			}
		}
		again := w.leave(outbound(notice("ann")))
		require.True(w, again.Already)
		require.Equal(w, r.ID, again.ID)
		w.restart()
		again = w.leave(outbound(notice("ann")))
		require.True(w, again.Already)
		require.Equal(w, int64(7), again.Ticket)
		require.Len(w, w.exchange.Sent(), 1)
	})
}

func unfold(mail []byte) string {
	head, _, _ := bytes.Cut(mail, []byte("\r\n\r\n"))
	return strings.NewReplacer("\r\n ", " ", "\r\n\t", " ").Replace(string(head)) + "\r\n"
}

func TestRelayRefuses(t *testing.T) {
	text := notice("ann")
	edit := func(old, new string) io.Reader {
		require.Contains(t, text, old)
		return strings.NewReader(strings.Replace(text, old, new, 1))
	}
	for _, c := range []struct {
		name string
		out  exdesk.Outbound
		says string // "" if it may leave
	}{
		{"good", exdesk.Outbound{MIME: strings.NewReader(text)}, ""},
		{"LF alone", exdesk.Outbound{MIME: strings.NewReader(strings.ReplaceAll(text, "\r\n", "\n"))}, ""},
		{"no octets", exdesk.Outbound{}, "no octets"},
		{"nothing in it", exdesk.Outbound{MIME: strings.NewReader("")}, "no blank line"},
		{"side conversation", exdesk.Outbound{MIME: strings.NewReader(text), SideConversation: true}, "side conversations"},
		{"foreign author", exdesk.Outbound{MIME: edit("<support@contoso.test>", "<a@evil.example>")}, "not from this mailbox"},
		{"alias", exdesk.Outbound{MIME: edit("<support@contoso.test>", "<help@contoso.test>")}, ""},
		{"two authors", exdesk.Outbound{MIME: edit("<support@contoso.test>", "<support@contoso.test>, b@c.example")}, "not one address"},
		{"two From fields", exdesk.Outbound{MIME: strings.NewReader("From: support@contoso.test\r\n" + text)}, "2 From fields"},
		{"two subjects", exdesk.Outbound{MIME: strings.NewReader("Subject: x\r\n" + text)}, "2 Subject fields"},
		{"nobody", exdesk.Outbound{MIME: edit("To: ann@customer.example\r\n", "")}, "no recipient"},
		{"nobody but a group", exdesk.Outbound{MIME: edit("To: ann@customer.example", "To: undisclosed-recipients:;")}, "no recipient"},
		{"recipients in doubt", exdesk.Outbound{MIME: edit("To: ann@customer.example", "To: ann@customer.example; eve@evil.example")}, "without doubt"},
		{"a bare CR", exdesk.Outbound{MIME: edit("X-Delivery-Context: ", "X-Delivery-Context: \rBcc: eve@evil.example ")}, "CR or NUL"},
		{"nothing names it", exdesk.Outbound{MIME: strings.NewReader("From: support@contoso.test\r\nTo: a@b.example\r\n\r\nx")}, "nothing names it"},
		{"a key names it", exdesk.Outbound{Key: "k", MIME: strings.NewReader("From: support@contoso.test\r\nTo: a@b.example\r\n\r\nx")}, ""},
		{"more in the header than in the envelope", exdesk.Outbound{MIME: strings.NewReader(text), Recipients: []string{"bob@customer.example"}}, "not in its envelope"},
		{"no address in the envelope", exdesk.Outbound{MIME: strings.NewReader(text), Recipients: []string{"ann@customer.example", "x\r\nTo: y@z"}}, "not an address"},
		{"rewriting fails", exdesk.Outbound{MIME: strings.NewReader(text), Rewrite: func([]byte) ([]byte, error) { return nil, errors.New("disk full") }}, "disk full"},
		{"rewriting meddles", exdesk.Outbound{MIME: strings.NewReader(text), Rewrite: func(m []byte) ([]byte, error) {
			return bytes.Replace(m, []byte("Re: "), nil, 1), nil
		}}, "Subject field is guarded"},
		{"rewriting makes another body of it", exdesk.Outbound{MIME: strings.NewReader(text), Rewrite: func(m []byte) ([]byte, error) {
			return bytes.Replace(m, []byte("boundary=b"), []byte("boundary=c"), 1), nil
		}}, "Content-Type field is guarded"},
		{"rewriting adds a body", exdesk.Outbound{MIME: strings.NewReader(text), Rewrite: func(m []byte) ([]byte, error) {
			return append(m, "more"...), nil
		}}, "one blank line"},
		{"rewriting adds", exdesk.Outbound{MIME: strings.NewReader(text), Rewrite: func(m []byte) ([]byte, error) {
			return append([]byte("X-Trace: 1\r\n"), m...), nil
		}}, ""},
	} {
		relaying(t, nil, func(w *world) {
			w.opts.Aliases = []string{"help@contoso.test"}
			w.exchange.AddAlias(w.exchange.Mailbox(), "help@contoso.test")
			w.restart()
			r, err := w.conn.Relay(w.Context(), &c.out)
			if c.says == "" {
				require.NoError(w, err, c.name)
				require.Len(w, w.exchange.Sent(), 1, c.name)
				return
			}
			require.ErrorContains(w, err, c.says, c.name)
			require.NotContains(w, err.Error(), "@", "errors name nobody")
			require.Nil(w, r)
			require.Equal(w, c.says != "disk full", errors.Is(err, exdesk.ErrRefused), c.name)
			require.Empty(w, w.exchange.Sent())
		})
	}
}

// TestRelayRecipients: the envelope is who gets the mail, and the header is what
// they see.
func TestRelayRecipients(t *testing.T) {
	relaying(t, nil, func(w *world) {
		r := w.leave(&exdesk.Outbound{MIME: strings.NewReader(notice("ann")), Recipients: []string{"ANN@customer.example", "archive@contoso.test", "b@c.example"}})
		require.Equal(w, []string{"ann@customer.example", "archive@contoso.test", "b@c.example"}, r.Recipients)
		sent := w.exchange.Sent()[0]
		require.Equal(w, r.Recipients, sent.EnvelopeRecipients)
		require.NotContains(w, string(sent.MIME), "archive@")

		// Without To, as Zendesk's mail to people who are copied.
		r = w.leave(&exdesk.Outbound{Key: "2", MIME: strings.NewReader(strings.Replace(notice("bob"), "To: ann@", "Bcc: x@y.example\r\nCc: ann@", 1))})
		require.Equal(w, []string{"ann@customer.example", "x@y.example"}, r.Recipients)
		require.NotContains(w, string(w.exchange.Sent()[1].MIME), "x@y")
	})
}

func TestRelaySplits(t *testing.T) {
	var many []string
	for n := range 1100 {
		many = append(many, fmt.Sprintf("reader%d@customer.example", n))
	}
	out := func() *exdesk.Outbound {
		return &exdesk.Outbound{MIME: strings.NewReader(notice("ann")), Recipients: append([]string{"ann@customer.example"}, many...)}
	}
	relaying(t, nil, func(w *world) {
		_, err := w.conn.Relay(w.Context(), out())
		require.ErrorContains(w, err, "1101 recipients, and one mail may have 500")
		require.ErrorIs(w, err, exdesk.ErrRefused)
		w.opts.Relay.Split = true
		w.restart()
		r := w.leave(out())
		require.Len(w, r.Rest, 2)
		var got []string
		for i, s := range w.exchange.Sent() {
			got = append(got, s.EnvelopeRecipients...)
			require.Equal(w, i == 0, strings.Contains(unfold(s.MIME), "To: <ann@") || strings.Contains(unfold(s.MIME), "To: ann@"), "shown only where he gets it")
			require.Contains(w, unfold(s.MIME), "Auto-Submitted: auto-generated")
		}
		require.Len(w, got, 1101)
		require.True(w, (&exdesk.Letter{Recipients: append([]string{"ann@customer.example"}, many...)}).GoesTo(got))
		slices.Reverse(many) // in whatever order they come
		require.True(w, w.leave(out()).Rest[1].Already)
		w.restart()
		require.True(w, w.leave(out()).Rest[1].Already)
		require.Len(w, w.exchange.Sent(), 3)
	})
	relaying(t, nil, func(w *world) {
		w.opts.Relay.Split = true
		w.restart()
		_, err := w.conn.Relay(w.Context(), &exdesk.Outbound{
			MIME: strings.NewReader(strings.Replace(notice("ann"), "To: ann@customer.example", "To: "+strings.Join(many, ",\r\n "), 1))})
		require.ErrorContains(w, err, "To and Cc name 1100")
	})
}

// A first part that has room for nobody blind names nobody blind, whom the
// notification's own Bcc names.
func TestRelaySplitsBcc(t *testing.T) {
	relaying(t, nil, func(w *world) {
		w.opts.Relay = exdesk.RelayOptions{Split: true, MostRecipients: 1, Settle: -1}
		w.restart()
		r := w.leave(outbound("Bcc: bob@customer.example,\r\n cat@customer.example\r\n" + notice("ann")))
		require.Len(w, r.Rest, 2)
		for i, to := range []string{"ann@", "bob@", "cat@"} {
			require.Equal(w, []string{to + "customer.example"}, w.exchange.Sent()[i].EnvelopeRecipients)
		}
	})
}

// large is a notification with files of these sizes.
func large(name string, sizes ...int) string {
	var b strings.Builder
	head, rest, _ := strings.Cut(notice(name), "Content-Type: multipart/alternative; boundary=b\r\n")
	fmt.Fprintf(&b, "%sContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/related; boundary=r\r\n\r\n"+
		"--r\r\nContent-Type: multipart/alternative; boundary=b\r\n%s", head, rest)
	for i, n := range sizes {
		if i == 0 {
			b.WriteString("--r\r\nContent-Type: image/png; name=\"pic.png\"\r\nContent-ID: <pic@zendesk>\r\nContent-Disposition: inline; filename=\"pic.png\"\r\n")
		} else {
			if i == 1 {
				b.WriteString("--r--\r\n")
			}
			fmt.Fprintf(&b, "--m\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"file%d.pdf\"\r\n", i)
		}
		b.WriteString("Content-Transfer-Encoding: base64\r\n\r\n")
		text := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{byte('a' + i)}, n))
		for len(text) > 0 {
			k := min(76, len(text))
			b.WriteString(text[:k] + "\r\n")
			text = text[k:]
		}
	}
	b.WriteString("--m--\r\n")
	return b.String()
}

// TestRelaySizes: whatever the size of the files, all of them arrive, by
// requests that Graph takes.
func TestRelaySizes(t *testing.T) {
	for _, sizes := range [][]int{
		{100, 1000}, {2_000_000}, {100, 2_900_000}, {100, 2_999_400}, {100, 3_000_000}, {3_000_000, 100}, {100, 3 << 20},
		{4_000_000, 4_000_000}, {1_000_000, 1_000_000, 1_000_000, 1_000_000}, {100, 12_000_000}, {5_000_000, 3_932_160, 3_932_161, 2_000_000},
	} {
		relaying(t, nil, func(w *world) {
			w.leave(outbound(large("ann", sizes...)))
			require.Len(w, w.exchange.Sent(), 1)
			mail := w.exchange.Sent()[0].MIME
			for i, n := range sizes {
				line := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{byte('a' + i)}, 57))
				require.InDelta(w, n/57, strings.Count(string(mail), line), 1, "%v: file %d", sizes, i)
			}
			require.Contains(w, string(mail), "Content-ID: <pic@zendesk>")
			require.Contains(w, string(mail), "It is on its way, ann.")
			require.Contains(w, unfold(mail), "Date: Mon, 23 Nov 2026 10:00:00 +0100")
		})
	}
}

func TestRelayTooLarge(t *testing.T) {
	relaying(t, &graphtest.Options{MaxMessage: 5 << 20}, func(w *world) {
		_, err := w.conn.Relay(w.Context(), outbound(large("ann", 100, 4_000_000, 4_000_000)))
		require.ErrorIs(w, err, exdesk.ErrTooLarge)
		require.ErrorIs(w, err, exdesk.ErrRefused)
		require.Empty(w, w.exchange.Sent())
		require.Empty(w, w.drafts(), "nothing half is left behind")
		text := strings.Replace(notice("bob"), "It is on its way", strings.Repeat("It is on its way\r\n", 200_000), 1)
		_, err = w.conn.Relay(w.Context(), outbound(text))
		require.ErrorIs(w, err, exdesk.ErrTooLarge)
	})
}

// drafts are the messages in Drafts.
func (w *world) drafts() []string {
	var ids []string
	for _, m := range w.exchange.Messages() {
		if m.Folder == "drafts" {
			ids = append(ids, m.ID)
		}
	}
	return ids
}
