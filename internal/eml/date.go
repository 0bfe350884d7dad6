package eml

import (
	"strconv"
	"strings"
	"time"
)

var months = map[string]time.Month{
	"jan": time.January, "feb": time.February, "mar": time.March, "apr": time.April,
	"may": time.May, "jun": time.June, "jul": time.July, "aug": time.August,
	"sep": time.September, "oct": time.October, "nov": time.November, "dec": time.December,
}

// zones are the obsolete names of RFC 5322 §4.3, in hours from UTC, and some
// that are common though ambiguous.
var zones = map[string]int{
	"ut": 0, "utc": 0, "gmt": 0, "z": 0, "wet": 0,
	"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
	"cet": 1, "met": 1, "cest": 2, "mest": 2, "eet": 2, "eest": 3, "msk": 3, "jst": 9, "kst": 9,
}

// parseDate reads a date-time (RFC 5322 §3.3) in whatever order its pieces
// come. A missing zone is taken for UTC, as "-0000" is.
func parseDate(s string) (time.Time, bool) {
	if s = strings.TrimSpace(s); s == "" || len(s) > 200 {
		return time.Time{}, false
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04:05 -0700", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	d := dateParser{day: -1, year: -1, hour: -1}
	s = spaceColons(dropComments(s))
	for _, w := range strings.FieldsFunc(s, func(c rune) bool { return c == ' ' || c == ',' }) {
		d.word(w)
	}
	return d.time()
}

// dropComments drops what is in parentheses.
func dropComments(s string) string {
	depth := 0
	return strings.Map(func(c rune) rune {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth = max(0, depth-1)
		case depth == 0:
			return c
		}
		return ' '
	}, s)
}

// spaceColons drops the white space around colons (RFC 5322 §4.3, obsolete).
func spaceColons(s string) string {
	pieces := strings.Split(s, ":")
	for i, p := range pieces {
		if i > 0 {
			p = strings.TrimLeft(p, " ")
		}
		if i < len(pieces)-1 {
			p = strings.TrimRight(p, " ")
		}
		pieces[i] = p
	}
	return strings.Join(pieces, ":")
}

type dateParser struct {
	day, year, hour, min, sec int
	month                     time.Month
	pm, am                    bool
	zone                      *time.Location
}

func (d *dateParser) word(w string) {
	lower := strings.ToLower(w)
	if len(lower) >= 3 {
		if m, ok := months[lower[:3]]; ok && !strings.ContainsAny(lower, "0123456789") {
			if d.month == 0 {
				d.month = m
			}
			return
		}
	}
	switch {
	case lower == "pm":
		d.pm = true
		return
	case lower == "am":
		d.am = true
		return
	case (w[0] == '+' || w[0] == '-') && d.hour >= 0:
		d.offset(w)
		return
	case strings.Contains(w, ":"):
		d.clock(w)
		return
	}
	if h, ok := zones[lower]; ok && d.hour >= 0 {
		if d.zone == nil {
			d.zone = time.FixedZone(w, h*3600)
		}
		return
	}
	if parts := strings.FieldsFunc(w, func(c rune) bool { return c == '-' || c == '/' || c == '.' }); len(parts) == 3 {
		for _, p := range parts { // "21-Nov-97"
			d.word(p)
		}
		return
	}
	if n, err := strconv.Atoi(strings.Trim(w, ".")); err == nil && n >= 0 {
		d.number(n, len(w))
	}
}

func (d *dateParser) number(n, digits int) {
	switch {
	case d.day < 0 && n >= 1 && n <= 31 && digits <= 2:
		d.day = n
	case d.year < 0 && (digits == 4 || d.day >= 0):
		// RFC 5322 §4.3
		switch {
		case n < 50:
			n += 2000
		case n < 1000:
			n += 1900
		}
		d.year = n
	}
}

func (d *dateParser) clock(w string) {
	if d.hour >= 0 {
		return
	}
	// The zone may be glued to it.
	if i := strings.IndexAny(w, "+-"); i > 0 {
		defer d.offset(w[i:])
		w = w[:i]
	}
	w = strings.ToLower(w)
	if rest, ok := strings.CutSuffix(w, "pm"); ok {
		w, d.pm = rest, true
	} else if rest, ok := strings.CutSuffix(w, "am"); ok {
		w, d.am = rest, true
	}
	parts := strings.Split(w, ":")
	var n [3]int
	for i := range min(len(parts), 3) {
		p, _, _ := strings.Cut(parts[i], ".")
		v, err := strconv.Atoi(p)
		if err != nil || v < 0 || v > 60 {
			return
		}
		n[i] = v
	}
	if n[0] < 25 && n[1] < 60 {
		d.hour, d.min, d.sec = n[0], n[1], n[2]
	}
}

// offset reads "+hhmm" and "+hh:mm".
func (d *dateParser) offset(w string) {
	digits := strings.ReplaceAll(w[1:], ":", "")
	n, err := strconv.Atoi(digits)
	if err != nil || d.zone != nil || len(digits) > 4 || n < 0 {
		return
	}
	if len(digits) <= 2 {
		n *= 100
	}
	seconds := (n/100)*3600 + (n%100)*60
	if n/100 > 15 || n%100 > 59 {
		return
	}
	if w[0] == '-' {
		seconds = -seconds
	}
	d.zone = time.FixedZone("", seconds)
}

func (d *dateParser) time() (time.Time, bool) {
	if d.day < 0 || d.year < 0 || d.year > 9999 || d.month == 0 {
		return time.Time{}, false
	}
	hour := max(d.hour, 0)
	switch {
	case d.pm && hour < 12:
		hour += 12
	case d.am && hour == 12:
		hour = 0
	}
	zone := d.zone
	if zone == nil {
		zone = time.UTC
	}
	t := time.Date(d.year, d.month, d.day, hour, d.min, d.sec, 0, zone)
	return t, t.Day() == d.day || hour == 24 || d.sec == 60
}
