package exdesk_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// pillar is a mailbox that keeps the letters that it is given.
type pillar struct {
	exdesk.Mailbox
	letters []*exdesk.Letter
}

func (p *pillar) Address() string { return "support@contoso.test" }

func (p *pillar) Copies(context.Context, *exdesk.Letter, string) ([]*exdesk.Copy, error) {
	return nil, nil
}

func (p *pillar) Draft(_ context.Context, l *exdesk.Letter, _ *exdesk.Copy) (*exdesk.Copy, error) {
	p.letters = append(p.letters, l)
	fields, err := l.Compare(l.Reader())
	return &exdesk.Copy{ID: "1", Draft: true, Created: time.Now(), Recipients: l.Recipients, Fields: fields}, err
}

func (p *pillar) Ready(context.Context, *exdesk.Letter, string, exdesk.Record) ([]*exdesk.Copy, error) {
	return nil, nil
}

func (p *pillar) Send(context.Context, string) error                    { return nil }
func (p *pillar) Discard(context.Context, *exdesk.Letter, string) error { return nil }

// FuzzRelay: for any rewriting whatever, either the guarded fields are the same
// octets afterwards, to another parser as well, and the body is where it was, or
// Relay refuses. Nobody else than before gets the mail.
func FuzzRelay(f *testing.F) {
	head, _, _ := strings.Cut(notice("ann"), "\r\n\r\n")
	f.Add([]byte(head + "\r\n\r\n"))
	f.Add([]byte("X-Trace: 1\r\n" + head + "\r\n\r\n"))
	f.Add([]byte(head + "\r\nBcc: eve@evil.example\r\n\r\n"))
	f.Add([]byte(head + "\r\nX: 1\rBcc: eve@evil.example\r\n\r\n"))
	f.Add([]byte(strings.Replace(head, "Subject:", "subject :", 1) + "\r\n\r\n"))
	f.Add([]byte("\xef\xbb\xbf" + head + "\r\n\r\nFrom: x\r\n\r\n"))
	guarded := append([]string{"From", "To", "Cc", "Bcc", "Reply-To", "Sender", "Date", "Subject", "Message-Id", "In-Reply-To", "References", "Content-Type"}, protected...)
	before, err := textproto.NewReader(bufio.NewReader(strings.NewReader(notice("ann")))).ReadMIMEHeader()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, header []byte) {
		box := new(pillar)
		conn, err := exdesk.New(box, nil, &exdesk.Options{Relay: exdesk.RelayOptions{Limiter: exdesk.Unlimited, Settle: -1}})
		require.NoError(t, err)
		_, err = conn.Relay(t.Context(), &exdesk.Outbound{MIME: strings.NewReader(notice("ann")), Recipients: []string{"ann@customer.example"},
			Rewrite: func([]byte) ([]byte, error) { return header, nil }})
		if err != nil {
			require.ErrorIs(t, err, exdesk.ErrRefused)
			require.Empty(t, box.letters)
			return
		}
		l := box.letters[0]
		require.Equal(t, []string{"ann@customer.example"}, l.Recipients)
		whole, err := io.ReadAll(l.Reader())
		require.NoError(t, err)
		_, body, _ := strings.Cut(notice("ann"), "\r\n\r\n")
		require.True(t, bytes.HasSuffix(whole, []byte("\r\n\r\n"+body)))
		after, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(whole))).ReadMIMEHeader()
		if err != nil {
			return // the other one is stricter still
		}
		for _, name := range guarded {
			require.Equal(t, before[textproto.CanonicalMIMEHeaderKey(name)], after[textproto.CanonicalMIMEHeaderKey(name)], name)
		}
	})
}

// FuzzOutbound: whatever octets are handed in, Relay refuses them or hands on a
// letter that names no recipient who was not asked for.
func FuzzOutbound(f *testing.F) {
	f.Add([]byte(notice("ann")), "")
	f.Add([]byte(strings.ReplaceAll(notice("ann"), "\r\n", "\n")), "b@c.example")
	f.Add([]byte(large("ann", 10, 20)), "ann@customer.example,x@y.example")
	f.Fuzz(func(t *testing.T, mail []byte, envelope string) {
		box := new(pillar)
		conn, err := exdesk.New(box, nil, &exdesk.Options{Relay: exdesk.RelayOptions{Limiter: exdesk.Unlimited, Settle: -1, Split: true, MostRecipients: 3}})
		require.NoError(t, err)
		var to []string
		if envelope != "" {
			to = append([]string{"ann@customer.example"}, strings.Split(envelope, ",")...)
		}
		// The reader is read once, as one of a connection is.
		_, err = conn.Relay(t.Context(), &exdesk.Outbound{MIME: io.MultiReader(bytes.NewReader(mail)), Recipients: to})
		if err != nil {
			require.True(t, errors.Is(err, exdesk.ErrRefused), "%v", err)
		}
		for _, l := range box.letters {
			require.NotEmpty(t, l.Recipients)
			require.LessOrEqual(t, len(l.Recipients), 3)
			m, err := textproto.NewReader(bufio.NewReader(l.Reader())).ReadMIMEHeader()
			if err != nil {
				continue
			}
			if to != nil {
				for _, r := range l.Recipients {
					require.Contains(t, strings.ToLower(strings.Join(to, ",")), strings.ToLower(r))
				}
			}
			require.LessOrEqual(t, len(m["Bcc"]), 1)
		}
	})
}
