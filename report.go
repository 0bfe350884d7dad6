package exdesk

import (
	"fmt"
	"slices"
	"strings"
)

// Result is what became of one mail in one pass.
type Result struct {
	Mail    *Mail
	Outcome Outcome
	Ticket  int64  // of Created, Commented, Noted, Duplicate and Relabelled
	Comment int64  // of Commented and Noted, where the desk told its number
	Public  bool   // whether the customer sees the ticket's first comment, or this one
	Verdict string // of the Screen; of Held also "brake", "failing", "suspended", "stranger" and "unverified"
	// Reason says, for a person, why a mail was rejected or is held, why its
	// comment is private, why it is no comment on the ticket that it answers,
	// or else why it has that Verdict.
	Reason string
	Labels []string // the categories that the pass put on the mail
	// MessageIDReused says that another ticket was made of a mail with the
	// same Message-ID but other content: the id says nothing then.
	MessageIDReused bool
	// Err is why the mail is Waiting; of other outcomes, why it could not be
	// labelled. The next pass sees to both.
	Err  error
	made bool // by this pass, and not found
	// Message is what was read of the mail, as far as it was read; nil when it
	// was not opened. Only OnResult is given it.
	Message *Message
}

// final reports whether the next pass will not see the mail any more.
func (r *Result) final() bool { return r.Outcome != Waiting && r.Err == nil }

// Report is what became of every mail that a pass saw, in the order in which
// it was certain. Mails that carry the processed label are not listed, nor
// those that are held.
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

// Totals counts the results.
func (r *Report) Totals() Totals {
	t := Totals{Seen: len(r.Results)}
	for _, res := range r.Results {
		t.add(res.Outcome, 1)
	}
	return t
}

// String sums the report up in one line.
func (r *Report) String() string { return r.Totals().String() }

// Totals is how many mails were seen and what became of them. They balance:
// Seen is the sum of the others.
type Totals struct {
	Seen       int `json:"seen"`
	Tickets    int `json:"tickets"`
	Comments   int `json:"comments"`
	Notes      int `json:"notes"`
	Held       int `json:"held"`
	Rejected   int `json:"rejected"`
	Duplicates int `json:"duplicates"`
	Relabelled int `json:"relabelled"`
	Gone       int `json:"gone"`    // from the Inbox, or read by a person, before their turn
	Waiting    int `json:"waiting"` // for the next pass
}

func (t *Totals) add(o Outcome, n int) {
	for i, field := range []*int{&t.Tickets, &t.Comments, &t.Notes, &t.Held, &t.Rejected, &t.Duplicates, &t.Relabelled, &t.Gone, &t.Waiting} {
		if o == counted[i] {
			*field += n
		}
	}
}

var counted = []Outcome{Created, Commented, Noted, Held, Rejected, Duplicate, Relabelled, Gone, Waiting}

// String tells the counts that are not zero.
func (t Totals) String() string {
	parts := []string{plural(t.Tickets, "ticket"), plural(t.Comments, "comment"), plural(t.Notes, "note"), some(t.Held, "held"),
		some(t.Rejected, "rejected"), plural(t.Duplicates, "duplicate"), some(t.Relabelled, "relabelled"), some(t.Gone, "gone"), some(t.Waiting, "waiting")}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	if t.Seen == 0 {
		return "no mail"
	}
	return plural(t.Seen, "mail") + ": " + strings.Join(parts, ", ")
}

func plural(n int, thing string) string {
	if n > 1 {
		thing += "s"
	}
	return some(n, thing)
}

func some(n int, thing string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// publish tells of a result and enters it into the report. The log hears no
// reasons: they may quote the mail.
func (p *pass) publish(res *Result) {
	p.c.log().Info("mail", "mail", res.Mail.ID, "outcome", string(res.Outcome), "ticket", res.Ticket, "verdict", res.Verdict)
	if p.c.opts.OnResult != nil {
		p.c.opts.OnResult(res)
	}
	res.Message = nil // a report of many mails must not hold their texts
	p.report.Results = append(p.report.Results, res)
}
