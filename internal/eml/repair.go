package eml

import (
	"bytes"
	"strings"
)

// lineClass is what a line of a header looks like.
type lineClass int

const (
	blankLine lineClass = iota // ends the header
	whiteLine                  // white space only
	foldLine                   // continues a field
	fieldLine                  // begins a field
	oddLine                    // none of them
)

func classify(line []byte) lineClass {
	if line = bytes.TrimRight(line, "\r"); len(line) == 0 {
		return blankLine
	}
	if line[0] == ' ' || line[0] == '\t' {
		if len(bytes.TrimSpace(line)) == 0 {
			return whiteLine
		}
		return foldLine
	}
	if fieldName(line) != nil {
		return fieldLine
	}
	return oddLine
}

// fieldName returns the name of the field that line begins, nil for none.
// RFC 5322 §2.2 lets a name have any printable character; no real one begins
// with a sign, and "--x:y" is more likely a delimiter.
func fieldName(line []byte) []byte {
	colon := bytes.IndexByte(line, ':')
	if colon < 1 || colon > 200 {
		return nil
	}
	name := trimRight(line[:colon]) // RFC 5322 §4.5, obsolete
	for i, c := range name {
		alnum := '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if c <= ' ' || c > '~' || i == 0 && !alnum {
			return nil
		}
	}
	if bytes.HasPrefix(line[colon:], []byte("://")) {
		return nil
	}
	return name
}

var knownFields = map[string]bool{
	"from": true, "to": true, "cc": true, "bcc": true, "subject": true, "date": true,
	"message-id": true, "in-reply-to": true, "references": true, "reply-to": true,
	"sender": true, "received": true, "return-path": true, "mime-version": true,
	"delivered-to": true, "user-agent": true, "importance": true, "priority": true,
	"precedence": true, "errors-to": true, "auto-submitted": true, "organization": true,
	"received-spf": true, "authentication-results": true, "dkim-signature": true,
	"domainkey-signature": true, "thread-topic": true, "thread-index": true,
	"accept-language": true, "envelope-to": true, "status": true,
}

// known tells whether a field of that name is common in mail, so that a line
// with it hardly belongs to a text.
func known(name []byte) bool {
	if len(name) == 0 || len(name) > 60 {
		return false
	}
	n := strings.ToLower(string(name))
	if knownFields[n] {
		return true
	}
	for _, prefix := range []string{"x-", "content-", "list-", "resent-", "arc-"} {
		if strings.HasPrefix(n, prefix) {
			return true
		}
	}
	return false
}

// moreFields tells whether w, which begins a line, has a known field within
// its first lines. With skipBlank it looks past blank lines.
func moreFields(w []byte, skipBlank bool) bool {
	for range 12 {
		line, rest, _ := bytes.Cut(w, []byte("\n"))
		switch classify(line) {
		case blankLine:
			if !skipBlank || len(rest) == 0 {
				return false
			}
		case fieldLine:
			if known(fieldName(line)) {
				return true
			}
		case oddLine:
			if bytes.HasPrefix(line, []byte("--")) {
				return false
			}
		}
		w = rest
	}
	return false
}

// unfinished tells whether a field needs another line: it ends in a separator,
// or in the middle of a quoted string or of angle brackets.
func unfinished(field []byte) bool {
	field = bytes.TrimRight(field, " \t\r\n")
	if len(field) == 0 || len(field) > 16<<10 {
		return false // looking through a long field for each line costs too much
	}
	if c := field[len(field)-1]; c == ',' || c == ';' {
		return true
	}
	return bytes.Count(field, []byte(`"`))%2 == 1 || bytes.LastIndexByte(field, '<') > bytes.LastIndexByte(field, '>')
}

// parameter tells whether line looks like a parameter of the Content- field
// before it (RFC 2045 §5.1).
func parameter(field, line []byte) bool {
	if len(field) < 8 || !bytes.EqualFold(field[:8], []byte("content-")) {
		return false
	}
	name, _, ok := bytes.Cut(line, []byte("="))
	return ok && len(name) > 0 && len(name) < 40 && !bytes.ContainsAny(name, " \t<>\"/")
}

// malformedField tells whether an odd line is a field with a broken name, such
// as one with 8-bit letters or with a word before it.
func malformedField(line []byte) bool {
	name, _, ok := bytes.Cut(line, []byte(":"))
	words := bytes.Fields(name)
	if !ok || len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	if first := words[0]; len(first) > 2 && bytes.EqualFold(first[:2], []byte("x-")) {
		return true
	}
	if len(words) == 1 {
		return bytes.ContainsFunc(last, func(c rune) bool { return c > '~' })
	}
	return len(words) <= 3 && known(last)
}

// mboxLine tells whether line is the envelope line of an mbox file.
//
// QUIRK: mail exported from Unix mailboxes, and with ">" where it was quoted.
func mboxLine(line []byte) bool {
	return bytes.HasPrefix(bytes.TrimPrefix(line, []byte(">")), []byte("From ")) && fieldName(line) == nil
}

