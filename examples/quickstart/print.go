package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/exdesk/exdesk"
)

// printer shows results as they come: a table at the end, or one JSON object
// each.
type printer struct {
	stdout, stderr io.Writer
	json           bool
	live           bool   // stderr is a terminal: a line of progress is rewritten there
	colour         bool   // stdout is a terminal
	address        string // the mailbox
	labels         func(*exdesk.Result) []string

	expected int
	file     map[string]string // by mail id
	results  []row
}

type row struct {
	*exdesk.Result
	subject string
	files   int
	labels  []string
}

func newPrinter(stdout, stderr io.Writer, asJSON bool) *printer {
	return &printer{stdout: stdout, stderr: stderr, json: asJSON, live: terminal(stderr), colour: terminal(stdout), file: make(map[string]string)}
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
func (p *printer) note(s string) { fmt.Fprintln(p.stderr, s) }

// expect announces a mail, and the file that it came from.
func (p *printer) expect(id, file string) {
	p.expected++
	p.file[id] = file
}

// result takes the result of one mail.
func (p *printer) result(r *exdesk.Result) {
	out := row{Result: r, subject: r.Mail.Subject, labels: p.labels(r)}
	if r.Message != nil {
		out.subject, out.files = r.Message.Subject, len(r.Message.Files)
	}
	if p.json {
		p.printJSON(out)
	}
	p.results = append(p.results, out)
	if p.live {
		total := ""
		if p.expected > 0 {
			total = fmt.Sprintf("/%d", p.expected)
		}
		fmt.Fprintf(p.stderr, "\r\x1b[K%d%s mails, last: %s %s", len(p.results), total, out.Outcome, shorten(out.subject, 40))
	}
}

// object is what -json prints of a mail.
type object struct {
	File        string       `json:"file,omitempty"`
	MessageID   string       `json:"message_id"`
	Outcome     string       `json:"outcome"`
	Reason      string       `json:"reason"`
	Ticket      int64        `json:"ticket"`
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
}

func (p *printer) printJSON(r row) {
	o := object{
		File: p.file[r.Mail.ID], MessageID: r.Mail.MessageID, Outcome: string(r.Outcome), Reason: r.Reason, Ticket: r.Ticket,
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
			o.Attachments = append(o.Attachments, attachment{f.Name, f.Type, f.Bytes, f.Inline})
		}
	}
	if r.Err != nil {
		o.Error = r.Err.Error()
	}
	enc := json.NewEncoder(p.stdout)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(o)
}

// close prints the table and what the run cost.
func (p *printer) close(count *counter) {
	if p.live {
		fmt.Fprint(p.stderr, "\r\x1b[K")
	}
	cost := fmt.Sprintf("%d mails, %d requests to Graph and %d to Zendesk", len(p.results), count.graph.Load(), count.zendesk.Load())
	if p.json {
		p.note(cost)
		return
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MAIL\tBECAME\tLABELS")
	for _, r := range p.results {
		fmt.Fprintf(w, "%s\t%s\t%s\n", shorten(r.subject, 34), r.became(), strings.Join(r.labels, ", "))
	}
	if p.colour {
		fmt.Fprint(p.stdout, "\x1b[1m")
	}
	_ = w.Flush()
	if p.colour {
		fmt.Fprint(p.stdout, "\x1b[0m")
	}
	fmt.Fprintln(p.stdout, "\n"+cost)
}

// became tells an outcome in a few words.
func (r *row) became() string {
	switch r.Outcome {
	case exdesk.Created:
		s := fmt.Sprintf("ticket %d", r.Ticket)
		if r.MessageIDReused {
			s += " (its Message-ID is another mail's)"
		} else if r.files > 0 {
			s += fmt.Sprintf(", %d files", r.files)
		}
		return s
	case exdesk.Duplicate:
		return fmt.Sprintf("nothing: ticket %d is this mail", r.Ticket)
	case exdesk.Rejected:
		return "rejected: " + shorten(r.Reason, 72)
	case exdesk.Waiting:
		return "waiting: " + shorten(r.Err.Error(), 72)
	}
	return string(r.Outcome)
}

// shorten cuts s to n characters; the width of East Asian ones is not counted.
func shorten(s string, n int) string {
	if s == "" {
		return "(no subject)"
	}
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > n {
		return string([]rune(s)[:n-1]) + "…"
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
