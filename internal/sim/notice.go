package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/zendesk"
)

// notice is a notification of Zendesk that is to leave through the mailbox.
type notice struct {
	tag      string
	customer int
	ticket   int64
	encoded  string
	due      time.Time
	large    bool
	comment  *zendesk.CommentAdded // that it tells of, if it came by a webhook

	overlooked bool // nobody had relayed it when somebody looked

	sent     int // how often it left
	receipt  bool
	refused  string // why it will never leave
	stray    bool   // a draft was made of it when nobody waited for that any more
	withheld bool   // it may not be sent any more
	left     time.Time
	arrived  string // Message-ID, in angle brackets, as the customer has it
	tries    int
	underway map[*life]bool
	waiting  bool // until it is handed in again
}

func (n *notice) subject() string { return fmt.Sprintf("Re: Order %d", n.customer) }

// octets writes the notification as Zendesk does.
func (n *notice) octets() []byte {
	head := strings.ReplaceAll(n.encoded, "-", "")
	body := fmt.Sprintf("Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"+
		"It is on its way, %[1]s.\r\n\r\n[%[2]s]\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>It is on its way, %[1]s.</p><span>[%[2]s]</span>\r\n--b--\r\n", n.tag, n.encoded)
	if n.large {
		body = fmt.Sprintf("Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n%s--m\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"+
			"Content-Disposition: attachment; filename=\"file.pdf\"\r\n\r\n%s--m--\r\n", body, strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", 53_000))
	}
	return fmt.Appendf(nil, "From: Acme Support <%[1]s>\r\nTo: %[2]s\r\nReply-To: %[1]s\r\nSubject: %[3]s\r\nDate: %[4]s\r\n"+
		"Message-ID: <%[5]s_%[6]s_sprut@zendesk.com>\r\nIn-Reply-To: <q%[7]d@customer.example>\r\nReferences: <%[5]s@zendesk.com>\r\n"+
		"Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nX-Mailer: Zendesk Mailer\r\nX-Zendesk-From-Account-Id: cc6f582\r\n"+
		"X-Zendesk-Email-Id: 01HQ6Z3D%[6]s\r\nMIME-Version: 1.0\r\n%[8]s",
		mailboxAddress, address(n.customer), n.subject(), n.due.UTC().Format(time.RFC1123Z), head, n.tag, n.customer, body)
}

// notify plans all notifications of the cell.
func (c *cell) notify() {
	for i := range c.cfg.Notifications {
		n := &notice{tag: fmt.Sprintf("n%05dt", i), encoded: "56Z97D-7G67G", underway: make(map[*life]bool),
			large: c.dice.chance(0.01, "large", i)}
		n.due = c.begun.Add(c.length * time.Duration(i) / time.Duration(c.cfg.Notifications)).Add(c.dice.between(0, 2*time.Minute, "notice due", i))
		c.notices = append(c.notices, n)
		c.byTag[n.tag] = n
		c.agenda.add(n.due, func() {
			c.about(n)
			if c.remark(n) {
				return
			}
			c.tell(entry{item: n.tag, what: "is handed in"})
			c.hand(n)
		})
	}
}

// about makes the notification one about a ticket that there is.
func (c *cell) about(n *notice) {
	n.customer = c.dice.n(max(4, c.cfg.Mails/4), "notice to", n.tag)
	for id := int64(1); ; id++ {
		t, ok := c.support.Ticket(id)
		if !ok {
			return
		}
		if t.Requester.Email == address(n.customer) && !t.Deleted {
			n.ticket, n.encoded = id, t.EncodedID
		}
	}
}

// answerable returns a notification that the customer has.
func (c *cell) answerable(m *mail) *notice {
	for _, n := range c.notices {
		if n.customer == m.customer && n.ticket != 0 && n.arrived != "" {
			return n
		}
	}
	return nil
}

// hand gives the notification to whoever lives, and sometimes to both.
func (c *cell) hand(n *notice) {
	n.tries++
	both := c.dice.chance(0.2, "hand to both", n.tag, n.tries)
	start := c.dice.n(len(c.lives), "hand to", n.tag, n.tries)
	handed := false
	for i := range c.lives {
		l := c.lives[(start+i)%len(c.lives)]
		if l == nil || l.dead.Load() || n.underway[l] || handed && !both {
			continue
		}
		handed = true
		n.underway[l] = true
		l.relay(n)
	}
	if !handed {
		c.again(n, time.Minute)
	}
}

// again hands it in once more after a while, unless it is done by then or in
// somebody's hands.
func (c *cell) again(n *notice, after time.Duration) {
	if n.waiting {
		return
	}
	n.waiting = true
	c.agenda.add(time.Now().Add(after), func() {
		n.waiting = false
		if !n.done() && len(n.underway) == 0 {
			c.hand(n)
		}
	})
}

func (n *notice) done() bool { return n.receipt || n.refused != "" }

// relay has a process relay a notification.
func (l *life) relay(n *notice) {
	c := l.c
	limit := pick(c.dice, []time.Duration{time.Minute, 6 * time.Minute, 20 * time.Minute}, "patience", n.tag, n.tries)
	out := &exdesk.Outbound{MIME: bytes.NewReader(n.octets()), Ticket: n.ticket}
	l.alive.Go(func() {
		ctx, cancel := context.WithTimeout(l.ctx, limit)
		defer cancel()
		var err error
		if n.comment != nil {
			out, err = l.notification(ctx, n.comment)
		}
		var r *exdesk.Receipt
		if err == nil {
			r, err = l.conn.Relay(ctx, out)
		}
		c.post(l, n.tag, func() { l.relayed(n, r, err) })
	})
}

// relayed hears what came of it.
func (l *life) relayed(n *notice, r *exdesk.Receipt, err error) {
	c := l.c
	delete(n.underway, l)
	if l.dead.Load() {
		c.again(n, c.dice.between(time.Second, time.Minute, "given back", n.tag, n.tries))
		return
	}
	var lossy *exdesk.LossError
	switch {
	case err == nil:
		n.receipt = true
		c.tell(entry{life: l.n, item: n.tag, what: fmt.Sprintf("has left, says Relay; already: %t", r.Already)})
	case errors.As(err, &lossy), errors.Is(err, exdesk.ErrRefused):
		n.refused = err.Error()
		c.tell(entry{life: l.n, item: n.tag, what: "is refused: " + err.Error()})
	default:
		wait := c.dice.between(10*time.Second, time.Minute, "retry", n.tag, n.tries)
		if asked, ok := exdesk.RetryAfter(err); ok {
			wait = max(wait, asked)
		}
		c.tell(entry{life: l.n, item: n.tag, what: "has not left, says Relay: " + err.Error()})
		c.again(n, wait)
	}
}

// left notes that the service took it.
func (c *cell) left(n *notice) {
	n.sent++
	if n.sent > 1 {
		c.violate(n.tag, "has left %d times", n.sent)
	}
	n.left = time.Now()
	c.leftAt = append(c.leftAt, n.left)
	sent := c.exchange.Sent()
	if m, err := netmail.ReadMessage(bytes.NewReader(sent[len(sent)-1].MIME)); err == nil {
		n.arrived = m.Header.Get("Message-ID")
	}
}
