package graph

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/rest"
)

// draftTries is how often a draft with files is begun anew when one of them is
// in doubt.
const draftTries = 3

// composing is a draft that is made or finished.
type composing struct {
	c        *Client
	l        *exdesk.Letter
	plan     *plan
	copy     *exdesk.Copy
	repaired []exdesk.Field // that were set by other means than MIME
	expected []exdesk.FieldReport
}

// Draft implements exdesk.Outbox. The letter is given to Graph as MIME; of one that
// is too large for that, the largest files are attached one by one. What the draft does not have of the guarded fields
// is set by extended properties ([MS-OXCMAIL] 2.1.3.2), which also makes the
// mailbox know the names of x- fields, so that it should keep them from MIME the
// next time. Where that is of no use it is taught them by a JSON draft with
// internetMessageHeaders, five at a time, and the draft is made anew.
//
// A draft is found, if the answer that told of it was lost, by its Message-ID, or
// by its X-Zendesk-Email-Id in a mailbox that knows the name. Where Exchange
// writes another Message-ID into drafts and does not know the name, it stays in
// Drafts, and another one is sent.
//
// A draft that was begun has all its files if it was Ready, and otherwise is
// replaced if it is to have any. So is one that only looks like the letter's.
func (c *Client) Draft(ctx context.Context, l *exdesk.Letter, begun *exdesk.Copy) (*exdesk.Copy, error) {
	p, err := newPlan(l)
	if err != nil {
		return nil, err
	}
	d := &composing{c: c, l: l, plan: p, copy: begun}
	if begun != nil && begun.Record == nil && (len(p.files) > 0 || !begun.Marked) {
		if err := d.discard(ctx); err != nil {
			return nil, err
		}
	}
	for n := 1; ; n++ {
		ready := d.copy != nil && d.copy.Record != nil
		if err = d.head(ctx); err == nil && !ready {
			err = d.attach(ctx)
			// Which files it has is known only of a draft that nothing went wrong with.
			if again := errors.Is(err, errSession) || errors.Is(err, exdesk.ErrDoubtful); again && n < draftTries && ctx.Err() == nil {
				if err := d.discard(ctx); err != nil {
					return nil, err
				}
				continue
			}
		}
		if err == nil {
			return d.copy, nil
		}
		if d.copy != nil && errors.Is(err, exdesk.ErrRefused) {
			_ = d.discard(ctx)
		}
		return nil, err
	}
}

func (d *composing) discard(ctx context.Context) error {
	err := d.c.Discard(ctx, d.l, d.copy.ID)
	if isGone(err) {
		return errSent // somebody took it away, and sending does
	}
	if err == nil {
		d.copy = nil
	}
	return err
}

// head makes the draft, unless there is one, and its header what it should be.
func (d *composing) head(ctx context.Context) error {
	ready := d.copy != nil && d.copy.Record != nil // it may be on its way
	if d.copy == nil {
		if err := d.create(ctx); err != nil {
			return err
		}
	}
	h := &d.c.habits
	d.repaired = nil
	missing, err := d.mark(ctx, h.usual(d.l))
	if err != nil {
		return err
	}
	wanting := h.hopeful(d.l, missing)
	if len(wanting) > 0 {
		if missing, err = d.mark(ctx, wanting); err != nil {
			return err
		}
		if names := h.untaught(d.l, missing); len(names) > 0 && !ready {
			if missing, err = d.again(ctx, names, wanting); err != nil {
				return err
			}
		}
	}
	if !ready { // of which not all was tried
		h.learn(d.copy.Fields, wanting, missing)
	}
	if slices.EqualFunc(d.copy.Fields, d.expected, func(a, b exdesk.FieldReport) bool { return a.Survival == b.Survival }) {
		return nil
	}
	_, err = d.c.change(ctx, "mark draft", d.copy.ID, map[string]any{"singleValueExtendedProperties": []property{headerProperty(d.copy.Fields)}})
	return err
}

// again makes the draft anew once the mailbox was taught names.
func (d *composing) again(ctx context.Context, names, wanting []exdesk.Field) (missing []exdesk.Field, err error) {
	if err := d.teach(ctx, names); err != nil {
		return nil, err
	}
	if err := d.discard(ctx); err != nil {
		return nil, err
	}
	d.repaired = nil
	if err := d.create(ctx); err != nil {
		return nil, err
	}
	return d.mark(ctx, wanting)
}

