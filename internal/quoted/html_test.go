package quoted

import (
	"html"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pages are replies as mail programs write them: what comes before the
// quotation, in which the answer is at %, and the quotation.
var pages = map[string]struct{ in, want string }{
	"gmail": {
		`<div dir="ltr">%</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On Mon, Apr 2, 2012 at 6:26 PM Megan One &lt;<a href="mailto:megan@example.com">megan@example.com</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex"><div dir="ltr">Hi<br></div></blockquote></div>`,
		`<div dir="ltr">%</div>`},
	"gmail, unknown language": {
		`<div dir="ltr">%</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">Xyzzy 2 Qqq 2012 frotz 18:26 Megan One &lt;<a href="mailto:megan@example.com">megan@example.com</a>&gt; grue:<br></div><blockquote class="gmail_quote">Hi</blockquote></div>`,
		`<div dir="ltr">%</div>`},
	"gmail, old": {
		`%<br><br><div class="gmail_extra"><br><div class="gmail_quote">2012/4/2 Megan One <span dir="ltr">&lt;<a href="mailto:megan@example.com">megan@example.com</a>&gt;</span> wrote:<br><blockquote class="gmail_quote" style="margin:0 0 0 .8ex">Hi</blockquote></div><br></div>`,
		`%`},
	"apple": {
		`<html><head></head><body style="word-wrap: break-word;">%<br><div><br><blockquote type="cite"><div>On 2 Apr 2012, at 18:26, Megan One &lt;megan@example.com&gt; wrote:</div><br class="Apple-interchange-newline"><div><div>Hi</div></div></blockquote></div><br></body></html>`,
		`<html><head></head><body style="word-wrap: break-word;">%</body></html>`},
	"iphone": {
		`<html><body dir="auto">%<br><br><div id="AppleMailSignature">Sent from my iPhone</div><div><br>On 2 Apr 2012, at 18:26, Megan One &lt;<a href="mailto:megan@example.com">megan@example.com</a>&gt; wrote:<br><br></div><blockquote type="cite"><div>Hi</div></blockquote></body></html>`,
		`<html><body dir="auto">%<br><br><div id="AppleMailSignature">Sent from my iPhone</div></body></html>`},
	"thunderbird": {
		`<html><body><p>%</p><div class="moz-cite-prefix">On 2/4/12 18:26, Megan One wrote:<br></div><blockquote type="cite" cite="mid:x@example.com"><p>Hi</p></blockquote></body></html>`,
		`<html><body><p>%</p></body></html>`},
	"thunderbird, signature below": {
		`<html><body><p>%</p><div class="moz-cite-prefix">Am 02.04.12 um 18:26 schrieb Megan One:<br></div><blockquote type="cite" cite="mid:x@example.com"><p>Hi</p></blockquote><div class="moz-signature">-- <br>Bob<br>Example</div></body></html>`,
		`<html><body><p>%</p><br><div class="moz-signature">-- <br>Bob<br>Example</div></body></html>`},
	"thunderbird, unknown language": {
		`<p>%</p><div class="moz-cite-prefix">Megan One frotz (02.04.12 18:26):<br></div><blockquote type="cite" cite="mid:x@example.com">Hi</blockquote>`,
		`<p>%</p>`},
	"outlook": {
		`<body lang="EN-US"><div class="WordSection1"><p class="MsoNormal">%<o:p></o:p></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in"><p class="MsoNormal"><b>From:</b> Megan One &lt;megan@example.com&gt; <br><b>Sent:</b> Monday, April 2, 2012 6:26 PM<br><b>To:</b> Bob Two<br><b>Subject:</b> RE: Test<o:p></o:p></p></div></div><p class="MsoNormal">Hi<o:p></o:p></p></div></body>`,
		`<body lang="EN-US"><div class="WordSection1"><p class="MsoNormal">%</p></div></body>`},
	"outlook 2010, german": {
		`<div class=WordSection1><p class=MsoNormal>%<o:p></o:p></p><div><div style='border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b><span style='font-size:10.0pt'>Von:</span></b><span> Megan One [mailto:megan@example.com] <br><b>Gesendet:</b> Montag, 2. April 2012 18:26<br><b>An:</b> Bob Two<br><b>Betreff:</b> AW: Test<o:p></o:p></span></p></div></div><p class=MsoNormal>Hi</p></div>`,
		`<div class=WordSection1><p class=MsoNormal>%</p></div>`},
	"outlook, unknown language": {
		`<div><p>%</p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p><b>Frotz:</b> Megan One<br><b>Xyzzy:</b> 2 Qqq 2012 18:26<br><b>Grue:</b> Bob Two<br><b>Plugh:</b> Test</p></div></div><p>Hi</p></div>`,
		`<div><p>%</p></div>`},
	"outlook web": {
		`<html><body dir="ltr"><div style="font-family:Aptos">%</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif"><b>De :</b> Megan One &lt;megan@example.com&gt;<br><b>Envoyé :</b> lundi 2 avril 2012 18:26<br><b>À :</b> Bob<br><b>Objet :</b> Test</font><div>&nbsp;</div></div><div dir="ltr">Hi</div></body></html>`,
		`<html><body dir="ltr"><div style="font-family:Aptos">%</div></body></html>`},
	"outlook for ios": {
		`<html><body><div dir="ltr">%</div><div id="ms-outlook-mobile-signature">Get <a href="https://aka.ms/o0ukef">Outlook for iOS</a></div><div id="mail-editor-reference-message-container" class="ms-outlook-mobile-reference-message"><hr><div id="divRplyFwdMsg" dir="ltr"><b>From:</b> Megan<br><b>Sent:</b> Monday, April 2, 2012 6:26:00 PM<br><b>To:</b> Bob<br><b>Subject:</b> Test</div><div>Hi</div></div></body></html>`,
		`<html><body><div dir="ltr">%</div><div id="ms-outlook-mobile-signature">Get <a href="https://aka.ms/o0ukef">Outlook for iOS</a></div></body></html>`},
	"outlook for mac": {
		`<body><div class="WordSection1"><p>%</p><div id="mail-editor-reference-message-container"><div><div><div style="border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p><b>From: </b>Megan One &lt;megan@example.com&gt;<br><b>Date: </b>Monday, 2 April 2012 at 18:26<br><b>To: </b>Bob<br><b>Subject: </b>Test</p></div><p>Hi</p></div></div></div></div></body>`,
		`<body><div class="WordSection1"><p>%</p></div></body>`},
	"outlook 2003": {
		`<body><div>%</div><br><div class="OutlookMessageHeader" lang="en-us" dir="ltr" align="left"><hr tabindex="-1"><font face="Tahoma" size="2"><b>From:</b> Megan One <br><b>Sent:</b> Monday, April 2, 2012 6:26 PM<br><b>To:</b> Bob<br><b>Subject:</b> Test<br></font><br></div>Hi</body>`,
		`<body><div>%</div></body>`},
	"hotmail": {
		`<div dir='ltr'>%<br><br><div><div id="SkyDrivePlaceholder"></div><hr id="stopSpelling">Date: Mon, 2 Apr 2012 17:44:22 +0400<br>From: megan@example.com<br>To: bob@example.com<br>Subject: Test<br><br>Hi</div></div>`,
		`<div dir='ltr'>%</div>`},
	"yahoo": {
		`<html><body><div class="ydp1yahoo-style-wrap"><div>%</div><div><br></div></div><div id="ydp2yahoo_quoted_1234567" class="ydp2yahoo_quoted"><div style="font-family:'Helvetica Neue'"><div>On Monday, 2 April 2012 at 18:26:00 GMT+4, Megan One &lt;megan@example.com&gt; wrote:</div><div><br></div><div><br></div><div>Hi</div></div></div></body></html>`,
		`<html><body><div class="ydp1yahoo-style-wrap"><div>%</div></div></body></html>`},
	"aol": {
		`<font color="black">%<br><br><div style="color:black">-----Original Message-----<br>From: Megan &lt;megan@example.com&gt;<br>To: Bob &lt;bob@example.com&gt;<br>Sent: Mon, Apr 2, 2012 5:49 pm<br>Subject: Test<br><br><div id="AOLMsgPart_0_1"><pre><tt>Hi</tt></pre></div></div></font>`,
		`<font color="black">%</font>`},
	"proton": {
		`<div>%</div><div class="protonmail_signature_block"><div>Sent with Proton Mail</div></div><div class="protonmail_quote">On Monday, April 2nd, 2012 at 6:26 PM, Megan One &lt;megan@example.com&gt; wrote:<br><br><blockquote class="protonmail_quote" type="cite"><div>Hi</div></blockquote><br></div>`,
		`<div>%</div><div class="protonmail_signature_block"><div>Sent with Proton Mail</div></div>`},
	"gmx": {
		`<html><body><div style="font-family: Verdana;"><div>%</div><div>&nbsp;<div name="quote" style="margin:10px 5px 5px 10px;"><div style="margin:0 0 10px 0;"><b>Gesendet:</b>&nbsp;Montag, 2. April 2012 um 18:26 Uhr<br><b>Von:</b>&nbsp;"Megan One" &lt;megan@example.com&gt;<br><b>An:</b>&nbsp;bob@example.com<br><b>Betreff:</b>&nbsp;Test</div><div name="quoted-content">Hi</div></div></div></div></body></html>`,
		`<html><body><div style="font-family: Verdana;"><div>%</div></div></body></html>`},
	"android": {
		`<html><body><div>%</div><div><br></div><div style="font-size:100%%;color:#000000"><div>-------- Original message --------</div><div>From: Megan One &lt;megan@example.com&gt; </div><div>Date: 02/04/2012  18:26  (GMT+01:00) </div><div>To: bob@example.com </div><div>Subject: Test </div><div><br></div></div>Hi</body></html>`,
		`<html><body><div>%</div></body></html>`},
	"zimbra": {
		`<html><body><div>%</div><hr id="zwchr"><blockquote style="border-left:2px solid #1010FF;margin-left:5px;"><b>From: </b>"Megan" &lt;megan@example.com&gt;<br><b>To: </b>"Bob"<br><b>Sent: </b>Monday, April 2, 2012 6:26:00 PM<br><b>Subject: </b>Test<br></blockquote><blockquote style="border-left:2px solid #1010FF;"><div>Hi</div></blockquote></body></html>`,
		`<html><body><div>%</div></body></html>`},
	"roundcube": {
		`<p>%</p><p id="reply-intro">On 2012-04-02 18:26, Megan One wrote:</p><blockquote type="cite" style="padding: 0 0.4em"><p>Hi</p></blockquote>`,
		`<p>%</p>`},
	"spark": {
		`<html><body><div name="messageBodySection"><div dir="auto">%</div></div><div name="messageReplySection">On 2 Apr 2012, 18:26 +0100, Megan One &lt;megan@example.com&gt;, wrote:<br><blockquote type="cite" class="spark_quote">Hi</blockquote></div></body></html>`,
		`<html><body><div name="messageBodySection"><div dir="auto">%</div></div></body></html>`},
	"qq": {
		`<div>%</div><div>&nbsp;</div><div style="font-size: 12px;">------------------&nbsp;原始邮件&nbsp;------------------</div><div style="font-size: 12px;background:#efefef;"><div><b>发件人:</b>&nbsp;"Megan"&lt;megan@example.com&gt;;</div><div><b>发送时间:</b>&nbsp;2012年4月2日(星期一) 晚上6:26</div><div><b>收件人:</b>&nbsp;"Bob"&lt;bob@example.com&gt;;</div><div><b>主题:</b>&nbsp;Re: Test</div></div><div>Hi</div>`,
		`<div>%</div>`},
	"notes": {
		`<font face="sans-serif">%<br><br><br><table><tr><td><font>From:</font></td><td>Megan/Example</td></tr><tr><td>To:</td><td>Bob/Example@Example</td></tr><tr><td>Date:</td><td>02/04/2012 18:26</td></tr><tr><td>Subject:</td><td>Test</td></tr></table><hr><br>Hi</font>`,
		`<font face="sans-serif">%</font>`},
	"plain text as html": {
		`<pre>%

On Mon, 2012-04-02 at 18:26 +0400, Megan One wrote:
&gt; Hi
&gt; there
</pre>`, `<pre>%</pre>`},
	"zendesk in outlook": {
		`<div><p>%</p><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> Support<br><b>Sent:</b> Monday, April 2, 2012 6:26 PM<br><b>To:</b> Bob<br><b>Subject:</b> [Example] Re: Test</p></div><div style="color:#b5b5b5">##- Please type your reply above this line -##</div><p>Your request (123) has been updated.</p><span style="color:#FFFFFF">[62X0VV-2436V]</span></div>`,
		`<div><p>%</p></div>`},
	"zendesk in an unknown program": {
		`<div><p>%</p><table><tr><td><div style="color:#b5b5b5">##- Veuillez répondre au-dessus de cette ligne -##</div><p>Your request (123) has been updated.</p></td></tr></table></div>`,
		`<div><p>%</p></div>`},
	"zendesk in apple mail": {
		`<div>%<br><blockquote type="cite"><div>On 2 Apr 2012, at 18:26, Support &lt;support@example.com&gt; wrote:</div><div>##- Please type your reply above this line -##</div><p>Your request</p></blockquote></div>`,
		`<div>%</div>`},
	"attribution in two lines": {
		`<div><p>%</p><div>On Mon, 2 Apr 2012 18:26:00 +0400,<br>Megan One &lt;megan@example.com&gt; wrote:</div><blockquote>Hi</blockquote></div>`,
		`<div><p>%</p></div>`},
	"pixel below": {
		`<div>%</div><div class="gmail_quote">On Mon, Apr 2, 2012 at 6:26 PM Megan One &lt;megan@example.com&gt; wrote:<blockquote class="gmail_quote">Hi</blockquote></div><img src="https://t.example.com/x" width="1" height="1">`,
		`<div>%</div><br><img src="https://t.example.com/x" width="1" height="1">`},
}

func TestHTML(t *testing.T) {
	t.Parallel()
	for name, c := range pages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, reply := range []string{`Thank you, that works.`, `Thank you,<br>that <b>works</b>.<br><br>Regards<br>Bob <img src="cid:logo">`, `<span>Yes.</span><div>No.</div><div>-- <br>Bob</div>`} {
				in := strings.ReplaceAll(strings.Replace(c.in, "%", reply, 1), "%%", "%")
				want := strings.Replace(c.want, "%", reply, 1)
				kept, cut := HTML(in)
				require.Equal(t, want, kept)
				require.Positive(t, cut)
				require.Equal(t, balanced(in), balanced(kept))
				// The same with a pointer to it.
				in = strings.ReplaceAll(strings.Replace(c.in, "%", reply+" See below.", 1), "%%", "%")
				kept, cut = HTML(in)
				require.Equal(t, in, kept)
				require.Zero(t, cut)
			}
			if says(seen(c.want[:strings.IndexByte(c.want, '%')] + c.want[strings.IndexByte(c.want, '%')+1:])) {
				return // a signature
			}
			in := strings.ReplaceAll(strings.Replace(c.in, "%", "<br>&nbsp;", 1), "%%", "%")
			kept, cut := HTML(in)
			require.Equal(t, in, kept, "nothing is above")
			require.Zero(t, cut)
		})
	}
}

