package graphtest

import (
	"bytes"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

// view is what a browser is told: to go elsewhere, or a page.
type view struct {
	redirect string

	kind    pageKind
	visit   *visit        // whose buttons the page has, nil if it has none
	refusal *tokenRefusal // that it shows

	Title     string
	Text      string
	Action    string // where its form goes
	Ctx       string // of the visit
	As        string // who is signed in
	People    []string
	Consents  []consentLine
	Everyone  bool // offers to consent for all
	CodeField bool
	Buttons   []button
	Problem   string
}

type pageKind int

const (
	failedKind pageKind = iota
	pickerKind
	confirmKind
	consentKind
	approvalKind
	codeKind
	farewellKind
)

type button struct {
	Value, Text string
	First       bool // what most will press
}

type consentLine struct{ Text, Name string }

// appName is how the pages call the application.
const appName = "Test Application"

// page makes a page with a form that goes on with a visit. entra.mu is held.
func (s *Server) page(v *visit, kind pageKind, title string) *view {
	s.entra.visits.put(v.id, v)
	p := &view{kind: kind, visit: v, Title: title, Action: "/" + v.at.tenant + "/login", Ctx: v.id}
	if v.who != nil {
		p.As = v.who.who.address
	}
	return p
}

func (p *view) showing(no *tokenRefusal) *view {
	if no != nil {
		p.refusal, p.Problem = no, no.text
	}
	return p
}

// picker asks who somebody is. There are no passwords here. entra.mu is held.
func (s *Server) picker(v *visit, no *tokenRefusal) *view {
	v.who = nil
	p := s.page(v, pickerKind, "Sign in")
	s.mu.Lock()
	for _, m := range s.mailboxes {
		p.People = append(p.People, m.address)
	}
	s.mu.Unlock()
	i := slices.IndexFunc(p.People, func(a string) bool { return strings.EqualFold(a, v.hint) })
	if i > 0 {
		p.People = slices.Insert(slices.Delete(slices.Clone(p.People), i, i+1), 0, p.People[i])
	}
	p.Text = "Choose the account to go on to the application with."
	return p.showing(no)
}

// confirmation asks whether the person knows the device. entra.mu is held.
func (s *Server) confirmation(v *visit) *view {
	p := s.page(v, confirmKind, "Are you trying to sign in to "+appName+"?")
	p.Text = "Only continue if you started this on a device of yours, and trust where the code came from."
	p.Buttons = []button{{"confirm", "Continue", true}, {"cancel", "Cancel", false}, {"other", "Use another account", false}}
	return p
}

// consentPage asks for consent. entra.mu is held.
func (s *Server) consentPage(v *visit, wanted []string) *view {
	p := s.page(v, consentKind, "Permissions requested")
	p.Text = appName + " would like to:"
	if v.admin {
		p.Title = "Permissions requested for your organization"
		p.Text = "If you accept, " + appName + " will get access for everybody in your organization:"
	}
	for _, name := range wanted {
		p.Consents = append(p.Consents, consentLine{permissions[name], name})
	}
	for _, name := range v.scope.openID {
		p.Consents = append(p.Consents, consentLine{openID[name], name})
	}
	if v.admin && v.scope.all {
		for _, name := range s.opts.Permissions {
			p.Consents = append(p.Consents, consentLine{"Without a signed-in user, in all mailboxes", name})
		}
	}
	// "This permission currently appears on all consent pages, even for flows
	// that don't provide a refresh token."
	p.Consents = append(p.Consents, consentLine{"Maintain access to data you have given it access to", offlineAccess})
	p.Everyone = !v.admin && s.isAdmin(v.who)
	p.Buttons = []button{{"accept", "Accept", true}, {"cancel", "Cancel", false}}
	return p
}

// approval says that only an administrator can consent. entra.mu is held.
func (s *Server) approval(v *visit) *view {
	p := s.page(v, approvalKind, "Need admin approval")
	p.Text = appName + " needs permission to access resources in your organization that only an admin can grant. " +
		"Please ask an admin to grant permission to this app before you can use it. (AADSTS90094)"
	p.Buttons = []button{{"other", "Have an admin account? Sign in with that account", false},
		{"return", "Return to the application without granting consent", true}}
	return p
}

// codePage asks for the code that a device shows.
func (s *Server) codePage(at endpoint, no *tokenRefusal) *view {
	p := &view{kind: codeKind, Title: "Enter code", Text: "Enter the code that your device shows to let it in.",
		Action: "/" + at.tenant + "/oauth2/deviceauth", CodeField: true, Buttons: []button{{"next", "Next", true}}}
	return p.showing(no)
}

func (s *Server) farewell(title, text string) *view {
	return &view{kind: farewellKind, Title: title, Text: text}
}

// failed says why a browser is not sent anywhere.
func (s *Server) failed(no *tokenRefusal) *view {
	p := &view{kind: failedKind, refusal: no, Title: "Sorry, but we're having trouble signing you in."}
	p.Problem = s.freshDescription(no)
	return p
}

var pageTemplate = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>
*{box-sizing:border-box}
body{margin:0;padding:2rem 1rem;background:#eef1f5;color:#1b1b1b;font:1rem/1.5 "Segoe UI",system-ui,sans-serif}
main{max-width:28rem;margin:0 auto;padding:2rem;background:#fff;border-radius:.25rem;box-shadow:0 2px 8px #0003}
h1{margin:.5rem 0 1rem;font-size:1.5rem;line-height:1.25;font-weight:600}
.note{margin:0;color:#595959;font-size:.875rem}
.as{margin:0;overflow-wrap:anywhere}
.problem{margin:1rem 0;padding:.5rem .75rem;border-left:.25rem solid #c50f1f;background:#fdf3f4;white-space:pre-wrap;overflow-wrap:anywhere}
button{font:inherit;padding:.5rem 1rem;margin:.5rem .5rem 0 0;border:1px solid #0067b8;border-radius:.125rem;background:#fff;color:#0067b8;cursor:pointer;text-align:left;overflow-wrap:anywhere}
button.first{background:#0067b8;color:#fff}
button.person{display:block;width:100%;margin-right:0}
button:hover{text-decoration:underline}
button:focus-visible,input:focus-visible{outline:3px solid #1b1b1b;outline-offset:2px}
ul{padding-left:1.25rem}
li small{display:block;color:#595959}
label{display:block;margin:1rem 0 .5rem}
input[type=text]{font:inherit;display:block;width:100%;padding:.5rem;border:1px solid #595959;text-transform:uppercase}
</style>
</head>
<body>
<main>
<p class="note">A fake Microsoft Entra ID, for tests</p>
{{with .As}}<p class="as">{{.}}</p>{{end}}
<h1>{{.Title}}</h1>
{{with .Problem}}<p class="problem" role="alert">{{.}}</p>{{end}}
{{with .Text}}<p>{{.}}</p>{{end}}
{{if .Action}}<form method="post" action="{{.Action}}">
{{with .Ctx}}<input type="hidden" name="ctx" value="{{.}}">{{end}}
{{range .People}}<button class="person" name="user" value="{{.}}">Sign in as {{.}}</button>
{{end}}
{{with .Consents}}<ul>{{range .}}
<li>{{.Text}}<small>{{.Name}}</small></li>{{end}}
</ul>{{end}}
{{if .Everyone}}<label><input type="checkbox" name="everyone" value="yes"> Consent on behalf of your organization</label>{{end}}
{{if .CodeField}}<label for="code">Code</label>
<input type="text" id="code" name="code" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="20" required>{{end}}
{{range .Buttons}}<button name="answer" value="{{.Value}}"{{if .First}} class="first"{{end}}>{{.Text}}</button>
{{end}}</form>{{end}}
</main>
</body>
</html>
`))

// writeView sends a browser elsewhere, or writes a page. What status the real
// pages have is not documented; those that say what is wrong have 400 here.
func (s *Server) writeView(w http.ResponseWriter, v *view) {
	h := w.Header()
	h.Set("Cache-Control", "no-store, no-cache")
	h.Set("Referrer-Policy", "no-referrer") // the address has a state in it
	if v.redirect != "" {
		h.Set("Location", v.redirect)
		w.WriteHeader(http.StatusFound)
		return
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, v); err != nil {
		panic("graphtest: page: " + err.Error()) // only texts come here
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	// No form-action: browsers apply it to where a form is redirected to.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	status := http.StatusOK
	if v.kind == failedKind {
		status = http.StatusBadRequest
	}
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}
