package main

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// label does what a person does to a mail in Outlook.
func (s *sandbox) label(r *http.Request) (any, error) {
	var in struct {
		ID     string   `json:"id"`
		Add    []string `json:"add"`
		Remove []string `json:"remove"`
		IsRead *bool    `json:"isRead"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	found := s.exchange.Edit(in.ID, func(m *graphtest.Message) {
		m.Categories = slices.DeleteFunc(m.Categories, func(c string) bool { return slices.Contains(in.Remove, c) || slices.Contains(in.Add, c) })
		m.Categories = append(m.Categories, in.Add...)
		if in.IsRead != nil {
			m.IsRead = *in.IsRead
		}
	})
	if !found {
		return nil, fmt.Errorf("there is no mail %q", in.ID)
	}
	return struct{}{}, nil
}

// comment does what an agent does who answers on a ticket.
func (s *sandbox) comment(r *http.Request) (any, error) {
	in := struct {
		Ticket int64  `json:"ticket"`
		HTML   string `json:"html_body"`
		Public bool   `json:"public"`
	}{Public: true}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if _, ok := s.support.Ticket(in.Ticket); !ok || in.HTML == "" {
		return nil, fmt.Errorf("it takes a ticket that there is, which %d may not be, and an html_body", in.Ticket)
	}
	s.support.Edit(in.Ticket, func(t *zendesktest.Ticket) {
		t.Comments = append(t.Comments, zendesktest.Comment{HTML: in.HTML, Public: in.Public})
	})
	return struct{}{}, nil
}
