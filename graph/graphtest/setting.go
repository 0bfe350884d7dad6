package graphtest

import "encoding/json"

// setting is an extended property as a request sets it.
type setting struct {
	id    propertyID
	value string
}

// readSettings reads the singleValueExtendedProperties of a message or a
// folder, in order. fixed tells which of them cannot be set there.
func readSettings(raw json.RawMessage, wrong *refusal, fixed func(propertyID) bool) ([]setting, *refusal) {
	var list []map[string]json.RawMessage
	if json.Unmarshal(raw, &list) != nil || list == nil {
		return nil, wrong
	}
	var settings []setting
	for _, one := range list {
		var text string
		var value *string
		for name, raw := range one {
			var err error
			switch name {
			case "id":
				err = json.Unmarshal(raw, &text)
			case "value":
				err = json.Unmarshal(raw, &value)
			default:
				return nil, unknownProperty(name, "singleValueLegacyExtendedProperty")
			}
			if err != nil {
				return nil, wrong
			}
		}
		id, no := parsePropertyID(text)
		if no != nil {
			return nil, no
		}
		if value == nil {
			return nil, wrong
		}
		if fixed(id) {
			return nil, badProperty(string(id))
		}
		if no := checkValue(id, *value); no != nil {
			return nil, no
		}
		settings = append(settings, setting{id, *value})
	}
	return settings, nil
}
