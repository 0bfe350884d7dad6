package exdesk

import "fmt"

// Result is what became of one mail in one pass.
type Result struct {
	Mail    *Mail
	Outcome Outcome
	Ticket  int64    // of Created, Duplicate and Relabelled
	Reason  string   // of Rejected, for a person
	Labels  []string // the categories that the pass put on the mail
	// MessageIDReused says that another ticket was made of a mail with the
	// same Message-ID but other content: the id says nothing then.
	MessageIDReused bool
	// Err is why the mail is Waiting; of other outcomes, why it could not be
	// labelled. The next pass sees to both.
	Err error
	// Message is what was read of the mail, as far as it was read; nil when it
	// was not opened. Only OnResult is given it.
	Message *Message
}

// Report is what became of every mail that a pass saw, in the order in which
// it was certain. Mails that carry the processed label are not listed.
type Report struct {
	Results []*Result
}

// Count returns how many mails had that outcome.
func (r *Report) Count(o Outcome) int {
	n := 0
	for _, res := range r.Results {
		if res.Outcome == o {
			n++
		}
	}
	return n
}

// String sums the report up in one line.
func (r *Report) String() string {
	return fmt.Sprintf("%d mails: %d tickets, %d duplicates, %d relabelled, %d rejected, %d waiting, %d gone",
		len(r.Results), r.Count(Created), r.Count(Duplicate), r.Count(Relabelled), r.Count(Rejected), r.Count(Waiting), r.Count(Gone))
}

// publish tells of a result and enters it into the report.
func (p *pass) publish(res *Result) {
	if p.c.opts.OnResult != nil {
		p.c.opts.OnResult(res)
	}
	res.Message = nil // a report of many mails must not hold their texts
	p.report.Results = append(p.report.Results, res)
}
