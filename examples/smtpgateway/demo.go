package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
)

// demo is a gateway's other side, without any credentials.
type demo struct {
	exchange *graphtest.Server
	conn     *exdesk.Connector
	account  *account
	password string
	tls      *tls.Config
	stop     func()

	mu  sync.Mutex // guards what follows
	out io.Writer
}

// demoUser signs in with a password that is made anew each time.
const demoUser = "zendesk"

// startDemo starts a fake Exchange Online on loopback.
func startDemo(s *flags, out io.Writer, log *slog.Logger) (*demo, error) {
	d := &demo{exchange: graphtest.New(&graphtest.Options{TokenLife: 10 * 365 * 24 * time.Hour}), password: rand.Text()[:12], out: out}
	d.account = newAccount(demoUser, d.password)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	srv := &http.Server{Handler: d.exchange, ReadHeaderTimeout: 30 * time.Second}
	go func() { _ = srv.Serve(ln) }()
	d.stop = func() { _ = srv.Close() }
	mailbox, err := graph.New(d.exchange.Mailbox(), oauth2.StaticTokenSource(&oauth2.Token{AccessToken: d.exchange.Token()}),
		&graph.Options{BaseURL: "http://" + ln.Addr().String() + "/v1.0"})
	if err == nil {
		d.conn, err = exdesk.New(mailbox, nil, &exdesk.Options{Aliases: s.aliases, Logger: log, Relay: exdesk.RelayOptions{
			MayLose: s.mayLose, Settle: -1}}) // the fake shows everything at once
	}
	var pair *tls.Certificate
	if err == nil {
		pair, err = selfSigned()
	}
	if err != nil {
		d.stop()
		return nil, err
	}
	d.tls = tlsConfig(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return pair, nil })
	return d, nil
}

// tell says how to send mail.
func (d *demo) tell(starttls, implicit net.Listener) {
	fmt.Fprintf(d.out, "A fake Exchange Online has the mailbox %s. Nothing leaves this machine.\n", d.exchange.Mailbox())
	for _, l := range []struct {
		net.Listener
		how, option string
	}{{starttls, "STARTTLS", "-tls"}, {implicit, "TLS", "--tls-on-connect"}} {
		if l.Listener == nil {
			continue
		}
		host, port, _ := net.SplitHostPort(l.Addr().String())
		fmt.Fprintf(d.out, "Send from it by SMTP with %s to %s, user %s, password %s. The certificate is self-signed.\n", l.how, l.Addr(), demoUser, d.password)
		fmt.Fprintf(d.out, "\n\tswaks --server %s --port %s %s --auth PLAIN --auth-user %s --auth-password %s --from %s --to ann@customer.example\n\n",
			host, port, l.option, demoUser, d.password, d.exchange.Mailbox())
	}
}

// receipt prints a line about a mail that left.
func (d *demo) receipt(r *exdesk.Receipt) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.Already {
		fmt.Fprintf(d.out, "had left before: %s\n", r.Key)
		return
	}
	for _, sent := range d.exchange.Sent() {
		if sent.ID != r.ID {
			continue
		}
		var fields []string
		for _, f := range r.Fields {
			fields = append(fields, f.Name+" "+string(f.Survival))
		}
		fmt.Fprintf(d.out, "left: %d octets to %s; %s\n", len(sent.MIME), strings.Join(sent.EnvelopeRecipients, ", "), strings.Join(fields, ", "))
	}
	for _, rest := range r.Rest {
		fmt.Fprintf(d.out, "and a further part to %d recipients\n", len(rest.Recipients))
	}
}

// selfSigned makes a certificate for this host that lives as long as the
// process.
func selfSigned() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "exdesk smtpgateway demo"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 1, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}
