package sim

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/exdesk/exdesk/graph/graphtest"
)

// kind is what sort of mail it is, and so what has to become of it.
type kind string

const (
	plain     kind = "plain"
	markup    kind = "HTML"
	files     kind = "with files"
	reply     kind = "reply"               // to a mail of the same customer
	response  kind = "reply to a notice"   // that was relayed
	stranger  kind = "reply of a stranger" // with Reply-To of the customer
	twin      kind = "delivered twice"
	reused    kind = "Message-ID of another"
	nameless  kind = "no Message-ID"
	fromless  kind = "no From"
	toless    kind = "no To"
	malformed kind = "malformed"
	corrupt   kind = "corrupt base64"
	huge      kind = "over 50 MB"
	own       kind = "our own"
	vacation  kind = "vacation"
	loop      kind = "loop"
)

// weights says of a hundred mails how many are of a kind.
var weights = []struct {
	kind kind
	n    int
}{{plain, 38}, {markup, 8}, {files, 8}, {reply, 18}, {response, 6}, {stranger, 3}, {twin, 3}, {reused, 3}, {nameless, 2},
	{fromless, 1}, {toless, 1}, {malformed, 1}, {corrupt, 1}, {huge, 1}, {own, 1}, {vacation, 2}, {loop, 3}}

// must reports whether exactly one ticket or comment has to be made of such a mail.
func (k kind) must() bool {
	switch k {
	case own, vacation, loop:
		return false
	}
	return k.reason() == ""
}

// reason is what a rejection has to say; "" is for what is not to be rejected.
func (k kind) reason() string {
	switch k {
	case fromless:
		return "From"
	case toless:
		return "To"
	case malformed:
		return "nested"
	case corrupt:
		return "base64"
	case huge:
		return "MB"
	}
	return ""
}

// mail is one that a customer writes. Of a twin there are two in the mailbox.
type mail struct {
	tag      string
	kind     kind
	customer int
	parent   *mail // that it answers, or whose Message-ID it has
	answers  *notice
	due      time.Time
	ids      []string // in the mailbox

	made    int    // tickets and comments
	refused bool   // the account refused it for good, or so a failure said
	touched string // what a person did that makes its end uncertain
	colours []string
	shared  bool // another mail has its Message-ID, which leads nowhere then
	freed   bool // a person took our labels away, so that it is looked at anew
	held    bool // once
	opened  bool
}

const mailboxAddress = "support@contoso.test"

func address(customer int) string {
	return fmt.Sprintf("c%d@customer%d.example", customer, customer%7)
}

// messageID names a mail. An answer to it names it so.
func (m *mail) messageID() string {
	if m.kind == reused {
		return m.parent.messageID()
	}
	return m.tag + "@customer.example"
}

// octets writes the mail.
func (m *mail) octets() []byte {
	var b strings.Builder
	field := func(name, value string) {
		if value != "" {
			b.WriteString(name + ": " + value + "\r\n")
		}
	}
	from, to := address(m.customer), mailboxAddress
	subject, replyTo, references := fmt.Sprintf("Order %d", m.customer), "", ""
	if m.parent != nil && m.kind != reused {
		references = "<" + m.parent.messageID() + ">"
		subject = "Re: " + subject
	}
	switch m.kind {
	case stranger:
		from, replyTo = fmt.Sprintf("eve%s@elsewhere.example", m.tag), address(m.customer)
	case fromless:
		from = ""
	case toless:
		to = ""
	case own:
		from = mailboxAddress
		field("X-Zendesk-From-Account-Id", "cc6f582")
	case vacation:
		field("Auto-Submitted", "auto-replied")
		field("X-Auto-Response-Suppress", "All")
		subject = "Automatic reply: " + subject
	case loop:
		from = "robot@customer.example"
	}
	if m.answers != nil {
		references = m.answers.arrived
		subject = "Re: " + m.answers.subject()
	}
	field("From", from)
	field("To", to)
	field("Reply-To", replyTo)
	field("Subject", subject)
	field("Date", m.due.UTC().Format(time.RFC1123Z))
	if m.kind != nameless {
		field("Message-ID", "<"+m.messageID()+">")
	}
	field("In-Reply-To", references)
	field("References", references)
	field("MIME-Version", "1.0")
	text := "This is what " + m.tag + " says.\r\n"
	switch m.kind {
	case markup:
		b.WriteString("Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n" + text +
			"\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>" + strings.TrimSpace(text) + "</p>\r\n--b--\r\n")
	case files, corrupt:
		b.WriteString("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n" + text)
		for i := range 2 {
			data := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(m.tag, 40)))
			if m.kind == corrupt {
				data = strings.Repeat("§!", 200)
			}
			fmt.Fprintf(&b, "\r\n--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"+
				"Content-Disposition: attachment; filename=%d.pdf\r\n\r\n%s\r\n", i, data)
		}
		b.WriteString("--b--\r\n")
	case malformed: // deeper than anybody writes
		for i := range 150 {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%[1]d\r\n", i)
		}
		b.WriteString("\r\n" + text)
	default:
		b.WriteString("Content-Type: text/plain; charset=utf-8\r\n\r\n" + text)
	}
	return []byte(b.String())
}

// delivery says how it arrives.
func (m *mail) delivery() *graphtest.Delivery {
	d := new(graphtest.Delivery)
	switch m.kind {
	case huge:
		d.Size = 51 << 20
	case malformed, corrupt:
		d.Raw = true
	}
	return d
}

// write plans all mails of the cell.
func (c *cell) write() {
	var total int
	for _, w := range weights {
		total += w.n
	}
	first := make(map[int][]*mail) // that can be answered, by customer
	for i := range c.cfg.Mails {
		m := &mail{tag: fmt.Sprintf("m%05dt", i), customer: c.dice.n(max(4, c.cfg.Mails/4), "customer", i)}
		m.due = c.begun.Add(c.length * time.Duration(i) / time.Duration(c.cfg.Mails)).Add(c.dice.between(0, time.Minute, "due", i))
		n := c.dice.n(total, "kind", i)
		for _, w := range weights {
			if n -= w.n; n < 0 {
				m.kind = w.kind
				break
			}
		}
		before := first[m.customer]
		switch m.kind {
		case reply, stranger, reused, vacation:
			if len(before) == 0 {
				m.kind = plain
				break
			}
			m.parent = pick(c.dice, before, "parent", i)
			m.parent.shared = m.parent.shared || m.kind == reused
		}
		switch m.kind {
		case plain, markup, files:
			first[m.customer] = append(before, m)
		}
		c.mails = append(c.mails, m)
		c.byTag[m.tag] = m
		c.agenda.add(m.due, func() { c.deliver(m) })
	}
}

// deliver puts a mail into the Inbox.
func (c *cell) deliver(m *mail) {
	if m.kind == response {
		if m.answers = c.answerable(m); m.answers == nil {
			m.kind = plain
		}
	}
	times := 1
	if m.kind == twin {
		times = 2
	}
	for range times {
		id, err := c.exchange.DeliverTo(mailboxAddress, m.octets(), m.delivery())
		if err != nil {
			panic(err) // which would be the simulation's own fault
		}
		m.ids = append(m.ids, id)
		c.byID[id] = m
	}
	c.tell(entry{item: m.tag, what: "arrives: " + string(m.kind)})
	c.visit(m)
}
