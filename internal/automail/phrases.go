package automail

// The tables below are compared with folded text: lower case, one space, plain
// quotes. Headings begin a subject, phrases stand anywhere. They hold what the
// programs write in their languages, not what people write about it.

// bounceHeadings begin the subjects of bounces.
var bounceHeadings = append([]string{
	// English: Exchange, sendmail, Postfix, Exim, qmail, Gmail, Notes, …
	"undeliverable", "undeliverable mail", "undeliverable message", "undelivered mail", "undelivered mail returned to sender",
	"undelivered message", "mail delivery failed", "mail delivery failed: returning message to sender", "mail delivery failure",
	"mail delivery problem", "mail delivery error", "message delivery failure", "message delivery failed", "delivery failure",
	"delivery failed", "delivery error", "delivery report", "delivery problem", "email delivery error", "email delivery failure",
	"delivery notification", "delivery notification: delivery has failed", "delivery status notification", "non-delivery report",
	"non delivery report", "nondeliverable mail", "non-deliverable", "failure notice", "failure delivery", "failed delivery",
	"returned mail", "returned to sender", "returned email", "mail system error", "mail system error - returned mail",
	"postmaster notify", "permanent delivery failure", "message could not be delivered", "message undeliverable", "could not send message",
	"mail could not be delivered", "unable to deliver", "unable to deliver mail", "rejected mail", "user unknown", "address not found",
	"bounced mail", "bounce", "warning",
	// German
	"unzustellbar", "unzustellbare nachricht", "unzustellbare mail", "nicht zustellbar", "nicht zugestellt", "zustellung fehlgeschlagen",
	"mail konnte nicht zugestellt werden", "nachricht konnte nicht zugestellt werden", "unzustellbarkeitsbericht", "zustellfehler",
	// French
	"non remis", "non distribuable", "non distribué", "échec de la remise", "échec de remise", "échec de distribution",
	"message non remis", "courrier non remis", "notification d'échec de remise",
	// Spanish
	"no se puede entregar", "no se pudo entregar", "no entregado", "no se entregó", "correo no entregado", "mensaje no entregado",
	"error de entrega", "fallo en la entrega", "fallo de entrega", "devuelto",
	// Italian
	"non recapitabile", "non consegnato", "recapito non riuscito", "mancato recapito", "mancata consegna", "messaggio non recapitato",
	"errore di consegna",
	// Portuguese
	"não é possível entregar", "não foi possível entregar", "não entregue", "não entregável", "falha na entrega", "falha de entrega",
	"mensagem não entregue", "mensagem devolvida",
	// Dutch
	"onbestelbaar", "niet bezorgd", "niet afgeleverd", "bezorging mislukt", "kan niet worden bezorgd",
	// Polish
	"niedostarczalne", "niedostarczone", "nie można dostarczyć", "nie dostarczono", "niedostarczona wiadomość",
	// Russian
	"недоставленное", "недоставлено", "не доставлено", "не удается доставить", "не удалось доставить", "недоставленное сообщение",
	"сообщение не доставлено",
	// Swedish, Danish, Norwegian, Finnish
	"kan inte levereras", "kunde inte levereras", "går inte att leverera", "olevererbart", "olevererat", "kan ikke leveres",
	"kunne ikke leveres", "ikke leveret", "ikke levert", "kan ikke levere", "ei voi toimittaa", "ei toimitettavissa", "toimitus epäonnistui",
	// Czech, Slovak, Hungarian, Romanian, Turkish, Greek
	"nedoručitelné", "nedoručiteľné", "nelze doručit", "kézbesíthetetlen", "nem kézbesíthető", "nelivrabil", "imposibil de livrat",
	"teslim edilemiyor", "teslim edilemedi", "δεν ήταν δυνατή η παράδοση", "δεν είναι δυνατή η παράδοση",
	// Japanese, Chinese, Korean
	"配信不能", "配信できません", "配信できませんでした", "配信エラー", "配達不能", "未配信", "送信エラー", "メール配信エラー",
	"无法传递", "无法送达", "无法投递", "未传递", "退信", "系统退信", "無法傳遞", "無法送達", "無法傳送", "未送達", "退信通知",
	"배달되지 않음", "배달할 수 없음", "배달 실패", "전송 실패", "반송",
	// Hebrew, Arabic
	"לא ניתן למסירה", "לא נמסר", "غير قابل للتسليم", "تعذر التسليم",
}, delayHeadings...)

