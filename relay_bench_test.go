package exdesk_test

import (
	"bufio"
	"bytes"
	"net/textproto"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/internal/memnet"
)

// BenchmarkGuard compares two headers, beside what it takes the standard library
// to read both.
func BenchmarkGuard(b *testing.B) {
	head, _, _ := strings.Cut(notice("ann"), "\r\n\r\n")
	before := []byte(head + "\r\n\r\n")
	after := append([]byte("X-Trace: 1\r\n"), before...)
	b.Run("guard", func(b *testing.B) {
		b.SetBytes(int64(len(before) + len(after)))
		b.ReportAllocs()
		for b.Loop() {
			require.NoError(b, new(exdesk.Guard).Check(before, after))
		}
	})
	b.Run("textproto", func(b *testing.B) {
		b.SetBytes(int64(len(before) + len(after)))
		b.ReportAllocs()
		for b.Loop() {
			for _, h := range [][]byte{before, after} {
				_, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(h))).ReadMIMEHeader()
				require.NoError(b, err)
			}
		}
	})
}

// BenchmarkRelay tells what a notification costs, and how many requests.
func BenchmarkRelay(b *testing.B) {
	for name, text := range map[string]func(id string) string{
		"1 KB":                      notice,
		"2 MB":                      func(id string) string { return large(id, 100, 1_400_000) },
		"30 MB in one file":         func(id string) string { return large(id, 100, 22_000_000) },
		"30 MB in ten files":        func(id string) string { return large(id, sizes(10, 2_200_000)...) },
		"1 KB, names by JSON alone": func(id string) string { return notice(id) },
	} {
		b.Run(name, func(b *testing.B) {
			exchange := graphtest.New(&graphtest.Options{Budget: -1, UploadBudget: -1, DailyRecipients: -1, BareProperties: strings.HasSuffix(name, "alone")})
			url, client, stop := memnet.Serve(exchange)
			defer stop()
			box, err := graph.New(exchange.Mailbox(), oauth2.StaticTokenSource(&oauth2.Token{AccessToken: exchange.Token()}),
				&graph.Options{BaseURL: url + "/v1.0", HTTPClient: client})
			require.NoError(b, err)
			conn, err := exdesk.New(box, nil, &exdesk.Options{Relay: exdesk.RelayOptions{Settle: -1, Limiter: exdesk.Unlimited, MayLose: []string{"Auto-Submitted"}}})
			require.NoError(b, err)
			send := func(n int) {
				id := string(rune('a'+n%26)) + strings.Repeat("z", n/26%26) + strings.Repeat("y", n/676)
				r, err := conn.Relay(b.Context(), &exdesk.Outbound{MIME: strings.NewReader(text(id))})
				require.NoError(b, err)
				require.False(b, r.Already)
			}
			send(0) // the mailbox learns the names
			exchange.ResetRequests()
			n := 0
			for b.Loop() {
				n++
				send(n)
				if n == 1 {
					b.ReportMetric(float64(len(exchange.Requests())), "requests/mail")
				}
			}
		})
	}
}

func sizes(n, each int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = each
	}
	return list
}
