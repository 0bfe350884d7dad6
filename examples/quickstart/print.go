package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"unicode"

	"golang.org/x/text/width"

	"github.com/exdesk/exdesk"
)

// printer shows results as they come: a table at the end, or one JSON object
// each.
type printer struct {
	stdout, stderr io.Writer
	json           bool
	colour         bool   // stdout is a terminal
	address        string // the mailbox
	progress       *progress
	labels         func(*exdesk.Result) []string

	file       map[string]string // by mail id
	results    []row
	unfinished int // mails that wait, or could not be labelled or read
}

type row struct {
	*exdesk.Result
	subject string
	files   int
	labels  []string
	text    string // of a notification that was sent
}

func newPrinter(stdout, stderr io.Writer, asJSON bool) *printer {
	return &printer{
		stdout: stdout, stderr: stderr, json: asJSON, colour: terminal(stdout), file: make(map[string]string),
		progress: &progress{w: stderr, live: terminal(stderr), subjects: make(map[string]string), opened: make(map[string]bool)},
	}
}

// terminal reports whether w is one that likes colours.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// note says something that is not a result.
func (p *printer) note(s string) {
	p.progress.clear()
	fmt.Fprintln(p.stderr, s)
}

// expect announces a mail, and the file that it came from.
func (p *printer) expect(id, file string) {
	p.progress.total++
	p.file[id] = file
}

// unreadable tells of a file that is no mail because it cannot be read.
func (p *printer) unreadable(file string, err error) {
	p.unfinished++
	if p.json {
		_ = json.NewEncoder(p.stdout).Encode(object{File: file, Outcome: "unreadable", Reason: err.Error(), CC: []string{}, Attachments: []attachment{}, Labels: []string{}})
		return
	}
	p.note(fmt.Sprintf("%s: left out: %v", file, err))
}

// result takes the result of one mail.
func (p *printer) result(r *exdesk.Result) {
	out := row{Result: r, subject: r.Mail.Subject, labels: p.labels(r)}
	if r.Message != nil {
		out.subject = r.Message.Subject
		for _, f := range r.Message.Files {
			if f.Upload != nil {
				out.files++
			}
		}
	}
	if r.Err != nil {
		p.unfinished++
	}
	if p.json {
		p.progress.clear()
		p.printJSON(out)
	}
	p.results = append(p.results, out)
}

// object is what -json prints of a mail.
type object struct {
	File        string       `json:"file,omitempty"`
	MessageID   string       `json:"message_id"`
	Outcome     string       `json:"outcome"`
	Reason      string       `json:"reason"`
	Ticket      int64        `json:"ticket"`
	Public      bool         `json:"public"`
	Verdict     string       `json:"verdict,omitempty"`
	Subject     string       `json:"subject"`
	FromName    string       `json:"from_name"`
	FromAddress string       `json:"from_address"`
	Requester   string       `json:"requester"`
	CC          []string     `json:"cc"`
	Text        string       `json:"text"`
	HTMLBytes   int          `json:"html_bytes"`
	Attachments []attachment `json:"attachments"`
	Labels      []string     `json:"labels"`
	Repairs     []string     `json:"repairs,omitempty"`
	Error       string       `json:"error,omitempty"`
}

type attachment struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Bytes  int64  `json:"bytes"`
	Inline bool   `json:"inline"`

	Refused string `json:"refused,omitempty"`
}

func (p *printer) printJSON(r row) {
	o := object{
		File: p.file[r.Mail.ID], MessageID: r.Mail.MessageID, Outcome: string(r.Outcome), Reason: r.Reason, Ticket: r.Ticket, Public: r.Public, Verdict: r.Verdict,
		Subject: r.subject, FromName: r.Mail.From.Name, FromAddress: r.Mail.From.Address,
		CC: []string{}, Attachments: []attachment{}, Labels: append([]string{}, r.labels...),
	}
	if m := r.Message; m != nil {
		o.FromName, o.FromAddress = m.From.Name, m.From.Address
		o.Requester = m.Requester(p.address).Address
		for _, a := range m.CC {
			o.CC = append(o.CC, a.Address)
		}
		o.Text, o.HTMLBytes, o.Repairs = m.Text, len(m.HTML), m.Repairs
		for _, f := range m.Files {
			o.Attachments = append(o.Attachments, attachment{f.Name, f.Type, f.Bytes, f.Inline, f.Refused})
		}
	}
	if r.Err != nil {
		o.Error = r.Err.Error()
		if o.Reason == "" {
			o.Reason = o.Error
		}
	}
	enc := json.NewEncoder(p.stdout)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(o)
}

