package quoted

import (
	"strings"
	"unicode"
)

// maxBlock is how many lines the header block above a quotation has at most.
const maxBlock = 24

// block reads the header block of a quotation that begins on line i:
//
//	From: Megan One <megan@example.com>
//	Sent: Monday, 2 April 2012 18:26
//	To: Bob
//	Subject: Test
//
// end is the line after it, 0 if there is none. forward tells that it is that of
// a message passed on.
func (f *finder) block(i int) (end int, forward bool) {
	first := &f.lines[i]
	if kind, _ := fieldOf(first.text); kind == "" && first.flags&boundary == 0 {
		return 0, false
	}
	var seen = make(map[field]bool, 4)
	var prev field
	labels, others, subject := 0, 0, ""
	hinted, when := first.flags&boundary != 0, false
	end = i
loop:
	for j := i; j < min(i+maxBlock, len(f.lines)); j++ {
		l := &f.lines[j]
		if l.depth != first.depth {
			break
		}
		kind, value := fieldOf(l.text)
		switch {
		case kind == isRaw:
			return 0, false
		case kind == isOther:
			if others++; others > 6 {
				break loop
			}
		case kind != "":
			if seen[kind] || kind == isDate && !strings.ContainsFunc(value, unicode.IsDigit) && value != "" {
				break loop
			}
			seen[kind] = true
			if kind == isSubject {
				subject = value
			}
		case hinted && isLabelled(l.text) && j < i+6:
			kind = isOther // in a language that is not known here
		case (prev == isFrom && j == i+1 || prev == isTo || prev == isOther) && !l.gap && continues(l.text):
			kind = prev
		case prev != "" && !l.gap && strings.HasSuffix(f.lines[j-1].text, ":"):
			kind = prev // the value stands under its label
		default:
			break loop
		}
		prev = kind
		labels++
		if hinted && !when {
			c := read(l.text[:min(len(l.text), maxAttribution)])
			when = c.date && c.time
		}
		end = j + 1
	}
	whole := seen[isFrom] && seen[isDate] && (seen[isTo] || seen[isSubject])
	hinted = hinted && (when && labels > 2 || seen[isFrom] && labels > 1)
	after := i > 0 && separates(f.lines[i-1].text) && seen[isFrom]
	if !whole && !hinted && !after || f.rawNear(end) || i > 0 && rawField(f.lines[i-1].text) {
		return 0, false
	}
	if len(subject) > 1 && strings.EqualFold(subject[:2], "vs") {
		subject = "" // a reply in Finnish
	}
	return end, Forwarded(subject) || i > 0 && f.strange(i-1)
}

// strange reports whether a line is drawn around words that are not known: they
// may be for a forwarded message.
func (f *finder) strange(i int) bool {
	inner, ok := dashed(f.lines[i].text)
	if !ok || isOriginal(inner) || !strings.ContainsFunc(inner, unicode.IsLetter) || f.lines[i].depth > 0 {
		return false
	}
	return !read(inner).verb
}

// rawNear reports whether fields that only raw messages have follow: a report
// on delivery quotes the message so, and there everything counts.
func (f *finder) rawNear(i int) bool {
	for j := i; j < min(i+3, len(f.lines)); j++ {
		if rawField(f.lines[j].text) {
			return true
		}
	}
	return false
}

func rawField(s string) bool {
	kind, _ := fieldOf(s)
	return kind == isRaw
}

// continues reports whether a line may be more of a list of addresses.
func continues(s string) bool {
	return strings.Contains(s, "@") || strings.HasSuffix(s, ";") || strings.HasSuffix(s, ">")
}

// isLabelled reports whether a line has some label and a value.
func isLabelled(s string) bool {
	label, value, ok := label(s)
	return ok && value != "" && len(label) < 48 && strings.Count(label, " ") < 4
}

// label splits a line at its first colon.
func label(s string) (label, value string, ok bool) {
	head := s[:min(len(s), 64)]
	i := strings.IndexByte(head, ':')
	n := 1
	if j := strings.Index(head, "："); j >= 0 && (i < 0 || j < i) {
		i, n = j, len("：")
	}
	if i <= 0 {
		return "", "", false
	}
	const decoration = "*_|• \t"
	return strings.Trim(s[:i], decoration), strings.Trim(s[i+n:], decoration), true
}

// fieldOf tells which field of a header block a line is, "" for none.
func fieldOf(s string) (field, string) {
	name, value, ok := label(s)
	if !ok {
		return "", ""
	}
	name = strings.ToLower(name)
	if kind, ok := fields[name]; ok {
		return kind, value
	}
	if strings.HasPrefix(name, "x-") && !strings.ContainsRune(name, ' ') || strings.HasPrefix(name, "arc-") || strings.HasPrefix(name, "list-") {
		return isRaw, value
	}
	return "", ""
}

// field is what a label stands for.
type field string

const (
	isFrom    field = "from"
	isDate    field = "date"
	isTo      field = "to"
	isSubject field = "subject"
	isOther   field = "other"
	// isRaw are the fields that no mail program shows above a quotation.
	isRaw field = "raw"
)

