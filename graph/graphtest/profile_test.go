package graphtest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// protected are fields that a relay must not lose.
var protected = []string{"Auto-Submitted", "X-Auto-Response-Suppress", "X-Mailer", "X-Zendesk-Email-Id"}

// surviving returns which of them a mail has.
func surviving(list []string) []string {
	var out []string
	for _, name := range protected {
		if len(values(list, name)) == 1 {
			out = append(out, name)
		}
	}
	return out
}

// repair sets the fields by the documented ways.
const repair = `{"singleValueExtendedProperties":[
	{"id":"String {00020386-0000-0000-C000-000000000046} Name Auto-Submitted","value":"auto-generated"},
	{"id":"Integer 0x3FDF","value":"-1"},
	{"id":"String {00020386-0000-0000-C000-000000000046} Name X-Mailer","value":"Zendesk Mailer"},
	{"id":"String {00020386-0000-0000-C000-000000000046} Name X-Zendesk-Email-Id","value":"7"}]}`

func TestHeaderProfiles(t *testing.T) {
	t.Parallel()
	for profile, want := range map[graphtest.HeaderProfile]struct{ fresh, primed, repaired []string }{
		graphtest.Keeps:      {protected, protected, protected},
		graphtest.Repairable: {protected[1:2], protected[1:], protected},
		graphtest.Strips:     {nil, nil, nil},
	} {
		b := setupMore(t, &graphtest.Options{Headers: profile})
		id := b.draftMIME(note)
		require.Equal(t, want.fresh, surviving(fields(b.mime(id))), profile)
		require.Equal(t, profile == graphtest.Keeps, len(values(fields(b.mime(id)), "Precedence")) == 1)
		require.Len(t, values(fields(b.mime(id)), "In-Reply-To"), 1)

		// One JSON draft teaches the names, and may be deleted.
		lesson := b.draft(`{"internetMessageHeaders":[{"name":"x-mailer","value":"v"},{"name":"X-ZENDESK-EMAIL-ID","value":"v"}]}`)
		require.Equal(t, 204, b.do("DELETE", b.message(lesson), "").status)
		id = b.draftMIME(note)
		if profile == graphtest.Repairable {
			require.Equal(t, []string{"Zendesk Mailer"}, values(fields(b.mime(id)), "x-mailer"), "as it was learnt")
			m, _ := b.fake.Message(id)
			require.Equal(t, "7", m.Properties["String {00020386-0000-0000-c000-000000000046} Name X-ZENDESK-EMAIL-ID"])
		}
		require.Len(t, surviving(upper(fields(b.mime(id)))), len(want.primed), profile)

		id = b.draftMIME(note)
		require.Equal(t, 200, b.do("PATCH", b.message(id), repair).status)
		require.Equal(t, want.repaired, surviving(upper(fields(b.mime(id)))), profile)
		require.Equal(t, 202, b.send(id).status)
		require.Equal(t, want.repaired, surviving(upper(b.left())), "what the draft shows arrives")
		if len(want.repaired) > 0 {
			require.Equal(t, []string{"All"}, values(b.left(), "X-Auto-Response-Suppress"))
		}
	}
}

// upper writes the names of the protected fields in one way.
func upper(list []string) []string {
	var out []string
	for _, f := range list {
		name, rest, _ := strings.Cut(f, ":")
		for _, p := range protected {
			if strings.EqualFold(p, name) {
				name = p
			}
		}
		out = append(out, name+":"+rest)
	}
	return out
}

func TestHeadersByName(t *testing.T) {
	t.Parallel()
	const body = `{"internetMessageHeaders":[{"name":"X-Auto-Response-Suppress","value":"All"},{"name":"X-MS-Exchange-Organization-SCL","value":"-1"}],
		"singleValueExtendedProperties":[{"id":"String {00020386-0000-0000-C000-000000000046} Name In-Reply-To","value":"<x@y>"},
			{"id":"String {00020386-0000-0000-C000-000000000046} Name not a name","value":"v"},
			{"id":"String {00020386-0000-0000-C000-000000000046} Name X-Two","value":"one\r\ntwo"}]}`
	for _, named := range []bool{false, true} {
		b := setupMore(t, &graphtest.Options{SuppressHeader: named})
		list := fields(b.mime(b.draft(body)))
		require.Equal(t, named, len(values(list, "X-Auto-Response-Suppress")) == 1, "it has a property of its own")
		require.Empty(t, values(list, "In-Reply-To"), "and so has this")
		require.Empty(t, values(list, "X-MS-Exchange-Organization-SCL"))
		require.NotContains(t, strings.Join(list, "\n"), "not a name")
		require.Equal(t, []string{"one two"}, values(list, "X-Two"))
	}
}

