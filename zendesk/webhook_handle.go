package zendesk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/exdesk/exdesk"
)

const (
	// comeBack and lastCall bound the Retry-After of a 503. Zendesk tries again
	// only if it is less than a minute. Whether it signs every try anew is not
	// documented: by the fifth a timestamp of the first has to be within the
	// default tolerance still.
	comeBack = 30 * time.Second
	lastCall = 45 * time.Second

	// memory is how long an event is known again, and remembered how many are.
	memory     = time.Hour
	remembered = 10_000
)

// take decides what becomes of a signed body.
func (h *Webhook) take(ctx context.Context, head http.Header, body []byte) verdict {
	e, wrong := readEvent(body)
	if e == nil {
		if wrong != "" {
			// Louder than a 200: it is also seen in Zendesk's log of the webhook.
			h.log().ErrorContext(ctx, "zendesk webhook: an event was not understood", "wrong", wrong)
			return verdict{status: http.StatusBadRequest}
		}
		h.log().DebugContext(ctx, "zendesk webhook: not a comment, passed over")
		return verdict{status: http.StatusOK}
	}
	if why := h.passOver(e); why != "" {
		h.log().DebugContext(ctx, "zendesk webhook: a comment was passed over", "why", why, "comment", e)
		return verdict{status: http.StatusOK}
	}
	f, first := h.recent.begin(keysOf(e, head.Get("X-Zendesk-Webhook-Invocation-Id")), max(memory, 2*h.tolerance()))
	if first {
		go h.run(ctx, f, e)
	}
	select {
	case <-f.done:
		return f.verdict
	case <-ctx.Done():
		h.log().WarnContext(ctx, "zendesk webhook: a comment is still being handled", "comment", e)
		return verdict{status: http.StatusServiceUnavailable, wait: comeBack}
	}
}

// passOver says why a comment is not for Handle, or "".
func (h *Webhook) passOver(e *CommentAdded) string {
	switch {
	case !e.Public:
		return "private"
	case !e.Author.Staff:
		return "by an end user"
	case slices.Contains(h.Self, e.Author.ID):
		return "our own"
	}
	return ""
}

// run calls Handle and ends the flight, whatever happens.
func (h *Webhook) run(ctx context.Context, f *flight, e *CommentAdded) {
	v := verdict{status: http.StatusInternalServerError}
	defer func() {
		if p := recover(); p != nil {
			// What a panic says may quote anything, but for what the runtime says.
			what := fmt.Sprintf("%T", p)
			if err, ok := p.(runtime.Error); ok {
				what = err.Error()
			}
			h.log().ErrorContext(ctx, "zendesk webhook: Handle panicked", "panic", what, "comment", e, "stack", string(debug.Stack()))
		}
		h.recent.end(f, v)
	}()
	theirs := *e // which may be changed while ours is logged
	v = h.judge(ctx, e, h.Handle(ctx, &theirs))
}

func (h *Webhook) judge(ctx context.Context, e *CommentAdded, err error) verdict {
	switch {
	case err == nil:
		return verdict{status: http.StatusOK}
	case errors.Is(err, exdesk.ErrRefused):
		// Failures add up to a pause in which Zendesk sends nothing at all.
		h.log().ErrorContext(ctx, "zendesk webhook: a comment was refused for good", "comment", e, saying(err))
		return verdict{status: http.StatusOK}
	}
	v := verdict{status: http.StatusServiceUnavailable, wait: comeBack}
	if wish, ok := exdesk.RetryAfter(err); ok {
		v.wait = max((min(wish, lastCall) + time.Second - 1).Truncate(time.Second), time.Second)
	}
	h.log().WarnContext(ctx, "zendesk webhook: a comment could not be handled now", "comment", e, saying(err))
	return v
}

var addresses = regexp.MustCompile(`[^\s<>"'(),:;=]+@[^\s<>"'(),:;]+`)

// saying is an error as it may be logged.
func saying(err error) slog.Attr {
	return slog.String("error", clip(addresses.ReplaceAllString(err.Error(), "(address)"), 300))
}
