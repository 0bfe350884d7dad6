package exdesk_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/textproto"
	"regexp"
	"slices"
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
// Relay refuses. Nobody else than before gets the mail. What only adds a field that
// means nothing is not refused, and leaves as it is.
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
		relay := func(rewrite func([]byte) ([]byte, error)) (*pillar, error) {
			box := new(pillar)
			conn, err := exdesk.New(box, nil, &exdesk.Options{Relay: exdesk.RelayOptions{Limiter: exdesk.Unlimited, Settle: -1}})
			require.NoError(t, err)
			_, err = conn.Relay(t.Context(), &exdesk.Outbound{MIME: strings.NewReader(notice("ann")), Recipients: []string{"ann@customer.example"}, Rewrite: rewrite})
			return box, err
		}
		added := "X-Trace: " + quotable.ReplaceAllString(string(header[:min(len(header), 500)]), "") + "x\r\n"
		box, err := relay(func(h []byte) ([]byte, error) { return append([]byte(added), h...), nil })
		require.NoError(t, err)
		left, err := io.ReadAll(box.letters[0].Reader())
		require.NoError(t, err)
		require.Equal(t, added+notice("ann"), string(left))

		box, err = relay(func([]byte) ([]byte, error) { return header, nil })
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

// quotable is what may not stand in a field as it is.
var quotable = regexp.MustCompile(`[^ -~]+`)

// FuzzOutbound: whatever octets are handed in, Relay refuses them, or hands on
// letters to exactly those who were asked for, each in one letter and nobody twice,
// or else to those whom the mail names; with the body as it was, and with nobody in
// Bcc who does not get that letter.
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
		got := make(map[string]int)
		for _, l := range box.letters {
			for _, r := range l.Recipients {
				got[strings.ToLower(r)]++
				require.Equal(t, 1, got[strings.ToLower(r)], r)
				require.True(t, to != nil || strings.Contains(strings.ToLower(string(mail)), strings.ToLower(r[strings.LastIndexByte(r, '@'):])), r)
			}
			if _, body, ok := bytes.Cut(mail, []byte("\r\n\r\n")); ok && !bytes.Contains(mail[:len(mail)-len(body)-2], []byte("\n\n")) && !bytes.Contains(mail, []byte("\n\r\n\r\n")) {
				left, err := io.ReadAll(l.Reader())
				require.NoError(t, err)
				require.True(t, bytes.HasSuffix(left, append([]byte("\r\n\r\n"), body...)), "%q of %q", left, mail)
			}
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
			for _, blind := range strings.Split(strings.Join(m["Bcc"], ""), ",") {
				require.True(t, blind == "" || slices.ContainsFunc(l.Recipients, func(r string) bool { return strings.Contains(blind, r) || !strings.Contains(blind, "@") }) || to == nil, "%q", blind)
			}
		}
		if err == nil && to != nil {
			for _, r := range to {
				require.Equal(t, 1, got[strings.ToLower(strings.TrimSpace(r))], "%q of %q", r, to)
			}
		}
	})
}
