package exdesk

import (
	"bytes"
	"html"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/corpus"
)

// FuzzRead: any mail is read or rejected. Nobody is made its sender who is not in
// its From, no text of it holds what Zendesk would expand, and all that is taken
// from it is bounded and fit for Zendesk.
func FuzzRead(f *testing.F) {
	f.Add([]byte(head + "Content-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n<img src=cid:a@b>{{x}}\r\n" +
		"--x\r\nContent-Type: image/png; name=\"a/../b\x00.png\"\r\nContent-ID: <a@b>\r\n\r\nx\r\n--x--"))
	f.Add([]byte("From: =?utf-7?q?+AGE-?= <a@b.example>\nTo: x:;\nContent-Type: text/html; charset=utf-16\n\n\xff\xfe<\x00"))
	f.Add([]byte(head + "In-Reply-To: <a@b>\nReferences: <1@x> <62X0VV2436V_68d3a1b2c4d5e_1f2a3b4c_sprut@zendesk.com> <3@x> <4@x> <5@x> <6@x>\nCc: e@f.example\n\n[62X0VV-2436V]"))
	f.Add([]byte("From: \"x@y.example\" <a@b.example>, c@d.example\nReply-To: e@f.example\nTo: c@d.example\n\n"))
	mails, err := corpus.Seeds(4 << 10)
	require.NoError(f, err)
	for _, m := range mails {
		f.Add(m)
	}
	f.Fuzz(func(t *testing.T, mail []byte) {
		m, err := read(t.Context(), bytes.NewReader(mail), MaxMessageBytes, hold{refuse: "x"}, nil)
		if err != nil && !isRejection(err) {
			t.Fatalf("neither read nor rejected: %v", err)
		}
		again, err2 := read(t.Context(), bytes.NewReader(mail), MaxMessageBytes, nil, nil)
		require.Equal(t, err == nil, err2 == nil)
		require.Equal(t, m.Digest(), again.Digest(), "whether its files are uploaded or not")
		require.Len(t, m.Digest(), 2*half)
		comment, _ := m.comment()
		said := []string{m.Subject, m.Text, m.HTML, comment, m.From.Name, m.From.Address}
		for _, file := range m.Files {
			said = append(said, file.Name, file.Type)
		}
		if err != nil {
			said = append(said, err.Error())
			require.Less(t, len(err.Error()), 1000)
		}
		for _, s := range said {
			if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
				t.Fatalf("not fit for Zendesk: %q", s)
			}
		}
		require.LessOrEqual(t, len(comment), 64<<10, "it would be cut")
		expandable(t, comment)
		expandable(t, remark("From "+author(m)))
		expandable(t, html.EscapeString(clip(neutral(m.Subject), maxSubject)))
		require.LessOrEqual(t, len(m.Text), maxTexts+maxText+1000)
		require.LessOrEqual(t, len(m.HTML), 2*(maxTexts+maxHTML))
		require.LessOrEqual(t, len(m.uploads()), maxFiles-1)
		checkSender(t, m, err)
		checkThread(t, m)
		for _, cc := range m.copied([]string{"c@d.example"}, m.From.Address) {
			require.True(t, plausible(cc.Address) && !strings.EqualFold(cc.Address, m.From.Address))
			require.True(t, slices.ContainsFunc(slices.Concat(m.To, m.CC), func(a Address) bool { return a.Address == cc.Address }))
		}
		require.LessOrEqual(t, len(m.copied(nil, "")), maxCCs)
		m.automatic()
	})
}

// expandable fails if Zendesk would expand something, whether it looks for it
// before or after it has read the HTML, and takes out elements that it does not
// know.
func expandable(t *testing.T, page string) {
	t.Helper()
	var bare strings.Builder
	for s := page; s != ""; {
		if name, rest, closed := tag(s); s[0] == '<' && name != "" && closed {
			s = rest
			continue
		}
		bare.WriteByte(s[0])
		s = s[1:]
	}
	for _, s := range []string{page, html.UnescapeString(page), bare.String(), html.UnescapeString(bare.String())} {
		if strings.Contains(s, "{{") || strings.Contains(s, "{%") {
			t.Fatalf("it would be expanded: %q", s)
		}
	}
}

// checkSender requires that the author, and whoever answers go to, is named in
// the mail's own fields.
func checkSender(t *testing.T, m *Message, err error) {
	t.Helper()
	within := func(a, field string) {
		// But for the white space, the comments and the quotes of the syntax.
		address, rest := loose.Replace(a), loose.Replace(strings.Join(m.Header(field), ","))
		if !strings.Contains(rest, "(") {
			require.Contains(t, rest, address)
			return
		}
		for _, c := range address {
			var ok bool
			_, rest, ok = strings.Cut(rest, string(c))
			require.True(t, ok, "%q is not in %q", a, m.Header(field))
		}
	}
	within(m.From.Address, "From")
	requester := m.Requester("c@d.example")
	if requester != m.From {
		within(requester.Address, "Reply-To")
		require.True(t, plausible(requester.Address) && !isOwn([]string{"c@d.example"}, requester.Address))
	}
	if err == nil {
		require.Contains(t, requester.Address, "@")
		require.NotEmpty(t, m.Header("From"))
	}
}

var loose = strings.NewReplacer(" ", "", "\t", "", `"`, "", `\`, "", ")", "", "<", "", ">", "", ":", "")

// checkThread requires that what a mail refers to is in it, and bounded.
func checkThread(t *testing.T, m *Message) {
	t.Helper()
	it := &item{msg: m}
	refs := it.references()
	require.LessOrEqual(t, len(refs), maxReferences)
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(refs))), len(refs))
	for _, id := range refs {
		require.LessOrEqual(t, len(id), maxReference)
		require.Contains(t, slices.Concat(m.InReplyTo, m.References), id)
	}
	require.LessOrEqual(t, len(it.encoded()), maxEncoded)
	for _, id := range it.encoded() {
		require.Regexp(t, `^[0-9A-Z]{6}-[0-9A-Z]{4,5}$`, id)
	}
	people := it.people([]string{"c@d.example"})
	require.LessOrEqual(t, len(people), maxPeople)
	for _, a := range people {
		require.True(t, plausible(a) && a == strings.ToLower(a) && a != "c@d.example")
	}
}
