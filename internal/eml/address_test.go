package eml

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	type list = []Address
	for _, tc := range []struct {
		in    string
		want  list
		group bool
	}{
		{"", nil, false},
		{"a@b", list{{"", "a@b"}}, false},
		{"<a@b>", list{{"", "a@b"}}, false},
		{"A B <a@b>", list{{"A B", "a@b"}}, false},
		{`"B, A" <a@b>, c@d`, list{{"B, A", "a@b"}, {"", "c@d"}}, false},
		{`"A \"x\" B" <a@b>`, list{{`A "x" B`, "a@b"}}, false},
		{"a@b (A (x) B)", list{{"A (x) B", "a@b"}}, false},
		{"A <a@b> (x)", list{{"A", "a@b"}}, false},
		{"=?utf-8?q?J=C3=BCrgen?= <a@b>", list{{"Jürgen", "a@b"}}, false},
		{"=?utf-8?q?Doe,_J=C3=BC?= <a@b>, c@d", list{{"Doe, Jü", "a@b"}, {"", "c@d"}}, false},
		{`"=?utf-8?q?J=C3=BCrgen?=" <a@b>`, list{{"Jürgen", "a@b"}}, false},
		{"=?utf-8?q?J?=<a@b>", list{{"J", "a@b"}}, false},
		{"J\u00fcrgen M. <a@b>", list{{"Jürgen M.", "a@b"}}, false},
		{"j\u00fcrgen@b\u00fccher.example", list{{"", "jürgen@bücher.example"}}, false},
		{`"john doe"@b`, list{{"", `"john doe"@b`}}, false},
		{"John Doe <jdoe@machine(comment).  example>", list{{"John Doe", "jdoe@machine.example"}}, false},
		{"jdoe @ machine . example", list{{"", "jdoe@machine.example"}}, false},
		{"<@x,@y:a@b>", list{{"", "a@b"}}, false},
		{"a@[IPv6:2001:db8::1]", list{{"", "a@[IPv6:2001:db8::1]"}}, false},

		// Groups.
		{"undisclosed-recipients:;", nil, true},
		{"undisclosed-recipients:", nil, true},
		{"A group: B <a@b>, c@d; e@f", list{{"B", "a@b"}, {"", "c@d"}, {"", "e@f"}}, true},
		{"<undisclosed-recipients:;>", nil, true},
		{"<Undisclosed-Recipient:@host.example;>", nil, true},
		{"Undisclosed recipients", nil, true},
		{"<Undisclosed Recipients>", nil, true},

		{"<ceo@corp.example evil@evil.example>", nil, false}, // nobody wrote ceo@corp.exampleevil@evil.example

		// What real mail has.
		{"a@b; c@d", list{{"", "a@b"}, {"", "c@d"}}, false},
		{"a@b c@d", list{{"", "a@b"}, {"", "c@d"}}, false},
		{"A <a@b> C <c@d>", list{{"A", "a@b"}, {"C", "c@d"}}, false},
		{"A <a@b> junk, c@d", list{{"A", "a@b"}, {"", "c@d"}}, false},
		{"A a@b", list{{"A", "a@b"}}, false},
		{",, a@b ,, c@d,", list{{"", "a@b"}, {"", "c@d"}}, false},
		{"<<a@b>>", list{{"", "a@b"}}, false},
		{`"a@b" <a@b>`, list{{"a@b", "a@b"}}, false},
		{"'a@b' <a@b>", list{{"a@b", "a@b"}}, false},
		{"<'a@b'>", list{{"", "a@b"}}, false},
		{"'a@b'", list{{"", "a@b"}}, false},
		{`"a@b"`, list{{"", "a@b"}}, false},
		{`"A <a@b>"`, list{{"A", "a@b"}}, false},
		{"a@b <A>", list{{"", "a@b"}}, false},
		{"mailto:a@b", list{{"", "a@b"}}, false},
		{"A <mailto:a@b>", list{{"A", "a@b"}}, false},
		{"A <a@b, c@d", list{{"A", "a@b"}, {"", "c@d"}}, false},
		{"A <a@b <c@d>", list{{"A", "a@b"}, {"", "c@d"}}, false},
		{`"A <a@b>, c@d`, list{{"A", "a@b"}, {"", "c@d"}}, false},
		{"(A <a@b>", list{{"A", "a@b"}}, false},
		{"Re: Offer <a@b>", list{{"Re: Offer", "a@b"}}, false},
		{"A [x] & Co. <a@b>", list{{"A [x] & Co.", "a@b"}}, false},
		{"no address, a@b", list{{"", "a@b"}}, false},
		{"root", list{{"", "root"}}, false},
		{"root (Cron Daemon)", list{{"Cron Daemon", "root"}}, false},
		{"No Address At All", nil, false},
		{"<>", nil, false},
		{"@", nil, false},
		{"a@b.", list{{"", "a@b"}}, false},

		// An encoded-word in an address stays: decoded, it would be another's.
		{"=?utf-8?q?victim=40x?=@evil", list{{"", "=?utf-8?q?victim=40x?=@evil"}}, false},
		{"<=?utf-8?q?victim=40x=3E?=@evil>", list{{"", "=?utf-8?q?victim=40x=3E?=@evil"}}, false},
		{"=?utf-8?q?a=40b?=", nil, false},
		{"A <?=> , <c@d>", list{{"", "c@d"}}, false},
		{"A\x00\x07 <a\x00@b>", list{{"A", "a@b"}}, false},
	} {
		got, group := parseAddresses(tc.in, 100)
		require.Equal(t, tc.want, got, tc.in)
		require.Equal(t, tc.group, group, tc.in)
	}
}