// delayHeadings begin the subjects of warnings that delivery takes time.
var delayHeadings = []string{
	"delivery delayed", "delayed", "delayed mail", "mail delivery delayed", "message delayed", "message delivery delayed",
	"delivery status notification (delay)", "delivery delay", "warning: message delayed", "warning: could not send message",
	"delayed mail (still being retried)", "deferral notice", "transient delivery failure", "delivery incomplete",
	"verzögert", "verzögerte zustellung", "zustellung verzögert", "remise retardée", "retardé", "entrega retrasada", "retrasado",
	"consegna ritardata", "recapito ritardato", "entrega atrasada", "atrasado", "bezorging vertraagd", "vertraagd", "opóźnione",
	"доставка отложена", "доставка задерживается", "fördröjd", "försenad", "forsinket", "viivästynyt", "配信遅延", "配信の遅延", "传递延迟",
	"傳遞延遲", "배달 지연",
}

// bouncePhrases are what bounces say in their text.
var bouncePhrases = []string{
	// English
	"could not be delivered", "couldn't be delivered", "cannot be delivered", "can't be delivered", "was not delivered", "wasn't delivered",
	"were not delivered", "not been delivered", "unable to deliver", "wasn't able to deliver", "not able to deliver", "could not deliver",
	"couldn't deliver", "delivery has failed", "delivery failed", "recipients failed", "recipient failed", "failed permanently",
	"did not reach the following", "couldn't be reached", "returned to sender", "undeliverable", "user unknown",
	"unknown user", "unknown recipient", "unknown address", "no such user", "no such address", "does not exist", "recipient not found",
	"address not found", "address couldn't be found", "address wasn't found", "recipient rejected", "recipient address rejected",
	"mailbox is full", "mailbox full", "mailbox unavailable", "over quota", "quota exceeded", "permanent fatal error", "permanent error",
	"delivery problem", "following address(es) failed", "following addresses failed", "message rejected", "rejected your message",
	// German
	"nicht zugestellt werden", "nicht zustellbar", "unzustellbar", "nicht ausgeliefert werden", "nicht übermittelt werden",
	"zustellung fehlgeschlagen", "zustellung an folgende", "empfänger unbekannt", "postfach voll",
	// French
	"n'a pas pu être remis", "n'a pas pu être délivré", "n'a pas pu être distribué", "n'a pas pu être transmis", "n'a pas pu être acheminé",
	"n'a pas été remis", "non remis", "la remise a échoué", "échec de la remise", "échec de remise", "impossible de remettre",
	// Spanish
	"no se pudo entregar", "no se ha podido entregar", "no pudo ser entregado", "no ha podido ser entregado", "no se puede entregar",
	"no se entregó", "error en la entrega", "error al entregar",
	// Italian
	"non è stato possibile recapitare", "non è stato possibile consegnare", "non è stato recapitato", "non è stato consegnato",
	"impossibile recapitare", "impossibile consegnare", "recapito non riuscito", "mancato recapito", "mancata consegna",
	// Portuguese
	"não foi possível entregar", "não pôde ser entregue", "não pode ser entregue", "não foi entregue", "falha na entrega",
	"não é possível entregar",
	// Dutch
	"kon niet worden bezorgd", "kon niet worden afgeleverd", "kan niet worden bezorgd", "niet bezorgd", "niet afgeleverd",
	"bezorging is mislukt", "onbestelbaar",
	// Polish
	"nie może zostać dostarczona", "nie mogła zostać dostarczona", "nie można dostarczyć", "nie udało się dostarczyć", "nie została dostarczona",
	"nie można było dostarczyć",
	// Russian
	"не может быть доставлено", "не было доставлено", "не удалось доставить", "не удается доставить", "не доставлено", "недоставлен",
	// Swedish, Danish, Norwegian, Finnish
	"kunde inte levereras", "kan inte levereras", "gick inte att leverera", "kunne ikke leveres", "kan ikke leveres", "ikke leveret", "ikke levert",
	"ei voitu toimittaa", "toimitus epäonnistui", "toimittaminen epäonnistui",
	// Czech, Hungarian, Romanian, Turkish, Greek
	"nelze doručit", "nebyla doručena", "nepodařilo se doručit", "nem kézbesíthető", "nem sikerült kézbesíteni", "nu a putut fi livrat",
	"teslim edilemedi", "δεν ήταν δυνατή η παράδοση", "δεν παραδόθηκε",
	// Japanese, Chinese, Korean
	"配信できません", "配信不能", "配信に失敗", "配信されません", "配達できません", "配達されません", "送信できません", "送信に失敗", "お届けできません",
	"届けることができません", "エラーで返", "宛先不明", "ユーザーが見つかりません",
	"无法投递", "无法传递", "无法送达", "无法发送", "未能送达", "投递失败", "被退回", "退信", "無法投遞", "無法傳遞", "無法送達", "無法傳送", "未能傳遞",
	"배달되지", "배달할 수", "전송되지", "전송할 수", "전달되지", "전달할 수", "반송",
}

