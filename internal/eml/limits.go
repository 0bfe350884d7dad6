package eml

// Limits bounds what a hostile message can cost. Zero fields take defaults.
type Limits struct {
	// HeaderBytes bounds one header block; 0 is 256 KiB.
	HeaderBytes int
	// Fields bounds the fields of one header block; 0 is 1000.
	Fields int
	// Parts bounds leaves and multiparts together; 0 is 1000.
	Parts int
	// Depth bounds how deep multiparts nest; 0 is 30.
	Depth int
	// Addresses bounds what is taken from the fields of one name; 0 is 2000.
	Addresses int
}

func (l *Limits) withDefaults() Limits {
	var v Limits
	if l != nil {
		v = *l
	}
	set := func(field *int, def int) {
		if *field <= 0 {
			*field = def
		}
	}
	set(&v.HeaderBytes, 256<<10)
	set(&v.Fields, 1000)
	set(&v.Parts, 1000)
	set(&v.Depth, 30)
	set(&v.Addresses, 2000)
	return v
}
