package consent

import (
	"bytes"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/exdesk/exdesk/entra"
)

//go:embed pages.html
var pages string

// Template returns the pages as they are, to be changed: {{define}} in its Parse
// replaces "style", which is CSS, "header", "footer", or one of the "page-…" parts,
// which are named after the Kinds. It is executed with a Page.
func Template() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{"date": date, "machine": machine}).Parse(pages))
}

// date is a moment for people, machine one for the datetime of <time>.
func date(t time.Time) string    { return t.UTC().Format("2 January 2006, 15:04 UTC") }
func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Kind says what a Page is about.
type Kind string

const (
	// KindStatus shows the Mailboxes.
	KindStatus Kind = "status"
	// KindDisconnect asks whether Mailbox is to be disconnected.
	KindDisconnect Kind = "disconnect"
	// KindTrouble says in Alert what went wrong, and in Advice what to do.
	KindTrouble Kind = "trouble"
	// KindConsented thanks an administrator who came by a link.
	KindConsented Kind = "consented"
)

// Page is what a template is executed with. Nothing in it is secret, and all of it
// is text that html/template has to escape.
type Page struct {
	Kind  Kind
	Title string
	// Root is the URL of the status. Its forms POST "mailbox" to Root + "/start"
	// and Root + "/disconnect", and nothing to Root + "/admin"; to ask first there
	// is Root + "/disconnect?mailbox=".
	Root string
	// Nonce is what a <style> needs to have as its nonce.
	Nonce string
	// Notice says what has just been done; "" if nothing.
	Notice string
	// Alert says what went wrong, and Advice what to do about it, a paragraph each.
	Alert, Advice []string
	// Mailboxes are those of the visitor.
	Mailboxes []Mailbox
	// Mailbox is the one that the page is about; "" if it is about none.
	Mailbox string
	// Again offers to sign in to Mailbox, Admin to consent for the organisation.
	Again, Admin bool
	// AdminURL is an address that can be sent to an administrator, who consents
	// there.
	AdminURL string
	// Permissions are those that are asked for.
	Permissions []Permission
}

// Permission is what the application asks for.
type Permission struct {
	Name string // as Microsoft calls it, such as "Mail.Send"
	What string // in words
}

var permissions = map[string]string{
	"offline_access":            "stay signed in, so that nobody has to sign in every hour",
	"User.Read":                 "see whose account it is",
	"Mail.ReadWrite":            "read the mail of the mailbox, label it and mark it as read",
	"Mail.Send":                 "send mail from the mailbox",
	"Mail.ReadWrite.Shared":     "read the mail of mailboxes that you have or share, label it and mark it as read",
	"Mail.Send.Shared":          "send mail from mailboxes that you have or share",
	"MailboxSettings.ReadWrite": "give the labels colours in the mailbox's list of categories",
}

func (h *Handler) permissions() []Permission {
	var list []Permission
	for _, name := range entra.Scopes(h.opts.Wants) {
		list = append(list, Permission{name, permissions[name]})
	}
	return list
}

// show writes a page.
func (v *visit) show(status int, p Page) {
	p.Root, p.Nonce, p.Permissions = v.root, v.nonce, v.permissions()
	if p.AdminURL == "" {
		p.AdminURL = v.adminURL(letterState)
	}
	var b bytes.Buffer
	if err := v.pages.Execute(&b, p); err != nil {
		v.log.ErrorContext(v.r.Context(), "the template of the pages fails", "error", err)
		http.Error(v.w, "The page cannot be shown. Whoever runs this application finds the reason in its log.", http.StatusInternalServerError)
		return
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes()) // the browser may have left
}

// notices are what the status says first.
var notices = map[Change]string{
	Connected:    " is connected.",
	Reconnected:  " is connected again.",
	Disconnected: " is disconnected. Who signed in, or an administrator, can also take back the permissions at Microsoft.",
	consented:    "An administrator has consented. Now connect the mailbox.",
}

// takeNotice returns what there is to say, once.
func (v *visit) takeNotice() string {
	var n notice
	err := v.readCookie(v.noticeCookie(), &n)
	if errors.Is(err, errNoCookie) && v.r.CookiesNamed(v.noticeCookie()) == nil {
		return ""
	}
	v.dropCookie(v.noticeCookie())
	if err != nil || time.Now().After(n.Until) || n.Mailbox != "" && !slices.Contains(v.mailboxes, n.Mailbox) {
		return ""
	}
	return n.Mailbox + notices[n.Change]
}

// sentence makes one of an advice, which begins small and has no full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	first, n := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(first)) + s[n:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

// reason returns the advice of an error of packages tokens and graph, if it has one.
func reason(err error) string {
	var advised interface{ Reason() string }
	if errors.As(err, &advised) {
		return sentence(advised.Reason())
	}
	return ""
}

// looking bounds how long the Store may take to tell of all mailboxes.
const looking = 5 * time.Second
