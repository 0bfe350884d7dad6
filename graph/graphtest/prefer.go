package graphtest

import (
	"net/http"
	"strings"
)

// prefer holds the preferences of a request that are honoured.
type prefer struct {
	immutable bool
	body      string // "text", "html" or ""
}

// parsePrefer reads Prefer, of which there may be several, each with several
// preferences. Others are passed over: a preference may be (RFC 7240 §2).
func parsePrefer(h http.Header) prefer {
	var p prefer
	for _, line := range h.Values("Prefer") {
		for one := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(one), "=")
			value = strings.Trim(value, `"`)
			switch {
			case strings.EqualFold(name, "IdType"):
				p.immutable = strings.EqualFold(value, "ImmutableId")
			case strings.EqualFold(name, "outlook.body-content-type") &&
				(strings.EqualFold(value, "text") || strings.EqualFold(value, "html")):
				p.body = strings.ToLower(value)
			}
		}
	}
	return p
}

// apply announces the preferences that were honoured.
func (p prefer) apply(h http.Header) {
	var done []string
	if p.immutable {
		done = append(done, `IdType="ImmutableId"`)
	}
	if p.body != "" {
		done = append(done, `outlook.body-content-type="`+p.body+`"`)
	}
	if len(done) > 0 {
		h.Set("Preference-Applied", strings.Join(done, ", "))
	}
}