// delayPhrases are what warnings say in their text.
var delayPhrases = []string{
	"warning message only", "do not need to resend", "not yet been delivered", "still undelivered", "still being retried", "will keep trying",
	"will continue to try", "will continue to be attempted", "delivery attempts will continue", "delivery is delayed", "is delayed", "will be retried", "will retry",
	"hasn't been delivered yet", "noch nicht zugestellt", "weiterhin versucht", "n'a pas encore été remis", "todavía no se ha entregado",
	"aún no se ha entregado", "non è stato ancora recapitato", "ainda não foi entregue", "nog niet bezorgd", "jeszcze nie został", "ещё не доставлено",
	"еще не доставлено", "配信が遅延", "配信が遅れ", "配信を再試行", "尚未传递", "尚未送達",
}

// replyHeadings begin the subjects of automatic replies, and of nothing else.
var replyHeadings = []string{
	// English
	"automatic reply", "automatic response", "automated reply", "automated response", "auto reply", "auto-reply", "autoreply", "auto response",
	"auto-response", "autoresponse", "autoresponder", "out of office", "out of the office", "out of office reply", "out of office alert",
	"out of office autoreply", "out of office auto-reply", "out of office auto reply", "out of office message", "out of office notification",
	"out-of-office", "out-of-office reply", "away from office", "away from the office", "vacation reply", "vacation message", "absence notification",
	// German
	"automatische antwort", "automatische antwort auf", "automatische rückantwort", "automatische rückmeldung", "autom. antwort", "autoantwort",
	"abwesenheitsnotiz", "abwesenheitsnachricht", "abwesenheitsmeldung", "abwesenheitsmitteilung", "abwesenheitsassistent", "urlaubsnotiz",
	"urlaubsabwesenheit",
	// French
	"réponse automatique", "reponse automatique", "absence du bureau", "absent du bureau", "absente du bureau", "message d'absence",
	"notification d'absence", "avis d'absence",
	// Spanish
	"respuesta automática", "respuesta automatica", "contestación automática", "fuera de la oficina", "fuera de oficina", "mensaje de ausencia",
	// Italian
	"risposta automatica", "fuori ufficio", "assente dall'ufficio", "messaggio di assenza",
	// Portuguese
	"resposta automática", "resposta automatica", "fora do escritório", "fora de escritório", "ausência temporária", "mensagem de ausência",
	"ausente do escritório",
	// Dutch
	"automatisch antwoord", "automatische beantwoording", "automatische reactie", "afwezigheidsbericht", "afwezigheidsassistent",
	// Polish
	"automatyczna odpowiedź", "odpowiedź automatyczna", "autoodpowiedź", "nieobecność w biurze",
	// Russian, Ukrainian
	"автоматический ответ", "автоответ", "автоответчик", "автоматична відповідь",
	// Swedish, Danish, Norwegian, Finnish
	"automatiskt svar", "autosvar", "automatsvar", "frånvaromeddelande", "automatisk svar", "automatisk besked", "fraværsmelding", "fraværsbesked",
	"automaattinen vastaus", "automaattivastaus", "poissaoloviesti", "poissaoloilmoitus",
	// Czech, Slovak, Hungarian, Romanian, Bulgarian, Croatian, Slovene
	"automatická odpověď", "automatická odpoveď", "automatikus válasz", "automatikus válaszüzenet", "răspuns automat", "автоматичен отговор",
	"automatski odgovor", "samodejni odgovor",
	// Turkish, Greek, Catalan, Estonian, Latvian, Lithuanian
	"otomatik yanıt", "otomatik cevap", "αυτόματη απάντηση", "resposta automàtica", "automaatvastus", "automātiska atbilde", "automātiskā atbilde",
	"automatinis atsakymas",
	// Japanese, Chinese, Korean
	"自動応答", "自動返信", "自動回答", "不在通知", "不在のお知らせ", "不在連絡", "自动答复", "自动回复", "自动应答", "自動回覆", "自動回應", "自動答覆",
	"자동 회신", "자동회신", "자동 응답", "자동응답", "부재중 알림",
	// Thai, Vietnamese, Indonesian, Hebrew, Arabic
	"ตอบกลับอัตโนมัติ", "การตอบกลับอัตโนมัติ", "trả lời tự động", "thư trả lời tự động", "balasan otomatis", "תשובה אוטומטית", "מענה אוטומטי",
	"رد تلقائي", "رد آلي",
}

