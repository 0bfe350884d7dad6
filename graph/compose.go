package graph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// habits is what a mailbox was seen to do with the fields of MIME, by their
// names in lower case.
type habits struct {
	mu     sync.Mutex      // guards what follows
	seen   map[string]bool // fields that were set by their property once: of an x- field the mailbox knows the name since
	set    map[string]bool // fields that have to be set so each time
	taught map[string]bool // names that the mailbox was taught by JSON
	lost   map[string]bool // fields that nothing keeps
}

// of returns those of the fields that are in a set.
func (h *habits) of(set *map[string]bool, fields []exdesk.Field) []exdesk.Field {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(fields), func(f exdesk.Field) bool { return !(*set)[strings.ToLower(f.Name)] })
}

// without returns those of the fields that are not in a set.
func (h *habits) without(set *map[string]bool, fields []exdesk.Field) []exdesk.Field {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(fields), func(f exdesk.Field) bool { return (*set)[strings.ToLower(f.Name)] })
}

// learn takes note of which fields a draft lacked, and which it lacks in the end.
func (h *habits) learn(wanting, still []exdesk.Field) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range wanting {
		name := strings.ToLower(f.Name)
		switch {
		case slices.Contains(still, f):
			put(&h.lost, name)
		case h.seen[name] || !strings.HasPrefix(name, "x-"):
			put(&h.set, name)
		default:
			put(&h.seen, name)
		}
	}
}

func put(set *map[string]bool, name string) {
	if *set == nil {
		*set = make(map[string]bool)
	}
	(*set)[name] = true
}

// composing is a draft that is made or finished.
type composing struct {
	c        *Client
	l        *exdesk.Letter
	plan     *plan
	copy     *exdesk.Copy
	begun    bool // by somebody before
	repaired []exdesk.Field
	piece    []byte // of a file on its way
}

// Draft implements exdesk.Outbox. The letter is given to Graph as MIME, files
// beyond 3 MB apart from it. What the draft does not have of the guarded fields
// is set by extended properties ([MS-OXCMAIL] 2.1.3.2), from which the mailbox
// also learns the names of x- fields, so that it keeps them from MIME the next
// time. Where that is of no use it is taught them by a JSON draft with
// internetMessageHeaders, five at a time, and the draft is made anew.
func (c *Client) Draft(ctx context.Context, l *exdesk.Letter, begun *exdesk.Copy) (*exdesk.Copy, error) {
	p, err := newPlan(l)
	if err != nil {
		return nil, err
	}
	d := &composing{c: c, l: l, plan: p, copy: begun, begun: begun != nil}
	if err = d.run(ctx); err != nil {
		if errors.Is(err, exdesk.ErrRefused) && d.copy != nil {
			_ = c.Discard(ctx, d.copy.ID)
		}
		return nil, err
	}
	return d.copy, nil
}

func (d *composing) run(ctx context.Context) error {
	if d.copy == nil {
		if err := d.create(ctx); err != nil {
			return err
		}
	}
	h := &d.c.habits
	missing, err := d.mark(ctx, h.of(&h.set, d.l.Guarded))
	if err != nil {
		return err
	}
	if wanting := h.without(&h.lost, missing); len(wanting) > 0 {
		if missing, err = d.mark(ctx, missing); err != nil {
			return err
		}
		if names := h.without(&h.taught, extensionFields(missing)); len(names) > 0 && !d.begun {
			if missing, err = d.again(ctx, names, wanting); err != nil {
				return err
			}
		}
		h.learn(wanting, missing)
	}
	if len(missing) > 0 {
		// For who wonders later where it was lost.
		if err := d.c.change(ctx, "mark draft", d.copy.ID, map[string]any{"singleValueExtendedProperties": []property{d.header()}}); err != nil {
			return err
		}
	}
	d.plan.mime = nil
	return d.attach(ctx)
}

// again makes the draft anew once the mailbox was taught names.
func (d *composing) again(ctx context.Context, names, wanting []exdesk.Field) (missing []exdesk.Field, err error) {
	if err := d.teach(ctx, names); err != nil {
		return nil, err
	}
	if err := d.c.Discard(ctx, d.copy.ID); err != nil {
		return nil, err
	}
	d.repaired = nil
	if err := d.create(ctx); err != nil {
		return nil, err
	}
	return d.mark(ctx, wanting)
}

// extensionFields are the x- fields among fields.
func extensionFields(fields []exdesk.Field) []exdesk.Field {
	return slices.DeleteFunc(slices.Clone(fields), func(f exdesk.Field) bool { return !strings.HasPrefix(strings.ToLower(f.Name), "x-") })
}

// create makes the draft, of MIME. A draft made of JSON could carry the mark at
// once, but not Date, nor fields beyond five.
func (d *composing) create(ctx context.Context) error {
	var out letterItem
	req := &rest.Request{Op: "create draft", Method: http.MethodPost, Path: d.c.path("messages"), Header: immutable(),
		Data: d.plan.mime, Type: "text/plain", Shorten: 16 << 10}
	if _, err := d.c.rest.JSON(ctx, req, &out); err != nil {
		return err
	}
	if out.ID == "" {
		return explain(&rest.Failure{Op: req.Op, Status: http.StatusCreated, Wait: -1, Doubt: true, Err: errors.New("the answer is not a message")})
	}
	d.copy = out.copy()
	d.copy.Draft = true
	return nil
}

