package exdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// Severity says how bad a Finding is.
type Severity string

const (
	// Good means that it is as it should be.
	Good Severity = "good"
	// Note means that it is worth knowing, and that nobody has to act.
	Note Severity = "note"
	// Unknown means that it could not be found out.
	Unknown Severity = "unknown"
	// Warning means that it works, but not as well or as safely as it could.
	Warning Severity = "warning"
	// Failure means that it does not work before somebody acts.
	Failure Severity = "failure"
)

// severities are in order.
var severities = []Severity{Good, Note, Unknown, Warning, Failure}

// Finding is one thing that Check looked at. No token, no secret, no contents of
// mail and no addresses but those of the Setup are in it.
type Finding struct {
	Subject  string   `json:"subject"` // a word or two: what was looked at
	Severity Severity `json:"severity"`
	What     string   `json:"what"`         // what is the case
	Do       string   `json:"do,omitempty"` // what a person should do about it; "" if nothing
}

// Findings are what Check found out, in the order in which things depend on each
// other: what comes first may be the reason for what follows.
type Findings []Finding

// Worst returns the highest severity, Good if there are no findings. A severity
// that is none of the above counts as Unknown.
func (f Findings) Worst() Severity {
	worst := 0
	for _, one := range f {
		at := slices.Index(severities, one.Severity)
		if at < 0 {
			at = slices.Index(severities, Unknown)
		}
		worst = max(worst, at)
	}
	return severities[worst]
}

// Failed reports whether one of them is a Failure.
func (f Findings) Failed() bool { return f.Worst() == Failure }

// String returns a table of about a hundred columns. What is to be done stands
// below what is the case.
func (f Findings) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, one := range f {
		begin := oneLine(string(one.Severity)) + "\t" + oneLine(one.Subject) + "\t"
		for _, line := range lines(oneLine(one.What)) {
			fmt.Fprintf(w, "%s%s\n", begin, line)
			begin = "\t\t"
		}
		if one.Do == "" {
			continue
		}
		begin = "\t\t-> "
		for _, line := range lines(oneLine(one.Do)) {
			fmt.Fprintf(w, "%s%s\n", begin, line)
			begin = "\t\t   "
		}
	}
	_ = w.Flush() // into memory
	return b.String()
}

// lineBytes is how long a line of a finding is, unless a word is longer.
const lineBytes = 72

// lines breaks a text at its spaces.
func lines(s string) []string {
	var list []string
	for len(s) > lineBytes {
		at := strings.LastIndexByte(s[:lineBytes+1], ' ')
		if at <= 0 {
			if at = strings.IndexByte(s[1:], ' ') + 1; at == 0 {
				break
			}
		}
		list = append(list, s[:at])
		s = s[at+1:]
	}
	return append(list, s)
}

// oneLine keeps a text from breaking a table, and what reads as a command to a
// terminal from it.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

// Checker is a Mailbox or a Desk that can examine itself. It changes nothing, s
// included, returns soon after ctx ended, and tells what it could not find out as
// Unknown.
type Checker interface {
	Check(ctx context.Context, s *Setup) []Finding
}

// Setup is what a connection is for, by which a Checker knows what is needed.
type Setup struct {
	Address    string   // of the mailbox
	Aliases    []string // further addresses of it
	Ingests    bool     // mail of the mailbox becomes tickets
	Relays     bool     // mail is sent from the mailbox
	Categories []string // names of the categories that are put on mail
	MaxBytes   int64    // of the largest mail that is imported, in octets; -1 is any
}

const (
	// checkTime bounds a check.
	checkTime = 2 * time.Minute
	// checkGrace is for how long after it a Checker may still tell what it found.
	checkGrace = 5 * time.Second
)

// Check examines the connection and tells what is wrong with it and what to do:
// credentials and permissions, those that are missing and those that are more
// than needed; whether the mailbox exists and can be read, written and sent from;
// whether the desk takes tickets and files; whether anybody or anything else has
// the address; and settings that matter. Both sides are examined at the same
// time, those of the mailbox come first. Without a desk the mailbox is examined
// alone, for Relay; with RelayOptions.Off, or a mailbox that is no
// Outbox, for Ingest alone.
//
// Nothing is changed and no mail is sent: whether one would leave, Probe finds
// out. It takes some thirty requests and two minutes at most. The error is that
// ctx has ended, or that neither side is a Checker; findings are none.
func (c *Connector) Check(ctx context.Context) (Findings, error) {
	_, sends := c.mailbox.(Outbox)
	sends = sends && !c.opts.Relay.Off
	s := &Setup{Address: c.mailbox.Address(), Aliases: slices.Clone(c.opts.Aliases), Ingests: c.desk != nil, Relays: sends, MaxBytes: c.maxBytes()}
	if s.Ingests {
		s.Categories = []string{c.labels().Processed, c.labels().Rejected, c.labels().Held}
	}
	sides := []struct {
		name    string
		what    any
		results chan []Finding
	}{{name: "mailbox", what: c.mailbox}, {name: "desk", what: c.desk}}
	if c.desk == nil {
		sides = sides[:1]
	}
	limited, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	last, cancel := context.WithTimeout(ctx, checkTime+checkGrace)
	defer cancel()
	begun := false
	for i := range sides {
		if checker, ok := sides[i].what.(Checker); ok {
			begun = true
			results := make(chan []Finding, 1)
			sides[i].results = results
			go func() { results <- checker.Check(limited, s) }()
		}
	}
	var list Findings
	for _, side := range sides {
		if side.results == nil {
			list = append(list, Finding{Subject: side.name, Severity: Unknown, What: "this " + side.name + " cannot examine itself: it is no Checker"})
			continue
		}
		select {
		case found := <-side.results:
			list = append(list, found...)
			continue
		case <-last.Done():
		}
		select {
		case found := <-side.results: // at the same time
			list = append(list, found...)
		default:
			list = append(list, Finding{Subject: side.name, Severity: Unknown, What: "examining the " + side.name + " did not end in time", Do: "check again"})
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if !begun {
		return nil, errors.New("exdesk: neither the mailbox nor the desk is a Checker")
	}
	return list, nil
}
