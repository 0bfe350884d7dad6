package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/emersion/go-smtp"

	"github.com/exdesk/exdesk"
)

// enhanced is an enhanced status code (RFC 3463).
type enhanced = smtp.EnhancedCode

func reply(code int, e enhanced, format string, args ...any) *smtp.SMTPError {
	return &smtp.SMTPError{Code: code, EnhancedCode: e, Message: oneLine(fmt.Sprintf(format, args...))}
}

// accepted is the answer to a mail that has left.
func accepted(r *exdesk.Receipt) *smtp.SMTPError {
	if r != nil && r.Already {
		return reply(250, enhanced{2, 0, 0}, "It had left before, and was not sent again")
	}
	return reply(250, enhanced{2, 0, 0}, "Exchange Online has accepted it")
}

// errReply is the answer to a mail that has not left.
func errReply(err error) *smtp.SMTPError {
	limit, limited := errors.AsType[*exdesk.LimitError](err)
	pause, pausing := exdesk.RetryAfter(err)
	_, loss := errors.AsType[*exdesk.LossError](err)
	switch {
	case errors.Is(err, exdesk.ErrTooLarge), limited && limit.Until.IsZero():
		return reply(552, enhanced{5, 3, 4}, "%s", reason(err))
	case errors.Is(err, exdesk.ErrRefused):
		return reply(550, enhanced{5, 7, 1}, "%s", reason(err))
	case limited:
		return reply(451, enhanced{4, 7, 1}, "%s", reason(limit))
	case errors.Is(err, errStopping):
		return reply(451, enhanced{4, 3, 2}, "The gateway is stopping: try again")
	case pausing && pause > 0:
		return reply(451, enhanced{4, 3, 0}, "%s; try again after %.0f s", reason(err), math.Ceil(pause.Seconds()))
	case errors.Is(err, exdesk.ErrTemporary):
		return reply(451, enhanced{4, 3, 0}, "%s; try again later", reason(err))
	case errors.Is(err, context.DeadlineExceeded):
		return reply(451, enhanced{4, 3, 0}, "It took longer than %.0f minutes: try again", patience.Minutes())
	case errors.Is(err, exdesk.ErrAuth):
		return reply(451, enhanced{4, 3, 5}, "Microsoft does not take the gateway's credentials: its operator has to run "+
			"examples/connect, or to renew EXDESK_CLIENT_SECRET (%s)", reason(err))
	case errors.Is(err, exdesk.ErrAccess):
		return reply(451, enhanced{4, 3, 5}, "The gateway's application may not use the mailbox: its operator has to look at "+
			"Mail.ReadWrite and Mail.Send, and EXDESK_MAILBOX (%s)", reason(err))
	case loss:
		return reply(451, enhanced{4, 3, 5}, "%s: here by -may-lose", reason(err))
	}
	return reply(451, enhanced{4, 3, 5}, "The gateway could not send it: its operator finds the reason in its log")
}

// bodyReply is the answer to a mail that did not come in.
func bodyReply(err error) *smtp.SMTPError {
	known, ok := errors.AsType[*smtp.SMTPError](err)
	switch {
	case ok:
		return known // it is too large
	case errors.Is(err, smtp.ErrTooLongLine):
		return reply(550, enhanced{5, 6, 0}, "A line has more than %d octets", maxLine)
	}
	return reply(451, enhanced{4, 4, 2}, "The mail broke off")
}

// reason is what an error says. Those of exdesk hold no secrets and no
// addresses.
func reason(err error) string { return strings.TrimPrefix(err.Error(), "exdesk: ") }

// mostText keeps an answer below 512 octets (RFC 5321 §4.5.3.1.5).
const mostText = 480

// oneLine makes a text fit for an answer.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '…':
			return '.'
		case r < ' ':
			return ' '
		case r > '~':
			return '?'
		}
		return r
	}, s)
	if len(s) > mostText {
		s = s[:mostText-3] + "..."
	}
	return s
}
