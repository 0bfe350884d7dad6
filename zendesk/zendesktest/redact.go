package zendesktest

import (
	"strings"
	"unicode/utf8"
)

// Redact lets an agent take a text out of a comment for good: each of its
// characters becomes a "▇", in the text and in the HTML where it is written
// the same. An empty text takes the comment's files instead, each of which
// becomes an empty redacted.txt. A comment that does not exist is left alone.
// https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_comments/#redact-ticket-comment-in-agent-workspace
func (s *Server) Redact(ticket, comment int64, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.ticket(ticket)
	if t == nil {
		return
	}
	for _, m := range t.comments {
		if m.ID != comment {
			continue
		}
		au := s.addAudit(t, s.agent, byWeb)
		au.events = append(au.events, event{kind: "CommentRedactionEvent", more: object{"comment_id": m.ID}})
		s.alter(t, au, func() {
			if text == "" {
				for i, f := range m.files {
					delete(s.files, f.key)
					m.files[i] = s.addFile("redacted.txt", "text/plain", nil)
				}
				return
			}
			blocks := strings.Repeat("▇", utf8.RuneCountInString(text))
			m.Body, m.HTML = strings.ReplaceAll(m.Body, text, blocks), strings.ReplaceAll(m.HTML, text, blocks)
		})
	}
}
