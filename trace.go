package exdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Trace is what the header of a notification was at each place on its way.
type Trace struct {
	Notification string
	Mails        []*TracedMail // several, if it was split
}

// TracedMail is one mail of a notification.
type TracedMail struct {
	ID         string // of the draft, or of the copy in Sent Items
	MessageID  string // as there, in angle brackets
	Sent       bool   // false of one that is a draft still
	Recipients []string
	Ticket     int64
	// Places are where the header was looked at: the draft, the copy in Sent
	// Items, and the mailboxes where it arrived.
	Places []string
	Fields []TracedField
}

// TracedField is a guarded field at each place.
type TracedField struct {
	Name   string
	Handed string    // as it was handed in
	At     []FieldAt // at each of TracedMail.Places
}

// FieldAt is a field at one place.
type FieldAt struct {
	Values   []string
	Survival Survival // "" if it is not known
}

const (
	atDraft = "draft"
	atSent  = "sent copy"
	atBox   = "arrived at "
)

// errNoTracer is the answer of a mailbox that does not find what it sent.
var errNoTracer = errors.New("exdesk: this mailbox cannot tell what it sent: Trace needs one that is a Tracer")

// Trace looks for the mails of a notification that left through the mailbox,
// given its X-Zendesk-Email-Id or whatever Outbound.Key it had, and compares
// what was handed in with the draft, with the copy in Sent Items, and with what
// arrived in those of its recipients' mailboxes that can be read: Archives.
// ErrNotFound means that there is no trace of it, or not yet.
func (c *Connector) Trace(ctx context.Context, notification string, recipients ...Mailbox) (*Trace, error) {
	tracer, ok := c.mailbox.(Tracer)
	if !ok {
		return nil, errNoTracer
	}
	copies, err := tracer.Letters(ctx, notification)
	if err != nil {
		return nil, err
	}
	if len(copies) == 0 {
		return nil, fmt.Errorf("exdesk: the mailbox has nothing of this notification: %w", ErrNotFound)
	}
	t := &Trace{Notification: notification}
	for _, k := range copies {
		m, err := c.traceMail(ctx, k, recipients)
		if err != nil {
			return nil, err
		}
		t.Mails = append(t.Mails, m)
	}
	return t, nil
}

func (c *Connector) traceMail(ctx context.Context, k *Copy, recipients []Mailbox) (*TracedMail, error) {
	m := &TracedMail{ID: k.ID, MessageID: k.MessageID, Sent: !k.Draft, Recipients: k.Recipients}
	if k.Record != nil {
		m.Ticket = k.Record.Ticket
	}
	var draft []FieldAt
	for _, f := range k.Fields {
		m.Fields = append(m.Fields, TracedField{Name: f.Name, Handed: f.Handed})
		draft = append(draft, FieldAt{Values: f.Draft, Survival: f.Survival})
	}
	m.add(atDraft, draft)
	if k.Draft {
		return m, nil
	}
	sent, err := readHeaderOf(ctx, c.mailbox, k.ID)
	if err != nil {
		return nil, err
	}
	m.compare(atSent, sent)
	for _, r := range recipients {
		place := atBox + r.Address()
		h, err := arrived(ctx, r, k.ID, sent)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			c.log().WarnContext(ctx, "a recipient's mailbox cannot be read", "error", err)
			place = "unreadable: " + r.Address()
		}
		m.compare(place, h)
	}
	return m, nil
}

func (m *TracedMail) add(place string, at []FieldAt) {
	m.Places = append(m.Places, place)
	for i := range m.Fields {
		m.Fields[i].At = append(m.Fields[i].At, at[i])
	}
}

// compare adds a place; nil is one where the mail was not found.
func (m *TracedMail) compare(place string, h header) {
	at := make([]FieldAt, len(m.Fields))
	for i, f := range m.Fields {
		if h != nil {
			at[i].Values = h.values(f.Name)
			at[i].Survival = survivalOf(f.Name, f.Handed, at[i].Values)
		}
	}
	m.add(place, at)
}

