package graphtest

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// gate counts requests per application and mailbox. ("Microsoft Graph
// service-specific throttling limits", Outlook: 4 concurrent requests and
// 10,000 requests in 10 minutes, per app ID and mailbox.)
// 150 MB of uploads in 5 minutes as well.
type gate struct {
	limit, budget int // -1 is none
	uploadLimit   int64

	mu       sync.Mutex // guards what follows
	inFlight map[gateKey]int
	most     int
	recent   map[gateKey][]time.Time
	uploaded map[gateKey][]uploaded
	until    map[string]time.Time // by request: when it may be repeated
}

type gateKey struct {
	app     string
	mailbox *mailbox
}

const (
	budgetWindow = 10 * time.Minute
	uploadWindow = 5 * time.Minute
)

// uploaded is the body of a request.
type uploaded struct {
	at     time.Time
	octets int64
}

func (g *gate) init(o *Options) {
	g.limit, g.budget, g.uploadLimit = o.InFlight, o.Budget, o.UploadBudget
	g.uploaded = map[gateKey][]uploaded{}
	g.inFlight, g.recent = map[gateKey]int{}, map[gateKey][]time.Time{}
	g.until = map[string]time.Time{}
}

// enter lets a request in, or says why not. leave must be called when the
// request has been answered.
func (s *Server) enter(c *call) (leave func(), no *refusal) {
	g, key := &s.gate, gateKey{c.app(), c.mailbox}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := s.Now() // read under the lock, so that the log is in order
	wait := g.spend(key, now)
	if wait <= 0 {
		wait = g.load(key, c.r, now)
	}
	if wait > 0 {
		seconds := int((wait + time.Second - 1) / time.Second)
		return nil, &refusal{status: http.StatusTooManyRequests, code: "TooManyRequests",
			message: texts["TooManyRequests"], retryAfter: strconv.Itoa(seconds)}
	}
	g.most = max(g.most, g.inFlight[key]+1)
	if g.limit >= 0 && g.inFlight[key] >= g.limit {
		s.log.violation("%d requests in flight for one mailbox: %s %s", g.inFlight[key]+1, c.r.Method, c.r.URL.Path)
		return nil, &refusal{status: http.StatusTooManyRequests, code: "ApplicationThrottled",
			message: texts["ApplicationThrottled"], retryAfter: "1"}
	}
	g.inFlight[key]++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.inFlight[key]--
	}, nil
}

// spend counts a request against the budget and returns how long the next one
// has to wait. Requests that are refused count as well: "Microsoft Graph
// throttling guidance" says so.
func (g *gate) spend(key gateKey, now time.Time) time.Duration {
	if g.budget < 0 {
		return 0
	}
	log := g.recent[key]
	for len(log) > 0 && !log[0].After(now.Add(-budgetWindow)) {
		log = log[1:]
	}
	g.recent[key] = append(log, now)
	if len(log) < g.budget {
		return 0
	}
	// There is room again when all but budget-1 have left the window, this
	// one included.
	return g.recent[key][len(log)+1-g.budget].Add(budgetWindow).Sub(now)
}

// load counts the body of a request, unless it is too much; then it returns
// how long to wait. What is refused does not count.
func (g *gate) load(key gateKey, r *http.Request, now time.Time) time.Duration {
	if g.uploadLimit < 0 || r.ContentLength <= 0 || r.Method == http.MethodGet {
		return 0
	}
	log := slices.DeleteFunc(g.uploaded[key], func(u uploaded) bool { return !u.at.After(now.Add(-uploadWindow)) })
	sum := r.ContentLength
	for _, u := range log {
		sum += u.octets
	}
	for _, u := range log {
		if sum <= g.uploadLimit {
			break
		}
		if sum -= u.octets; sum <= g.uploadLimit {
			g.uploaded[key] = log
			return u.at.Add(uploadWindow).Sub(now)
		}
	}
	g.uploaded[key] = append(log, uploaded{now, r.ContentLength})
	return 0
}

// early tells whether a request is repeated before it may be, and by how much.
func (g *gate) early(key string, now time.Time) (time.Duration, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	until, ok := g.until[key]
	delete(g.until, key)
	return until.Sub(now), ok && now.Before(until)
}

// told remembers the Retry-After that a client was told.
func (g *gate) told(key string, w *recorder, now time.Time) {
	text := w.Header().Get("Retry-After")
	if text == "" || w.status < 400 {
		return
	}
	until, err := http.ParseTime(text)
	if n, bad := strconv.Atoi(text); bad == nil {
		until, err = now.Add(time.Duration(n)*time.Second), nil
	}
	if err != nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.until) >= kept {
		clear(g.until) // too many to judge them all
	}
	g.until[key] = until
}

// MaxInFlight returns the most requests that were in flight at once for one
// application and mailbox, those that were refused included. The requests
// inside a batch count, the batch itself does not.
func (s *Server) MaxInFlight() int {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	return s.gate.most
}
