package graphtest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// propertyID is the id of an extended property in its normal form, in which
// Graph echoes it and in which ids are compared: the tag as a number, the GUID
// in lower case, the name as it is. ("Outlook extended properties overview";
// that the echo is normalised, as "Integer 0x0036" to "Integer 0x36", is seen
// in the field.)
type propertyID string

var (
	tagged = regexp.MustCompile(`^([A-Za-z]+) 0x([0-9A-Fa-f]{1,8})$`)
	named  = regexp.MustCompile(`^([A-Za-z]+) \{([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\} (Name|Id) (.+)$`)

	propertyTypes = []string{"ApplicationTime", "Binary", "Boolean", "CLSID", "Currency", "Double", "Error", "Float",
		"Integer", "Long", "Null", "Object", "Short", "String", "SystemTime"}
)

func parsePropertyID(text string) (propertyID, *refusal) {
	no := &refusal{status: 400, code: "ErrorInvalidExtendedProperty",
		message: "The extended property id '" + text + "' is not valid."}
	m := tagged.FindStringSubmatch(text)
	if m == nil {
		m = named.FindStringSubmatch(text)
	}
	if m == nil {
		return "", no
	}
	i := slices.IndexFunc(propertyTypes, func(t string) bool { return strings.EqualFold(t, m[1]) })
	if i < 0 {
		return "", no
	}
	kind := propertyTypes[i]
	if len(m) == 3 {
		n, err := strconv.ParseUint(m[2], 16, 32)
		if err != nil || n == 0 {
			return "", no
		}
		return propertyID(fmt.Sprintf("%s 0x%x", kind, n)), nil
	}
	if m[3] == "Id" {
		n, err := strconv.ParseUint(m[4], 0, 32)
		if err != nil {
			return "", no
		}
		m[4] = fmt.Sprintf("0x%x", n)
	}
	return propertyID(fmt.Sprintf("%s {%s} %s %s", kind, strings.ToLower(m[2]), m[3], m[4])), nil
}

// The properties that come from the mail itself.
const (
	propSize        propertyID = "Integer 0xe08" // PidTagMessageSize
	propHeaders     propertyID = "String 0x7d"   // PidTagTransportMessageHeaders
	propReferences  propertyID = "String 0x1039"
	propInReplyTo   propertyID = "String 0x1042"
	propMessageID   propertyID = "String 0x1035"
	propUnsubscribe propertyID = "String 0x1045"
	propSuppress    propertyID = "Integer 0x3fdf" // PidTagAutoResponseSuppress
)

// property returns the value of an extended property, always text.
func (it *item) property(id propertyID) (string, bool) {
	var v string
	switch id {
	case propSize:
		v = strconv.FormatInt(it.size, 10)
	case propHeaders:
		if !it.composed { // only delivery sets it
			v = it.headerBlock()
		}
	case propMessageID:
		v = it.messageID
	case propSuppress:
		bits, ok := parseSuppress(it.mail.text(suppressField))
		return strconv.Itoa(bits), ok
	default:
		if name, ok := headerOf[id]; ok {
			v = it.mail.text(name)
			break
		}
		v, ok := it.props[id]
		return v, ok
	}
	return v, v != ""
}

// headerBlock is PidTagTransportMessageHeaders.
func (it *item) headerBlock() string {
	var b strings.Builder
	for _, f := range it.fields() {
		b.WriteString(f.name + ": " + f.value() + "\r\n")
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// setProperty sets an extended property, and the field that it is. Server.mu
// is held.
func (it *item) setProperty(id propertyID, value string, o *Options) {
	name, isField := headerOf[id]
	if !isField {
		if name, named := strings.CutPrefix(string(id), internetHeaders); named && !o.BareProperties {
			it.setHeader(name, value, o)
			return
		}
		it.props = setProperties(it.props, map[propertyID]string{id: value})
		return
	}
	if id == propSuppress && o.Headers == Strips {
		return
	}
	it.standard(name, headerText(id, value))
}

// setProperties returns p with changes. A map is never written to once a
// message holds it: a snapshot shares it.
func setProperties(p, changes map[propertyID]string) map[propertyID]string {
	n := maps.Clone(p)
	if n == nil {
		n = map[propertyID]string{}
	}
	maps.Copy(n, changes)
	return n
}

// fromMail tells whether a property of a message comes from the mail itself:
// then nobody sets it, unless it is a field and the message a draft.
func fromMail(id propertyID, draft bool) bool {
	_, isField := headerOf[id]
	return id == propSize || id == propHeaders || isField && !draft
}

// checkValue refuses a value that does not suit the type of its property.
func checkValue(id propertyID, value string) *refusal {
	kind, _, _ := strings.Cut(string(id), " ")
	var err error
	switch kind {
	case "Integer":
		_, err = strconv.ParseInt(value, 10, 32)
	case "Short":
		_, err = strconv.ParseInt(value, 10, 16)
	case "Long", "Currency":
		_, err = strconv.ParseInt(value, 10, 64)
	case "Double", "Float":
		_, err = strconv.ParseFloat(value, 64)
	case "Boolean":
		_, err = strconv.ParseBool(value)
	}
	if err != nil {
		return badRequest("The value of the extended property '" + string(id) + "' cannot be converted to its type.")
	}
	return nil
}
