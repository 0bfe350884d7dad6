package automail

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzJudge holds Judge to its promises on any mail: it ends, what it returns
// is bounded and clean, and ordinary mail has no verdict.
func FuzzJudge(f *testing.F) {
	for _, s := range [][]byte{
		nil,
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
	f.Fuzz(func(t *testing.T, raw []byte) {
		e := evidence(raw)
		v := Judge(e)
		require.Equal(t, v, Judge(e), "the same evidence, the same verdict")
		require.Contains(t, []Kind{Ordinary, Bounce, AutoReply, Receipt, Complaint, Generated, Bulk}, v.Kind)
		if v.Kind == Ordinary {
			require.Equal(t, Verdict{}, v)
			return
		}
		clean(t, v.Why, 1000)
		require.NotEmpty(t, v.Why)
		require.LessOrEqual(t, len(v.Original), maxOriginals)
		for _, id := range v.Original {
			clean(t, id, maxID)
			require.False(t, strings.ContainsAny(id, "<> "), "%q", id)
			require.NotEmpty(t, id)
		}
		require.LessOrEqual(t, len(v.Recipients), maxRecipients)
		for _, a := range v.Recipients {
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

func clean(t *testing.T, s string, most int) {
	require.LessOrEqual(t, len(s), most)
	require.True(t, utf8.ValidString(s), "%q", s)
	require.Negative(t, strings.IndexFunc(s, unicode.IsControl), "%q", s)
}
