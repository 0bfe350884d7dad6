package automail

import "fmt"

// bounce knows bounces that are no reports, by what a machine alone has and by
// words.
func (m *mail) bounce() Verdict {
	for _, name := range []string{"X-Failed-Recipients", "X-MS-Exchange-Message-Is-Ndr"} {
		if m.h.Has(name) && !m.subject.reply && !m.subject.forward {
			return m.bounced("the field "+name+" is there", m.isDelay())
		}
	}
	machine := m.daemon
	switch {
	case machine != "":
	case m.subject.reply, m.subject.forward:
		return Verdict{}
	case m.nullPath && !m.byRule():
		machine = "Return-Path is empty"
	case m.postmaster:
		machine = "From is a postmaster"
	default:
		return Verdict{}
	}
	heading, _ := m.subject.begins(bounceHeadings)
	phrase := containsAny(m.words(), bouncePhrases)
	if phrase == "" {
		phrase = containsAny(m.words(), delayPhrases)
	}
	// Neither an empty path nor a postmaster alone makes a mail about a parcel
	// a bounce: it has to show a mail or an SMTP reply, too.
	technical := m.original != nil || smtpReply.MatchString(m.text) || statusIn(m.text) != "" || idInText.MatchString(m.text)
	switch {
	case heading != "" && (m.daemon != "" || phrase != "" && (technical || m.postmaster)):
		return m.bounced(machine+fmt.Sprintf(" and the subject begins with %q", heading), m.isDelay())
	case phrase != "" && (m.daemon != "" || technical):
		return m.bounced(machine+fmt.Sprintf(" and the text says %q", phrase), m.isDelay())
	}
	return Verdict{}
}

func (m *mail) bounced(why string, delay bool) Verdict {
	return Verdict{
		Kind: Bounce, Why: why, Temporary: delay,
		Original: m.originals(true), Recipients: m.failed(), Status: statusIn(m.text),
	}
}

// isDelay tells a warning from a failure by words.
func (m *mail) isDelay() bool {
	heading, _ := m.subject.begins(delayHeadings)
	return heading != "" || containsAny(m.words(), delayPhrases) != ""
}