// create makes the draft, of MIME. A draft made of JSON could carry the mark at
// once, but not Date, nor fields beyond five.
func (d *composing) create(ctx context.Context) error {
	var out letterItem
	req := &rest.Request{Op: "create draft", Method: http.MethodPost, Path: d.c.path("messages"), Header: immutable(),
		Type: "text/plain", Shorten: 16 << 10}
	mime := &octets{size: d.plan.size, open: func() (io.Reader, error) { return d.plan.mime(d.l), nil }}
	mime.base64(req, "", "")
	if _, err := d.c.rest.JSON(ctx, req, &out); err != nil {
		return mime.blame(err)
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
			JSON: map[string]any{"subject": "exdesk teaches this mailbox names", "internetMessageHeaders": part,
				// By which it is deleted if it is not here.
				"singleValueExtendedProperties": []property{{ID: markID, Value: value(discarded + d.l.Key)}}}, Shorten: 16 << 10}, &out)
		if err == nil && out.ID != "" {
			err = d.c.Delete(ctx, out.ID)
		}
		if err != nil && !isGone(err) {
			return err
		}
	}
	d.c.habits.taught(names)
	return nil
}

// maxJSONHeaders is how many internetMessageHeaders a message may have.
const maxJSONHeaders = 5

// mark writes on the draft what it is found by, what is expected to become of
// its header, and fields by their properties. It returns the fields that the
// draft lacks then.
func (d *composing) mark(ctx context.Context, fields []exdesk.Field) (missing []exdesk.Field, err error) {
	d.repaired = append(d.repaired, fields...)
	d.expected = make([]exdesk.FieldReport, len(d.l.Guarded))
	for i, f := range d.l.Guarded {
		d.expected[i] = exdesk.FieldReport{Name: f.Name, Handed: f.Value, Survival: exdesk.Kept}
		if slices.Contains(d.repaired, f) {
			d.expected[i].Survival = exdesk.Repaired
		}
	}
	change := map[string]any{"singleValueExtendedProperties": append([]property{
		{ID: markID, Value: value(d.l.Key)}, {ID: notificationID, Value: value(d.l.Notification)}, headerProperty(d.expected),
	}, properties(fields)...)}
	for _, f := range fields {
		if strings.EqualFold(f.Name, "Message-ID") {
			change["internetMessageId"] = f.Value // of a draft it can be set ("Update message")
		}
	}
	draft, err := d.c.changeDraft(ctx, "mark draft", d.copy.ID, change)
	switch {
	case isGone(err):
		// Sending takes it away, and so does a person. The next look tells.
		return nil, errTakenAway
	case err != nil:
		return nil, err
	case !draft:
		return nil, errSent
	}
	if err := d.compare(ctx); err != nil {
		return nil, err
	}
	for i := range d.copy.Fields {
		f := &d.copy.Fields[i]
		switch f.Survival {
		case exdesk.Changed, exdesk.Lost:
			missing = append(missing, d.l.Guarded[i])
			continue
		case exdesk.Kept:
			f.Survival = d.expected[i].Survival
		}
		if f.Name == "Message-ID" {
			d.copy.MessageID = f.Handed
		}
	}
	return missing, nil
}

// headerProperty is the property that tells what became of the header.
func headerProperty(fields []exdesk.FieldReport) property {
	fields = slices.Clone(fields)
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

// properties are those that become fields ([MS-OXCMAIL] 2.1.3.2). Of a field that
// has a property of its own, such as Date, one of its name would be of no use
// (2.1.3.2.4).
func properties(fields []exdesk.Field) []property {
	var list []property
	for _, f := range fields {
		switch name := strings.ToLower(f.Name); {
		case name == "in-reply-to":
			list = append(list, property{ID: "String 0x1042", Value: value(f.Value)})
		case name == "references":
			list = append(list, property{ID: "String 0x1039", Value: value(f.Value)})
		case name == "x-auto-response-suppress" && strings.EqualFold(strings.TrimSpace(f.Value), "All"):
			list = append(list, property{ID: "Integer 0x3FDF", Value: "-1"}, property{ID: internetHeaders + f.Name, Value: value(f.Value)})
		case name != "message-id" && repairable(f):
			list = append(list, property{ID: internetHeaders + f.Name, Value: value(f.Value)})
		}
	}
	return list
}

// repairable reports whether there is a way to set a field.
func repairable(f exdesk.Field) bool {
	switch strings.ToLower(f.Name) {
	case "from", "sender", "reply-to", "to", "cc", "bcc", "date", "subject":
		return false
	}
	return true
}

// compare reads the draft as it would leave.
func (d *composing) compare(ctx context.Context) error {
	req := &rest.Request{Op: "read draft", Path: d.c.path("messages", d.copy.ID, "$value"), Header: immutable()}
	resp, err := d.c.rest.Do(ctx, req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if d.copy.Fields, err = d.l.Compare(resp.Body); err != nil {
		return explain(&rest.Failure{Op: req.Op, Status: resp.StatusCode, Header: resp.Header, Wait: -1, Err: err})
	}
	return nil
}