// fields are the labels, by what they stand for. Languages have some in common.
var fields = fieldsOf(map[field][]string{
	isFrom: {
		"from", "von", "de", "da", "van", "fra", "från", "lähettäjä", "od", "odesílatel", "odosielateľ", "от", "від", "від кого", "от кого", "отправитель",
		"feladó", "kimden", "gönderen", "de la", "expeditor", "από", "saatja", "nuo", "frá", "expéditeur", "absender", "mittente", "remitente",
		"remetente", "afzender", "afsender", "avsender", "avsändare", "nadawca", "pošiljatelj", "šalje", "ад", "од", "dari", "từ", "người gửi", "จาก",
		"发件人", "发信人", "寄件者", "寄件人", "差出人", "送信者", "送信元", "보낸 사람", "보낸사람", "발신", "מאת", "من", "từ ",
	},
	isDate: {
		"sent", "date", "sent at", "sent on", "date sent", "gesendet", "gesendet am", "datum", "envoyé", "envoyé le", "envoye", "date d'envoi", "enviado", "enviado el",
		"enviado em", "enviada", "enviada em", "data de envio", "fecha", "fecha de envío", "inviato", "data", "data invio", "enviat", "verzonden", "verzonden op", "sendt", "dato", "skickat", "lähetetty",
		"päivämäärä", "päiväys", "pvm", "wysłano", "wysłane", "data wysłania", "odesláno", "odoslané", "dátum", "отправлено", "дата", "дата отправки",
		"надіслано", "отправлен", "изпратено", "послато", "poslano", "poslato", "elküldve", "gönderildi", "gönderme tarihi", "gönderim tarihi", "tarih", "trimis", "στάλθηκε",
		"ημερομηνία", "απεσταλμένα", "saadetud", "kuupäev", "išsiųsta", "nosūtīts", "dagsetning", "dikirim", "tanggal", "đã gửi", "ngày", "ngày gửi", "ส่ง", "วันที่",
		"发送时间", "发送日期", "日期", "时间", "寄件日期", "傳送日期", "寄送日期", "時間", "送信日時", "送信日", "日時", "日付", "送信メール",
		"보낸 날짜", "보낸날짜", "날짜", "일시", "נשלח", "תאריך", "تم الإرسال", "تاريخ الإرسال", "التاريخ", "تاريخ", "أرسلت", "المرسلة",
	},
	isTo: {
		"to", "an", "à", "a", "para", "aan", "til", "till", "vastaanottaja", "do", "komu", "кому", "címzett", "kime", "alıcı", "către", "catre", "προς",
		"za", "prima", "до", "каму", "kam", "kellele", "saaja", "viðtakandi", "pour", "destinataire", "destinatario", "destinatário", "empfänger", "per", "kepada", "ke", "đến", "tới", "ถึง",
		"收件人", "收件者", "宛先", "받는 사람", "받는사람", "수신", "אל", "إلى", "الى",
	},
	isSubject: {
		"subject", "betreff", "objet", "sujet", "asunto", "oggetto", "onderwerp", "assunto", "assumpte", "emne", "ämne", "aihe", "otsikko", "temat", "předmět",
		"predmet", "тема", "tárgy", "konu", "subiect", "θέμα", "teema", "tema", "относно", "предмет", "zadeva", "efni", "naslov", "subyek", "subjek", "perihal", "chủ đề", "tiêu đề",
		"หัวข้อ", "เรื่อง", "主题", "主題", "主旨", "标题", "件名", "제목", "נושא", "الموضوع",
	},
	isOther: {
		"cc", "cc to", "bcc", "cci", "ccn", "cco", "kopie", "kopie (cc)", "cópia", "copia", "còpia", "copie", "copie à", "copie a", "kopia", "kópia", "kopi", "kopi til", "kopio", "копия", "копія", "másolatot kap",
		"másolat", "bilgi", "κοιν", "κοινοποίηση", "抄送", "副本", "密件抄送", "참조", "숨은참조", "עותק", "نسخة", "نسخة إلى", "do wiadomości", "dw", "udw", "na vědomí",
		"importance", "wichtigkeit", "priority", "priorität", "priorité", "prioridad", "importancia", "sensitivity", "attachments", "anlagen", "anhänge", "pièces jointes",
		"datos adjuntos", "allegati", "bijlagen", "anexos", "vedlegg", "bilagor", "загрузка", "вложения", "reply-to", "reply to", "antwort an", "répondre à", "responder a", "rispondi a",
		"organization", "organisation", "when", "where", "location", "wann", "wo", "sender", "resent-from", "添付ファイル", "附件",
	},
	isRaw: {
		"received", "return-path", "message-id", "mime-version", "content-type", "content-transfer-encoding", "content-language", "content-disposition", "delivered-to",
		"dkim-signature", "domainkey-signature", "authentication-results", "references", "in-reply-to", "received-spf", "thread-index", "thread-topic", "user-agent", "errors-to",
		"precedence", "auto-submitted", "resent-message-id", "feedback-id", "final-recipient", "original-recipient", "reporting-mta", "diagnostic-code", "remote-mta",
	},
})

func fieldsOf(m map[field][]string) map[string]field {
	out := make(map[string]field)
	for kind, names := range m {
		for _, n := range names {
			out[n] = kind
		}
	}
	return out
}