// close prints the table and what the run cost.
func (p *printer) close(count *counter) {
	p.progress.clear()
	n := 0
	for _, r := range p.results {
		if r.Outcome != exdesk.Sent {
			n++
		}
	}
	cost := fmt.Sprintf("%s, %d requests to Graph and %d to Zendesk", mails(n), count.graph.Load(), count.zendesk.Load())
	if p.json {
		p.note(cost)
		return
	}
	if len(p.results) == 0 {
		fmt.Fprintln(p.stdout, "no new mail\n\n"+cost)
		return
	}
	rows := [][3]string{{"MAIL", "BECAME", "LABELS"}}
	for _, r := range p.results {
		rows = append(rows, [3]string{shorten(r.subject, 24), r.became(), strings.Join(r.labels, ", ")})
	}
	var widths [3]int
	for _, r := range rows {
		for i, cell := range r {
			widths[i] = max(widths[i], columns(cell))
		}
	}
	for i, r := range rows {
		line := strings.TrimRight(pad(r[0], widths[0])+"  "+pad(r[1], widths[1])+"  "+r[2], " ")
		switch {
		case p.colour && i == 0:
			line = "\x1b[1m" + line + "\x1b[0m" // bold
		case p.colour && p.results[i-1].needsLook():
			line = "\x1b[33m" + line + "\x1b[0m" // yellow: somebody should look
		}
		fmt.Fprintln(p.stdout, line)
	}
	fmt.Fprintln(p.stdout, "\n"+cost)
}

// columns is how wide a terminal shows s: East Asian characters take two.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += columnsOf(r)
	}
	return n
}

func columnsOf(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

func pad(s string, n int) string { return s + strings.Repeat(" ", max(0, n-columns(s))) }

func mails(n int) string {
	if n == 1 {
		return "1 mail"
	}
	return fmt.Sprintf("%d mails", n)
}

// became tells an outcome in a few words; -json has all of them.
func (r *row) became() string {
	s := r.outcome()
	if r.Err != nil && r.Outcome != exdesk.Waiting {
		s += ", " + shorten(r.Err.Error(), 60)
	}
	return s
}

// needsLook reports whether somebody should look at the mail.
func (r *row) needsLook() bool {
	switch r.Outcome {
	case exdesk.Rejected, exdesk.Held, exdesk.Waiting:
		return true
	}
	return r.Err != nil
}

func (r *row) outcome() string {
	ticket := fmt.Sprintf("ticket %d", r.Ticket)
	if r.Ticket == 0 { // of a dry run
		ticket = "a ticket"
	}
	switch {
	case r.Outcome == exdesk.Sent:
		return r.text
	case r.Outcome == exdesk.Commented && !r.Public:
		return "private comment on " + ticket + ": " + shorten(r.Reason, 60)
	case r.Outcome == exdesk.Commented:
		return "comment on " + ticket
	case r.Outcome == exdesk.Noted:
		return "note on " + ticket + ": " + shorten(r.Reason, 60)
	case r.Outcome == exdesk.Held:
		return "held: " + shorten(r.Reason, 60)
	case r.Outcome == exdesk.Created && r.MessageIDReused:
		return ticket + ", though another mail has its Message-ID"
	case r.Outcome == exdesk.Created && r.files == 1:
		return ticket + " with a file"
	case r.Outcome == exdesk.Created && r.files > 1:
		return fmt.Sprintf("%s with %d files", ticket, r.files)
	case r.Outcome == exdesk.Created:
		return ticket
	case r.Outcome == exdesk.Duplicate:
		return "nothing new: it is " + ticket
	case r.Outcome == exdesk.Rejected:
		return "rejected: " + shorten(r.Reason, 60)
	case r.Outcome == exdesk.Waiting:
		return "waiting: " + shorten(r.Err.Error(), 60)
	}
	return string(r.Outcome)
}

// shorten cuts s, which a stranger may have written, to n columns, without what a
// terminal would obey.
func shorten(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if s = strings.Join(strings.Fields(s), " "); s == "" {
		return "(no subject)"
	}
	used, fits := 0, 0 // fits is where s could end with an ellipsis
	for i, r := range s {
		if used < n {
			fits = i
		}
		if used += columnsOf(r); used > n {
			return s[:fits] + "…"
		}
	}
	return s
}

// counter counts requests on their way out.
type counter struct{ graph, zendesk atomic.Int64 }

func (c *counter) client(service string) *http.Client {
	n := &c.graph
	if service == "Zendesk" {
		n = &c.zendesk
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ReadBufferSize, t.WriteBufferSize = 64<<10, 64<<10 // fewer system calls for large mail
	return &http.Client{Transport: counting{t, n}}
}

type counting struct {
	base http.RoundTripper
	n    *atomic.Int64
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return c.base.RoundTrip(r)
}
