package contracts_test

import "path"

// deviation is what may differ from a contract. op and what are patterns of
// path.Match; an operation that the contract does not have goes by its method and
// path.
type deviation struct {
	op, what string
	why      string // with the source
}

func (d deviation) covers(f finding) bool {
	match := func(pattern, s string) bool {
		ok, err := path.Match(pattern, s)
		return s == pattern || err == nil && ok
	}
	return match(d.op, f.op) && match(d.what, f.what)
}