// absenceHeadings begin subjects of automatic replies, but also what people
// and travel agencies write. "Auto" is Notes' and Sieve's (RFC 5230 §5.3), and
// a car in many languages.
var absenceHeadings = []string{
	"auto", "ooo", "oof", "away", "on vacation", "on leave", "on annual leave", "on holiday", "vacation", "vacation notice", "absence notice",
	"abwesenheit", "abwesend", "außer haus", "ausser haus", "nicht im büro", "nicht im haus", "urlaub", "im urlaub", "absence", "absent", "absente",
	"en congé", "en congés", "en vacances", "ausente", "ausencia", "de vacaciones", "fuori sede", "assente", "assenza", "in ferie", "ausência",
	"de férias", "em férias", "afwezigheid", "afwezig", "niet aanwezig", "niet op kantoor", "buiten kantoor", "op vakantie", "met vakantie",
	"nieobecność", "poza biurem", "nieobecny", "urlop", "jestem na urlopie", "вне офиса", "не на работе", "нет на месте", "отсутствую", "в отпуске",
	"отпуск", "frånvaro", "frånvarande", "ej på kontoret", "inte på kontoret", "på semester", "semester", "fravær", "ikke til stede", "ikke på kontoret",
	"ikke på kontor", "på ferie", "ferie", "poissa toimistosta", "poissa", "lomalla", "mimo kancelář", "mimo kanceláriu", "nepřítomnost", "házon kívül",
	"ofis dışında", "εκτός γραφείου", "不在", "休暇", "休暇のお知らせ", "外出中", "外出", "休假", "不在办公室", "不在辦公室", "부재중", "부재 중", "휴가",
	"מחוץ למשרד", "خارج المكتب",
}

