package graph

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/exdesk/exdesk"
)

// habits is what a mailbox was seen to do with the fields of MIME. It saves
// requests, and all of it may be wrong.
type habits struct {
	mu    sync.Mutex
	field map[string]*habit // by name in lower case
}

// habit is about one field.
type habit struct {
	repaired int       // how often it had to be set by a property
	taught   bool      // the mailbox was taught the name by JSON
	lost     time.Time // when nothing was seen to keep it
}

// lostFor is how long it is not tried again to keep a field that was lost:
// tenants change, and one answer may have been wrong.
const lostFor = time.Hour

// pick returns the fields whose habit is so.
func (h *habits) pick(fields []exdesk.Field, so func(f exdesk.Field, is *habit) bool) []exdesk.Field {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []exdesk.Field
	for _, f := range fields {
		if so(f, h.of(f.Name)) {
			list = append(list, f)
		}
	}
	return list
}

func (h *habits) of(name string) *habit {
	if h.field == nil {
		h.field = make(map[string]*habit)
	}
	name = strings.ToLower(name)
	if h.field[name] == nil {
		h.field[name] = new(habit)
	}
	return h.field[name]
}

// usual are the fields that have to be set by their properties each time. The
// name of an x- field is known after the first.
func (h *habits) usual(l *exdesk.Letter) []exdesk.Field {
	if l.Probe {
		return nil
	}
	return h.pick(l.Guarded, func(f exdesk.Field, is *habit) bool {
		return is.repaired > 1 || is.repaired == 1 && !extension(f)
	})
}

// hopeful are those of the fields that may be kept if something is done.
func (h *habits) hopeful(l *exdesk.Letter, missing []exdesk.Field) []exdesk.Field {
	return h.pick(missing, func(f exdesk.Field, is *habit) bool {
		return repairable(f) && (l.Probe || time.Since(is.lost) > lostFor)
	})
}

// untaught are the x- fields whose names JSON may teach the mailbox.
func (h *habits) untaught(l *exdesk.Letter, missing []exdesk.Field) []exdesk.Field {
	return h.pick(missing, func(f exdesk.Field, is *habit) bool { return extension(f) && (l.Probe || !is.taught) })
}

func extension(f exdesk.Field) bool { return strings.HasPrefix(strings.ToLower(f.Name), "x-") }

func (h *habits) taught(names []exdesk.Field) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range names {
		h.of(f.Name).taught = true
	}
}

// learn takes note of what a draft lacked at first, and of what it lacks in the
// end.
func (h *habits) learn(fields []exdesk.FieldReport, wanting, missing []exdesk.Field) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range fields {
		is, of := h.of(f.Name), exdesk.Field{Name: f.Name, Value: f.Handed}
		switch {
		case !slices.Contains(wanting, of):
		case slices.Contains(missing, of):
			is.lost = time.Now()
		default:
			is.repaired++
			is.lost = time.Time{}
		}
	}
}
