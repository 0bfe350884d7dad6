package exdesk

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Options are the settings of a Connector. The zero value is Zendesk's own
// connector: its labels, its limits.
type Options struct {
	// Labels names the categories that processed mail carries.
	Labels Labels
	// MaxBytes is the size of the largest mail that is imported, in octets as
	// the mailbox counts. Default MaxMessageBytes; -1 sets no limit.
	MaxBytes int64
	// Limiter says how fast mail may be fetched: one message is taken from it
	// each time a mail is opened, whatever comes of it, and for each that is
	// rejected unopened. Share one
	// between the Connectors of a mailbox. Default: IngestPerMinute in any
	// minute. Unlimited sets no limit.
	Limiter Limiter
	// Screen judges each mail that was read. Default: a Sieve.
	Screen Screen
	// Brake says how many mails of one sender are taken: a *LimitError holds
	// the mail. It is asked under the sender's address, with "unverified "
	// before it where Exchange does not vouch for that, and not at all for
	// verified colleagues. Default: BrakePerHour in
	// any hour. Unlimited sets no limit, which is for senders such as contact
	// forms, where a loop is stopped otherwise.
	Brake Limiter
	// Aliases are further addresses of the mailbox, beside its own and the
	// desk's support addresses: nobody is made a customer or copied under them,
	// and who writes from inside their domains is a colleague. An address with a "+tag" is the one without.
	// Relay sends from them as well, as they stand here.
	Aliases []string
	// Threads, if set, is asked first which ticket a mail belongs to.
	Threads Threads
	// Policy decides which comments are public.
	Policy Policy
	// TrimQuotes leaves out of comments what a reply quotes below its text, as
	// far as that is certain. The ticket has it already.
	TrimQuotes bool
	// Since, if not zero, takes all mail of the Inbox that was received since
	// then and is not labelled, read or not, for mailboxes that people read as
	// well. The Mailbox has to be an Archive.
	Since time.Time
	// Every is how long Run, or a Poller, waits between two passes. Default 30 seconds.
	Every time.Duration
	// DryRun makes passes that read and decide and write nothing: no file is
	// uploaded, no ticket made, no mail labelled. A Result says what would have
	// become of its mail; a ticket that would have been made has no number.
	DryRun bool
	// Relay holds the settings of Relay.
	Relay RelayOptions
	// OnStep, if set, hears of each step as it ends. It is called from the
	// goroutine that works, and should return at once.
	OnStep func(Step)
	// OnResult, if set, hears of each mail as soon as its outcome is certain
	// and its labels are written. It is called by Ingest and Import, one call
	// at a time, and must not call the Connector.
	OnResult func(*Result)
	// Logger hears of each mail and pass, and of what is worth knowing and no
	// error. It is told the mailbox's address and never contents or addresses
	// of mail. Default: nobody.
	Logger *slog.Logger
}

// Connector joins one mailbox to one desk. It is safe for concurrent use; make
// it with New.
type Connector struct {
	mailbox Mailbox
	desk    Desk
	opts    Options
	account string
	log     *slog.Logger

	anew     atomic.Bool   // the next pass is to list everything again
	turn     chan struct{} // held by the pass that is running
	memory   memory        // used by the pass that is running
	notes    Windows       // the quiet notes of each ticket
	sendings sendings

	mu     sync.Mutex // guards what follows
	status Status
	poll   *poll         // in the Poller that looks after it, if one does
	wake   chan struct{} // see wishes
}

// New returns a Connector of mailbox and desk. It does no I/O, starts nothing
// and needs no Close. The desk may be nil if the Connector is only to Relay.
func New(mailbox Mailbox, desk Desk, opts *Options) (*Connector, error) {
	if mailbox == nil {
		return nil, errors.New("exdesk: New needs a mailbox")
	}
	c := &Connector{mailbox: mailbox, desk: desk, turn: make(chan struct{}, 1)}
	c.notes.Most, c.notes.Per = Cost{Messages: notesPerHour}, time.Hour
	if opts != nil {
		c.opts = *opts
	}
	c.opts.Labels = c.opts.Labels.withDefaults()
	if !c.opts.Labels.distinct() {
		return nil, errors.New("exdesk: the three labels must differ")
	}
	c.opts.MaxBytes = cmp.Or(c.opts.MaxBytes, MaxMessageBytes)
	if c.opts.Limiter == nil {
		c.opts.Limiter = &Windows{Most: Cost{Messages: IngestPerMinute}, Per: time.Minute}
	}
	if c.opts.Brake == nil {
		c.opts.Brake = &Windows{Most: Cost{Messages: BrakePerHour}, Per: time.Hour}
	}
	if c.opts.Screen == nil {
		c.opts.Screen = new(Sieve)
	}
	if err := c.opts.Relay.checkLoss(); err != nil {
		return nil, err
	}
	c.opts.Relay = c.opts.Relay.withDefaults()
	if _, ok := mailbox.(Archive); !ok && !c.opts.Since.IsZero() {
		return nil, errors.New("exdesk: Since needs a mailbox that is an Archive")
	}
	c.log = cmp.Or(c.opts.Logger, slog.New(slog.DiscardHandler)).With("mailbox", mailbox.Address())
	if d, ok := desk.(interface{ Account() string }); ok {
		c.account = d.Account()
	}
	return c, nil
}

// errNoDesk is the answer of a Connector that is only to Relay.
var errNoDesk = errors.New("exdesk: this needs a desk, and New was given none")

// sleep waits for d or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