// What arrives teaches nothing, but is stored by the names that are known.
func TestLearnHeaders(t *testing.T) {
	b := setup(t, nil)
	b.arrive("X-Mailer: a\r\nFrom: ann@example.com\r\n\r\n", nil)
	require.NotContains(t, names(fields(b.mime(b.draftMIME("X-Mailer: b\r\n\r\n")))), "X-Mailer")
	b.fake.LearnHeaders(b.fake.Mailbox(), "X-Mailer")
	require.Contains(t, names(fields(b.mime(b.draftMIME("X-Mailer: b\r\n\r\n")))), "X-Mailer")
	m, _ := b.fake.Message(b.arrive("X-Mailer: =?utf-8?q?=C3=BC?=\r\nFrom: ann@example.com\r\n\r\n", nil))
	require.Equal(t, map[string]string{"String {00020386-0000-0000-c000-000000000046} Name X-Mailer": "ü"}, m.Properties)
	require.Panics(t, func() { b.fake.LearnHeaders("nobody@contoso.test", "x-a") })
}

func TestMIMEHeader(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("<0123456789@example.com> ", 3000)
	text := "From: Sue <support@contoso.test>, other@contoso.test\r\nReferences: " + long + "\r\nX-Auto-Response-Suppress: OOF, bogus, DR\r\n" +
		"Content-Type: text/plain\r\nContent-Type: text/html\r\nno field\r\n\r\nbody"
	b := setupMore(t, nil)
	list := fields(b.mime(b.draftMIME(text)))
	require.Len(t, values(list, "References")[0], 64<<10)
	require.Equal(t, []string{`"Sue" <support@contoso.test>`}, values(list, "From"))
	require.Equal(t, []string{"DR, OOF"}, values(list, "X-Auto-Response-Suppress"))
	require.Len(t, values(list, "Content-Type"), 1)
	require.Len(t, values(list, "Message-ID"), 1)
	require.Empty(t, values(fields(b.mime(b.draftMIME("X-Auto-Response-Suppress: bogus\r\n\r\n"))), "X-Auto-Response-Suppress"))

	b = setupMore(t, &graphtest.Options{Headers: graphtest.Keeps})
	list = fields(b.mime(b.draftMIME(text)))
	require.Equal(t, []string{"Sue <support@contoso.test>, other@contoso.test"}, values(list, "From"))
	require.Len(t, values(list, "References")[0], len(long)-1)
	require.Equal(t, []string{"OOF, bogus, DR"}, values(list, "X-Auto-Response-Suppress"))
}

func TestWireSwitches(t *testing.T) {
	t.Parallel()
	send := func(o *graphtest.Options) (draft, copied, arrived []string, id string) {
		b := setupMore(t, o)
		id = b.draftMIME(note)
		draft = fields(b.mime(id))
		require.Equal(t, 202, b.send(id).status)
		m, _ := b.fake.Message(id)
		return draft, fields(b.mime(id)), b.left(), m.InternetMessageID
	}
	_, copied, arrived, _ := send(&graphtest.Options{LostOnWire: []string{"reply-to", "X-Auto-Response-Suppress"}})
	require.Len(t, values(copied, "Reply-To"), 1)
	require.Empty(t, values(arrived, "Reply-To"))
	require.Empty(t, values(arrived, "X-Auto-Response-Suppress"))

	draft, copied, arrived, id := send(&graphtest.Options{MessageIDs: graphtest.ReplacedIDs})
	require.Equal(t, []string{"<n1@zendesk.test>"}, values(draft, "Message-ID"))
	require.NotEqual(t, values(draft, "Message-ID"), values(copied, "Message-ID"))
	require.Equal(t, values(copied, "Message-ID"), values(arrived, "Message-ID"))
	require.Equal(t, []string{id}, values(copied, "Message-ID"))

	draft, copied, arrived, _ = send(&graphtest.Options{MessageIDs: graphtest.ReplacedOnWire})
	require.Equal(t, values(draft, "Message-ID"), values(copied, "Message-ID"))
	require.NotEqual(t, values(copied, "Message-ID"), values(arrived, "Message-ID"))

	_, copied, arrived, _ = send(&graphtest.Options{SubmitDate: true})
	require.Regexp(t, `^Sun, 22 Nov 2026 09:00:0\d \+0000$`, values(arrived, "Date")[0])
	require.Equal(t, values(copied, "Date"), values(arrived, "Date"))

	_, copied, _, _ = send(nil)
	require.Equal(t, []string{`"support" <support@contoso.test>`}, values(copied, "From"), "not before it is sent")
}
