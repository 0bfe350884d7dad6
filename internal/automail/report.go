package automail

import (
	"fmt"
	"strings"
)

// report knows what a report says (RFC 6522). A report that is not the mail
// itself may be in a mail of a person who asks about it, so that it counts only
// if nothing says that a person sends.
func (m *mail) report() Verdict {
	kind := m.reportType
	if m.contentType != "multipart/report" {
		kind = reportType(m.contentType)
		if kind == "" && (m.nullPath || m.daemon != "") && !m.subject.forward && len(m.reports) > 0 {
			kind = m.reports[0].kind
		}
		if kind == "" {
			return Verdict{}
		}
	}
	if found := m.kinds(); len(found) > 0 && !found[kind] {
		kind = m.reports[0].kind // QUIRK: no report-type, or a wrong one
	}
	switch kind {
	case deliveryStatus:
		return m.delivery()
	case dispositionNotification:
		return Verdict{Kind: Receipt, Why: m.saying("disposition", "a disposition notification"), Original: m.originals(true)}
	case feedbackReport:
		if m.value(feedbackReport, "feedback-type") == "auth-failure" { // RFC 6591: about forged mail
			return Verdict{Kind: Generated, Why: m.saying("feedback-type", "a feedback report")}
		}
		return Verdict{Kind: Complaint, Why: m.saying("feedback-type", "a feedback report"), Original: m.originals(true)}
	}
	return Verdict{}
}

func (m *mail) kinds() map[string]bool {
	found := map[string]bool{}
	for _, r := range m.reports {
		found[r.kind] = true
	}
	return found
}

// value is the first field of that name in the reports of one kind, in lower
// case.
func (m *mail) value(kind, name string) string {
	for _, r := range m.reports {
		if r.kind != kind {
			continue
		}
		for _, group := range fields(r.text()) {
			for _, f := range group {
				if f.name == name {
					return strings.ToLower(f.value)
				}
			}
		}
	}
	return ""
}

func (m *mail) saying(name, what string) string {
	for _, kind := range []string{dispositionNotification, feedbackReport} {
		if v := m.value(kind, name); v != "" {
			return fmt.Sprintf("it is %s that says %q", what, clip(v, maxShown))
		}
	}
	return "it is " + what
}

// delivery reads a delivery report (RFC 3464). One recipient who was not
// reached makes it a failure, whatever became of the others.
func (m *mail) delivery() Verdict {
	var list []delivery
	for _, r := range m.reports {
		if r.kind == deliveryStatus {
			list = append(list, deliveries(r.text())...)
		}
	}
	worst := ""
	for _, d := range list {
		if severity[d.act()] > severity[worst] {
			worst = d.act()
		}
	}
	switch worst {
	case "delivered":
		return Verdict{Kind: Receipt, Why: "it is a delivery report that says delivered", Original: m.originals(true)}
	case "":
		return m.bounced("it is a delivery report", m.isDelay())
	}
	v := m.bounced("it is a delivery report that says "+worst, worst == "delayed")
	if reported := failedOf(list, worst); len(reported) > 0 {
		v.Recipients = reported
	}
	for _, d := range list {
		if d.act() != worst {
			continue
		}
		if v.Status = d.status; v.Status == "" {
			v.Status = statusIn(d.diagnostic)
		}
		if v.Status == "" {
			v.Status = statusIn(m.text)
		}
		break
	}
	return v
}

func failedOf(list []delivery, action string) []string {
	var r recipients
	for _, d := range list {
		switch {
		case d.act() != action:
		case d.original != "": // as the sender wrote it
			r.add(d.original)
		default:
			r.add(d.final)
		}
	}
	return r
}

var severity = map[string]int{"delivered": 1, "delayed": 2, "failed": 3}

// act is what happened: "failed", "delayed", "delivered" (relayed and expanded
// ones too), or "" if the fields are not about a recipient.
func (d delivery) act() string {
	switch d.action {
	case "failed", "delayed", "delivered":
		return d.action
	case "relayed", "expanded": // RFC 3464 §2.3.3
		return "delivered"
	}
	switch {
	case strings.HasPrefix(d.status, "2."):
		return "delivered"
	case d.status != "", d.final != "", d.original != "", d.diagnostic != "":
		return "failed"
	}
	return ""
}
