package graphtest

import (
	"bytes"
	"strings"
)

// firewall decides what becomes of a field of arriving mail.
//
// It is Exchange's header firewall: "Header firewall" says that
// X-MS-Exchange-Organization-* and X-MS-Exchange-Forest-* are removed from
// messages that come from untrusted sources. Of mail from inside, Exchange's
// own replace them. Received of the sender's stays: whoever connects without
// signing in may send routing headers.
type firewall struct {
	wide bool // Options.WideFirewall, for mail from outside
}

// name returns the name under which a field is let in, nothing if it is not.
func (f firewall) name(name string) string {
	lower := strings.ToLower(name)
	switch {
	case strings.HasPrefix(lower, "x-ms-exchange-organization-"), strings.HasPrefix(lower, "x-ms-exchange-forest-"):
		return ""
	case !f.wide:
	case strings.HasPrefix(lower, "x-ms-exchange-crosstenant-"):
		return ""
	case lower == "authentication-results":
		return name + "-Original"
	case lower == "x-forefront-antispam-report", lower == "x-microsoft-antispam":
		return name + "-Untrusted"
	}
	return name
}

func (f firewall) fields(list []field) []field {
	var out []field
	for _, one := range list {
		if name := f.name(one.name); name != "" {
			out = append(out, field{name, one.raw})
		}
	}
	return out
}

// octets does the same to a mail whose header is not well-formed, line by line
// up to an empty one, and leaves the rest alone.
func (f firewall) octets(b []byte) []byte {
	var out []byte
	drop := false // what the last field was
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n') + 1
		if i == 0 {
			i = len(b)
		}
		line := b[:i]
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
		b = b[i:]
		if line[0] != ' ' && line[0] != '\t' {
			name, rest, ok := bytes.Cut(line, []byte(":"))
			bare := string(bytes.TrimRight(name, " \t"))
			admitted := f.name(bare)
			drop = ok && admitted == ""
			if ok && admitted != bare {
				line = append([]byte(admitted+":"), rest...)
			}
		}
		if !drop {
			out = append(out, line...)
		}
	}
	return append(out, b...)
}
