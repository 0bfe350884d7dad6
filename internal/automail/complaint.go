package automail

import "strings"

// complaint knows Microsoft's, which are no feedback reports.
func (m *mail) complaint() Verdict {
	if m.original == nil {
		return Verdict{}
	}
	if m.h.Has(jmrp) || strings.HasPrefix(m.subject.text, "complaint about message") && m.returned().has(jmrp) {
		return Verdict{Kind: Complaint, Why: "the field " + jmrp + " is there", Original: m.originals(true)}
	}
	return Verdict{}
}

// jmrp is the field in complaints of Outlook.com's Junk Mail Reporting Program.
const jmrp = "X-HmXmrOriginalRecipient"