// awayPhrases are what out-of-office notes say of their writer.
var awayPhrases = []string{
	// English
	"i am out of the office", "i'm out of the office", "i am out of office", "i'm out of office", "i am currently out of", "i'm currently out of",
	"i will be out of", "i'll be out of", "is out of the office", "is out of office", "currently out of the office", "currently out of office",
	"out of the office until", "out of office until", "out of the office from", "out of office from", "out of office and will", "out of the office and will",
	"i am currently away", "i'm currently away", "i am away from", "i'm away from", "i am away until", "i'm away until", "i will be away", "i'll be away",
	"away until", "away from my desk", "away from the office", "away from my mail", "i am on leave", "i'm on leave", "i am on annual leave", "i'm on annual leave",
	"currently on leave", "currently on annual leave", "currently on vacation", "currently on holiday", "i am on vacation", "i'm on vacation", "i am on holiday",
	"i'm on holiday", "on maternity leave", "on paternity leave", "on parental leave", "i will be on vacation", "i will be on holiday", "i will be on leave",
	"i am unavailable until", "limited access to email", "limited access to my email", "limited access to e-mail", "limited access to my e-mail",
	"no access to my email", "no access to my e-mail", "upon my return", "when i return", "on my return", "i no longer work", "i have left the company",
	// German
	"ich bin nicht im büro", "ich bin nicht im haus", "ich bin derzeit nicht im", "ich bin zurzeit nicht im", "ich bin momentan nicht im",
	"ich bin aktuell nicht im", "ich bin zur zeit nicht im", "bin nicht erreichbar", "bin ich nicht erreichbar", "derzeit nicht persönlich erreichbar",
	"ich bin abwesend", "bin abwesend", "derzeit abwesend", "bin außer haus", "bin ausser haus", "bin im urlaub", "derzeit im urlaub", "zurzeit im urlaub",
	"aktuell im urlaub", "in elternzeit", "bin wieder ab", "bin ich wieder", "bin ab dem", "mail wird nicht weitergeleitet", "nachricht wird nicht weitergeleitet",
	"mails werden nicht weitergeleitet", "nachrichten werden nicht weitergeleitet", "während meiner abwesenheit", "in meiner abwesenheit", "nach meiner rückkehr",
	// French
	"je suis absent", "je suis actuellement absent", "je suis actuellement en congé", "je suis actuellement en vacances", "je suis actuellement en déplacement",
	"je serai absent", "suis en congé", "suis en vacances", "serai en congé", "absent du bureau", "absente du bureau", "absent jusqu", "absente jusqu",
	"je serai de retour", "de retour le", "en mon absence", "pendant mon absence", "à mon retour", "dès mon retour", "en congé maternité", "en congé de maternité",
	// Spanish
	"estoy fuera de la oficina", "estaré fuera de la oficina", "me encuentro fuera de la oficina", "estoy de vacaciones", "estaré de vacaciones",
	"me encuentro de vacaciones", "estoy ausente", "estaré ausente", "a mi regreso", "a mi vuelta", "durante mi ausencia",
	// Italian
	"sono fuori ufficio", "sarò fuori ufficio", "sono fuori sede", "sarò fuori sede", "sono in ferie", "sarò in ferie", "sono assente", "sarò assente",
	"sarò di ritorno", "al mio rientro", "al mio ritorno", "durante la mia assenza",
	// Portuguese
	"estou fora do escritório", "estarei fora do escritório", "estou de férias", "estarei de férias", "estou em férias", "estou ausente", "estarei ausente",
	"no meu regresso", "no meu retorno", "durante a minha ausência", "durante minha ausência",
	// Dutch
	"ik ben afwezig", "ik ben momenteel afwezig", "ik ben momenteel niet", "ben niet aanwezig", "ben ik afwezig", "ben niet op kantoor", "ik ben met vakantie",
	"ik ben op vakantie", "ben met verlof", "ben ik weer", "bij mijn terugkomst", "na mijn terugkomst", "tijdens mijn afwezigheid",
	// Polish
	"jestem nieobecn", "będę nieobecn", "przebywam na urlopie", "jestem na urlopie", "jestem poza biurem", "będę poza biurem", "podczas mojej nieobecności",
	"w czasie mojej nieobecności", "po moim powrocie",
	// Russian, Ukrainian
	"я в отпуске", "нахожусь в отпуске", "буду в отпуске", "в отпуске до", "меня нет в офисе", "меня нет на рабочем", "я отсутствую", "буду отсутствовать",
	"нахожусь вне офиса", "буду вне офиса", "я у відпустці", "перебуваю у відпустці",
	// Swedish, Danish, Norwegian, Finnish
	"jag är inte på kontoret", "jag är på semester", "jag har semester", "jag är borta", "jag är frånvarande", "jag är tjänstledig", "jag är föräldraledig",
	"jag är ledig", "åter på kontoret", "jeg er ikke på kontoret", "jeg er på ferie", "jeg har ferie", "jeg holder ferie", "jeg er fraværende",
	"tilbake på kontoret", "tilbage på kontoret", "olen poissa", "olen lomalla",
	// Czech, Hungarian, Turkish, Greek
	"jsem mimo kancelář", "mám dovolenou", "jsem na dovolené", "nejsem v kanceláři", "szabadságon vagyok", "házon kívül vagyok", "irodán kívül vagyok",
	"ofis dışındayım", "yıllık izindeyim", "izinde olacağım", "izindeyim", "tatildeyim", "είμαι εκτός γραφείου", "απουσιάζω", "θα απουσιάζω",
	// Japanese, Chinese, Korean
	"不在にしております", "不在にしています", "不在とさせて", "不在となります", "休暇をいただ", "休暇を頂", "休暇を取得", "休暇中です", "休暇中のため", "お休みをいただ", "お休みを頂",
	"外出しております", "出張しております", "我正在休假", "我在休假", "正在休假", "我外出", "我正在外出", "我现在不在", "我不在办公室", "我目前不在", "我現在不在", "我不在辦公室",
	"休假期間", "休假期间", "부재중입니다", "부재 중입니다", "자리를 비", "휴가 중입니다", "휴가중입니다", "출장 중입니다",
	// Hebrew, Arabic
	"אני מחוץ למשרד", "אני בחופשה", "أنا خارج المكتب", "أنا في إجازة",
}