// survivalOf compares with a value that may have been cut short to be kept.
func survivalOf(name, handed string, is []string) Survival {
	if begin, cut := strings.CutSuffix(handed, "…"); cut && len(is) == 1 && strings.HasPrefix(strings.TrimSpace(is[0]), begin) {
		return Kept
	}
	return survival(name, handed, is)
}

func readHeaderOf(ctx context.Context, box Mailbox, id string) (header, error) {
	in, err := box.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	raw, err := readHeader(in)
	if err != nil {
		return nil, fmt.Errorf("exdesk: reading a header: %w", err)
	}
	return parseHeader(raw)
}

// newestArrivals is how many mails are gone through for one that arrived under
// another Message-ID than it was sent with.
const newestArrivals = 50

// arrived finds a mail in the mailbox of a recipient; nil if it is not there.
func arrived(ctx context.Context, box Mailbox, sent string, h header) (header, error) {
	a, ok := box.(Archive)
	if !ok {
		return nil, errors.New("exdesk: it is no Archive")
	}
	if id := strings.Trim(one(h, "Message-ID"), "<>"); id != "" {
		mails, err := a.ByMessageID(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, m := range mails {
			if m.ID != sent {
				return readHeaderOf(ctx, box, m.ID)
			}
		}
	}
	n := 0
	for m, err := range a.Newest(ctx) {
		if err != nil && !errors.Is(err, ErrDamaged) {
			return nil, err
		}
		if n++; m == nil || n > newestArrivals {
			break
		}
		if m.ID == sent || words(m.Subject) != words(one(h, "Subject")) {
			continue
		}
		got, err := readHeaderOf(ctx, box, m.ID)
		if err != nil {
			return nil, err
		}
		for _, name := range []string{"X-Zendesk-Email-Id", "References", "Date"} {
			if v := one(h, name); v != "" && survival(name, v, got.values(name)) == Kept {
				return got, nil
			}
		}
	}
	return nil, nil
}

// Lost returns the fields that were changed or lost up to the draft: what
// RelayOptions.MayLose has to name for such mail to leave.
func (t *Trace) Lost() []string {
	var list []string
	for _, m := range t.Mails {
		for _, f := range m.Fields {
			if len(f.At) > 0 && (f.At[0].Survival == Changed || f.At[0].Survival == Lost) && !slices.Contains(list, f.Name) {
				list = append(list, f.Name)
			}
		}
	}
	return list
}

// String returns a table for each mail. What is the same as it was handed in is
// not repeated.
func (t *Trace) String() string {
	var b strings.Builder
	for _, m := range t.Mails {
		state := "sent"
		if !m.Sent {
			state = "a draft, not sent"
		}
		fmt.Fprintf(&b, "%s: %s, to %s", t.Notification, state, plural(len(m.Recipients), "recipient"))
		if m.Ticket != 0 {
			fmt.Fprintf(&b, ", of ticket %d", m.Ticket)
		}
		b.WriteString("\n")
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintf(w, "FIELD\tHANDED IN")
		for _, p := range m.Places {
			fmt.Fprintf(w, "\t%s", strings.ToUpper(p))
		}
		fmt.Fprintln(w)
		for _, f := range m.Fields {
			fmt.Fprintf(w, "%s\t%s", f.Name, cell(f.Handed))
			for _, at := range f.At {
				fmt.Fprintf(w, "\t%s", at)
			}
			fmt.Fprintln(w)
		}
		_ = w.Flush() // into memory
	}
	return b.String()
}

// String returns what became of the field, and what it says if it says
// something else.
func (a FieldAt) String() string {
	switch a.Survival {
	case "":
		return "not known"
	case Changed, Renamed:
		return string(a.Survival) + ": " + cell(strings.Join(a.Values, " | "))
	}
	return string(a.Survival)
}

// cell keeps a hostile header from breaking the table.
func cell(s string) string {
	return clip(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s), 44)
}

// probeWait is how long Probe waits between two looks at the Inbox.
const probeWait = 5 * time.Second

