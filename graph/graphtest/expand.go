package graphtest

import (
	"slices"
	"strings"
)

// files is the expansion of attachments.
type files struct {
	selected []string // nil is the default set
}

// parseExpand reads the expansions that are served:
// singleValueExtendedProperties($filter=id eq 'A' or id eq 'B') and attachments,
// of which $select may choose properties.
func (c *call) parseExpand(q *query, v string) *refusal {
	for _, one := range splitExpand(v) {
		name, _, _ := strings.Cut(one, "(")
		var no *refusal
		switch name = strings.TrimSpace(name); {
		case name == "singleValueExtendedProperties" && q.expanded == nil:
			q.expanded, no = parseExpandProperties(strings.TrimPrefix(one, name))
		case name == "attachments" && q.files == nil:
			q.files, no = c.parseExpandFiles(strings.TrimPrefix(one, name))
		case name == "singleValueExtendedProperties", name == "attachments":
			no = badQuery("Property '" + name + "' was expanded more than once.")
		default:
			no = c.unimplemented("$expand=" + one)
		}
		if no != nil {
			return no
		}
	}
	return nil
}

// splitExpand splits at the commas that are in no brackets and no text.
func splitExpand(v string) []string {
	var list []string
	depth, quoted, from := 0, false, 0
	for i, r := range v {
		switch {
		case r == '\'':
			quoted = !quoted
		case quoted:
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			list = append(list, strings.TrimSpace(v[from:i]))
			from = i + 1
		}
	}
	return append(list, strings.TrimSpace(v[from:]))
}

// inBrackets returns what stands in brackets after a name.
func inBrackets(rest string) (string, bool) {
	rest, closed := strings.CutSuffix(strings.TrimSpace(rest), ")")
	rest, opened := strings.CutPrefix(rest, "(")
	return strings.TrimSpace(rest), opened && closed
}

func (c *call) parseExpandFiles(rest string) (*files, *refusal) {
	if strings.TrimSpace(rest) == "" {
		return &files{}, nil
	}
	inner, ok := inBrackets(rest)
	names, selects := strings.CutPrefix(inner, "$select=")
	switch {
	case !ok:
		return nil, badQuery("Syntax error in $expand.")
	case !selects || strings.Contains(names, ";"):
		return nil, c.unimplemented("$expand=attachments" + rest)
	}
	selected, no := parseSelect(names)
	if no == nil {
		no = checkAttachmentSelect(selected)
	}
	return &files{selected}, no
}

func parseExpandProperties(rest string) ([]propertyID, *refusal) {
	inner, ok := inBrackets(rest)
	inner, filtered := strings.CutPrefix(inner, "$filter=")
	if !ok || !filtered {
		// "Get singleValueLegacyExtendedProperty": the ids have to be named.
		return nil, badQuery("$expand of singleValueExtendedProperties needs ($filter=id eq '…').")
	}
	toks, no := lex(inner)
	if no != nil {
		return nil, no
	}
	var ids []propertyID
	for i := 0; ; i += 4 {
		if len(toks) < i+3 || toks[i].text != "id" || toks[i+1].text != "eq" || !toks[i+2].quoted {
			return nil, badQuery("Syntax error in the $filter of $expand.")
		}
		id, no := parsePropertyID(toks[i+2].text)
		if no != nil {
			return nil, no
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		if len(toks) == i+3 {
			return ids, nil
		}
		if toks[i+3].text != "or" || toks[i+3].quoted {
			return nil, badQuery("Syntax error in the $filter of $expand.")
		}
	}
}
