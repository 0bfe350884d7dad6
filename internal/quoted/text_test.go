package quoted

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// attributions are what mail programs write above a quotation. The names of the
// programs are after the language, "g" for Gmail, "t" for Thunderbird, "a" for
// Apple Mail.
var attributions = map[string]string{
	"en g":        "On Mon, Apr 2, 2012 at 6:26 PM, Megan One <megan@example.com> wrote:",
	"en g 2":      "On Mon, 2 Apr 2012 at 18:26, Megan One <megan@example.com> wrote:",
	"en wrapped":  "On Mon, Apr 2, 2012 at 6:26 PM, Megan With A Rather Long Name One <\nmegan@example.com> wrote:",
	"en wrapped3": "On Mon, Apr 2, 2012 at 6:26 PM, Megan With A Rather Long Name One via\nSupport of the Example Company of Somewhere\n<megan@example.com> wrote:",
	"en a":        "On Apr 3, 2012, at 4:19 PM, Megan One <megan@example.com> wrote:",
	"en a 2":      "On 22 Aug 2015, at 19:21, Megan wrote:",
	"en t":        "On 04/02/2012 06:26 PM, Megan One wrote:",
	"en t 2":      "On 2/4/12 18:26, Megan One wrote:",
	"en mutt":     "On Mon, Apr 02, 2012 at 06:26:11PM +0400, Megan One wrote:",
	"en evo":      "On Mon, 2012-04-02 at 18:26 +0400, Megan One wrote:",
	"en kmail":    "On Monday, 2 April 2012 18:26:00 CEST Megan One wrote:",
	"en yahoo":    "On Monday, April 2, 2012, 06:26:00 PM GMT+4, Megan One <megan@example.com> wrote:",
	"en proton":   "On Monday, April 2nd, 2012 at 6:26 PM, Megan One <megan@example.com> wrote:",
	"en notes":    "Megan One <megan@example.com> wrote on 04/02/2012 06:26:23 PM:",
	"en spark":    "On 2 Apr 2012, 18:26 +0100, Megan One <megan@example.com>, wrote:",
	"en netease":  "At 2012-04-02 18:26:00, \"Megan One\" <megan@example.com> wrote:",
	"en horde":    "Quoting Megan One <megan@example.com>:",
	"en zoho":     "---- On Mon, 02 Apr 2012 18:26:00 +0400 Megan One <megan@example.com> wrote ----",
	"en no year":  "On Mon, Apr 2, Megan One\n<megan@example.com>\nwrote:",
	"en yandex":   "18:26 PM, April 2, 2012, \"Megan - One\" <megan@example.com>:",
	"en mail.ru":  "Monday, 2 April 2012, 6:26 PM +0300 from Megan One <megan@example.com>:",
	"de broken":   "Megan One <megan@example.com> schrieb am Mo., 2.\nApr. 2012, 18:26:",
	"fi wrapped":  "ma 2. huhtikuuta 2012 klo 18.26 Megan One\n<megan@example.com> kirjoitti:",
	"en bold":     "*On Mon, Apr 2, 2012 at 6:26 PM, Megan One <megan@example.com> wrote:*",
	"de g":        "Am Mo., 2. Apr. 2012 um 18:26 Uhr schrieb Megan One <megan@example.com>:",
	"de wrapped":  "Am Mo., 2. Apr. 2012 um 18:26 Uhr schrieb Megan Mit Langem Namen One <\nmegan@example.com>:",
	"de a":        "Am 02.04.2012 um 18:26 schrieb Megan One <megan@example.com>:",
	"de t":        "Am 02.04.12 um 18:26 schrieb Megan One:",
	"de t 2":      "Megan One schrieb am 02.04.2012 um 18:26:",
	"fr g":        "Le lun. 2 avr. 2012 à 18:26, Megan One <megan@example.com> a écrit :",
	"fr a":        "Le 2 avr. 2012 à 18:26, Megan One <megan@example.com> a écrit :",
	"fr t":        "Le 02/04/2012 à 18:26, Megan One a écrit :",
	"es g":        "El lun, 2 abr 2012 a las 18:26, Megan One (<megan@example.com>) escribió:",
	"es t":        "El 02/04/2012 a las 18:26, Megan One escribió:",
	"it g":        "Il giorno lun 2 apr 2012 alle ore 18:26 Megan One <megan@example.com> ha scritto:",
	"it t":        "Il 02/04/2012 18:26, Megan One ha scritto:",
	"pt g":        "Em seg., 2 de abr. de 2012 às 18:26, Megan One <megan@example.com> escreveu:",
	"pt g 2":      "Megan One <megan@example.com> escreveu no dia segunda, 2/04/2012 à(s) 18:26:",
	"pt t":        "Em 02/04/2012 18:26, Megan One escreveu:",
	"nl g":        "Op ma 2 apr. 2012 om 18:26 schreef Megan One <megan@example.com>:",
	"nl t":        "Op 02-04-2012 om 18:26 schreef Megan One:",
	"da g":        "Den man. 2. apr. 2012 kl. 18.26 skrev Megan One <megan@example.com>:",
	"no g":        "man. 2. apr. 2012 kl. 18:26 skrev Megan One <megan@example.com>:",
	"nn t":        "Den 02.04.2012 18:26, Megan One skreiv:",
	"sv g":        "Den mån 2 apr. 2012 kl 18:26 skrev Megan One <megan@example.com>:",
	"fi g":        "ma 2. huhtik. 2012 klo 18.26 Megan One (megan@example.com) kirjoitti:",
	"is t":        "Þann 2.4.2012 18:26, skrifaði Megan One:",
	"pl g":        "pon., 2 kwi 2012 o 18:26 Megan One <megan@example.com> napisał(a):",
	"pl t":        "W dniu 02.04.2012 o 18:26, Megan One pisze:",
	"cs g":        "po 2. 4. 2012 v 18:26 odesílatel Megan One <megan@example.com> napsal:",
	"cs t":        "Dne 02. 04. 12 v 18:26 Megan One napsal(a):",
	"sk g":        "po 2. 4. 2012 o 18:26 Megan One <megan@example.com> napísal(a):",
	"hu g":        "Megan One <megan@example.com> ezt írta (időpont: 2012. ápr. 2., H, 18:26):",
	"hu t":        "2012. 04. 02. 18:26 keltezéssel, Megan One írta:",
	"ro g":        "În lun., 2 apr. 2012 la 18:26, Megan One <megan@example.com> a scris:",
	"hr g":        "pon, 2. tra 2012. u 18:26 Megan One <megan@example.com> napisao je:",
	"sl g":        "V V pon., 2. apr. 2012 ob 18:26 je oseba Megan One <megan@example.com> napisala:",
	"bg g":        "На пн, 2.04.2012 г. в 18:26 Megan One <megan@example.com> написа:",
	"ru g":        "пн, 2 апр. 2012 г. в 18:26, Megan One <megan@example.com>:",
	"ru t":        "02.04.2012 18:26, Megan One пишет:",
	"ru mail.ru":  "Понедельник, 2 апреля 2012, 18:26 +04:00 от Megan One <megan@example.com>:",
	"ru android":  "02.04.2012 14:20 пользователь \"megan@example.com\" <\nmegan@example.com> написал:",
	"uk g":        "пн, 2 квіт. 2012 р. о 18:26 Megan One <megan@example.com> пише:",
	"el g":        "Στις Δευ 2 Απρ 2012 στις 6:26 μ.μ., ο χρήστης Megan One <megan@example.com> έγραψε:",
	"tr g":        "Megan One <megan@example.com>, 2 Nis 2012 Pzt, 18:26 tarihinde şunu yazdı:",
	"et g":        "Megan One (<megan@example.com>) kirjutas kuupäeval E, 2. aprill 2012 kell 18:26:",
	"lt g":        "2012-04-02, pr, 18:26 Megan One <megan@example.com> rašė:",
	"lv g":        "pirmd., 2012. g. 2. apr., plkst. 18:26 — lietotājs Megan One (<megan@example.com>) rakstīja:",
	"ca g":        "El dl., 2 d’abr. 2012 a les 18:26, Megan One <megan@example.com> va escriure:",
	"zh g":        "Megan One <megan@example.com> 于2012年4月2日周一 18:26写道：",
	"zh a":        "在 2012年4月2日，18:26，Megan One <megan@example.com> 写道：",
	"zh netease":  "在 2012-04-02 18:26:00，\"Megan One\" <megan@example.com> 写道：",
	"zh-tw g":     "Megan One <megan@example.com> 於 2012年4月2日 週一 下午6:26寫道：",
	"ja g":        "2012年4月2日(月) 18:26 Megan One <megan@example.com>:",
	"ja a":        "2012/04/02 18:26、Megan One <megan@example.com>のメール:",
	"ko g":        "2012년 4월 2일 (월) 오후 6:26, Megan One <megan@example.com>님이 작성:",
	"ko a":        "2012. 4. 2. 오후 6:26, Megan One <megan@example.com> 작성:",
	"he g":        "\u202bבתאריך יום ב׳, 2 באפר׳ 2012 ב-18:26 מאת \u202aMegan One\u202c\u200f <\u202amegan@example.com\u202c\u200f>:\u202c",
	"ar g":        "في الاثنين، 2 أبريل 2012 في 6:26 م تمت كتابة ما يلي بواسطة Megan One <\u202amegan@example.com\u202c\u200f>:",
	"th g":        "ในวันที่ จ. 2 เม.ย. 2012 เวลา 18:26 Megan One <megan@example.com> เขียนว่า:",
	"vi g":        "Vào Th 2, 2 thg 4, 2012 vào lúc 18:26 Megan One <megan@example.com> đã viết:",
	"id g":        "Pada tanggal Sen, 2 Apr 2012 pukul 18.26 Megan One <megan@example.com> menulis:",
}

