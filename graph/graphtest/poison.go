package graphtest

import (
	"net/http"
	"slices"
)

// Poison makes a message one that cannot be read, as corrupt items are: a list
// page that would show more of it than its id and receivedDateTime fails with
// 500 ErrorCorruptData, the whole page, and so does asking for it alone. Its
// MIME form, its attachments and PATCH are not affected; see BreakMIME. It
// reports whether there is such a message.
func (s *Server) Poison(id string) bool {
	return s.mar(id, func(it *item) { it.poisoned = true })
}

// BreakMIME makes $value of a message fail with 500 and this code, for ever:
// ErrorMimeContentConversionFailed, which is the default, and ErrorCorruptData
// are those that are seen. Its JSON form and its attachments are not affected.
// It reports whether there is such a message.
func (s *Server) BreakMIME(id, code string) bool {
	if code == "" {
		code = "ErrorMimeContentConversionFailed"
	}
	return s.mar(id, func(it *item) { it.broken = code })
}

func (s *Server) mar(id string, f func(*item)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.item(id)
	if it != nil {
		f(it)
	}
	return it != nil
}

// readable are the properties of a poisoned message that can be shown.
var readable = []string{"id", "receivedDateTime"}

// spoiled refuses to show messages of which one is poisoned.
func (c *call) spoiled(page ...*item) *refusal {
	touched := c.query.selected == nil || len(c.query.expanded) > 0 || c.query.files != nil ||
		slices.ContainsFunc(c.query.selected, func(name string) bool { return !slices.Contains(readable, name) })
	if touched && slices.ContainsFunc(page, func(it *item) bool { return it.poisoned }) {
		return corrupt("ErrorCorruptData")
	}
	return nil
}

func corrupt(code string) *refusal {
	text, ok := texts[code]
	if !ok {
		text = texts["ErrorCorruptData"]
	}
	return &refusal{status: http.StatusInternalServerError, code: code, message: text}
}
