package eml

import (
	"path"
	"strings"
	"unicode/utf8"
)

const maxName = 255 // bytes, what most file systems take

// cleanName makes a file name that a sender chose harmless (RFC 2183 §2.3).
func cleanName(s string) string {
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Map(func(c rune) rune {
		switch {
		case c < ' ', 0x7F <= c && c < 0xA0,
			'\u202A' <= c && c <= '\u202E', '\u2066' <= c && c <= '\u2069', c == '\u200E', c == '\u200F', c == '\u061C':
			return -1 // control characters, and those that show "gpj.exe" as "exe.jpg"
		}
		return c
	}, s)
	s = strings.Trim(s, blanks)
	if len(s) > maxName {
		ext := path.Ext(s)
		if len(ext) > 20 {
			ext = ""
		}
		cut := maxName - len(ext)
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = strings.TrimRight(s[:cut], blanks) + ext
	}
	if strings.Trim(s, ".") == "" {
		return ""
	}
	return s
}

const blanks = " \t\u00A0"