func TestTextAttributions(t *testing.T) {
	t.Parallel()
	for name, line := range attributions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, quote := range []string{"\n\n> Hi\n>\n> there", "\n> Hi", "\n\n> Hi\n> > So\n\n\n"} {
				for _, reply := range []string{"Thank you, that works.", "Hello Megan,\n\nit works.\n\nBob\n-- \nBob Two\nExample Ltd"} {
					for _, between := range []string{"\n", "\n\n", "\n\n\n"} {
						kept, cut := Text(reply + between + line + quote)
						require.Equal(t, reply, kept)
						require.Equal(t, len(between+line+quote), cut)
					}
				}
			}
			// Quoted with the quotation, as by Apple Mail.
			kept, _ := Text("Hello\n\n> " + strings.ReplaceAll(line, "\n", "\n> ") + "\n>\n> Hi")
			require.Equal(t, "Hello", kept)
			// With an answer under it, or no quotation at all, it stays.
			for _, s := range []string{
				"Hello\n\n" + line + "\n> Hi\n\nYes.\n", line + "\n> Hi\nHello", line + "\n> Hi\n\n",
				"Hello\n\n" + line + "\n> a\nYes.\n> b\nNo.\n> c\n", "Hello.\n" + line + "\n> a\n> b\n> c\n\n-- I say no",
			} {
				kept, cut := Text(s)
				require.Equal(t, s, kept)
				require.Zero(t, cut)
			}
		})
	}
}

// blocks are what Outlook writes above a quotation, by language.
var blocks = map[string]string{
	"en":           "From: Megan One <megan@example.com>\nSent: Monday, April 2, 2012 6:26 PM\nTo: Bob Two <bob@example.com>\nCc: Eve\nSubject: RE: Test",
	"en mac":       "From: Megan One <megan@example.com>\nDate: Monday, April 2, 2012 at 6:26 PM\nTo: Bob Two <bob@example.com>\nSubject: RE: Test",
	"en long to":   "From: Megan One\nSent: Monday, April 2, 2012 6:26 PM\nTo: Bob Two <bob@example.com>; Eve Three <eve@example.com>;\n Joe Four <joe@example.com>\nSubject: RE: Test",
	"en long from": "From: Front Desk of the Example Company\n<front.desk.of.the.example.company@mail.example.com>\nSent: Monday, April 2, 2012 6:26 PM\nTo: Bob Two\nSubject: RE: Test",
	"en reply-to":  "From: megan@example.com\nReply-To: megan@example.com\nSent: Mon, 2 Apr 2012 18:26:00 +0400\nTo: bob@example.com\nSubject: RE: Test",
	"en markdown":  "**From:** megan@example.com <megan@example.com>**On Behalf Of** Megan\n**Sent:** 2 April 2012 18:26\n**To:** Bob\n**Subject:** RE: Test",
	"de samsung":   "Von: Megan One <megan@example.com>\nDatum: 02.04.12  18:26  (GMT+01:00)\nAn: bob@example.com Betreff: RE: Test",
	"en bold":      "*From:* Megan One <megan@example.com>\n*Sent:* Monday, April 2, 2012 6:26 PM\n*To:* Bob Two <bob@example.com>\n*Subject:* RE: Test",
	"en gaps":      "From: Megan One\n\nSent: Monday, April 2, 2012 6:26 PM\n\nTo: Bob\n\nSubject: RE: Test",
	"en hotmail":   "Date: Mon, 2 Apr 2012 17:44:22 +0400\nFrom: megan@example.com\nTo: bob@example.com\nSubject: Test",
	"en high":      "From: Megan One\nSent: Monday, April 2, 2012 6:26 PM\nTo: Bob\nSubject: RE: Test\nImportance: High",
	"de":           "Von: Megan One <megan@example.com>\nGesendet: Montag, 2. April 2012 18:26\nAn: Bob Two <bob@example.com>\nBetreff: AW: Test",
	"de mac":       "Von: Megan One <megan@example.com>\nDatum: Montag, 2. April 2012 um 18:26\nAn: Bob Two <bob@example.com>\nCc: Eve\nBetreff: Test",
	"de notes":     "Von:\tMegan One/Example\nAn:\tBob Two/Example@Example\nDatum:\t02.04.2012 18:26\nBetreff:\tTest",
	"fr":           "De : Megan One <megan@example.com>\nEnvoyé : lundi 2 avril 2012 18:26\nÀ : Bob Two <bob@example.com>\nObjet : RE: Test",
	"es":           "De: Megan One <megan@example.com>\nEnviado el: lunes, 2 de abril de 2012 18:26\nPara: Bob Two <bob@example.com>\nCC: Eve\nAsunto: RE: Test",
	"it":           "Da: Megan One <megan@example.com>\nInviato: lunedì 2 aprile 2012 18:26\nA: Bob Two <bob@example.com>\nOggetto: R: Test",
	"pt":           "De: Megan One <megan@example.com>\nEnviada em: segunda-feira, 2 de abril de 2012 18:26\nPara: Bob Two <bob@example.com>\nAssunto: RES: Test",
	"nl":           "Van: Megan One <megan@example.com>\nVerzonden: maandag 2 april 2012 18:26\nAan: Bob Two <bob@example.com>\nOnderwerp: RE: Test",
	"da":           "Fra: Megan One <megan@example.com>\nSendt: 2. april 2012 18:26\nTil: Bob Two <bob@example.com>\nEmne: SV: Test",
	"sv":           "Från: Megan One <megan@example.com>\nSkickat: den 2 april 2012 18:26\nTill: Bob Two <bob@example.com>\nÄmne: SV: Test",
	"fi":           "Lähettäjä: Megan One <megan@example.com>\nLähetetty: maanantai 2. huhtikuuta 2012 18.26\nVastaanottaja: Bob Two\nAihe: VS: Test",
	"pl":           "Od: Megan One <megan@example.com>\nWysłano: poniedziałek, 2 kwietnia 2012 18:26\nDo: Bob Two <bob@example.com>\nDW: Eve\nTemat: RE: Test",
	"cs":           "Od: Megan One <megan@example.com>\nOdesláno: pondělí 2. dubna 2012 18:26\nKomu: Bob Two <bob@example.com>\nKopie: Eve\nPředmět: RE: Test",
	"sk":           "Od: Megan One\nOdoslané: pondelok 2. apríla 2012 18:26\nKomu: Bob Two\nPredmet: RE: Test",
	"hu":           "Feladó: Megan One <megan@example.com>\nElküldve: 2012. április 2., hétfő 18:26\nCímzett: Bob Two\nTárgy: RE: Test",
	"ro":           "De la: Megan One\nTrimis: luni, 2 aprilie 2012 18:26\nCătre: Bob Two\nSubiect: RE: Test",
	"ru":           "От: Megan One <megan@example.com>\nОтправлено: 2 апреля 2012 г. 18:26\nКому: Bob Two <bob@example.com>\nТема: RE: Test",
	"uk":           "Від: Megan One\nНадіслано: 2 квітня 2012 р. 18:26\nКому: Bob Two\nТема: RE: Test",
	"el":           "Από: Megan One\nΣτάλθηκε: Δευτέρα, 2 Απριλίου 2012 6:26 μμ\nΠρος: Bob Two\nΘέμα: RE: Test",
	"tr":           "Kimden: Megan One\nGönderildi: 2 Nisan 2012 Pazartesi 18:26\nKime: Bob Two\nKonu: RE: Test",
	"zh":           "发件人: Megan One <megan@example.com>\n发送时间: 2012年4月2日 18:26\n收件人: Bob Two <bob@example.com>\n主题: Re: Test",
	"zh foxmail":   "发件人： Megan One\n发送时间： 2012-04-02 18:26\n收件人： bob\n主题： Re: Test",
	"zh-tw":        "寄件者: Megan One\n寄件日期: 2012年4月2日 18:26\n收件者: Bob Two\n主旨: RE: Test",
	"ja":           "差出人: Megan One <megan@example.com>\n送信日時: 2012年4月2日 18:26\n宛先: Bob Two <bob@example.com>\n件名: RE: Test",
	"ko":           "보낸 사람: Megan One <megan@example.com>\n보낸 날짜: 2012년 4월 2일 월요일 오후 6:26\n받는 사람: Bob Two\n제목: RE: Test",
	"he":           "מאת: Megan One\nנשלח: יום שני 02 אפריל 2012 18:26\nאל: Bob Two\nנושא: RE: Test",
	"ar":           "من: Megan One\nتم الإرسال: 02 أبريل 2012 06:26 م\nإلى: Bob Two\nالموضوع: RE: Test",
}

func TestTextBlocks(t *testing.T) {
	t.Parallel()
	for name, block := range blocks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const reply = "Hello Megan,\n\nThat works.\n\nRegards\nBob\nTel: 030 1234567"
			for _, above := range []string{
				"\n\n", "\n\n________________________________\n", "\n\n-----Original Message-----\n", "\n\n----- Original Message ----- \n\n",
				"\n\n\n-------- Ursprüngliche Nachricht --------\n", "\n\n------------------ 原始邮件 ------------------\n", "\nOriginal Message\n",
			} {
				quotation := above + block + "\n\nHi Bob,\n\nOn 1 May you wrote:\n> So\n\nYes.\n"
				kept, cut := Text(reply + quotation)
				require.Equal(t, reply, kept)
				require.Equal(t, len(quotation), cut)
			}
			kept, _ := Text(reply + "\n\n> " + strings.ReplaceAll(block, "\n", "\n> ") + "\n>\n> Hi")
			require.Equal(t, reply, kept, "quoted")
			for _, s := range []string{
				block + "\n\nHi",
				"Please see my answers below.\n\n" + block + "\n\nHi\n\nYes.",
				"FYI\n\n" + block + "\n\nHi",
				"We got this mail:\n\n" + block + "\n\nHi",
				"Hi Megan,\n\n" + block + "\n\nHi\n\nMy answer",
				"Who is that?\n\n---------- Forwarded message ---------\n" + block + "\n\nHi",
				"Who is that?\n\n-------- Weitergeleitete Nachricht --------\n" + block + "\n\nHi",
				"Who is that?\n\n-------- Xyzzy frotz --------\n" + block + "\n\nHi",
				"It came back.\n\n" + block + "\nMessage-ID: <x@example.com>\n\nHi",
				"It came back.\n\nReceived: from a by b\n" + block + "\n\nHi",
			} {
				kept, cut := Text(s)
				require.Equal(t, s, kept)
				require.Zero(t, cut)
			}
		})
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"delimiter": {
			"Hello\n\nOn Mon, Apr 2, 2012 at 6:26 PM Support <support@example.com> wrote:\n\n> ##- Please type your reply above this line -##\n>\n> Hi\n",
			"Hello"},
		"delimiter without quote marks": {
			"Hello\n\nFrom the desk of Bob\n\n##- Please type your reply above this line -##\n\nYour request (123) has been updated.\n\n[62X0VV-2436V]",
			"Hello\n\nFrom the desk of Bob"},
		"delimiter and a sentence": {
			"Hello\n\nSupport wrote:\n\n##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein. -##\n\nYour request",
			"Hello"},
		"delimiter on the line of the sentence": {
			"Hello\n\nOn 2 Apr 2012 Support wrote: ##- Please type your reply above this line -##\nYour request",
			"Hello"},
		"delimiter of an administrator": {"Hello\n\n## Please do not write below this line ##\nYour request", "Hello"},
		"delimiter of another desk":     {"Hello\n\n--- Please reply above this line ---\nYour request", "Hello"},
		"delimiter in two lines":        {"Hello\n\n##- Please type your reply above this\nline -##\nYour request", "Hello"},
		"delimiter with an answer under it": {
			"Hello\n\n> ##- Please type your reply above this line -##\n>\n> Hi\n\nYes, do.\n", ""},
		"delimiter with nothing above it": {"##- Please type your reply above this line -##\n\nHello", ""},
		"a title":                         {"Hello\n\n## The second part ##\n\nMore", ""},
		"delimiter in a sentence":         {"Hello, the mail says ##- Please type your reply above this line -## and I do not know why.\n\nBob", ""},

		"quote marks only":        {"Hello\n\n> a\n> b\n> c\n", "Hello"},
		"one quoted line only":    {"Hello\n\n> a\n", ""},
		"program":                 {"Hello\n\n>>> import os\n>>> os.x\n>>> y\n", ""},
		"output":                  {"It says:\n\n> a\n> b\n> c\n", ""},
		"quotation above":         {"> a\n> b\n> c\n\nYes.\n", ""},
		"signature below":         {"Yes.\n\nOn 2 Apr 2012 at 18:26, Megan One wrote:\n> a\n> b\n\n-- \nBob\nExample", "Yes.\n\n-- \nBob\nExample"},
		"telephone below":         {"Yes.\n\nOn 2 Apr 2012 at 18:26, Megan One wrote:\n> a\n> b\n\nSent from my iPhone\n", "Yes.\n\nSent from my iPhone\n"},
		"list below":              {"Yes.\n\nOn 2 Apr 2012 at 18:26, Megan One wrote:\n> a\n> b\n_______________________\nA list\n", "Yes.\n\n_______________________\nA list\n"},
		"token below":             {"Yes.\n\nOn 2 Apr 2012 at 18:26, Megan One wrote:\n> a\n> b\n\n[62X0VV-2436V]\n", "Yes."},
		"salutation above":        {"Dear Bob,\n\nOn 2 Apr 2012 at 18:26, Megan One wrote:\n> a\n> b\n\nI think so.\n", ""},
		"answers to two mails":    {"On 2 Apr 2012 at 18:26, Megan wrote:\n> a\n\nYes.\n\nOn 2 Apr 2012 at 18:27, Megan wrote:\n> b\n", ""},
		"nothing above":           {"\n\nOn 2 Apr 2012 at 18:26, Megan One wrote:\n> a\n> b\n", ""},
		"only a line above":       {"____________________\n\nOn 2 Apr 2012 at 18:26, Megan One wrote:\n> a\n> b\n", ""},
		"a smile above":           {"👍\n\nOn 2 Apr 2012 at 18:26, Megan One wrote:\n> a\n> b\n", "👍"},
		"a person's sentence":     {"Hello\n\nOn 3 April 2024 at 10:15 your colleague Jane wrote:\n\n\"We will refund.\"\n\nBut nothing came.\n", ""},
		"a person's quotation":    {"Hello\n\nI asked you and you wrote:\n> It will come.\n> Soon.\n> Sure.\n", ""},
		"sentence before a break": {"Hello. On Mon, Apr 2, 2012 at 6:26 PM Bob <b@example.com> wrote:\n> a\n> b\n> c", ""},
		"sentences in one line":   {"Thanks On Mon, Apr 2, 2012 at 6:26 PM Bob <b@example.com> wrote:\n> a\n> b\n> c", ""},
		"no line between":         {"Write to bob@example.com\nOn 4/2/2012 18:26, Megan wrote:\n> a", "Write to bob@example.com"},
		"date in the line above":  {"I met him on 2 May 2024 at 10:00.\nMegan One wrote:\n> a\n> b\n> c", "I met him on 2 May 2024 at 10:00."},
		"without quote marks":     {"Yes.\n\nOn Mon, Apr 2, 2012 at 6:26 PM, Megan One <megan@example.com> wrote:\n\nHi Bob,\nis it so?\n", "Yes."},
		"yahoo":                   {"Yes.\n\n--- On Wed, 4/4/12, megan@example.com <megan@example.com> wrote:\n\n\nFrom: megan@example.com\nSubject: Test\n\nHi", "Yes."},
		"proton":                  {"Yes.\n\nSent with Proton Mail secure email.\n\n------- Original Message -------\nOn Monday, April 2nd, 2012 at 18:26, Megan One <megan@example.com> wrote:\n\n\n> Hi\n>\n> there\n", "Yes.\n\nSent with Proton Mail secure email."},
		"proton, answers":         {"------- Original Message -------\nOn Monday, April 2nd, 2012 at 18:26, Megan One <megan@example.com> wrote:\n\n\n> Hi\n\nYes.\n\n> there\n", ""},
		"original, quoted":        {"Yes.\n\n> -----Original Message-----\n> From: Megan\n> Sent: Monday\n>\n> Hi", "Yes."},
		"original, no block":      {"Yes.\n\n-------- Original message --------\n\nHi there\n", "Yes."},
		"hotmail":                 {"\nHello\n\n> Subject: Test\n> From: megan@example.com\n> To: bob@example.com\n> Date: Mon, 2 Apr 2012 17:44:22 +0400\n> \n> Hi\n \t\t \t   \t\t  ", "\nHello"},
		"notes":                   {"Yes.\n\n-----Megan One/Example wrote: -----\n\nTo: Bob@Example\nFrom: Megan One/Example\nDate: 04/02/2012 06:26PM\nSubject: Test\n\nHi", "Yes."},
		"apple forwards":          {"Who is that?\n\nBegin forwarded message:\n\n> From: Megan <megan@example.com>\n> Subject: Test\n> Date: 2 April 2012 18:26\n> To: bob@example.com\n>\n> Hi\n", ""},
		"gmail forwards":          {"Who is that?\n\n---------- Forwarded message ---------\nFrom: Megan <megan@example.com>\nDate: Mon, Apr 2, 2012 at 6:26 PM\nSubject: Test\nTo: <bob@example.com>\n\n\nHi\n", ""},
		"notes forwards":          {"Who is that?\n\n----- Forwarded by Bob/Example on 04/02/2012 06:26 PM -----\n\nFrom: Megan\nTo: Bob\nDate: 04/02/2012 06:26 PM\nSubject: Test\n\nHi", ""},
		"quoted forward":          {"Thanks.\n\nOn 2 Apr 2012 at 18:26, Megan One wrote:\n> See this.\n>\n> ---------- Forwarded message ---------\n> From: Joe\n", "Thanks."},
		"quote, answer, Outlook": {
			"> may we?\n\nYes.\n\nFrom: Megan One\nSent: Monday, April 2, 2012 6:26 PM\nTo: Bob\nSubject: Test\n\nmay we?\n", "> may we?\n\nYes."},
		"names in the quotation":    {"Hello\n\n" + blocks["en"] + "\n\nIs it so?\n[Bob Two] Yes.\n", ""},
		"brackets in the quotation": {"Hello\n\n" + blocks["en"] + "\n\n[EXTERNAL EMAIL] Beware\n[External Email] Beware\n[cid:a.png] x\n[image: A B] x\n[Logo] x\n[Bob Two]\n", "Hello"},
		"two sentences":             {"2 things are missing. On Mon, Apr 2, 2012 at 6:26 PM Bob <b@example.com> wrote:\n\na\n", ""},
		"two sentences, wrapped":    {"Hi\n\nOn it! On Mon, Apr 2, 2012 at 6:26 PM Bob\n<b@example.com> wrote:\n> a\n> b\n> c\n", "Hi\n\nOn it! On Mon, Apr 2, 2012 at 6:26 PM Bob"},
		"two sentences, chinese":    {"你好\n\n谢谢。在 2012-04-02 18:26:00，\"Megan\" <megan@example.com> 写道：\n\na\n", ""},
		"doctor":                    {"Hi\n\nOn Mon, Apr 2, 2012 at 6:26 PM Prof. Dr. Bob J. Two <b@example.com> wrote:\n> a\n", "Hi"},
		"sentence at the end":       {"Hi\n\nOn Mon, Apr 2, 2012 at 6:26 PM Bob <b@example.com> wrote:\n", ""},
		"output of a server":        {"Hello\n\nOn 2 May 2024 at 10:00 the server printed:\n> error a\n> error b\n> error c\n", ""},
		"a mail in a mail":          {"Hello\n\nOn 2 May 2024 at 10:00 I got from bob@example.com:\n> error a\n> error b\n> error c\n", ""},
		"a heading":                 {"Hello\n\n--- Forwarding rules ---\nThey are gone.\n\nOn 2 Apr 2012 at 18:26, Megan One wrote:\n> a", ""},
		"contact form":              {"Subject: my printer\n\nDear all,\nit burns.\nFrom: Bob\nTo: whom it may concern\n\nBye", ""},
		"bounce":                    {"Your message was not delivered.\n\n----- Original message -----\n\nReceived: from x\nMessage-ID: <x@y>\nFrom: Bob\nTo: Megan\nSubject: Test\n\nHi", ""},
		"crlf":                      {"Hello\r\n\r\nOn 2 Apr 2012 at 18:26, Megan One wrote:\r\n> a\r\n> b\r\n", "Hello"},
		"look forward":              {"I look forward to it.\n\nFrom: Megan One\nSent: Monday, April 2, 2012 6:26 PM\nTo: Bob\nSubject: Test\n\nHi\n", "I look forward to it."},
		"empty":                     {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := c.want
			if want == "" {
				want = c.in
			}
			kept, cut := Text(c.in)
			require.Equal(t, want, kept)
			require.Equal(t, want != c.in, cut > 0)
		})
	}
}

// TestTextNeverLoses has a person write above, between and under what is quoted.
func TestTextNeverLoses(t *testing.T) {
	t.Parallel()
	for name, line := range attributions {
		for pattern := range 1 << 5 {
			if pattern&2 > 0 { // the quoted lines were deleted, or never marked
				continue
			}
			var b strings.Builder
			said, above := 0, pattern&1 > 0
			if above {
				b.WriteString("PERSON says hello.\n\n")
				said++
			}
			b.WriteString(line + "\n")
			for i := 1; i < 5; i++ {
				if pattern>>i&1 > 0 {
					b.WriteString("\nPERSON says so\nPERSON says: more\n\n")
					said += 2
				} else {
					b.WriteString("> quoted words\n> and more\n")
				}
			}
			kept, _ := Text(b.String())
			require.Equal(t, said, strings.Count(kept, "PERSON"), "%s\n%s", name, b.String())
		}
	}
}

// TestTextPoints has answers that only the words above announce, by language.
func TestTextPoints(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"See below.", "My answers are inline", "I answered in red.", "Please see my comments\nbelow",
		"Siehe unten.", "Meine Antworten in Rot.", "Antworten im Text", "Voir mes réponses ci-dessous.", "Mis respuestas están en rojo", "Vedi sotto",
		"Veja abaixo", "Zie hieronder", "Se mina svar nedan", "Se mine svar nedenfor", "Patrz poniżej", "Viz níže", "Ответы ниже", "Lásd alább",
		"Cevaplarım aşağıda", "下記の通りです", "请看下面", "아래를 보세요", "ראו להלן", "انظر أدناه", "FYI", "z.K.", "Zur Info", "Pour info", "Ter info",
	} {
		in := s + "\n\n" + blocks["en"] + "\n\nHi\n\nYes.\n"
		kept, _ := Text(in)
		require.Equal(t, in, kept)
	}
}

func TestForwarded(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"FW: x", "Fwd: x", "fwd:x", "WG: x", "TR : x", "RV: x", "ENC: x", "I: x", "[EXTERNAL] FW: x", " 转发：x", "\u200fFW: x"} {
		require.True(t, Forwarded(s), s)
	}
	for _, s := range []string{"", "x", "RE: FW: x", "Re: x", "AW: WG: x", "[x", "Forward planning", ": FW"} {
		require.False(t, Forwarded(s), s)
	}
}

// BenchmarkText is at the limit, with what looks most like marks.
func BenchmarkText(b *testing.B) {
	for name, s := range hostile() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			b.ReportAllocs()
			for b.Loop() {
				Text(s)
			}
		})
	}
}

// hostile are texts of 256 kB that ask for most work.
func hostile() map[string]string {
	out := make(map[string]string)
	for name, piece := range map[string]string{
		"prose":        "The quick brown fox jumps over the lazy dog, and so on and on until the line is full.\n",
		"colons":       "a:\n",
		"wrote":        "On 2012 wrote:\n",
		"attributions": "On Mon, Apr 2, 2012 at 6:26 PM, a@b.c\nwrote wrote wrote:\n",
		"strong":       "On Mon, Apr 2, 2012 at 6:26 PM, a@b.c wrote:\n> x\ny\n",
		"to":           "to: a@b\n",
		"blocks":       "From: x\nTo: y\nTo: z\n",
		"one block":    "From: x\nCc: y@x\nCc: y@x\nCc: y@x\nCc: y@x\nCc: y@x\nCc: y@x\n",
		"dates":        "01.02.03 04:05 ",
		"marks":        ">",
		"lines":        "> \n",
		"originals":    "--Original Message--\nReceived: x\n",
		"delimiters":   "##- " + strings.Repeat("x", 20) + "\n",
		"below":        "in in in in in in at the the\n",
		"hashes":       "#",
		"addresses":    strings.Repeat("a@", 190) + ":\n",
		"numbers":      strings.Repeat("1.2.", 95) + ":\n",
		"wrapped":      "On 1 " + strings.Repeat("x ", 45) + "\n" + "On 1 " + strings.Repeat("x ", 45) + "\nx:\n",
	} {
		out[name] = strings.Repeat(piece, 256<<10/len(piece))
	}
	return out
}
