package graph

import (
	"bytes"
	"cmp"
	"encoding/base64"
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
	mime  []byte // as base64
	files []file // that are not in it
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
		text, err := encodeWithout(l, nil, l.Size())
		return &plan{mime: text}, err
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
	p := &plan{files: slices.Clone(files[:n])}
	slices.SortFunc(p.files, func(a, b file) int { return cmp.Compare(a.begin, b.begin) })
	p.mime, err = encodeWithout(l, p.files, left)
	return p, err
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

// encodeWithout returns the letter as base64, without these files, which are in
// their order. size is how many octets there are to encode.
func encodeWithout(l *exdesk.Letter, files []file, size int64) ([]byte, error) {
	out := bytes.NewBuffer(make([]byte, 0, base64.StdEncoding.EncodedLen(int(size))))
	w := base64.NewEncoder(base64.StdEncoding, out)
	at := int64(0)
	for _, f := range append(slices.Clone(files), file{begin: l.Size(), end: l.Size()}) {
		if err := copyRange(w, l, at, f.begin); err != nil {
			return nil, fmt.Errorf("graph: reading the letter: %w", err)
		}
		at = f.end
	}
	err := w.Close()
	return out.Bytes(), err
}

// copyRange writes octets of a letter.
func copyRange(w io.Writer, l *exdesk.Letter, from, to int64) error {
	head := int64(len(l.Header))
	if from < head {
		if _, err := w.Write(l.Header[from:min(to, head)]); err != nil || to <= head {
			return err
		}
		from = head
	}
	n, err := io.Copy(w, io.NewSectionReader(l.Body, from-head, to-from))
	if err == nil && n < to-from {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// open returns the octets of a file.
func (f *file) open(l *exdesk.Letter) (io.Reader, error) {
	head := int64(len(l.Header)) // no part begins in it
	return eml.NewReader(io.NewSectionReader(l.Body, f.entity-head, f.end-f.entity), nil).Next()
}
