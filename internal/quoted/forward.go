package quoted

import "strings"

// Forwarded reports whether a subject says that the mail passes another one on.
// Such a mail is to be kept whole: what is under its header block may be all
// that it is about. A reply to it ("RE: FW: …") is none.
func Forwarded(subject string) bool {
	s := clean(subject)
	for strings.HasPrefix(s, "[") { // of a gateway or a list, such as [EXTERNAL]
		_, rest, ok := strings.Cut(s, "]")
		if !ok {
			break
		}
		s = strings.TrimSpace(rest)
	}
	if len(s) > 100 {
		s = s[:100]
	}
	i := strings.Index(s, ":")
	if j := strings.Index(s, "："); j >= 0 && (i < 0 || j < i) {
		i = j
	}
	return i > 0 && forwards[strings.ToLower(strings.TrimSpace(s[:i]))]
}

// forwards are what programs put before the subject of a forwarded message.
// "VS" is a reply in Finnish, and in Danish and Norwegian it is not.
var forwards = set(
	"fw", "fwd", "forward", "wg", "weitergeleitet", "tr", "rv", "reenv", "enc", "res-enc", "i", "inoltro", "inoltra",
	"doorst", "doorgestuurd", "vb", "vs", "videresend", "vl", "pd", "přepos", "továbbítás", "továbbítva", "tov", "ilt", "i̇lt",
	"ynt-ilt", "πρθ", "προώθηση", "fs", "пересл", "转发", "轉寄", "轉發", "転送", "전달", "הועבר", "إعادة توجيه", "teruskan", "trs", "chuyển tiếp",
)

// isForward reports whether a line says that a forwarded message follows.
func isForward(s string) bool {
	if len(s) > 120 {
		return false
	}
	if inner, ok := dashed(s); ok {
		return containsAny(inner, forwardStems)
	}
	return endsInColon(s) && len(s) < 80 && beginsForward[strings.ToLower(strings.TrimRight(s, " :：*"))]
}

// forwardStems are in what programs draw a line around.
var forwardStems = []string{
	"forward", "fwd", "weitergeleitet", "transféré", "réexpédi", "fait suivre", "reenviad", "reencaminha", "encaminhad", "inoltrat",
	"doorgestuurd", "doorgezonden", "videresend", "vidarebefordra", "vidaresend", "välitetty", "przekazan", "przesłana dalej",
	"přeposl", "preposlan", "prosljeđen", "posredovan", "proslijeđen", "пересыл", "пересла", "переадрес", "препрат", "továbbít",
	"redirecționat", "iletilen", "yönlendiril", "προωθ", "edastatud", "persiųst", "pārsūtīt", "reenviat",
	"转发", "轉寄", "轉發", "転送", "전달", "הועבר", "מועבר", "إعادة توجيه", "محولة", "diteruskan", "chuyển tiếp", "ส่งต่อ",
}

// beginsForward are the lines of Apple Mail.
var beginsForward = set(
	"begin forwarded message", "anfang der weitergeleiteten nachricht", "anfang der weitergeleiteten e-mail", "début du message réexpédié",
	"début du message transféré", "inicio del mensaje reenviado", "inizio messaggio inoltrato", "início da mensagem encaminhada",
	"início da mensagem reencaminhada", "begin doorgestuurd bericht", "start på videresendt besked", "videresendt melding", "videresendt meddelelse",
	"påbegynt videresendt melding", "vidarebefordrat brev", "vidarebefordrat mejl", "vidarebefordrat meddelande", "välitetty viesti alkaa",
	"välitetty viesti", "początek przekazanej wiadomości", "rozpoczęcie przekazanej wiadomości", "začátek přeposílané zprávy", "začiatok preposlanej správy",
	"начало переадресованного сообщения", "начало пересылаемого сообщения", "початок листа, що пересилається", "továbbított levél kezdete",
	"iletilen mesajın başlangıcı", "i̇letilmiş ileti başlangıcı", "αρχή προωθημένου μηνύματος", "începutul mesajului redirecționat", "inici del missatge reenviat",
	"下面是被转发的邮件", "下面是被轉寄的郵件", "開始轉寄郵件", "転送されたメッセージ", "以下は転送されたメッセージです", "전달된 메시지", "תחילת ההודעה שהועברה",
	"forwarded message", "fwd",
)
