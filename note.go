package exdesk

import (
	"context"
	"errors"
	"html"
	"slices"
	"strings"

	"github.com/exdesk/exdesk/internal/quoted"
)

// notesPerHour is how many quiet notes a ticket takes in any hour. Anybody can
// send mail that looks like a machine's.
const notesPerHour = 5

// quietNote is the comment for mail that nobody wrote. Anybody can send such
// mail, so it has to be about somebody on the ticket, and is short: what was
// not delivered to him, or what his machine answers.
func (p *pass) quietNote(ctx context.Context, it *item, conv *Conversation) (*NewComment, error) {
	people := p.c.desk.(People)
	about := append(slices.Clone(it.verdict.People[:min(len(it.verdict.People), maxPeople)]), it.msg.From.Address)
	concerned := false
	for _, a := range about {
		who, err := people.Person(ctx, a)
		if err != nil && !errors.Is(err, ErrAccess) {
			return nil, err
		}
		if who != nil && (who.ID == conv.Requester || who.ID == conv.Assignee || slices.Contains(conv.CCs, who.ID) || slices.Contains(conv.Followers, who.ID)) {
			concerned = true
			break
		}
	}
	if !concerned {
		// The search may not know somebody yet who wrote for the first time.
		all, err := people.Addresses(ctx, conv.Requester)
		if err != nil && !errors.Is(err, ErrAccess) {
			return nil, err
		}
		concerned = slices.ContainsFunc(about, func(a string) bool {
			return slices.ContainsFunc(all, func(of string) bool { return sameAddress(of, a) })
		})
	}
	if !concerned {
		return nil, &holding{it.verdict.Name, it.verdict.Reason + "; it is about nobody on ticket " + ticketName(conv.ID)}
	}
	if it.slot == (spent{}) { // at the first of several attempts
		slot, err := p.c.space().notes.Reserve(ctx, ticketName(conv.ID), Cost{Messages: 1})
		if err != nil {
			return nil, &holding{it.verdict.Name, it.verdict.Reason + "; ticket " + ticketName(conv.ID) + " has enough of such notes"}
		}
		it.slot = slot
	}
	it.res.Reason = it.verdict.Reason
	note := it.msg.aside()
	note.Files, note.HTML, note.Text = nil, "", cut(it.msg.Text, 4<<10)
	note.remark = remark("Automatic mail: " + it.verdict.Reason + ". From " + author(it.msg))
	text, _ := note.comment()
	return &NewComment{Origin: it.id.origin(), Tags: it.verdict.Tags, HTML: text}, nil
}

// author names the author of a mail as he names himself, at a length that
// leaves room for the mail.
func author(msg *Message) string {
	return Address{clip(msg.From.Name, 80), clip(msg.From.Address, 254)}.String()
}

func remark(text string) string {
	return "<p><i>" + neutral(html.EscapeString(strings.TrimSpace(clip(text, 600)))) + "</i></p>"
}

// aside returns a copy of the message to say something else with.
func (m *Message) aside() *Message {
	out := *m
	out.Files = slices.Clone(m.Files)
	return &out
}

// trim leaves out what a reply quotes below its text: it is on the ticket.
// Forwarded mail is kept whole.
func (m *Message) trim() {
	if len(m.InReplyTo)+len(m.References) == 0 || quoted.Forwarded(m.Subject) {
		return
	}
	m.HTML, _ = quoted.HTML(m.HTML)
	m.Text, _ = quoted.Text(m.Text)
}

// sentence makes a sentence of a reason.
func sentence(why string) string {
	if why == "" {
		return ""
	}
	return strings.ToUpper(why[:1]) + why[1:] + "."
}
