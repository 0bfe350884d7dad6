package zendesk

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"
)

// Webhook receives Zendesk's events and calls Handle for every public comment
// that an agent adds to a ticket. Secrets and Handle have to be set. No field
// may be changed after the first request. It is safe for concurrent use.
//
// In Zendesk it takes a webhook of the kind "Zendesk events", subscribed to
// zen:event-type:ticket.comment_added: POST, JSON. One that is connected to a
// trigger or automation sends what its author made up: such a request is
// answered 200, and nothing is done.
//
// # Answers
//
// Zendesk waits 12 seconds (older pages say 10), and tries again only after
// certain answers, a handful of times:
//
//	200  handled, handled before, or not for us; also after an error of the
//	     class exdesk.ErrRefused, which no repetition would mend
//	400  signed, and not understood
//	401  the signature or the timestamp is wrong, or a header is missing
//	405  not a POST
//	408  the body did not come in time
//	413  the body is larger than 1 MB
//	500  Handle panicked, or Secrets or Handle is missing
//	503  Handle failed or is still at it: Zendesk is to come back
//
// # Once
//
// Zendesk may send an event twice, late, out of order, or never. A Webhook
// knows the events of the last hour again, up to ten thousand; a duplicate of
// one that is being handled waits for it. That is the best a process can do by
// itself: Handle has to bear being called again for the same comment, and who
// must not miss one has to look into the tickets from time to time.
type Webhook struct {
	// Secrets are the signing secrets, as Zendesk shows them; any one will do.
	//
	// When Zendesk resets a secret the old one ends at once, and what is
	// refused here is lost. To change it without a gap, add a second webhook
	// with the same endpoint and its secret, then delete the first.
	//
	// Zendesk's pages print a sample secret: who accepts that accepts anybody.
	Secrets []string
	// Self are the users whose comments are passed over: the connector's own.
	// It is the author who counts, not the user by whose token it was made, or
	// what agents answer by mail would be passed over too; see
	// CommentAdded.Actor.
	Self []int64
	// Tolerance is how far a request's timestamp may be from this process's
	// clock, in either direction. Default 5 minutes.
	Tolerance time.Duration
	// Timeout bounds a request, from the first octet of its body to the end of
	// Handle. Default 10 seconds.
	Timeout time.Duration
	// Handle is told of a comment. It may be called concurrently. Its context
	// ends by Timeout, and not when Zendesk hangs up: what is begun is done by
	// the time Zendesk tries again. If it goes on regardless, Zendesk is told to
	// come back, and gets the result then.
	//
	// An error is logged without the addresses in it; it must not hold anything
	// else that is secret.
	Handle func(context.Context, *CommentAdded) error
	// Logger hears of what was refused and what failed. Default: nobody.
	Logger *slog.Logger

	recent recent
}

const (
	// largestEvent leaves room for the longest comment and description, 64 kB
	// each, with every octet escaped.
	largestEvent = 1 << 20

	defaultTolerance = 5 * time.Minute
	defaultTimeout   = 10 * time.Second
)

// verdict is an answer to Zendesk.
type verdict struct {
	status int
	wait   time.Duration // Retry-After
}

func (v verdict) write(w http.ResponseWriter) {
	if v.wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(v.wait/time.Second)))
	}
	if v.status != http.StatusOK {
		http.Error(w, http.StatusText(v.status), v.status)
	}
}

// ServeHTTP implements http.Handler.
func (h *Webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	deadline := time.Now().Add(cmp.Or(h.Timeout, defaultTimeout))
	ctx, cancel := context.WithDeadline(context.WithoutCancel(r.Context()), deadline)
	defer cancel() // by when Handle has returned, or the deadline has passed
	stamp, signature, status := h.admit(w, r)
	var body []byte
	if status == 0 {
		body, status = h.read(ctx, w, r, deadline)
	}
	if status == 0 && !h.signed(stamp, signature, body) {
		status = h.refuse(ctx, "signature")
	}
	v := verdict{status: status}
	if status == 0 {
		v = h.take(ctx, r.Header, body)
	}
	v.write(w)
}

// admit looks at what can be told without the body. A status of 0 lets the
// request in.
func (h *Webhook) admit(w http.ResponseWriter, r *http.Request) (stamp, signature string, status int) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return "", "", http.StatusMethodNotAllowed
	}
	if h.Handle == nil || !h.ready() {
		h.log().ErrorContext(r.Context(), "zendesk webhook: Secrets and Handle have to be set")
		return "", "", http.StatusInternalServerError
	}
	stamp, signature, ok := signatureOf(r.Header)
	if !ok {
		return "", "", h.refuse(r.Context(), "headers")
	}
	if !h.timely(stamp) {
		return "", "", h.refuse(r.Context(), "timestamp")
	}
	if r.ContentLength > largestEvent {
		return "", "", h.tooLarge(r.Context())
	}
	return stamp, signature, 0
}

// refuse says in the log alone what is wrong with a request.
func (h *Webhook) refuse(ctx context.Context, what string) int {
	h.log().WarnContext(ctx, "zendesk webhook: a request was refused", "wrong", what)
	return http.StatusUnauthorized
}

func (h *Webhook) tooLarge(ctx context.Context) int {
	h.log().WarnContext(ctx, "zendesk webhook: a request was too large")
	return http.StatusRequestEntityTooLarge
}

// read reads the body. A status of 0 is success.
func (h *Webhook) read(ctx context.Context, w http.ResponseWriter, r *http.Request, deadline time.Time) ([]byte, int) {
	// A body that drips must not hold a connection for as long as the server
	// would let it. Writers that know no deadlines hold none.
	// net/http lifts the deadline for the next request.
	_ = http.NewResponseController(w).SetReadDeadline(deadline)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestEvent))
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return body, 0
	case errors.As(err, &large):
		return nil, h.tooLarge(ctx)
	}
	h.log().WarnContext(ctx, "zendesk webhook: a request broke off")
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, http.StatusRequestTimeout
	}
	return nil, http.StatusBadRequest
}

func (h *Webhook) log() *slog.Logger { return cmp.Or(h.Logger, slog.New(slog.DiscardHandler)) }