// teach makes the mailbox know the names of x- fields, which it keeps from MIME
// from then on (microsoft-graph-docs-contrib issue 424).
func (d *composing) teach(ctx context.Context, names []exdesk.Field) error {
	for part := range slices.Chunk(names, maxJSONHeaders) {
		var out letterItem
		_, err := d.c.rest.JSON(ctx, &rest.Request{Op: "create draft to teach names", Method: http.MethodPost, Path: d.c.path("messages"), Header: immutable(),
			JSON: map[string]any{"subject": "exdesk teaches this mailbox names", "internetMessageHeaders": part}, Shorten: 16 << 10}, &out)
		if err == nil && out.ID != "" {
			err = d.c.delete(ctx, out.ID)
		}
		if err != nil && !isGone(err) {
			return err
		}
	}
	d.c.habits.mu.Lock()
	defer d.c.habits.mu.Unlock()
	for _, f := range names {
		put(&d.c.habits.taught, strings.ToLower(f.Name))
	}
	return nil
}

// maxJSONHeaders is how many internetMessageHeaders a message may have.
const maxJSONHeaders = 5

// mark writes on the draft what it is found by, the header as it was handed in,
// and fields by their properties. It returns the fields that the draft lacks
// then.
func (d *composing) mark(ctx context.Context, fields []exdesk.Field) (missing []exdesk.Field, err error) {
	d.copy.Fields = nil
	properties := []property{
		{ID: markID, Value: value(d.l.Key)},
		{ID: notificationID, Value: value(d.l.Notification)},
		{ID: recordID, Value: value(formatRecord(d.l.Record(d.copy.ID)))},
		d.header(),
	}
	change := map[string]any{}
	for _, f := range fields {
		if strings.EqualFold(f.Name, "Message-ID") {
			change["internetMessageId"] = f.Value // of a draft it can be set ("Update message")
			continue
		}
		properties = append(properties, fieldProperty(f))
	}
	change["singleValueExtendedProperties"] = properties
	if err := d.c.change(ctx, "mark draft", d.copy.ID, change); err != nil {
		return nil, err
	}
	head, err := d.c.header(ctx, d.copy.ID)
	if err != nil {
		return nil, err
	}
	if d.copy.Fields, err = d.l.Compare(head); err != nil {
		return nil, err
	}
	d.repaired = append(d.repaired, fields...)
	for i := range d.copy.Fields {
		f := &d.copy.Fields[i]
		switch of := (exdesk.Field{Name: f.Name, Value: f.Handed}); {
		case f.Survival == exdesk.Changed || f.Survival == exdesk.Lost:
			missing = append(missing, of)
		case f.Survival == exdesk.Kept && slices.Contains(d.repaired, of):
			f.Survival = exdesk.Repaired
		}
		if f.Name == "Message-ID" && (f.Survival == exdesk.Kept || f.Survival == exdesk.Repaired) {
			d.copy.MessageID = f.Handed
		}
	}
	return missing, nil
}

// header is the property that tells of the header: as it was handed in, and
// later on what became of it.
func (d *composing) header() property {
	fields := slices.Clone(d.copy.Fields)
	if fields == nil {
		for _, f := range d.l.Guarded {
			fields = append(fields, exdesk.FieldReport{Name: f.Name, Handed: f.Value})
		}
	}
	for i := range fields {
		// A long list of references must not be what a draft fails of.
		fields[i].Handed = shorten(fields[i].Handed)
		fields[i].Draft = slices.Clone(fields[i].Draft)
		for k, v := range fields[i].Draft {
			fields[i].Draft[k] = shorten(v)
		}
	}
	text, _ := json.Marshal(fields) // strings
	return property{ID: handedID, Value: value(text)}
}

// fieldProperty is the property that becomes a field ([MS-OXCMAIL] 2.1.3.2).
func fieldProperty(f exdesk.Field) property {
	switch strings.ToLower(f.Name) {
	case "in-reply-to":
		return property{ID: "String 0x1042", Value: value(f.Value)}
	case "references":
		return property{ID: "String 0x1039", Value: value(f.Value)}
	case "x-auto-response-suppress":
		if strings.EqualFold(strings.TrimSpace(f.Value), "All") {
			return property{ID: "Integer 0x3FDF", Value: "-1"}
		}
	}
	return property{ID: internetHeaders + f.Name, Value: value(f.Value)}
}

// header reads the header of a message as it would leave.
func (c *Client) header(ctx context.Context, id string) ([]byte, error) {
	req := &rest.Request{Op: "read draft", Path: c.path("messages", id, "$value"), Header: immutable()}
	resp, err := c.rest.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	head, err := exdesk.ReadHeader(resp.Body)
	if err != nil {
		err = explain(&rest.Failure{Op: req.Op, Status: resp.StatusCode, Header: resp.Header, Wait: -1, Err: err})
	}
	return head, err
}