// ticketHeadings stand in the subjects of acknowledgements.
var ticketHeadings = []string{
	"[request received]", "request received:", "ticket received", "[ticket received]", "ticket created", "support ticket opened",
	"your request has been received", "we received your", "we have received your", "we've received your", "acknowledgement of receipt",
	"acknowledgment of receipt", "confirmation of receipt", "eingangsbestätigung", "empfangsbestätigung", "ihre anfrage ist eingegangen", "accusé de réception",
	"acuse de recibo", "solicitud recibida", "conferma di ricezione", "confirmação de recebimento", "ontvangstbevestiging", "potwierdzenie otrzymania",
	"mottagningsbekräftelse", "受付完了", "お問い合わせを受け付け", "접수되었습니다",
}

// ticketPhrases are what acknowledgements, and replies that say what they are,
// have in their text.
var ticketPhrases = []string{
	// English; the first is Zendesk's.
	"has been received and is being reviewed", "received your request", "received your email", "received your e-mail", "received your message",
	"received your inquiry", "received your enquiry", "received your support request", "received your support ticket", "received your ticket", "received your query",
	"your request has been received", "your ticket has been received", "your ticket has been created", "your email has been received", "your e-mail has been received",
	"your message has been received", "a ticket has been created", "a ticket has been opened", "a new ticket has been created", "a support ticket has been created",
	"a support ticket has now been opened", "a case has been created", "a case has been opened", "a request for support has been created",
	"has been created and assigned", "just confirming that we got your request", "we got your request", "this is an automatic reply",
	"this is an automatic response", "this is an automated reply", "this is an automated response", "this is an auto-reply", "this is an auto reply",
	"this is an auto-response", "this is an autoreply", "this is an automatic acknowledg", "this is an automated acknowledg",
	// German
	"ihre anfrage erhalten", "ihre nachricht erhalten", "ihre e-mail erhalten", "ihre mail erhalten", "ihr schreiben erhalten", "deine anfrage erhalten",
	"deine nachricht erhalten", "ist bei uns eingegangen", "anfrage ist eingegangen", "nachricht ist eingegangen", "eingang ihrer anfrage",
	"eingang ihrer nachricht", "eingang ihrer e-mail", "automatische antwort", "automatische eingangsbestätigung", "ein ticket wurde", "ticket wurde erstellt",
	// French
	"bien reçu votre message", "bien reçu votre demande", "bien reçu votre e-mail", "bien reçu votre email", "bien reçu votre courriel", "bien reçu votre mail",
	"votre demande a été reçue", "votre demande a bien été", "accusé de réception", "réponse automatique", "un ticket a été créé",
	// Spanish
	"recibido su mensaje", "recibido su solicitud", "recibido su consulta", "recibido su correo", "recibido tu mensaje", "recibido tu solicitud",
	"recibido tu consulta", "recibido tu correo", "ha sido recibida", "respuesta automática", "acuse de recibo",
	// Italian
	"ricevuto la sua richiesta", "ricevuto la tua richiesta", "ricevuto la vostra richiesta", "ricevuto il suo messaggio", "ricevuto il tuo messaggio",
	"richiesta è stata ricevuta", "risposta automatica",
	// Portuguese
	"recebemos sua solicitação", "recebemos a sua solicitação", "recebemos o seu pedido", "recebemos seu pedido", "recebemos sua mensagem", "recebemos a sua mensagem",
	"recebemos seu e-mail", "recebemos o seu e-mail", "solicitação foi recebida", "pedido foi recebido", "resposta automática",
	// Dutch
	"uw bericht ontvangen", "uw e-mail ontvangen", "uw verzoek ontvangen", "uw aanvraag ontvangen", "uw vraag ontvangen", "je bericht ontvangen",
	"je verzoek ontvangen", "ontvangstbevestiging", "automatisch antwoord", "automatische reactie", "automatisch gegenereerd antwoord",
	// Polish
	"otrzymaliśmy twoj", "otrzymaliśmy państ", "zgłoszenie zostało zarejestrowane", "zgłoszenie zostało przyjęte", "automatyczna odpowiedź",
	"odpowiedź automatyczna",
	// Russian, Ukrainian
	"получили ваш запрос", "получили ваше", "запрос получен", "запрос зарегистрирован", "обращение зарегистрировано", "обращение принято",
	"ваше письмо получено", "заявка зарегистрирована", "заявка принята", "автоматический ответ", "автоответ", "отримали ваш", "автоматична відповідь",
	// Swedish, Danish, Norwegian, Finnish
	"tagit emot ditt", "tagit emot din", "mottagit ditt", "mottagit din", "automatiskt svar", "autosvar", "modtaget din", "mottatt din", "automatisk svar",
	"on vastaanotettu", "automaattinen vastaus",
	// Czech, Hungarian, Turkish
	"přijali jsme váš", "obdrželi jsme váš", "obdrželi jsme vaš", "automatická odpověď", "megkaptuk", "automatikus válasz", "talebiniz alın", "otomatik yanıt",
	// Japanese, Chinese, Korean
	"自動返信", "自動応答", "受け付けました", "受付いたしました", "受け付けいたしました", "受付けました", "自动回复", "自动答复", "自动应答", "已收到您的请求", "已收到您的邮件",
	"已收到您的来信", "已收到您的询问", "自動回覆", "自動回應", "已收到您的來信", "已收到您的要求", "자동 회신", "자동 응답", "접수되었습니다", "접수됐습니다",
}
