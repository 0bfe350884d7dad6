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
//
// There may be ten thousand in a process, most of them with nothing to do. So what
// is needed only when there is mail is made when there is.
type Connector struct {
	mailbox Mailbox
	desk    Desk
	opts    *Options
	made    time.Time
	anew    atomic.Bool // the next pass is to list everything again
	memory  *memory     // used by the pass that is running; nil between passes when there is nothing in it

	mu     sync.Mutex    // guards what follows
	turn   bool          // a pass is running
	over   chan struct{} // closed when it is over; nil if nobody waits for that
	quiet  time.Time     // when the last pass ended, as long as none had anything to tell
	next   time.Time     // when the next pass is to be
	status *Status       // nil until a pass had something to tell
	poll   *poll         // in the Poller that looks after it, if one does
	wake   chan struct{} // see wishes
	room   *room
	relays *relays
}

// room is what a Connector has of its own once there is mail.
type room struct {
	limiter, brake Windows // where Options do not say otherwise
	notes          Windows // the quiet notes of each ticket
}

// relays is what a Connector has of its own once it relays.
type relays struct {
	RelayOptions // with defaults
	sendings     sendings
}

// New returns a Connector of mailbox and desk. It does no I/O, starts nothing
// and needs no Close. The desk may be nil if the Connector is only to Relay. The
// options are not copied: many Connectors may share them, and they must not change
// any more. nil is the zero Options.
func New(mailbox Mailbox, desk Desk, opts *Options) (*Connector, error) {
	if mailbox == nil {
		return nil, errors.New("exdesk: New needs a mailbox")
	}
	c := &Connector{mailbox: mailbox, desk: desk, opts: opts, made: now()}
	if opts == nil {
		c.opts = &noOptions
	}
	if !c.labels().distinct() {
		return nil, errors.New("exdesk: the three labels must differ")
	}
	if err := c.opts.Relay.checkLoss(); err != nil {
		return nil, err
	}
	if _, ok := mailbox.(Archive); !ok && !c.opts.Since.IsZero() {
		return nil, errors.New("exdesk: Since needs a mailbox that is an Archive")
	}
	return c, nil
}

var (
	noOptions Options
	noLabels         = Labels{}.withDefaults()
	noScreen  Screen = new(Sieve)
	noLog            = slog.New(slog.DiscardHandler)
)

func (c *Connector) labels() *Labels {
	if c.opts.Labels == (Labels{}) {
		return &noLabels
	}
	l := c.opts.Labels.withDefaults()
	return &l
}

func (c *Connector) maxBytes() int64 { return cmp.Or(c.opts.MaxBytes, MaxMessageBytes) }

func (c *Connector) limiter() Limiter {
	if c.opts.Limiter != nil {
		return c.opts.Limiter
	}
	return &c.space().limiter
}

func (c *Connector) brake() Limiter {
	if c.opts.Brake != nil {
		return c.opts.Brake
	}
	return &c.space().brake
}

func (c *Connector) screen() Screen { return cmp.Or(c.opts.Screen, noScreen) }

func (c *Connector) space() *room {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.room == nil {
		c.room = new(room)
		c.room.limiter.Most, c.room.limiter.Per = Cost{Messages: IngestPerMinute}, time.Minute
		c.room.brake.Most, c.room.brake.Per = Cost{Messages: BrakePerHour}, time.Hour
		c.room.notes.Most, c.room.notes.Per = Cost{Messages: notesPerHour}, time.Hour
	}
	return c.room
}

func (c *Connector) relay() *relays {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.relays == nil {
		c.relays = &relays{RelayOptions: c.opts.Relay.withDefaults(c.made)}
	}
	return c.relays
}

// log returns the logger, which knows the mailbox.
func (c *Connector) log() *slog.Logger {
	if c.opts.Logger == nil {
		return noLog
	}
	return c.opts.Logger.With("mailbox", c.mailbox.Address())
}

// account is the name that the desk's Records are kept under.
func (c *Connector) account() string {
	if d, ok := c.desk.(interface{ Account() string }); ok {
		return d.Account()
	}
	return ""
}

// lock waits until no pass is running, and unlock ends one.
func (c *Connector) lock(ctx context.Context) error {
	for {
		c.mu.Lock()
		if !c.turn {
			c.turn = true
			c.mu.Unlock()
			return nil
		}
		if c.over == nil {
			c.over = make(chan struct{})
		}
		over := c.over
		c.mu.Unlock()
		select {
		case <-over:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (c *Connector) unlock() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.turn = false; c.over != nil {
		close(c.over)
		c.over = nil
	}
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