// line returns the next line without its line end, and its length with it.
// Without a line end in a full window, whole is false. n is 0 at the end.
func (r *Reader) line() (line []byte, n int, whole bool, err error) {
	for from := 0; ; {
		w := r.src.window()
		if i := bytes.IndexByte(w[from:], '\n'); i >= 0 {
			return bytes.TrimRight(w[:from+i], "\r"), from + i + 1, true, nil
		}
		from = len(w)
		if !r.src.more() {
			if err := r.src.trouble(); err != nil {
				return nil, 0, false, err
			}
			return w, len(w), !r.src.full(), nil
		}
	}
}

// after makes sure that some lines behind the first n octets of the window can
// be looked at, and returns them and the line itself anew.
func (r *Reader) after(n int) (line, w []byte, err error) {
	const enough = 2 << 10
	if r.src.atLeast(n + enough); r.src.trouble() != nil {
		return nil, nil, r.src.trouble()
	}
	w = r.src.window()
	return bytes.TrimRight(w[:n], "\r\n"), w[n:min(len(w), n+enough)], nil
}

// readHeader reads the header of the message (path "") or of a part and leaves
// the reader at the begin of the body.
func (r *Reader) readHeader(path string) (*Header, error) {
	b := blocks.Get().(*block)
	defer b.release()
	for done, long := false, false; !done; {
		line, n, whole, err := r.line()
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		if b.octets += n; b.octets > r.lim.HeaderBytes {
			return nil, errorf(path, "The header of %s is larger than %d bytes.", whose(path), r.lim.HeaderBytes)
		}
		if long {
			b.extend(line)
		} else {
			if len(r.stack) > 0 && bytes.HasPrefix(line, []byte("--")) {
				if _, v := r.match(r.src.window()[:n], true); v == matches {
					r.note("no blank line after the header of %s", whose(path))
					break
				}
			}
			var take bool
			if b.fields() == 0 {
				take, done, err = r.firstLine(b, path, line, n)
			} else {
				take, done, err = r.nextLine(b, path, line, n)
			}
			if err != nil {
				return nil, err
			}
			if !take {
				break
			}
		}
		long = !whole
		r.src.pos += n
		if b.fields() > r.lim.Fields {
			return nil, errorf(path, "The header of %s has more than %d fields.", whose(path), r.lim.Fields)
		}
	}
	if b.nul {
		r.note("NUL in the header of %s", whose(path))
	}
	r.startBody()
	return r.newHeader(b), nil
}

// firstLine handles a line before any field was read. take says that the line
// belongs to the header, done that the header ends with it.
func (r *Reader) firstLine(b *block, path string, line []byte, n int) (take, done bool, err error) {
	class := classify(line)
	if class == fieldLine {
		b.add(line)
		return true, false, nil
	}
	if path != "" && (class == blankLine || class == whiteLine) {
		return true, true, nil // a part may well have no header (RFC 2046 §5.1)
	}
	line, rest, err := r.after(n)
	if err != nil {
		return false, false, err
	}
	switch {
	case path == "" && mboxLine(line):
		r.note("mbox envelope line before the header")
		return true, false, nil
	case class == foldLine && known(fieldName(bytes.TrimSpace(line))):
		r.note("the first line of the header of %s is indented", whose(path))
		b.add(bytes.TrimSpace(line))
		return true, false, nil
	case path == "" && moreFields(rest, class == blankLine || class == whiteLine):
		r.note("junk before the header")
		return true, false, nil
	case class == blankLine || class == whiteLine:
		r.note("the message has no header")
		return true, true, nil
	}
	r.note("%s has no header", whose(path))
	return false, true, nil
}

// nextLine handles a line after a field, as firstLine does.
func (r *Reader) nextLine(b *block, path string, line []byte, n int) (take, done bool, err error) {
	class := classify(line)
	switch class {
	case blankLine:
		return true, true, nil
	case foldLine:
		b.fold(line)
		return true, false, nil
	case fieldLine:
		b.add(line)
		return true, false, nil
	}
	line, rest, err := r.after(n)
	if err != nil {
		return false, false, err
	}
	next, _, _ := bytes.Cut(rest, []byte("\n"))
	if class == whiteLine {
		// RFC 5322 §4.2 lets obsolete folding have such lines. QUIRK: some
		// scripts write one in the place of the blank line.
		switch c := classify(next); {
		case c == foldLine && bytes.HasPrefix(bytes.TrimLeft(next, " \t"), []byte("=?")):
			// QUIRK: Japanese mailers that fold between a word and the
			// encoded-word after it, with such a line. What they fold has no
			// spaces, and the fold is none either.
			b.glued = true
			return true, false, nil
		case c == foldLine, c == whiteLine, c == blankLine, c == fieldLine && known(fieldName(next)):
			return true, false, nil
		}
		r.note("white space in the blank line after the header of %s", whose(path))
		return true, true, nil
	}
	switch {
	case bytes.HasPrefix(line, []byte("--")):
	case mboxLine(line):
		r.note("mbox envelope line in the header")
		b.junk = true
		return true, false, nil
	case malformedField(line):
		r.note("malformed field in the header of %s", whose(path))
		b.junk = true
		return true, false, nil
	case moreFields(rest, false), parameter(b.last(), line), unfinished(b.last()):
		r.note("unindented fold in the header of %s", whose(path))
		b.fold(line)
		return true, false, nil
	}
	r.note("no blank line after the header of %s", whose(path))
	return false, true, nil
}
