package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/exdesk/exdesk"
)

const (
	// patience is how long a mail may take, from DATA on. The client waits ten
	// minutes for the answer after its last octet (RFC 5321 §4.5.3.2.6).
	patience = 8 * time.Minute
	// maxRecipients is Exchange Online's default, and Relay's.
	maxRecipients = 500
	// maxLine bounds a line, of a mail as well. RFC 5321 §4.5.3.1.6 has 1000
	// octets; there are mailers that write a whole page of HTML into one.
	maxLine = 64 << 10
	// writeTimeout is how long an answer may take to leave.
	writeTimeout = time.Minute
)

// gatewayOptions are the settings of a gateway.
type gatewayOptions struct {
	name      string // of this host, in its greeting
	account   *account
	tls       *tls.Config // nil does without
	maxBytes  int64       // of a mail
	clients   int         // connections at a time
	log       *slog.Logger
	onReceipt func(*exdesk.Receipt) // hears of each mail that left; may be nil
}

// relay is Connector.Relay.
type relay func(context.Context, *exdesk.Outbound) (*exdesk.Receipt, error)

// gateway takes mail over SMTP and relays it.
type gateway struct {
	gatewayOptions
	relay  relay
	smtp   *smtp.Server
	door   *door
	ctx    context.Context // of the mails that run
	cancel context.CancelCauseFunc
}

// errStopping cuts off the mails that run.
var errStopping = errors.New("the gateway is stopping")

func newGateway(r relay, o gatewayOptions) *gateway {
	g := &gateway{gatewayOptions: o, relay: r, door: newDoor(o.clients)}
	g.ctx, g.cancel = context.WithCancelCause(context.Background())
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{g: g, client: c.Conn().(*client)}, nil
	}))
	s.Domain = o.name
	s.AllowInsecureAuth = true // client sees to TLS
	s.MaxMessageBytes = o.maxBytes
	s.MaxRecipients = maxRecipients
	s.MaxLineLength = maxLine
	s.WriteTimeout = writeTimeout // for reading, client has timeouts of its own
	s.ErrorLog = slog.NewLogLogger(o.log.Handler(), slog.LevelInfo)
	g.smtp = s
	return g
}

// serve serves a listener until stop, which closes it.
func (g *gateway) serve(l net.Listener, implicitTLS bool) error {
	g.door.guard(l) // QUIRK: go-smtp forgets a listener that comes while it shuts down
	return g.smtp.Serve(&entrance{l, g, implicitTLS})
}

// stop lets no mail begin any more, waits for those that run, and then cuts
// them off.
func (g *gateway) stop(grace time.Duration) {
	g.door.close()
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err := g.smtp.Shutdown(ctx)
	g.cancel(errStopping) // those that still run answer 451
	if errors.Is(err, context.DeadlineExceeded) && !g.door.empty(time.Second) {
		g.door.cut()
	}
}
