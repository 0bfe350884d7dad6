package graph

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/internal/eml"
)

const (
	// maxMIME is the largest message that is given to Graph as MIME: as base64
	// it has to stay below the 4 MB of a request, taken as 4,000,000 octets.
	maxMIME = 2_950_000
	// maxPosted is the largest file that is attached by one request. From 3 MB on
	// there are upload sessions ("Attach large files to Outlook messages or
	// events").
	//
	// QUIRK: a file of the few octets between them, which JSON and base64 need, is
	// too large for the one and too small for the other.
	maxPosted = 2_999_500
)

// plan says how a letter is given to Graph: as it is, or without its largest
// files, which are attached to the draft one by one. Header, text and small
// files come from the MIME in either case, so that a large mail keeps what a
// small one keeps.
type plan struct {
	files []file // that are not in the MIME
	size  int64  // of the MIME without them
}

// file is a leaf of a letter.
type file struct {
	name, kind, contentID string
	inline                bool
	begin, entity, end    int64 // see eml.Part.Span
	size                  int64 // decoded
}

func newPlan(l *exdesk.Letter) (*plan, error) {
	if l.Size() <= maxMIME {
		return &plan{size: l.Size()}, nil
	}
	files, err := filesOf(l)
	if err != nil {
		return nil, err
	}
	// The largest first: it takes the fewest requests.
	slices.SortStableFunc(files, func(a, b file) int { return cmp.Compare(b.end-b.begin, a.end-a.begin) })
	left := l.Size()
	n := 0
	for ; n < len(files) && left > maxMIME; n++ {
		left -= files[n].end - files[n].begin
	}
	if left > maxMIME {
		return nil, fmt.Errorf("graph: what cannot be attached by itself, such as text and what is signed, is more than Graph takes at once: %w", exdesk.ErrTooLarge)
	}
	p := &plan{files: slices.Clone(files[:n]), size: left}
	slices.SortFunc(p.files, func(a, b file) int { return cmp.Compare(a.begin, b.begin) })
	return p, nil
}

// filesOf lists the leaves of a letter that can be attached by themselves. What
// is signed is left whole.
func filesOf(l *exdesk.Letter) (files []file, err error) {
	r := eml.NewReader(l.Reader(), &eml.Limits{Parts: 100_000})
	var parts []*eml.Part
	var sizes []int64
	for {
		p, err := r.Next()
		if err == io.EOF {
			break
		}
		var n int64
		if err == nil {
			n, err = io.Copy(io.Discard, p)
		}
		if err != nil {
			var broken *eml.Error
			if errors.As(err, &broken) {
				err = fmt.Errorf("graph: the letter: %w: %w", err, exdesk.ErrRefused)
			}
			return nil, err
		}
		parts, sizes = append(parts, p), append(sizes, n)
	}
	for i, p := range parts {
		f := file{name: p.Name, kind: p.Type, contentID: p.ContentID, inline: p.Disposition != "attachment" && p.ContentID != "", size: sizes[i]}
		if f.name == "" {
			f.name = "attachment-" + strconv.Itoa(i+1)
			if p.Type == "message/rfc822" {
				f.name += ".eml"
			}
		}
		var ok bool
		f.begin, f.entity, f.end, ok = p.Span()
		whole := slices.ContainsFunc(p.Within, func(c eml.Container) bool {
			return c.Type == "multipart/signed" || c.Type == "multipart/encrypted" || c.Type == "multipart/alternative" && p.ContentID == ""
		})
		body := strings.HasPrefix(p.Type, "text/") && p.Disposition != "attachment" && p.Name == ""
		if ok && !whole && !body && sizes[i] > 0 {
			files = append(files, f)
		}
	}
	return files, nil
}

// mime returns the MIME that is given to Graph.
func (p *plan) mime(l *exdesk.Letter) io.Reader {
	var parts []io.Reader
	head := int64(len(l.Header))
	at := int64(0)
	for _, f := range append(slices.Clone(p.files), file{begin: l.Size(), end: l.Size()}) {
		if at < head {
			parts = append(parts, bytes.NewReader(l.Header[at:min(f.begin, head)]))
			at = min(f.begin, head)
		}
		parts = append(parts, io.NewSectionReader(l.Body, at-head, f.begin-at))
		at = f.end
	}
	return io.MultiReader(parts...)
}

// octets returns those of a file.
func (f *file) octets(l *exdesk.Letter) *octets {
	head := int64(len(l.Header)) // no part begins in it
	return &octets{size: f.size, open: func() (io.Reader, error) {
		return eml.NewReader(io.NewSectionReader(l.Body, f.entity-head, f.end-f.entity), nil).Next()
	}}
}
