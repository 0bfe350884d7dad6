package quoted

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// points reports whether a text points at what is under it: at answers there,
// or at a message that is passed on without more ado.
func points(lines []line) bool {
	var words []string
	for i := range lines {
		s := strings.ToLower(lines[i].text)
		if containsAny(s, pointersUnspaced) {
			return true
		}
		words = append(words[:0], strings.FieldsFunc(s, func(c rune) bool {
			return !unicode.IsLetter(c) && !unicode.IsMark(c) && !unicode.IsDigit(c) && c != '\'' && c != '’'
		})...)
		if i+1 < len(lines) { // a phrase may be wrapped
			next := lines[i+1].text
			more := strings.Fields(strings.ToLower(next[:min(len(next), 40)]))
			words = append(words, more[:min(len(more), 2)]...)
		}
		for j, w := range words {
			for _, p := range pointers[w] {
				if len(p) <= len(words)-j && equal(p, words[j:j+len(p)]) {
					return true
				}
			}
		}
	}
	return false
}

// commented reports whether a line begins with a name in brackets, which Outlook
// puts before what is written into the quotation: "[Bob Two] Yes."
func commented(lines []line) bool {
	for i := range lines {
		s, ok := strings.CutPrefix(strings.TrimLeft(lines[i].text, "*_ "), "[")
		name, rest, closed := strings.Cut(s[:min(len(s), 60)], "]")
		if !ok || !closed || !says(rest) || strings.ContainsAny(name, ":@/.0123456789") {
			continue
		}
		words := strings.Fields(name)
		for len(words) > 0 && isNamePart(words[0]) {
			words = words[1:]
		}
		if len(words) == 0 && strings.Contains(name, " ") {
			return true
		}
	}
	return false
}

// isNamePart takes no warnings, such as [EXTERNAL EMAIL].
func isNamePart(w string) bool {
	first, n := utf8.DecodeRuneInString(w)
	return unicode.IsUpper(first) && len(w) > n && w != strings.ToUpper(w) && !strings.EqualFold(w, "external") && !strings.EqualFold(w, "extern")
}

func equal(a, b []string) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// pointers are the phrases, by their first word.
var pointers = phrases(
	"below", "underneath", "beneath", "inline", "inlined", "interspersed", "in red", "in blue", "in green", "in bold", "in capitals", "in caps", "between the lines",
	"fyi", "fya", "forward this", "forwarding", "forwarded", "fwd", "trail mail", "trailing mail", "trailing email", "see trail", "passing on", "passing this on",
	"unten", "untenstehend", "untenstehende", "untenstehenden", "darunter", "nachfolgend", "nachfolgende", "nachstehend", "nachstehende", "antworten im text", "antwort im text", "kommentare im text", "anmerkungen im text", "direkt im text", "in rot", "in blau", "in grün", "rot markiert",
	"z k", "z kts", "zk", "zur info", "zur information", "zur kenntnis", "zur kenntnisnahme", "weiterleiten", "weitergeleitet", "leite ich", "leite ihnen", "leite dir", "leite euch",
	"ci dessous", "cidessous", "plus bas", "en rouge", "en bleu", "en vert", "réponses dans le texte", "dans le corps du", "dans le corps de", "pour info", "pour information", "transfère", "fais suivre",
	"abajo", "más abajo", "debajo", "en rojo", "en azul", "en verde", "entre líneas", "para su información", "para tu información", "reenvío", "reenvio", "te reenvío", "le reenvío", "reenviado",
	"sotto", "di seguito", "sottostante", "in rosso", "in blu", "in calce", "per conoscenza", "inoltro", "inoltrato", "ti giro", "vi giro", "le giro",
	"abaixo", "em vermelho", "em azul", "respostas no texto", "para conhecimento", "encaminho", "encaminhado", "reencaminho",
	"hieronder", "onderstaand", "onderstaande", "in rood", "in het rood", "in blauw", "tussen de regels", "antwoorden in de tekst", "ter info", "ter informatie", "ter kennisgeving", "doorgestuurd", "stuur door",
	"nedan", "nedanstående", "här under", "i rött", "i blått", "svar i texten", "för kännedom", "vidarebefordrar",
	"nedenfor", "nedenunder", "nedenstående", "se under", "her under", "i rødt", "med rødt", "svar i teksten", "til info", "til orientering", "videresender",
	"alla olevaan", "alla olevan", "alla olevat", "vastaukset alla", "vastaus alla", "alapuolella", "punaisella", "tekstin sekaan", "tiedoksi", "välitän",
	"poniżej", "na czerwono", "na niebiesko", "odpowiedzi w tekście", "do wiadomości", "przekazuję", "przesyłam dalej",
	"níže", "červeně", "odpovědi v textu", "na vědomí", "přeposílám", "nižšie", "červenou", "preposielam", "u nastavku", "ispod", "spodaj",
	"ниже", "красным", "ответы в тексте", "для информации", "пересылаю", "переслал", "нижче", "червоним", "до відома", "пересилаю", "по долу", "отдолу",
	"lentebb", "alább", "alul", "pirossal", "tájékoztatásul", "továbbítom", "aşağıda", "aşağıdaki", "aşağıya", "kırmızıyla", "kırmızı ile", "bilginize", "iletiyorum",
	"mai jos", "cu roșu", "spre știință", "παρακάτω", "κατωτέρω", "με κόκκινο", "προς ενημέρωση",
	"allpool", "žemiau", "zemāk", "bên dưới", "dưới đây", "di bawah", "למטה", "להלן", "בהמשך", "באדום", "לידיעתך", "أدناه", "بالأسفل", "بالأحمر", "للعلم",
)

// pointersUnspaced are those of languages that do not part words.
var pointersUnspaced = []string{
	"见下", "見下", "如下", "下面", "下文", "下方", "以下", "红色", "紅色", "转发", "轉發", "轉寄", "供参考", "供參考",
	"下記", "インライン", "赤字", "転送", "ご参考", "아래", "빨간색", "전달드립니다", "전달합니다", "참고하", "ด้านล่าง", "สีแดง",
}

func phrases(list ...string) map[string][][]string {
	m := make(map[string][][]string, len(list))
	for _, p := range list {
		words := strings.Fields(p)
		m[words[0]] = append(m[words[0]], words)
	}
	return m
}

// isSentFrom reports whether a line is the signature of a telephone.
func isSentFrom(s string) bool {
	if len(s) > 120 {
		return false
	}
	s = strings.ToLower(s)
	for _, p := range sentFrom {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return strings.HasSuffix(s, "gesendet") && strings.HasPrefix(s, "von mein")
}

var sentFrom = []string{
	"sent from my ", "sent from ", "sent via ", "sent with ", "get outlook for ", "gesendet von ", "gesendet mit ", "diese nachricht wurde von mein", "holen sie sich outlook",
	"envoyé de ", "envoyé depuis ", "envoyé à partir", "télécharger outlook", "obtenir outlook", "enviado desde ", "enviado do ", "enviado de ", "obtener outlook", "obter o outlook",
	"inviato da", "scarica outlook", "ottieni outlook", "verzonden vanaf ", "verstuurd vanaf ", "outlook voor ", "skickat från ", "hämta outlook", "sendt fra ", "hent outlook", "lähetetty ", "hanki outlook",
	"wysłane z ", "wysłano z ", "pobierz ", "odesláno z ", "odoslané z ", "získat outlook", "отправлено с ", "отправлено из ", "надіслано з ", "iphone'umdan", "iphone'dan", "發自我的", "发自我的",
	"iphoneから送信", "내 iphone에서", "나의 iphone에서",
}
