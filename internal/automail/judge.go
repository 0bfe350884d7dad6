package automail

// Judge tells what a mail is.
func Judge(e *Evidence) Verdict {
	if e == nil || e.Header == nil {
		return Verdict{}
	}
	m := newMail(e)
	for _, rule := range []func() Verdict{m.report, m.bounce, m.complaint, m.autoReply, m.bulk, m.generated} {
		if v := rule(); v.Kind != Ordinary {
			return v
		}
	}
	return Verdict{}
}
