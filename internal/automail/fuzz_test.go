package automail

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzJudge holds Judge to its promises on any mail: it ends, what it returns
// is bounded and clean and was in the mail, and ordinary mail has no verdict. No
// text makes a person's mail anything else, however much it speaks of bounces; and
// no text makes a machine's, which says so in its header, a person's.
func FuzzJudge(f *testing.F) {
	for _, s := range [][]byte{
		nil,
		[]byte("I am currently out of the office, and this is an automatic reply: your mail to <a@b.example> could not be delivered, 550 5.1.1\n"),
		raw(person, "Hello"),
		raw(person+"Subject: [a] [b [c] Re[2]: Automatic reply：x\nAuto-Submitted: auto-replied;;; \nPrecedence: \x00", "x"),
		raw("From: <>\nReturn-Path: <>\nX-Failed-Recipients: a@b,,@,<c@d>\nSubject: =?utf-8?q?Unzustellbar?=", "<a@b>:\n55 550 #5.1.1\nMessage-ID: <a>\n"),
		raw("From: postmaster@x\nSubject: failure notice", "550 5.1.1 could not be delivered\n a@b on x\n"),
		report(exdaemo+"References: <a> <b", "delivery-status", "text/html\n<p>x", failed, returnedMail),
		report(person, "disposition-notification", "message/disposition-notification\nOriginal-Message-ID: <a\n b> x\nDisposition:\x1b\u202e\n"),
		report(person, "feedback-report", "message/feedback-report\nFeedback-Type: abuse\n", "text/rfc822-headers\n"+sent),
		raw("From: x\nContent-Type: message/delivery-status", "Final-Recipient: ;\nFinal-Recipient: rfc822;\n : \nAction:\nStatus: 5.1\n"),
		raw("From: no-reply@x\nIn-Reply-To: <a>\nX-MS-Exchange-Generated-Message-Source: x\nAuto-Submitted: auto-generated\nThread-Topic: b\nSubject: aaaaaa: b", "自動返信"),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, mail []byte) {
		e := evidence(mail)
		v := Judge(e)
		require.Equal(t, v, Judge(e), "the same evidence, the same verdict")
		person := evidence(raw(person+"Subject: Where is my order?\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n", string(mail)))
		require.Equal(t, Verdict{}, Judge(person))
		auto := evidence(raw(exdaemo+"Auto-Submitted: auto-replied\nSubject: Where is my order?\n", string(mail)))
		require.NotEqual(t, Ordinary, Judge(auto).Kind)

		require.Contains(t, []Kind{Ordinary, Bounce, AutoReply, Receipt, Complaint, Generated, Bulk}, v.Kind)
		if v.Kind == Ordinary {
			require.Equal(t, Verdict{}, v)
			return
		}
		clean(t, v.Why, 1000)
		require.NotEmpty(t, v.Why)
		require.LessOrEqual(t, len(v.Original), maxOriginals)
		said := all(e)
		for _, id := range v.Original {
			require.Contains(t, said, squeezed(id), "nothing is made up")
			clean(t, id, maxID)
			require.False(t, strings.ContainsAny(id, "<> "), "%q", id)
			require.NotEmpty(t, id)
		}
		require.LessOrEqual(t, len(v.Recipients), maxRecipients)
		for _, a := range v.Recipients {
			require.Contains(t, said, squeezed(a), "nothing is made up")
			clean(t, a, maxAddress)
			require.Contains(t, a, "@")
		}
		require.Regexp(t, `^([245]\.\d{1,3}\.\d{1,3})?$`, v.Status)
		if v.Kind != Bounce {
			require.False(t, v.Temporary)
			require.Empty(t, v.Status)
			require.Empty(t, v.Recipients)
		}
		if v.Kind == Generated || v.Kind == Bulk {
			require.Empty(t, v.Original)
		}
	})
}

// all is what a mail says, in its header, its text and its reports.
func all(e *Evidence) string {
	var b strings.Builder
	for _, v := range e.Header.All() {
		b.WriteString(v + "\n")
	}
	b.WriteString(e.Text)
	for _, x := range append(e.reports, e.original) {
		b.WriteString("\n" + x.text())
	}
	return squeezed(b.String())
}

// squeezed leaves out white space, and letters that come in several charsets.
func squeezed(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}

func clean(t *testing.T, s string, most int) {
	require.LessOrEqual(t, len(s), most)
	require.True(t, utf8.ValidString(s), "%q", s)
	require.Negative(t, strings.IndexFunc(s, unicode.IsControl), "%q", s)
}
