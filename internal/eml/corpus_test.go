package eml

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/exdesk/exdesk/internal/corpus"
)

// expectation is what another project's tests say about a message.
type expectation struct {
	Subject *string  `json:"subject"`
	From    []string `json:"from"`
	Text    string   `json:"text"`
	HTML    string   `json:"html"`
}

type mail struct {
	name string
	raw  []byte
	want *expectation
}

// mails reads the shared collection of real mail; without it the test is
// skipped.
func mails(tb testing.TB) []mail {
	tb.Helper()
	all, err := corpus.Mails()
	require.NoError(tb, err)
	if all == nil {
		tb.Skip(corpus.Variable + " is not set")
	}
	var list []mail
	for _, c := range all {
		m := mail{name: c.Name, raw: c.Raw}
		want := new(expectation)
		said, err := c.Expected(want)
		require.NoError(tb, err)
		if said {
			m.want = want
		}
		list = append(list, m)
	}
	return list
}

// leaf is a part that was read to its end.
type leaf struct {
	*Part
	octets []byte
	text   string
}

// readAll reads a message twice: octets of all parts, then their text.
func readAll(raw []byte) (h *Header, leaves []leaf, repairs []string, err error) {
	for _, text := range []bool{false, true} {
		r := NewReader(bytes.NewReader(raw), nil)
		if h, err = r.Header(); err != nil {
			return h, leaves, r.Repairs(), err
		}
		for i := 0; ; i++ {
			p, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return h, leaves, r.Repairs(), err
			}
			if !text {
				b, err := io.ReadAll(p)
				if err != nil {
					return h, leaves, r.Repairs(), err
				}
				leaves = append(leaves, leaf{Part: p, octets: b})
				continue
			}
			b, err := io.ReadAll(p.Text())
			if err != nil {
				return h, leaves, r.Repairs(), err
			}
			leaves[i].text = string(b)
		}
		repairs = r.Repairs()
	}
	return h, leaves, repairs, nil
}

// allText is the text of all leaves, those in attached messages included.
func allText(leaves []leaf) string {
	var b strings.Builder
	for _, l := range leaves {
		b.WriteString(squeeze(l.text) + " ")
		if l.Type == "message/rfc822" || l.Type == "message/global" {
			if _, inner, _, err := readAll(l.octets); err == nil {
				b.WriteString(allText(inner))
			}
		}
	}
	return b.String()
}

func squeeze(s string) string { return strings.Join(strings.Fields(norm.NFC.String(s)), " ") }

// explained are the known differences from what other projects expect, by
// message and field. In none of them is ours the worse reading.
var explained = map[string]string{
	"imap_tools/rfc2822_example13.eml Subject":                        "they end the header at the unindented fold before it",
	"imap_tools/plain_emails_raw_email_incorrect_header.eml Subject":  "they end the header at the malformed field before it",
	"imap_tools/plain_emails_raw_email_incorrect_header.eml From":     "the same",
	"imap_tools/error_emails_invalid_subject_characters.eml Subject":  "they drop raw 8-bit letters",
	"imap_tools/plain_emails_raw_email_with_at_display_name.eml From": "they keep the first of two addresses (RFC 5322 §3.6.2)",
	"imap_tools/plain_emails_mix_caps_content_type.eml From":          "they take name and address without brackets for the address",
}

// unreadable are the messages that are an Error.
var unreadable = map[string]string{
	"stalwart/eml_rfc_000.eml": "the example of RFC 2049 has prose where it announces base64",
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	mails := mails(t)
	subjects, froms, withRepairs, lost := 0, 0, 0, 0
	differ := map[string]string{}
	failed := map[string]string{}
	for _, m := range mails {
		h, leaves, repairs, err := readAll(m.raw)
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e, m.name)
			failed[m.name] = e.Reason
		}
		if len(repairs) > 0 {
			withRepairs++
		}
		for _, l := range leaves {
			requireClean(t, l.text, "\t\n")
		}
		if m.want == nil || h == nil {
			continue
		}
		if m.want.Subject != nil {
			subjects++
			if got := squeeze(h.Text("Subject")); got != squeeze(*m.want.Subject) {
				differ[m.name+" Subject"] = got
			}
		}
		if m.want.From != nil {
			froms++
			var got []string
			for _, a := range h.Addresses("From") {
				got = append(got, a.Address)
			}
			if !slices.Equal(got, m.want.From) {
				differ[m.name+" From"] = strings.Join(got, " ")
			}
		}
		lost += logLost(t, m, leaves)
	}
	t.Logf("%d mails: %d errors, %d repaired; %d subjects, %d From; %d lines of text not found",
		len(mails), len(failed), withRepairs, subjects, froms, lost)
	requireKeys(t, explained, differ)
	requireKeys(t, unreadable, failed)
}

func requireKeys(t *testing.T, want, got map[string]string) {
	for name, value := range got {
		require.Contains(t, want, name, value)
	}
	for name := range want {
		require.Contains(t, got, name, "no longer differs")
	}
}

// logLost logs lines of expected text that are in no leaf, and returns their
// number. Those left are not lost: the text was decoded or repaired where
// theirs was not, or lies in another charset.
func logLost(t *testing.T, m mail, leaves []leaf) int {
	have := allText(leaves)
	lost := 0
	for _, want := range []string{m.want.Text, m.want.HTML} {
		for line := range strings.Lines(want) {
			line = squeeze(line)
			if strings.Contains(strings.ToLower(line), "<meta") || strings.Contains(have, line) {
				continue
			}
			if lost++; lost <= 2 {
				t.Logf("%s: not found: %.120q", m.name, line)
			}
		}
	}
	return lost
}
