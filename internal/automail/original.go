package automail

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/exdesk/exdesk/internal/eml"
)

// originals collects the Message-IDs of the mail that this one is about. In a
// report's text they may stand too: bounces quote headers there.
func (m *mail) originals(report bool) []string {
	var ids []string
	own := m.h.MessageIDs("Message-ID")
	own = own[:min(len(own), maxOriginals)] // a hostile mail has thousands
	add := func(list ...string) {
		for _, id := range list {
			if id != "" && len(id) <= maxID && isPlain(id) && len(ids) < maxOriginals && !slices.Contains(ids, id) && !slices.Contains(own, id) {
				ids = append(ids, id)
			}
		}
	}
	if report {
		add(m.returned().messageIDs("Message-ID")...)
		for _, r := range m.reports {
			for _, group := range fields(r.text()) {
				for _, f := range group {
					switch f.name {
					case "original-message-id", // RFC 8098 §3.2.5
						"x-original-message-id": // QUIRK: Gmail
						add(identifier(f.value))
					}
				}
			}
		}
		add(m.h.MessageIDs("X-Original-Message-ID")...)
		for _, found := range idInText.FindAllStringSubmatch(m.text, 3) {
			add(found[1])
		}
	}
	parents := m.h.MessageIDs("In-Reply-To")
	add(parents[:min(len(parents), 5*maxOriginals)]...)
	refs := m.h.MessageIDs("References")
	refs = refs[max(0, len(refs)-5*maxOriginals):]
	slices.Reverse(refs) // the parent is last (RFC 5322 §3.6.4)
	add(refs...)
	return ids
}

// identifier is the Message-ID in the field of a report.
func identifier(s string) string {
	if _, rest, ok := strings.Cut(s, "<"); ok {
		s, _, _ = strings.Cut(rest, ">")
	}
	return strings.TrimSpace(s)
}

// idInText is a Message-ID in a header that a text quotes.
var idInText = regexp.MustCompile(`(?im)^[ \t>|*]*(?:X-)?(?:Original-)?Message-ID[ \t]*:\s*<([^<>\s]{3,500})>`)

// returned is the header of the mail that a report returns, nil for none.
func (m *mail) returned() *returned {
	if m.original == nil {
		return nil
	}
	b := m.original.b
	if m.original.left == 0 { // cut off somewhere: the last line is not whole
		b = b[:bytes.LastIndexByte(b, '\n')+1]
	}
	r := eml.NewReader(bytes.NewReader(b), nil)
	defer r.Release()
	h, err := r.Header()
	if err != nil {
		return nil
	}
	return &returned{h}
}

type returned struct{ h *eml.Header }

func (r *returned) messageIDs(name string) []string {
	if r == nil {
		return nil
	}
	return r.h.MessageIDs(name)
}

func (r *returned) has(name string) bool { return r != nil && r.h.Has(name) }
