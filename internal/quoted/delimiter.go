package quoted

import "strings"

// isDelimiter reports whether line i is the one above which Zendesk asks people
// to write,
//
//	##- Please type your reply above this line -##
//
// in any language, or one that an administrator made up in its place. Mail
// programs may break it in two.
func isDelimiter(lines []line, i int) bool {
	s := lines[i].text
	if at := strings.Index(s, "##-"); at >= 0 && len(s)-at >= 20 {
		// On the same line, only a mail program's words may come before it.
		if at > 0 && !endsInColon(s[:at]) {
			return false
		}
		return strings.Contains(s[at+3:], "-##") || i+1 < len(lines) && strings.HasSuffix(lines[i+1].text, "-##")
	}
	inner := strings.Trim(s, "#-–—_=*~ ")
	if len(inner) < 12 || len(inner) > 120 || inner[0] != strings.TrimLeft(s, "#-–—_=*~ ")[0] ||
		strings.HasPrefix(s, inner) || strings.HasSuffix(strings.TrimRight(s, ". "), inner) {
		return false // not drawn on both sides
	}
	inner = strings.ToLower(inner)
	if strings.HasPrefix(s, "##") && strings.HasSuffix(s, "##") {
		return containsAny(inner, replyWords)
	}
	return strings.Contains(inner, " this line") && containsAny(inner, []string{"reply", "respon", "write", "type", "answer"})
}

// replyWords are in what administrators write into the line, by language.
var replyWords = []string{
	"reply", "respon", "this line", "antwort", "zeile", "répon", "ligne", "línea", "risposta", "rispond", "riga",
	"linha", "antwoord", "regel", "svar", "linje", "linj", "odpow", "odpov", "lini", "ответ", "строк", "відпов",
	"vastau", "rivi", "válasz", "yanıt", "satır", "返信", "回复", "回覆", "답장", "השב", "רד על", "الرد",
}

func containsAny(s string, needles []string) bool {
	for _, n := range needles {
		if strings.Contains(s, n) {
			return true
		}
	}
	return false
}

// dashed returns what is written in the middle of a drawn line, in lower case.
func dashed(s string) (string, bool) {
	const dashes = "-_=*~—–─ "
	if len(s) > 120 {
		return "", false
	}
	i := len(s) - len(strings.TrimLeft(s, dashes))
	inner := strings.Trim(s, dashes)
	if inner == "" || i < 2 || len(s)-i-len(inner) < 2 {
		return "", false
	}
	return strings.ToLower(inner), true
}

// separates reports whether a line is one such as
//
//	-----Original Message-----
func separates(s string) bool {
	inner, ok := dashed(s)
	return ok && isOriginal(inner)
}

func isOriginal(s string) bool {
	return len(s) < 80 && originals[strings.ToLower(strings.TrimRight(s, " :："))]
}

// originals are what programs call the message that is answered.
var originals = set(
	"original message", "original appointment", "original email", "original e-mail", "replied message", "reply message", "quoted message",
	"ursprüngliche nachricht", "ursprüngliche mitteilung", "ursprünglicher termin", "originalnachricht", "original-nachricht", "original nachricht", "original-mail",
	"message d'origine", "message d’origine", "message original", "message initial", "message d'origine envoyé",
	"mensaje original", "missatge original", "mensaxe orixinal", "jatorrizko mezua",
	"mensagem original", "messaggio originale", "messaggio originario",
	"oorspronkelijk bericht", "origineel bericht", "oorspronklike boodskap", "oarspronklik berjocht",
	"oprindelig meddelelse", "oprindelig besked", "original meddelelse", "opprinnelig melding", "opphavleg melding", "original melding",
	"ursprungligt meddelande", "originalmeddelande", "original meddelande", "alkuperäinen viesti", "upprunalegur póstur",
	"wiadomość oryginalna", "oryginalna wiadomość", "treść oryginalnej wiadomości", "wiadomość pierwotna",
	"původní zpráva", "původní e-mail", "pôvodná správa", "izvorna poruka", "originalna poruka", "izvirno sporočilo",
	"исходное сообщение", "оригинальное сообщение", "первоначальное сообщение", "початкове повідомлення", "вихідне повідомлення", "оригінальне повідомлення",
	"оригинално писмо", "оригинално съобщение", "зыходны ліст", "оригинална порака",
	"eredeti üzenet", "mesaj original", "mesajul original", "özgün ileti", "orijinal mesaj", "orijinal ileti", "asıl mesaj",
	"αρχικό μήνυμα", "algne kiri", "originalus laiškas", "sākotnējais ziņojums", "mesazhi origjinal",
	"原始邮件", "原始消息", "邮件原件", "原邮件", "回复的原邮件", "回复的邮件", "原始郵件", "原始訊息", "元のメッセージ", "元メール", "オリジナルメッセージ",
	"원본 메시지", "원본 메일", "원본메일", "원본메시지", "הודעה מקורית", "الرسالة الأصلية", "الرسالة الأصليَّة", "رسالة أصلية", "پیام اصلی",
	"thư gốc", "pesan asli", "ข้อความต้นฉบับ",
)

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}
