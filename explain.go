package exdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Story is what is known of a mail or of a ticket's mails.
type Story struct {
	Mails   []*Mail   // as they are in the mailbox, with their Records
	Tickets []*Ticket // that they led to
	Missing []string  // Message-IDs of mails on the ticket that are not in the mailbox any more
}

// Explain tells what became of a mail, from what the mailbox and the desk have
// kept of it, whichever process did it. what is a Message-ID, with or without
// angle brackets, or the number of a ticket, as in "12" or "#12". It returns
// ErrNotFound if neither knows it, and changes nothing.
//
// It needs a Mailbox that is an Archive, and for tickets a Desk of
// Conversations.
func (c *Connector) Explain(ctx context.Context, what string) (*Story, error) {
	if c.desk == nil {
		return nil, errNoDesk
	}
	archive, ok := c.mailbox.(Archive)
	if !ok {
		return nil, errors.New("exdesk: explain: the mailbox cannot be searched")
	}
	s := new(Story)
	what = strings.Trim(strings.TrimSpace(what), "<>")
	ids := []string{what}
	number, err := strconv.ParseInt(strings.TrimPrefix(what, "#"), 10, 64)
	isTicket := err == nil && number > 0
	if isTicket {
		if ids, err = c.mailsOn(ctx, number, s); err != nil {
			return nil, fmt.Errorf("exdesk: explain: %w", err)
		}
	}
	for _, id := range ids {
		mails, err := archive.ByMessageID(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("exdesk: explain: %w", err)
		}
		for _, m := range mails {
			c.own(m)
		}
		if s.Mails = append(s.Mails, mails...); len(mails) == 0 && isTicket {
			s.Missing = append(s.Missing, id)
		}
	}
	if !isTicket {
		if err := c.ticketsOf(ctx, what, s); err != nil {
			return nil, fmt.Errorf("exdesk: explain: %w", err)
		}
	}
	if len(s.Mails) == 0 && len(s.Tickets) == 0 {
		return nil, fmt.Errorf("exdesk: explain: %s is neither in the mailbox nor on a ticket: %w", what, ErrNotFound)
	}
	return s, nil
}

// mailsOn returns the Message-IDs of the mails that were added to a ticket.
func (c *Connector) mailsOn(ctx context.Context, ticket int64, s *Story) ([]string, error) {
	desk, ok := c.desk.(Conversations)
	if !ok {
		return nil, errors.New("the desk does not tell what is on a ticket")
	}
	conv, err := desk.Conversation(ctx, ticket, time.Time{})
	if err != nil {
		return nil, err
	}
	s.Tickets = append(s.Tickets, &conv.Ticket)
	var ids []string
	for i := len(conv.Origins) - 1; i >= 0; i-- { // the oldest first
		if id := conv.Origins[i].MessageID; id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// ticketsOf adds the tickets that the mails' records name, and those that the
// desk has of a mail with this Message-ID.
func (c *Connector) ticketsOf(ctx context.Context, messageID string, s *Story) error {
	tickets, err := c.desk.Find(ctx, externalID(messageID), time.Time{})
	if err != nil {
		return err
	}
	for _, m := range s.Mails {
		r := m.Record
		if !r.ticketed() || slices.ContainsFunc(tickets, func(t *Ticket) bool { return t.ID == r.Ticket }) {
			continue
		}
		switch t, err := c.desk.Ticket(ctx, r.Ticket); {
		case err == nil:
			tickets = append(tickets, t)
		case !errors.Is(err, ErrNotFound):
			return err
		}
	}
	s.Tickets = append(s.Tickets, tickets...)
	return nil
}

// String tells the story in a few lines of text, in which nothing is a command to
// a terminal.
func (s *Story) String() string {
	var b strings.Builder
	line := func(format string, args ...any) { b.WriteString(oneLine(fmt.Sprintf(format, args...)) + "\n") }
	for _, m := range s.Mails {
		line("mail %s %q of %s, received %s", m.MessageID, m.Subject, m.From, moment(m.Received))
		line("  %s", m.Record)
		if len(m.Categories) > 0 {
			line("  categories: %s", strings.Join(m.Categories, ", "))
		}
	}
	for _, id := range s.Missing {
		line("mail <%s>", id)
		line("  it is on the ticket and not in the mailbox any more")
	}
	for _, t := range s.Tickets {
		line("ticket %s, %s, made %s", ticketName(t.ID), t.Status, moment(t.Created))
	}
	return b.String()
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// String tells in one line what a record says; that of a nil record is that there is none.
func (r *Record) String() string {
	if r == nil {
		return "not processed yet, or not by exdesk"
	}
	var s string
	switch r.Outcome {
	case Created:
		s = "became ticket " + ticketName(r.Ticket)
	case Commented:
		s = "became a comment on ticket " + ticketName(r.Ticket)
	case Noted:
		s = "became a private note on ticket " + ticketName(r.Ticket)
	case Duplicate:
		s = "is a copy of a mail that is on ticket " + ticketName(r.Ticket)
	case Sent:
		s = "is a notification of ticket " + ticketName(r.Ticket)
	case Waiting:
		if s = "waits"; r.Ticket != 0 {
			s = "was to become a comment on ticket " + ticketName(r.Ticket)
		}
		if r.Tries > 0 {
			s += fmt.Sprintf("; attempts that failed: %d", r.Tries)
		}
	default:
		s = string(r.Outcome)
	}
	if !r.At.IsZero() {
		s += " at " + moment(r.At)
	}
	if r.Verdict != "" {
		s += " [" + r.Verdict + "]"
	}
	if r.Reason != "" {
		s += ": " + r.Reason
	}
	return oneLine(s)
}
