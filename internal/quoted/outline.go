package quoted

// outline is what remains of a piece of HTML when all elements that are whole in
// it are taken out: end tags of elements that stand around it, then start tags.
type outline struct {
	ends, starts []token
	open         map[string]int // how many of starts have that name
}

// outlineOf reads HTML in linear time, however it nests. around is the outline of
// what comes before it, if that counts; what s ends of it is closed.
func outlineOf(s string, around *outline) *outline {
	o := &outline{open: make(map[string]int)}
	for at := 0; at < len(s); {
		t := next(s, at)
		at = t.to
		switch {
		case t.name == "" || t.name == "!" || void[t.name]:
		case !t.end:
			o.starts = append(o.starts, t)
			o.open[t.name]++
		case !o.close(t.name) && around != nil && around.close(t.name):
			o.ends = append(o.ends, t)
			for len(o.starts) > 0 { // they were within it
				o.pop()
			}
		}
	}
	return o
}

// close closes the innermost element of that name and those within it, whose end
// tags were left out.
func (o *outline) close(name string) bool {
	if o.open[name] == 0 {
		return false
	}
	for o.pop() != name {
	}
	return true
}

// pop closes the innermost element and returns its name.
func (o *outline) pop() string {
	n := len(o.starts) - 1
	last := o.starts[n].name
	o.starts = o.starts[:n]
	o.open[last]--
	return last
}

// void are the elements that have no end tag.
var void = set("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr", "keygen", "frame", "bgsound", "basefont")
