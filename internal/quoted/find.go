package quoted

import "strings"

// find returns which lines are the quotation: lines[from:to], where from > 0.
func find(lines []line) (from, to int, ok bool) {
	f := newFinder(lines)
	for i := range lines {
		from, body, v := f.at(i)
		switch {
		case v == passOn || v == marked && !f.mayCut(from):
			return 0, 0, false
		case v == marked && f.quotedAt(body):
			return from, f.tail, true
		case v == marked:
			return from, len(lines), !commented(lines[body:])
		}
		f.quoted = f.quoted || lines[i].depth > 0
	}
	return 0, 0, false
}

// finder goes through the lines of one text.
type finder struct {
	lines []line
	// tail is where the quoted lines end for good. What is there is a
	// signature, or nothing.
	tail int
	// answer is the last line before the tail that is not quoted: quoted lines
	// before it have an answer under them.
	answer int
	// quoted tells that lines were passed that are quoted.
	quoted bool
}

func newFinder(lines []line) *finder {
	f := &finder{lines: lines, tail: len(lines), answer: -1}
	last := len(lines) - 1
	for last >= 0 && lines[last].depth == 0 {
		last--
	}
	if last < 0 {
		return f
	}
	if rest := lines[last+1:]; isTail(rest) {
		if f.tail = last + 1; isToken(rest) {
			f.tail = len(lines)
		}
		f.answer = last
	} else {
		f.answer = len(lines) - 1
	}
	for f.answer >= 0 && lines[f.answer].depth > 0 {
		f.answer--
	}
	return f
}

// verdict is what a line says of the text around it.
type verdict int

const (
	nothing verdict = iota
	marked          // a quotation begins
	passOn          // a forwarded message begins
)

// at judges line i. Where it is a mark, the quotation begins at from, and what is
// quoted, below the words of the mail program, at body.
func (f *finder) at(i int) (from, body int, v verdict) {
	l := &f.lines[i]
	first := l.depth > 0 // of the quoted lines
	if first && f.quoted {
		return 0, 0, nothing
	}
	if l.flags&passedOn != 0 || isForward(l.text) {
		return 0, 0, passOn
	}
	body = i + 1
	if first {
		body = i
	}
	switch end, forward := f.block(i); {
	case forward:
		return 0, 0, passOn
	case end > 0:
		if !first {
			body = end
		}
		return f.mark(i, body)
	case isDelimiter(f.lines, i), separates(l.text) && !f.rawNear(i+1):
		return f.mark(i, body)
	case first:
		if f.introduced(i) {
			return f.mark(i, i)
		}
		return 0, 0, nothing
	}
	switch start, sure := f.attribution(i, false); {
	case start < 0:
	case f.quotedAt(body) && !f.quoted, sure && !f.quotedAt(body) && body < len(f.lines):
		return f.mark(start, body)
	}
	return 0, 0, nothing
}

// mark marks a quotation, unless it has quote marks and they do not go on to
// its end: then there are answers.
func (f *finder) mark(from, body int) (int, int, verdict) {
	if f.quotedAt(body) && body <= f.answer {
		return 0, 0, nothing
	}
	return f.above(from), body, marked
}

func (f *finder) quotedAt(i int) bool { return i < len(f.lines) && f.lines[i].depth > 0 }

// introduced reports whether quoted lines that nothing stands over are a
// quotation: a person may quote too, or show the output of a program.
func (f *finder) introduced(i int) bool {
	l := f.lines[i]
	if l.flags&citation != 0 {
		return true
	}
	for j := i; j < min(i+4, len(f.lines)); j++ {
		if start, _ := f.attribution(j, false); start >= i && f.quotedAt(j) {
			return true
		}
	}
	return l.flags&angled != 0 && l.depth < 3 && f.tail-i >= 3
}

// above takes in what a program draws or says over its marks.
func (f *finder) above(i int) int {
	if i > 0 && f.lines[i-1].depth == 0 {
		_, drawn := dashed(f.lines[i-1].text) // as Notes does
		if drawn || isDelimiter(f.lines, i) {
			if start, _ := f.attribution(i-1, true); start >= 0 {
				i = start
			}
		}
	}
	for i > 0 && (isRule(f.lines[i-1].text) || isOriginal(f.lines[i-1].text)) {
		i--
	}
	return i
}

// mayCut reports whether what is above the quotation can stand alone.
func (f *finder) mayCut(from int) bool {
	kept := f.lines[:from]
	n := 0
	for i := range kept {
		if says(kept[i].text) {
			n++
		}
	}
	if n == 0 {
		return false
	}
	last := kept[from-1].text
	if endsInColon(last) {
		return false
	}
	// With a salutation only, the rest is elsewhere.
	if n == 1 && strings.ContainsAny(last[len(last)-1:], ",;") {
		return false
	}
	return !points(kept)
}

// isTail reports whether lines under a quotation are a signature or the like,
// which is kept, and no answer.
func isTail(lines []line) bool {
	if len(lines) == 0 {
		return true
	}
	l := lines[0]
	if l.flags&signature != 0 || isRule(l.text) || isToken(lines) || isSentFrom(l.text) {
		return true
	}
	switch l.text {
	case "--", "- -", "—", "---":
		return true
	}
	for _, l := range lines {
		if strings.Trim(l.text, object+" ") != "" {
			return false
		}
	}
	return true
}

// isToken reports whether all there is is the token by which Zendesk knows its
// ticket, such as [62X0VV-2436V]. It is hidden in the notification.
func isToken(lines []line) bool {
	if len(lines) != 1 {
		return false
	}
	s, ok := strings.CutPrefix(lines[0].text, "[")
	s, end := strings.CutSuffix(s, "]")
	a, b, dash := strings.Cut(s, "-")
	if !ok || !end || !dash || len(a) < 4 || len(b) < 4 || len(s) > 24 {
		return false
	}
	return strings.Trim(a+b, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
