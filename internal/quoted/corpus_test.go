package quoted

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/corpus"
	"github.com/exdesk/exdesk/internal/eml"
)

// mail is a message of the shared collection.
type mail struct {
	name    string
	subject string
	reply   bool // it answers another
	plain   []string
	rich    []string
	want    *string // what its sender wrote, if another project says so
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
		m := mail{name: c.Name}
		m.parse(c.Raw)
		if strings.HasPrefix(m.name, "talon/") {
			var want struct{ Reply *string }
			_, err := c.Expected(&want)
			require.NoError(tb, err)
			m.want = want.Reply
		}
		list = append(list, m)
	}
	return list
}

// parse takes the texts that can be read.
func (m *mail) parse(raw []byte) {
	r := eml.NewReader(bytes.NewReader(raw), nil)
	defer r.Release()
	h, err := r.Header()
	if err != nil {
		return
	}
	m.subject = h.Text("Subject")
	m.reply = h.Has("In-Reply-To") || h.Has("References")
	for {
		p, err := r.Next()
		if err != nil {
			return
		}
		if p.Disposition == "attachment" || p.Type != "text/plain" && p.Type != "text/html" {
			continue
		}
		b, err := io.ReadAll(p.Text())
		if err != nil {
			return
		}
		if p.Type == "text/plain" {
			m.plain = append(m.plain, string(b))
		} else {
			m.rich = append(m.rich, tidy(string(b)))
		}
	}
}

// tidy takes out what the root package takes out before it uses HTML.
func tidy(s string) string {
	var b strings.Builder
	for at := 0; at < len(s); {
		t := next(s, at)
		switch {
		case t.name == "!":
		case !t.end && (t.name == "script" || t.name == "style" || t.name == "title"):
			end := strings.Index(strings.ToLower(s[t.to:]), "</"+t.name)
			if end < 0 {
				return b.String()
			}
			t.to = next(s, t.to+end).to
		default:
			b.WriteString(s[t.from:t.to])
		}
		at = t.to
	}
	return b.String()
}

// seen is what a reader sees of HTML.
func seen(s string) string {
	var out []string
	for _, l := range htmlLines(s) {
		out = append(out, strings.Repeat("> ", l.depth)+strings.ReplaceAll(l.text, object, ""))
	}
	return strings.Join(out, "\n")
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// surplus counts the words of a that b has not.
func surplus(a, b string) int {
	have := make(map[string]int)
	for w := range strings.FieldsSeq(b) {
		have[w]++
	}
	n := 0
	for w := range strings.FieldsSeq(a) {
		if have[w]--; have[w] < 0 {
			n++
		}
	}
	return n
}

// explained are the replies that are not exactly what the other project says.
var explained = map[string]string{
	"talon/fixtures_standard_replies_thunderbird.eml text": "the answer is under the quotation: all is kept",
	"talon/fixtures_standard_replies_outlook.eml html":     "the reply is another one in HTML: Allo! Follow up MIME!",
	"talon/fixtures_standard_replies_sparrow.eml html":     "the link is no text in HTML",
}

// cuts are the other mails of which something is cut. Each was looked at, and
// what goes is quotation.
var cuts = map[string]string{
	"talon/fixtures_reply-quotations-share-block.eml text": "Yahoo's sentence without quote marks, and the mail under it",
	"talon/fixtures_reply-quotations-share-block.eml html": "the same, in a plain blockquote",
	"webklex/issue-412.eml text":                           "Outlook's block",
	"webklex/issue-412.eml html":                           "Outlook's block",
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	differ, cut := map[string]string{}, map[string]string{}
	exact, replies, texts := 0, 0, 0
	t.Logf("%-62s %-6s %9s %8s", "reply", "exact", "left over", "missing")
	judge := func(m mail, form, in, kept, shown string, n int) {
		texts++
		name := m.name + " " + form
		if n == 0 {
			require.Equal(t, in, kept, name)
		}
		if m.want == nil {
			if n > 0 {
				cut[name] = kept
			}
			return
		}
		replies++
		left, missing := surplus(shown, *m.want), surplus(*m.want, shown)
		same := squeeze(shown) == squeeze(*m.want)
		t.Logf("%-62s %-6v %9d %8d", name, same, left, missing)
		if same {
			exact++
		} else {
			differ[name] = shown
		}
	}
	for _, m := range mails(t) {
		for _, s := range m.plain {
			kept, n := Text(s)
			judge(m, "text", s, kept, kept, n)
		}
		for _, s := range m.rich {
			kept, n := HTML(s)
			judge(m, "html", s, kept, seen(kept), n)
			require.True(t, !balanced(s) || balanced(kept), m.name)
		}
	}
	t.Logf("%d of %d replies exact; %d other texts, of which %d are cut", exact, replies, texts-replies, len(cut))
	for name, why := range explained {
		t.Logf("not exact: %s: %s", name, why)
	}
	for name, why := range cuts {
		t.Logf("cut, rightly: %s: %s", name, why)
	}
	requireKeys(t, explained, differ)
	requireKeys(t, cuts, cut)
	require.Equal(t, 14, exact)
}

func requireKeys(t *testing.T, want, got map[string]string) {
	for name, value := range got {
		require.Contains(t, want, name, value)
	}
	for name := range want {
		require.Contains(t, got, name, "no longer so")
	}
}