func TestHTMLKeeps(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"answers in gmail":          `<div>Hi</div><div class="gmail_quote"><div class="gmail_attr">On Mon, Apr 2, 2012 at 6:26 PM Megan &lt;megan@example.com&gt; wrote:</div><blockquote class="gmail_quote">a</blockquote><div>Yes.</div><blockquote class="gmail_quote">b</blockquote></div>`,
		"answer under apple":        `<div>Hi</div><blockquote type="cite">On 2 Apr 2012, at 18:26, Megan wrote:<br>a</blockquote><div>Yes.</div>`,
		"answer in thunderbird":     `<div class="moz-cite-prefix">On 2/4/12 18:26, Megan wrote:<br></div><blockquote type="cite"><p>Hi</p></blockquote><p>Yes.</p>`,
		"answer under yahoo":        `<div>Hi,</div><div class="yahoo_quoted"><div>On Monday, 2 April 2012 at 18:26:00 GMT+4, Megan One &lt;megan@example.com&gt; wrote:</div><div>a</div></div><div>Yes.</div>`,
		"own text in gmail's quote": `<div class="gmail_quote"><div>I have a new question.</div><div>On 2 May it broke:</div><div>What now?</div></div>`,
		"gmail forwards":            `<div>Who is that?</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">---------- Forwarded message ---------<br>From: <strong class="gmail_sendername">Megan</strong> &lt;megan@example.com&gt;<br>Date: Mon, Apr 2, 2012 at 6:26 PM<br>Subject: Test<br>To: Bob &lt;bob@example.com&gt;<br></div><br>Hi</div>`,
		"apple forwards":            `<div>Who is that?<br><blockquote type="cite"><div>Begin forwarded message:</div><br><div><b>From: </b>Megan</div><div><b>Subject: </b>Test</div><div><b>Date: </b>2 April 2012 at 18:26</div><div><b>To: </b>Bob</div><br>Hi</blockquote></div>`,
		"thunderbird forwards":      `<p>Who is that?</p><div class="moz-forward-container"><br><br>-------- Frotz --------<table><tr><th>Subject: </th><td>Test</td></tr><tr><th>Date: </th><td>Mon, 2 Apr 2012 18:26</td></tr><tr><th>From: </th><td>Megan</td></tr><tr><th>To: </th><td>Bob</td></tr></table>Hi</div>`,
		"indented":                  `<div>Do this:</div><blockquote style="margin:0 0 0 40px;border:none;padding:0px"><div>a</div><div>b</div><div>c</div></blockquote>`,
		"cites a page":              `<p>They say this.</p><blockquote cite="https://example.com">a<br>b<br>c<br>d</blockquote>`,
		"path":                      `<div>Go there.</div><div>&gt; Settings &gt; Mail</div>`,
		"new mail":                  `<div>Hi</div><div>Bob</div><div id="appendonsend"></div>`,
		"new mail, with more":       `<div>Hi</div><div>Bob</div><div id="appendonsend"></div><div>P.S. So it is</div>`,
		"signature with a line":     `<div>Hi</div><div style="border-top:solid #E1E1E1 1.0pt"><p>Bob Two</p><p>Phone: +49 30 2012 5555</p><p>Mobile: 0170 1234</p><p>Mail: bob@example.com</p></div><p>Please note: closed on Monday.</p>`,
		"answer in the container":   `<div class="WordSection1"><div id="mail-editor-reference-message-container"><p>On Mon, 2 Apr 2012 18:26:00 +0400</p><p>Megan &lt;megan@example.com&gt; wrote:</p><p>&gt; a</p><p>Yes.</p></div></div>`,
		"delimiter in a quotation":  `<p>Hi</p><blockquote type="cite"><p>##- Please type your reply above this line -##</p><p>a</p></blockquote><p>Yes.</p>`,
		"notification itself":       `<div>##- Please type your reply above this line -##</div><p>Your request (123) has been updated.</p>`,
		"table of word":             `<p>Hello</p><table><tr><td style="border:none;border-top:solid windowtext 1.0pt;padding:0cm 5.4pt 0cm 5.4pt">Start: 02.04.2012 18:26</td></tr><tr><td>End: 03.04.2012 18:26</td></tr><tr><td>Place: Berlin</td></tr></table><p>Come!</p>`,
		"ruled paragraph of word":   `<p>Hello</p><div style="mso-element:para-border-div;border:none;border-top:solid windowtext 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p>Start: 02.04.2012 18:26</p><p>End: 03.04.2012 18:26</p><p>Place: Berlin</p></div><p>Come!</p>`,
		"quote mark only":           `<div>Hi</div><div>></div><div>0000@x wrote:</div>`,
		"picture under gmail":       `<div>Hi,</div><div class="gmail_quote">On Mon, Apr 2, 2012 at 6:26 PM Megan One &lt;megan@example.com&gt; wrote:<blockquote class="gmail_quote">Hi</blockquote></div><img src="cid:x"><div>Yes.</div>`,
		"empty":                     ``,
		"not html":                  `1 < 2 and 3 > 2`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kept, cut := HTML(in)
			require.Equal(t, in, kept)
			require.Zero(t, cut)
		})
	}
}

// TestHTMLLanguages has the marks of all languages as programs without marks of
// their own show them.
func TestHTMLLanguages(t *testing.T) {
	t.Parallel()
	const reply = `<div>Hello</div><div><b>It works.</b></div>`
	for name, line := range attributions {
		in := reply + `<br><div>` + html.EscapeString(strings.ReplaceAll(line, "\n", " ")) + `</div><blockquote style="border-left:1px solid #ccc"><div>Hi</div></blockquote>`
		kept, _ := HTML(in)
		require.Equal(t, `<div>Hello</div><div><b>It works.</b></div>`, kept, name)
		in = reply + `<br><div>` + html.EscapeString(line) + `</div><blockquote type="cite">Hi</blockquote><p>Yes.</p>`
		kept, _ = HTML(in)
		require.Equal(t, in, kept, name)
	}
	for name, block := range blocks {
		in := reply + `<hr><p>` + strings.ReplaceAll(html.EscapeString(block), "\n", "<br>\n") + `</p><p>Hi</p>`
		kept, _ := HTML(in)
		require.Equal(t, reply, kept, name)
		rows := `<tr><td>` + strings.ReplaceAll(html.EscapeString(block), "\n", "</td></tr>\n<tr><td>") + `</td></tr>`
		kept, _ = HTML(reply + `<table>` + rows + `</table><p>Hi</p>`)
		require.Equal(t, reply, kept, name)
	}
}

// TestHTMLNeverLoses has a person write above, between and under what is quoted.
func TestHTMLNeverLoses(t *testing.T) {
	t.Parallel()
	for _, quote := range []string{`<blockquote type="cite">`, `<blockquote class="gmail_quote">`, `<blockquote style="border-left:1px solid">`, `<blockquote type="cite"><div><blockquote type="cite">a</blockquote></div>`} {
		for _, around := range []string{`<div>`, `<div class="gmail_quote">`, `<div class="protonmail_quote">`, `<div id="mail-editor-reference-message-container">`} {
			for pattern := range 1 << 5 {
				var b strings.Builder
				said := 0
				if pattern&1 > 0 {
					b.WriteString("<p>PERSON says hello.</p>")
					said++
				}
				b.WriteString(around + `<div class="gmail_attr">On Mon, Apr 2, 2012 at 6:26 PM Megan One &lt;megan@example.com&gt; wrote:<br></div>` + quote + `x</blockquote>`)
				for i := 1; i < 5; i++ {
					if pattern>>i&1 > 0 {
						b.WriteString(`<div>PERSON says</div><p>so: PERSON</p>`)
						said += 2
					} else {
						b.WriteString(quote + `y<br>z</blockquote>`)
					}
				}
				b.WriteString(`</div>`)
				kept, cut := HTML(b.String())
				require.Equal(t, said, strings.Count(kept, "PERSON"), b.String())
				require.True(t, balanced(kept))
				require.Equal(t, pattern == 1, cut > 0, b.String())
			}
		}
	}
}

// TestHTMLUnclosed has HTML as it is found in the wild.
func TestHTMLUnclosed(t *testing.T) {
	t.Parallel()
	const end = `<p>From: Megan<br>Sent: Monday, April 2, 2012 6:26 PM<br>To: Bob<br>Subject: Test<p>Hi`
	for in, want := range map[string]string{
		`<p>Yes.` + end:                             `<p>Yes.`,
		`<body><p>Yes.` + end + `</body>`:           `<body><p>Yes.</body>`,
		`<div><b><i>Yes.</b></i>` + end + `</div>`:  `<div><b><i>Yes.</b></div>`,
		`<DIV>Yes.` + end + `</SPAN></DIV></DIV>`:   `<DIV>Yes.</DIV>`,
		`<div>Yes. 1 < 2` + end + `</div >`:         `<div>Yes. 1 < 2</div >`,
		`<div title="</div>">Yes.` + end + `</div>`: `<div title="</div>">Yes.</div>`,
		// What begins in the quotation ends with what it is in.
		`<div>Yes.<br><i>On Mon, Apr 2, 2012 at 6:26 PM Megan One wrote:</div><blockquote type="cite">Hi</blockquote><div class="moz-signature">-- <br>Bob</div>`: `<div>Yes.</div><br><div class="moz-signature">-- <br>Bob</div>`,
	} {
		kept, _ := HTML(in)
		require.Equal(t, want, kept)
	}
}

// balanced reports whether each element is closed, in order.
func balanced(s string) bool {
	var open []string
	for at := 0; at < len(s); {
		t := next(s, at)
		at = t.to
		switch {
		case t.name == "" || t.name == "!" || void[t.name]:
		case !t.end:
			open = append(open, t.name)
		case len(open) == 0 || open[len(open)-1] != t.name:
			return false
		default:
			open = open[:len(open)-1]
		}
	}
	return len(open) == 0
}

func BenchmarkHTML(b *testing.B) {
	list := hostile()
	for name, piece := range map[string]string{
		"elements":    "<b>x",
		"ends":        "</b>x",
		"blockquotes": "<blockquote>x",
		"attributes":  "<div a='b c=d id=x class=\"\" style='border-top: 1pt solid'>x</div>",
		"attribute":   "<div " + strings.Repeat("a=' ", 100) + ">",
		"bare":        "<",
		"comments":    "<!--",
		"pre":         "<pre>\n\n\n",
		"entities":    "&amp;&#x41;",
		"boundaries":  `<p id=appendonsend>a: 2<br>`,
	} {
		list[name] = strings.Repeat(piece, 256<<10/len(piece))
	}
	const end = `<div>From: Megan<br>Sent: Monday, April 2, 2012 6:26 PM<br>To: Bob<br>Subject: Test<br>`
	list["to close"] = "Yes." + strings.Repeat("<b>", 40000) + "a<br>" + end + strings.Repeat("</i></b>", 16000)
	for name, s := range list {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			b.ReportAllocs()
			for b.Loop() {
				HTML(s)
			}
		})
	}
}
