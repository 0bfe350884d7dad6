package automail

import (
	"slices"
	"strings"
)

// subject is the folded subject of a mail without the tags that gateways put
// before it.
type subject struct {
	whole string
	text  string // without tags
	// reply and forward say that a person's program put its mark first.
	reply, forward bool
}

func parseSubject(s string) subject {
	sub := subject{whole: fold(clip(s, 1000))}
	sub.text = sub.whole
	for range 5 {
		// "[EXTERNAL] ", and "[list] " of a mailing list.
		if !strings.HasPrefix(sub.text, "[") {
			break
		}
		_, rest, ok := strings.Cut(sub.text, "]")
		if !ok {
			break
		}
		sub.text = strings.TrimSpace(rest)
	}
	mark, _, ok := strings.Cut(sub.text, ":")
	mark = strings.TrimSpace(mark)
	if i := strings.IndexAny(mark, "[("); i > 0 { // "re[2]:", "re (2):"
		mark = strings.TrimSpace(mark[:i])
	}
	if ok {
		sub.reply = slices.Contains(replyMarks, mark)
		sub.forward = slices.Contains(forwardMarks, mark)
	}
	return sub
}

// begins returns the first of the phrases that the subject begins with as a
// heading of its own: nothing else follows, or a colon, a dash or the like.
// colon says that it was a colon, as machines write it.
func (s subject) begins(headings []string) (heading string, colon bool) {
	for _, h := range headings {
		rest, ok := strings.CutPrefix(s.text, h)
		if !ok {
			continue
		}
		rest = strings.TrimLeft(rest, " ")
		switch {
		case rest == "", strings.ContainsRune("-,.!([<\"'/|", rune(rest[0])):
			return h, false
		case rest[0] == ':':
			return h, true
		}
	}
	return "", false
}

var replyMarks = []string{
	"re", "aw", "antw", "antwort", "sv", "svar", "vs", "ref", "réf", "réponse", "rif", "ris", "r", "res", "resp", "odp", "ynt",
	"vá", "ha", "nv", "atb", "απ", "σχετ", "на", "отв", "ответ", "回复", "答复", "回覆", "返信", "답장", "회신", "השב", "رد",
}

var forwardMarks = []string{
	"fw", "fwd", "forward", "forwarded", "wg", "weitergeleitet", "tr", "transf", "rv", "reenv", "i", "inoltra", "inoltro", "enc", "res-enc",
	"doorst", "doorgestuurd", "vb", "vs-fw", "vl", "pd", "podaj dalej", "ilt", "i̇lt", "továbbítva", "továbbítás", "fs", "trs", "прд",
	"πρθ", "пересл", "转发", "轉寄", "轉發", "転送", "전달", "הועבר", "إعادة توجيه", "videresendt",
}
