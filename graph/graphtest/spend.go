package graphtest

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// spending is recipients that count against a mailbox's limit.
type spending struct {
	at         time.Time
	recipients int
}

const spendingWindow = 24 * time.Hour

// spend counts recipients, or refuses them: at once, or, with Options.LimitNDR,
// late. Server.mu is held.
func (s *Server) spend(m *mailbox, n int, now time.Time) (late *failure, no *refusal) {
	m.spent = slices.DeleteFunc(m.spent, func(one spending) bool { return !one.at.After(now.Add(-spendingWindow)) })
	sum := n
	for _, one := range m.spent {
		sum += one.recipients
	}
	switch o := &s.opts; {
	case o.MaxRecipients >= 0 && n > o.MaxRecipients:
		// How Graph refuses it is not known: the code is one that Exchange has.
		late, no = &tooMany, &refusal{status: http.StatusBadRequest, code: "ErrorExceededMaxRecipientLimit",
			message: fmt.Sprintf("The message has more than %d recipients.", o.MaxRecipients)}
	case o.DailyRecipients >= 0 && sum > o.DailyRecipients:
		late, no = &dailyLimit, &refusal{status: o.LimitStatus, code: "ErrorExceededMessageLimit", message: texts["ErrorExceededMessageLimit"]}
	default:
		m.spent = append(m.spent, spending{now, n})
		return nil, nil
	}
	if s.opts.LimitNDR {
		return late, nil
	}
	return nil, no
}
