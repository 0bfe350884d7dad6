package exdesk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// ErrSideConversation refuses a side conversation: Zendesk sends those by its
// own servers and never through a connected mailbox.
var ErrSideConversation = fmt.Errorf("exdesk: side conversations do not leave through the mailbox: %w", ErrRefused)

// Outbound is a notification of Zendesk that is to leave through the mailbox.
type Outbound struct {
	// MIME is the notification, as RFC 5322 octets. An *os.File, a *bytes.Reader or
	// whatever else is an io.ReaderAt and an io.Seeker is read in place and left
	// where it was. Any other is read to its end, and kept in a temporary file
	// meanwhile if it has more than a mebibyte: for another call it takes a new one.
	MIME io.Reader
	// Ticket is the ticket that it is about, so that answers find it. 0 if the
	// caller does not know it: then exdesk tries to find out.
	Ticket int64
	// Recipients are those of the envelope (RFC 5321 §3.3), each of whom gets
	// the mail. Graph has no envelope: whoever To, Cc or Bcc names must be among
	// them, and those whom no field names are added to Bcc. Empty stands for
	// those whom the fields name.
	Recipients []string
	// Key names the notification among all others: a second one of the same key is
	// not sent, whoever it is to go to. Default: its X-Zendesk-Email-Id, else its
	// Message-ID, together with its recipients, since a mail server may hand in a
	// mail for one recipient at a time.
	Key string
	// SideConversation says that it belongs to one; the octets alone do not.
	SideConversation bool
	// Rewrite, if set, is given the header, the blank line at its end included,
	// and may add fields to it. A Guard stands behind it, over the fields that
	// describe the body as well.
	Rewrite func(header []byte) ([]byte, error)
	// Guard is the guard; the zero value guards what must be guarded.
	Guard Guard

	probe bool // of Probe
}

// RelayOptions are the settings of Relay. The zero value has Zendesk's limits.
type RelayOptions struct {
	// Off means that nothing leaves through the mailbox: Relay refuses, and Check
	// does not want the permission to send.
	Off bool
	// Limiter says how fast mail may leave: each mail costs one message, its
	// octets and its recipients. Share one between the Connectors of a mailbox,
	// and keep one in a file to remember 24 hours (see OpenLimits). Put it into a
	// Line for callers to wait in order, as long as their ctx allows. When Exchange
	// itself refuses, its method Stop is called (see Windows); one that has none is
	// put into a Line, which has. Default: a Line for RelayLimits. Unlimited sets
	// no limit.
	Limiter Limiter
	// Claimer keeps two callers from sending one notification at a time.
	// Connectors that share a mailbox must share one: a Claims within a process,
	// graph.Claims among processes. Default: Claims of the Connector's own.
	Claimer Claimer
	// MostRecipients is how many recipients one mail may have. Default 500,
	// Exchange Online's own default. A notification that was split has to be tried
	// again with the same number.
	MostRecipients int
	// Split makes several mails of a notification with more recipients than
	// that. Only those whom To and Cc do not name can be split off: they get
	// mails in which these two fields are missing, for Graph would send to those
	// named there again. The mails after the first are known by their recipients,
	// also where the notification has a Key. By default such a notification is
	// refused.
	Split bool
	// MayLose names fields of the header that may be missing or changed in what
	// leaves: those of which Probe has shown that this tenant does not keep
	// them. The loss of any other is a *LossError, and the mail does not leave.
	// Fields that say who it is from, to and about can not be named.
	MayLose []string
	// Settle is for how long the mailbox may not show what was sent from it, so
	// that a look that finds nothing is not yet believed. Default 4 minutes:
	// copies in Sent Items, and what finds them, have each been seen a minute
	// late, and a request may be on its way for longer than that. -1 believes at
	// once.
	//
	// It makes a Connector wait in its first Settle: whoever ran before it may
	// have just sent the notification. A Claimer that processes share knows
	// better, and spares the wait.
	Settle time.Duration
}

const (
	defaultRecipients = 500
	defaultSettle     = 4 * time.Minute
)

// checkLoss refuses what must never be lost.
func (o *RelayOptions) checkLoss() error {
	for _, name := range o.MayLose {
		if strings.EqualFold(name, "Subject") || slices.ContainsFunc(addressFields, func(f string) bool { return strings.EqualFold(f, name) }) {
			return fmt.Errorf("exdesk: RelayOptions.MayLose: a notification without its %s is another one", name)
		}
	}
	return nil
}

