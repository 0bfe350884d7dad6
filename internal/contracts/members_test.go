package contracts_test

import (
	"slices"
	"sort"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// strange tells which members of a value no schema names. It is stricter than
// OpenAPI, where a schema that does not forbid further members allows them, and
// than the contracts, which allow some of them in so many words: a misspelt member
// would never be found.
func (c *contract) strange(s *openapi3.Schema, v any, at string) []string {
	var found []string
	switch v := v.(type) {
	case map[string]any:
		found = c.members(c.parts(s, v), v, at)
	case []any:
		for _, part := range c.parts(s, nil) {
			if part.Items == nil {
				continue
			}
			for _, item := range v {
				found = append(found, c.strange(part.Items.Value, item, at+"/*")...)
			}
		}
	}
	sort.Strings(found)
	return slices.Compact(found)
}

func (c *contract) members(parts []*openapi3.Schema, v map[string]any, at string) []string {
	named := func(name string) *openapi3.Schema {
		for _, p := range parts {
			if ref := p.Properties[name]; ref != nil {
				return ref.Value
			}
		}
		return nil
	}
	var found []string
	for name, value := range v {
		m := annotation.FindStringSubmatch(name)
		switch s := named(name); {
		case s != nil:
			found = append(found, c.strange(s, value, at+"/"+name)...)
		case c.odata && m != nil && (m[1] == "" || named(m[1]) != nil):
		case open(parts):
		case extra(parts) != nil:
			found = append(found, c.strange(extra(parts), value, at+"/*")...)
		default:
			found = append(found, at+"/"+name+" unknown")
		}
	}
	return found
}

// parts returns all schemas that an object must obey at once: those that it is
// made of, and what its @odata.type derives from it.
func (c *contract) parts(s *openapi3.Schema, v map[string]any) []*openapi3.Schema {
	list := []*openapi3.Schema{s}
	for i := 0; i < len(list); i++ {
		for _, refs := range []openapi3.SchemaRefs{list[i].AllOf, list[i].AnyOf, list[i].OneOf} {
			for _, ref := range refs {
				list = append(list, ref.Value)
			}
		}
	}
	if name, ok := v["@odata.type"].(string); ok && c.odata {
		if ref := c.doc.Components.Schemas[strings.TrimPrefix(name, "#")]; ref != nil && ref.Value != s {
			list = append(list, c.parts(ref.Value, nil)...)
		}
	}
	return list
}

// open reports whether nothing is said of an object's members.
func open(parts []*openapi3.Schema) bool {
	return !slices.ContainsFunc(parts, func(p *openapi3.Schema) bool {
		return len(p.Properties) > 0 || p.AdditionalProperties.Schema != nil
	})
}

// extra returns what members without a name must be; nil if nobody says.
func extra(parts []*openapi3.Schema) *openapi3.Schema {
	for _, p := range parts {
		if ref := p.AdditionalProperties.Schema; ref != nil {
			return ref.Value
		}
	}
	return nil
}