// Probe sends one mail from the mailbox to itself, with all fields that a
// notification has, and tells which of them survive in this tenant: in the
// draft, in the copy in Sent Items and in what arrives. It waits for that until
// ctx ends, and no longer than five minutes, and deletes both mails in the end, as
// far as the mailbox deletes mail at once. The mail counts against the limits. An
// Ingest that runs meanwhile may hold it, as it holds all mail of the mailbox's
// own.
//
// What Trace.Lost names of the result is what RelayOptions.MayLose may name.
// That a field is in what arrives here does not prove that it is in what arrives
// elsewhere.
func (c *Connector) Probe(ctx context.Context) (*Trace, error) {
	tracer, ok := c.mailbox.(Tracer)
	if !ok {
		return nil, errNoTracer
	}
	own, ok := c.mailbox.(Archive)
	if !ok {
		return nil, errors.New("exdesk: Probe needs a mailbox that is an Archive")
	}
	key := hash("probe", c.mailbox.Address(), time.Now().String())[:26]
	r, err := c.Relay(ctx, &Outbound{MIME: strings.NewReader(probeMail(c.mailbox.Address(), key)), Key: key, probe: true})
	if err != nil {
		if begun, err := tracer.Letters(context.WithoutCancel(ctx), key); err == nil {
			for _, k := range begun { // nobody comes back for it
				_ = tracer.Delete(context.WithoutCancel(ctx), k.ID)
			}
		}
		return nil, err
	}
	looking, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	var last *Trace
	for {
		t, err := c.Trace(looking, key, c.mailbox)
		if err == nil {
			last = t
		}
		waits := err == nil && !t.complete() || errors.Is(err, ErrTemporary) || errors.Is(err, ErrNotFound)
		if !waits || sleep(looking, probeWait) != nil {
			c.sweepProbe(context.WithoutCancel(ctx), tracer, own, r.ID, last, key)
			if last != nil {
				err = nil
			}
			return last, err
		}
	}
}

// complete reports whether all mails were found where they were to arrive.
func (t *Trace) complete() bool {
	for _, m := range t.Mails {
		for _, f := range m.Fields {
			if len(f.At) < 3 || f.At[len(f.At)-1].Survival == "" {
				return false
			}
		}
	}
	return true
}

// sweepProbe deletes a probe.
func (c *Connector) sweepProbe(ctx context.Context, tracer Tracer, own Archive, sent string, t *Trace, key string) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ids := []string{sent}
	if t != nil {
		for _, m := range t.Mails { // whose copies may have other ids
			ids = append(ids, m.ID)
		}
	}
	n := 0
	for m, err := range own.Newest(ctx) {
		if n++; err != nil || n > newestArrivals {
			break
		}
		if strings.Contains(m.Subject, key) {
			ids = append(ids, m.ID)
		}
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if err := tracer.Delete(ctx, id); err != nil && !errors.Is(err, ErrNotFound) {
			c.log().WarnContext(ctx, "a probe could not be deleted", "mail", id, "error", err)
		}
	}
}

// probeMail has every field that a notification has.
func probeMail(address, key string) string {
	domain := address[strings.LastIndexByte(address, '@')+1:]
	return "From: exdesk <" + address + ">\r\nTo: " + address + "\r\nReply-To: " + address + "\r\n" +
		"Subject: exdesk tries what this mailbox keeps of a header (" + key + ")\r\n" +
		"Date: " + time.Now().Add(-time.Minute).Format(time.RFC1123Z) + "\r\nMessage-ID: <" + key + "@" + domain + ">\r\n" +
		"In-Reply-To: <1." + key + "@" + domain + ">\r\n <2." + key + "@" + domain + ">\r\n" +
		"References: <0." + key + "@" + domain + ">\r\n <1." + key + "@" + domain + ">\r\n" +
		"Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nX-Mailer: Zendesk Mailer\r\n" +
		"X-Zendesk-From-Account-Id: 0000000\r\nX-Zendesk-Email-Id: " + key + "\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n" +
		"exdesk has sent this mail from this mailbox to itself. It can be deleted.\r\n"
}
