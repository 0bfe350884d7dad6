// Package servers is the other side of what is measured: an Exchange Online and
// a Zendesk account, which are the fakes that the tests use, over loopback and
// in the clear, and a control endpoint for the program that measures.
//
// They run in a process of their own, cmd/servers, so that what they cost is not
// counted, and are the same for everybody who is measured.
package servers

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/exdesk/exdesk/bench/internal/samples"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// Setup is how the services are to be when they begin anew.
type Setup struct {
	// Mailboxes is how many mailboxes there are besides the first one, see
	// Mailbox.
	Mailboxes int `json:"mailboxes"`
}

// Fill is mail that arrives.
type Fill struct {
	Sample  string `json:"sample"` // of package samples
	Count   int    `json:"count"`
	Mailbox string `json:"mailbox"` // default the first one
}

// Access is where the services are and what opens them.
type Access struct {
	Graph        string `json:"graph"` // with its version
	GraphToken   string `json:"graphToken"`
	Mailbox      string `json:"mailbox"` // the first
	Zendesk      string `json:"zendesk"`
	ZendeskToken string `json:"zendeskToken"`
}

// Outcome is what the services hold.
type Outcome struct {
	Tickets  int   `json:"tickets"`
	Files    int   `json:"files"`    // on tickets
	Octets   int64 `json:"octets"`   // of the files
	Labelled int   `json:"labelled"` // mails of the first mailbox that are read and carry a category
	// Sent is how many mails have left, at most 10,000, and SentOctets how many
	// octets they have.
	Sent       int   `json:"sent"`
	SentOctets int64 `json:"sentOctets"`
}

// Counters is what the services have seen since they began anew.
type Counters struct {
	Graph   Traffic `json:"graph"`
	Zendesk Traffic `json:"zendesk"`
}

// Mailbox returns the address of the n-th further mailbox, from 0.
func Mailbox(n int) string { return fmt.Sprintf("box%05d@contoso.test", n) }

// Servers are both services. They answer the control endpoint as an
// http.Handler; make them with Start.
type Servers struct {
	control http.ServeMux
	graph   *side
	zendesk *side

	mu       sync.Mutex // guards what follows
	exchange *graphtest.Server
	account  *zendesktest.Server
	filled   int // mails so far, so that no two are the same
}

// Start serves both services on free ports of loopback, with nothing in them.
func Start() (*Servers, error) {
	s := new(Servers)
	var err error
	if s.graph, err = listen(); err != nil {
		return nil, err
	}
	if s.zendesk, err = listen(); err != nil {
		s.graph.close()
		return nil, err
	}
	s.reset(Setup{})
	handle(s, "POST /reset", func(v Setup) (any, error) { return nil, s.reset(v) })
	handle(s, "POST /fill", func(v Fill) (any, error) { return s.fill(v) })
	handle(s, "GET /access", func(struct{}) (any, error) { return s.access(), nil })
	handle(s, "GET /outcome", func(struct{}) (any, error) { return s.outcome(), nil })
	handle(s, "GET /counters", func(struct{}) (any, error) { return s.counters(), nil })
	return s, nil
}

// Close ends both.
func (s *Servers) Close() {
	s.graph.close()
	s.zendesk.close()
}

// ServeHTTP is the control endpoint.
func (s *Servers) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.control.ServeHTTP(w, r) }

// handle serves one command of the control endpoint.
func handle[T any](s *Servers, pattern string, do func(T) (any, error)) {
	s.control.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		var v T
		if r.Method == http.MethodPost {
			if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
		}
		out, err := do(v)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(out) // whoever does not hear it has gone
	})
}

// reset makes both services new. No limit of theirs is in the way, but for the
// four requests at once of a mailbox. Mail is served as it was delivered: to
// compose it anew, as Exchange does, would take the processor from whom is
// measured.
func (s *Servers) reset(v Setup) error {
	if v.Mailboxes < 0 || v.Mailboxes > 100_000 {
		return errors.New("there can be up to 100,000 further mailboxes")
	}
	exchange := graphtest.New(&graphtest.Options{Raw: true, Budget: -1, UploadBudget: -1, DailyRecipients: -1, MaxMessage: 150 << 20})
	for n := range v.Mailboxes {
		exchange.AddMailbox(Mailbox(n))
	}
	account := zendesktest.New(&zendesktest.Options{RateLimit: -1, UpdateLimit: -1, TokenLife: -1,
		SupportAddresses: []string{exchange.Mailbox()}})
	s.mu.Lock()
	s.exchange, s.account = exchange, account
	s.mu.Unlock()
	s.graph.serve(exchange)
	s.zendesk.serve(account)
	return nil
}

// fill delivers mail that was written now: older mail may take other ways.
func (s *Servers) fill(v Fill) ([]string, error) {
	if _, ok := samples.Files[v.Sample]; !ok || v.Count < 1 || v.Count > 10_000 {
		return nil, fmt.Errorf("%d mails of kind %q cannot be delivered", v.Count, v.Sample)
	}
	s.mu.Lock()
	first, exchange := s.filled, s.exchange
	s.filled += v.Count
	s.mu.Unlock()
	if v.Mailbox == "" {
		v.Mailbox = exchange.Mailbox()
	}
	ids := make([]string, v.Count)
	for i := range ids {
		var err error
		mail := samples.Mail(v.Sample, first+i, time.Now())
		if ids[i], err = exchange.DeliverTo(v.Mailbox, mail, nil); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func (s *Servers) now() (*graphtest.Server, *zendesktest.Server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.exchange, s.account
}

func (s *Servers) access() *Access {
	exchange, account := s.now()
	return &Access{
		Graph: s.graph.url + "/v1.0", Mailbox: exchange.Mailbox(),
		GraphToken: exchange.TokenFor(graphtest.Grant{AppOnly: true}),
		Zendesk:    s.zendesk.url, ZendeskToken: account.Token(),
	}
}

func (s *Servers) outcome() *Outcome {
	exchange, account := s.now()
	var out Outcome
	for _, t := range account.Tickets() {
		out.Tickets++
		for _, c := range t.Comments {
			out.Files += len(c.Attachments)
			for _, a := range c.Attachments {
				out.Octets += a.Size
			}
		}
	}
	for _, m := range exchange.Messages() {
		if m.Mailbox == exchange.Mailbox() && m.IsRead && len(m.Categories) > 0 {
			out.Labelled++
		}
	}
	for _, m := range exchange.Sent() {
		out.Sent++
		out.SentOctets += int64(len(m.MIME))
	}
	return &out
}

func (s *Servers) counters() *Counters {
	return &Counters{s.graph.traffic(), s.zendesk.traffic()}
}

// loopback listens on a free port.
func loopback() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }
