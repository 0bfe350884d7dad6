package zendesktest

import (
	"bytes"
	"html/template"
	"net/http"
	"slices"
	"strconv"
)

// showAuthorization asks a person whether a client may act for him.
// https://support.zendesk.com/hc/en-us/articles/4408845965210
func (s *Server) showAuthorization(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	ask, a := s.asking(c)
	if a != nil {
		return a
	}
	return page(http.StatusOK, &pageText{Client: clientID, Account: s.opt.Subdomain, Scopes: ask.scopes, People: s.signers()})
}

// answerAuthorization takes his answer.
func (s *Server) answerAuthorization(c *call) *answer {
	form, _ := tokenForm(c.r)
	s.mu.Lock()
	defer s.mu.Unlock()
	ask, a := s.asking(c)
	if a != nil {
		return a
	}
	id, _ := strconv.ParseInt(asText(form["user"]), 10, 64)
	people, decision := s.signers(), asText(form["decision"])
	i := slices.IndexFunc(people, func(u *user) bool { return u.ID == id })
	if i < 0 || decision != "allow" && decision != "deny" {
		return page(http.StatusBadRequest, &pageText{Trouble: "The form is not complete."})
	}
	return redirect(s.decide(ask, people[i], decision == "allow"))
}

// asking reads the page's query; the answer is set if nobody can be asked.
func (s *Server) asking(c *call) (*asked, *answer) {
	ask, back, trouble := s.ask(c.r.URL.Query())
	switch {
	case trouble != "":
		return nil, page(http.StatusBadRequest, &pageText{Trouble: trouble})
	case back != "":
		return nil, redirect(back)
	}
	return ask, nil
}

func redirect(to string) *answer {
	return &answer{status: http.StatusFound, header: http.Header{"Location": {to}, "Cache-Control": {"no-store"}, "Referrer-Policy": {"no-referrer"}}}
}

type pageText struct {
	Trouble         string
	Client, Account string
	Scopes          []string
	People          []*user
}

func page(status int, text *pageText) *answer {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, text); err != nil {
		panic(err) // the template and what it is given are made here
	}
	return &answer{status: status, body: b.Bytes(), header: http.Header{
		"Content-Type": {"text/html; charset=utf-8"}, "Cache-Control": {"no-store"}, "Referrer-Policy": {"no-referrer"},
		"X-Content-Type-Options": {"nosniff"}, "Content-Security-Policy": {"default-src 'none'; base-uri 'none'; frame-ancestors 'none'"},
	}}
}

// The form goes to the page's own URL, so that its query says again what was
// asked for.
var pageTemplate = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{if .Trouble}}Invalid authorization request{{else}}Allow {{.Client}} access to {{.Account}}?{{end}}</title>
</head>
<body>
<main>
{{if .Trouble}}<h1>Invalid authorization request</h1>
<p role="alert">{{.Trouble}}</p>
{{else}}<h1>Allow {{.Client}} access to {{.Account}}?</h1>
<p>It asks for:</p>
<ul>
{{range .Scopes}}<li><code>{{.}}</code></li>
{{end}}</ul>
<form method="post">
<fieldset>
<legend>You are signed in as</legend>
{{range $i, $u := .People}}<div><label><input type="radio" name="user" value="{{$u.ID}}"{{if not $i}} checked{{end}}> {{$u.Name}}, {{$u.Email}}</label></div>
{{end}}</fieldset>
<p><button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button></p>
</form>
{{end}}</main>
</body>
</html>
`))
