package zendesk

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/exdesk/exdesk"
)

const (
	// lineWidth is how long a line of a header is if it can be (RFC 5322
	// §2.1.1).
	lineWidth = 76
	// maxWord is up to what length a word of a header stands as it is.
	maxWord = 60
	// wordOctets is what an encoded word holds: with what is around it, it must
	// not have more than 75 characters (RFC 2047 §2).
	wordOctets = 45
	// maxSubject and maxName bound what hostile tickets make of a header, in
	// characters.
	maxSubject = 255
	maxName    = 128
)

// field writes a header field of these words, folded.
func field(name string, words ...string) string {
	var b strings.Builder
	b.WriteString(name + ":")
	width := len(name) + 1
	for i, w := range words {
		if i > 0 && width+1+len(w) > lineWidth {
			b.WriteString("\r\n")
			width = 0
		}
		b.WriteString(" " + w)
		width += 1 + len(w)
	}
	b.WriteString("\r\n")
	return b.String()
}

// tidyText makes one line of a text: control characters and runs of white space
// are one space, what is no UTF-8 is a question mark in a box.
func tidyText(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return s
}

// plainWords reports whether a tidy text can stand in a header as it is: it is
// ASCII, its words are short, and none would be read as an encoded one.
func plainWords(s string) bool {
	for w := range strings.FieldsSeq(s) {
		if len(w) > maxWord {
			return false
		}
	}
	return !strings.Contains(s, "=?") && strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// encodedWords encodes a text (RFC 2047). The white space between two encoded
// words is not read.
func encodedWords(s string) []string {
	var words []string
	for s != "" {
		n := 0
		for n < len(s) {
			_, size := utf8.DecodeRuneInString(s[n:])
			if n+size > wordOctets {
				break
			}
			n += size
		}
		words = append(words, "=?utf-8?B?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return words
}

// unstructured are the words of a field of text.
func unstructured(s string, most int) []string {
	if s = tidyText(s, most); plainWords(s) {
		return strings.Fields(s)
	}
	return encodedWords(s)
}

// mailboxList are the words of a field of addresses.
func mailboxList(list []exdesk.Address) []string {
	var words []string
	for i, a := range list {
		spec := "<" + a.Address + ">"
		if i < len(list)-1 {
			spec += ","
		}
		switch name := tidyText(a.Name, maxName); {
		case name == "":
		case plainWords(name):
			// In quotes, where nothing but these two means anything.
			words = append(words, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name)+`"`)
		default:
			words = append(words, encodedWords(name)...)
		}
		words = append(words, spec)
	}
	return words
}
