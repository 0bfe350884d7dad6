package zendesk

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/exdesk/exdesk/internal/rest"
)

// spent reads whether an answer used up the account's allowance, and for how
// long. The names of the headers have changed over the years ("Rate limits",
// Zendesk API reference): RateLimit-* since 2024, Rate-Limit-* before, and
// Zendesk-RateLimit-<endpoint> or zendesk-rate-limit-<endpoint> beside them.
func spent(h http.Header) time.Duration {
	for _, family := range []string{"Ratelimit-", "Rate-Limit-"} {
		if h.Get(family+"Remaining") == "0" {
			if d := seconds(h.Get(family + "Reset")); d > 0 {
				return d
			}
		}
	}
	var most time.Duration
	for name, values := range h {
		if !strings.HasPrefix(name, "Zendesk-Ratelimit-") && !strings.HasPrefix(name, "Zendesk-Rate-Limit-") || strings.HasSuffix(name, perTicket) {
			continue
		}
		for _, v := range values {
			fields := bucket(v)
			if fields["remaining"] == "0" {
				most = max(most, seconds(fields["resets"]))
			}
		}
	}
	return most
}

// perTicket is the bucket of the updates of one ticket: 30 in ten minutes.
const perTicket = "-Per-Ticket-Updates"

// narrow reports whether a 429 is about one ticket.
func narrow(f *rest.Failure) bool {
	for name := range f.Header {
		if strings.HasSuffix(name, perTicket) && bucket(f.Header.Get(name))["remaining"] == "0" {
			return true
		}
	}
	return false
}

// bucket reads "total=100; remaining=0; resets=41".
func bucket(v string) map[string]string {
	fields := make(map[string]string, 3)
	for f := range strings.SplitSeq(v, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(f), "=")
		fields[strings.ToLower(name)] = strings.TrimSpace(value)
	}
	return fields
}

// seconds reads a pause of at most an hour; anything else is not believed.
func seconds(v string) time.Duration {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > 3600 {
		return 0
	}
	return time.Duration(n) * time.Second
}