func (o RelayOptions) withDefaults(made time.Time) RelayOptions {
	if o.Limiter == nil {
		o.Limiter = &Line{Limiter: RelayLimits()}
	}
	if _, ok := o.Limiter.(stopper); !ok {
		o.Limiter = &Line{Limiter: o.Limiter}
	}
	if o.Claimer == nil {
		claims := new(Claims)
		claims.begin(made) // nothing was sent by this Connector before
		o.Claimer = claims
	}
	o.MostRecipients = cmp.Or(o.MostRecipients, defaultRecipients)
	o.Settle = max(cmp.Or(o.Settle, defaultSettle), 0)
	return o
}

// Receipt says what became of a notification.
type Receipt struct {
	Key string
	// ID is the id of the draft, which the copy in Sent Items keeps as a rule.
	ID string
	// MessageID is the one that the draft had, in angle brackets. Exchange may
	// write another as it sends.
	MessageID  string
	Ticket     int64 // that an answer will find; 0 if it is not known
	Recipients []string
	Bytes      int64 // as handed in, and Bcc added
	// Fields tells of each guarded field what the draft has that was sent. What
	// arrives may be less, and cannot be known yet: see Connector.Trace.
	Fields []FieldReport
	// Name is the personal name that From had. It is not to be relied on: Exchange
	// puts in its place what its directory has.
	Name   string
	Waited time.Duration // for the Limiter
	// Already means that the notification had been sent before, and was not
	// sent now. Such a receipt may have no Fields, and no ID if another process
	// sent it.
	Already bool
	// Unseen means that the mail is known to have left only by its draft, which
	// is gone: the answer was lost, and no copy appeared.
	Unseen bool
	// Rest are the receipts of the further mails, if it was split.
	Rest []*Receipt
}

// FieldReport is what became of one guarded field up to the draft.
type FieldReport struct {
	Name     string   `json:"name"`
	Handed   string   `json:"handed"`          // as it was handed in
	Draft    []string `json:"draft,omitempty"` // as the draft has it, if that is not the same
	Survival Survival `json:"survival"`
}

// LossError means that the mailbox did not keep fields of the header, so the
// notification did not leave.
type LossError struct {
	Fields []FieldReport // those
}

func (e *LossError) Error() string {
	var lost, names []string
	for _, f := range e.Fields {
		lost = append(lost, fmt.Sprintf("%s (%s)", f.Name, f.Survival))
		names = append(names, f.Name)
	}
	return "exdesk: the notification did not leave, since the mailbox does not keep its " + strings.Join(lost, ", ") +
		": have Connector.Probe find out what this tenant keeps, and if it is that, add to RelayOptions.MayLose: " + strings.Join(names, ", ")
}

var errOff = errors.New("exdesk: nothing is to leave through this mailbox: Options.Relay.Off is set")

// errNoOutbox is the answer of a mailbox that does not send.
var errNoOutbox = errors.New("exdesk: this mailbox cannot send: Relay needs one that is an Outbox")

// Relay sends a notification from the mailbox, once, whatever fails on the way:
// one that was sent before under the same Key, or without one for the same
// recipients, is not sent again. It waits for the limits as long as ctx allows.
//
// An error of the class ErrRefused says that the notification will never leave
// as it is. After any other the same call can be made again, by this process or
// another one, and goes on with the draft that it finds: until then that draft is
// in Drafts, and a person who sends it has sent the notification. The receipt is
// never nil when mail is known to have left, also of a part.
//
// Relay is safe for concurrent use.
func (c *Connector) Relay(ctx context.Context, out *Outbound) (*Receipt, error) {
	box, ok := c.mailbox.(Outbox)
	switch {
	case c.opts.Relay.Off:
		return nil, errOff
	case !ok:
		return nil, errNoOutbox
	case out.SideConversation:
		return nil, ErrSideConversation
	}
	s, err := newSpool(out.MIME)
	if err != nil {
		return nil, err
	}
	defer s.close()
	letters, err := c.letters(s, out)
	if err != nil {
		return nil, err
	}
	var first *Receipt
	for _, l := range letters {
		end := c.step("relay", "")
		r, err := c.dispatch(ctx, box, l)
		end(l.Size(), "", err)
		switch {
		case r == nil:
		case first == nil:
			first = r
		default:
			first.Rest = append(first.Rest, r)
		}
		if err != nil {
			return first, err
		}
	}
	return first, nil
}
