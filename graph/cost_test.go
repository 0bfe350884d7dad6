package graph_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
)

// canned answers every request alike, on connections that cost the process
// nothing but the answer's octets.
func canned(tb testing.TB, answers func(n int) []byte) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	tb.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := bufio.NewReaderSize(c, 64<<10)
				for n := 0; ; n++ {
					length := 0
					for {
						line, err := in.ReadSlice('\n')
						if err != nil {
							return
						}
						if bytes.HasPrefix(line, []byte("Content-Length: ")) {
							length, _ = strconv.Atoi(string(bytes.TrimSpace(line[16:])))
						}
						if len(line) == 2 {
							break
						}
					}
					if _, err := in.Discard(length); err != nil {
						return
					}
					if _, err := c.Write(answers(n)); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "http://" + ln.Addr().String() + "/v1.0"
}

func answer(body string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8\r\n"+
		"request-id: 2a6f2c1e-7a7b-4ee0-8d0b-6d3f8f5d7f10\r\nclient-request-id: 2a6f2c1e-7a7b-4ee0-8d0b-6d3f8f5d7f10\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func pageOf(n int) string {
	var b strings.Builder
	b.WriteString(`{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users('support%40contoso.test')/mailFolders('inbox')/messages(id,internetMessageId)","value":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		id := fmt.Sprintf("%s%04d", strings.Repeat("AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg", 4), i)
		fmt.Fprintf(&b, `{"@odata.etag":"W/\"CQAAABYAAAAiIsqMbYjsT5e-T7KzowPTAAAYbvZ%04d\"","id":"%s","receivedDateTime":"2026-11-23T11:%02d:00Z","sentDateTime":"2026-11-23T11:%02d:00Z",`+
			`"subject":"Order %d: where is it?","internetMessageId":"<CAF%d.abcdef0123456789@mail.customer.example>","conversationId":"AAQkADAwATM3ZmYAZS0wZmEwLTgzM2QtMDACLTAwCgAQAE%04dpQ==","categories":[],`+
			`"from":{"emailAddress":{"name":"Ann Customer","address":"ann%d@customer.example"}},`+
			`"singleValueExtendedProperties@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users('support%%40contoso.test')/mailFolders('inbox')/messages('%s')/singleValueExtendedProperties",`+
			`"singleValueExtendedProperties":[{"id":"Integer 0xe08","value":"3194"}]}`, i, id, i, i, i, i, i, i, id)
	}
	b.WriteString(`]}`)
	return b.String()
}

func BenchmarkList(b *testing.B) {
	page := answer(pageOf(25))
	c, err := graph.New("support@contoso.test", token("t"), &graph.Options{BaseURL: canned(b, func(int) []byte { return page })})
	require.NoError(b, err)
	b.ReportAllocs()
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		n := 0
		for _, err := range c.Unread(b.Context()) {
			require.NoError(b, err)
			n++
		}
		if n != 25 {
			b.Fatal(n)
		}
	}
}

func BenchmarkLabel(b *testing.B) {
	for _, n := range []int{1, 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var reads, writes strings.Builder
			full := `,"createdDateTime":"2026-11-23T11:00:00Z","lastModifiedDateTime":"2026-11-23T11:00:00Z","changeKey":"CQAAABYAAAAiIsqMbYjsT5e","receivedDateTime":"2026-11-23T11:00:00Z","sentDateTime":"2026-11-23T11:00:00Z","hasAttachments":false,"internetMessageId":"<x@y>","subject":"Order","bodyPreview":"` + strings.Repeat("preview ", 30) + `","importance":"normal","parentFolderId":"AQMkADAwATM3ZmYAZS0wZmEwLTgzM2QtMDACLTAwCgAuAAAD","conversationId":"AAQkADAwATM3","isDeliveryReceiptRequested":null,"isReadReceiptRequested":false,"isRead":true,"isDraft":false,"webLink":"https://outlook.office365.com/owa/?ItemID=AQMkADAwATM3","body":{"contentType":"html","content":"` + strings.Repeat("<p>hello there</p>", 150) + `"},"sender":{"emailAddress":{"name":"Ann","address":"ann@customer.example"}},"toRecipients":[{"emailAddress":{"name":"Support","address":"support@contoso.test"}}]`
			for i := range n {
				if i > 0 {
					reads.WriteByte(',')
					writes.WriteByte(',')
				}
				head := fmt.Sprintf(`{"id":"%d","status":200,"headers":{"Cache-Control":"private","OData-Version":"4.0","Content-Type":"application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"},"body":{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users('support%%40contoso.test')/messages/$entity","@odata.etag":"W/\"CQAAABYAAAAiIsqMbYjsT5e%d\"","id":"AAMkAGI2%d","categories":["Blue"]`, i, i, i)
				reads.WriteString(head + "}}")
				writes.WriteString(head + full + "}}")
			}
			r, w := answer(`{"responses":[`+reads.String()+`]}`), answer(`{"responses":[`+writes.String()+`]}`)
			c, err := graph.New("support@contoso.test", token("t"), &graph.Options{BaseURL: canned(b, func(k int) []byte {
				if k%2 == 0 {
					return r
				}
				return w
			})})
			require.NoError(b, err)
			marks := make([]exdesk.Mark, n)
			for i := range marks {
				marks[i] = exdesk.Mark{ID: fmt.Sprintf("%s%04d", strings.Repeat("AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg", 4), i), Categories: []string{"Zendesk"}, Without: []string{"RejectedByZendesk"}, Record: exdesk.Record{Mail: "abc", Outcome: "ticket", Ticket: 12, Digest: strings.Repeat("a", 64)}}
			}
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range c.Label(b.Context(), marks) {
					require.NoError(b, err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{3 << 10, 50 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := []byte(strings.Replace(string(answer(strings.Repeat("x", n))), "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false", "text/plain", 1))
			c, err := graph.New("support@contoso.test", token("t"), &graph.Options{BaseURL: canned(b, func(int) []byte { return m })})
			require.NoError(b, err)
			b.ReportAllocs()
			b.SetBytes(int64(n))
			for b.Loop() {
				body, err := c.Open(b.Context(), "AAkALgAAAAAAHYQDEapmEc2byACqAC")
				require.NoError(b, err)
				_, err = io.Copy(io.Discard, struct{ io.Reader }{body})
				require.NoError(b, err)
				body.Close()
			}
		})
	}
	_ = http.NoBody
}
