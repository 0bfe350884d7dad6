package graphtest

import (
	"slices"
	"strings"
)

// permissions are the delegated permissions of Graph that this server knows,
// with what the page of consent says of them. ("Microsoft Graph permissions
// reference".)
var permissions = map[string]string{
	"Calendars.Read":            "Read your calendars",
	"Calendars.ReadWrite":       "Have full access to your calendars",
	"Contacts.Read":             "Read your contacts",
	"Contacts.ReadWrite":        "Have full access to your contacts",
	"Files.Read":                "Read your files",
	"Mail.Read":                 "Read your mail",
	"Mail.Read.Shared":          "Read mail you can access",
	"Mail.ReadBasic":            "Read your basic mail",
	"Mail.ReadBasic.Shared":     "Read basic mail you can access",
	"Mail.ReadWrite":            "Read and write access to your mail",
	"Mail.ReadWrite.Shared":     "Read and write mail you can access",
	"Mail.Send":                 "Send mail as you",
	"Mail.Send.Shared":          "Send mail on behalf of others or yourself",
	"MailboxSettings.Read":      "Read your mailbox settings",
	"MailboxSettings.ReadWrite": "Read and write to your mailbox settings",
	"User.Read":                 "Sign you in and read your profile",
	"User.Read.All":             "Read all users' full profiles",
	"User.ReadBasic.All":        "Read all users' basic profiles",
}

// restricted are those that only an administrator can consent to.
var restricted = []string{"User.Read.All"}

// The scopes of OpenID Connect. ("Scopes and permissions in the Microsoft
// identity platform": address and phone are not supported.)
var openID = map[string]string{
	"openid":  "Sign you in",
	"profile": "View your basic profile",
	"email":   "View your email address",
}

const offlineAccess = "offline_access"

// asked is what a scope parameter asks for.
type asked struct {
	openID  []string // in the order asked
	graph   []string // permissions, each once, as Graph writes them
	offline bool
	all     bool // .default
	long    bool // with the address of Graph before them
}

// graphHost is how this cloud's Graph is written before a permission, with a
// slash.
func (s *Server) graphHost() string { return strings.TrimSuffix(s.opts.Scope, ".default") }

// parseScope reads a scope parameter. Names of permissions are taken in any
// case, as in Microsoft's own samples.
func (s *Server) parseScope(text string) (*asked, *tokenRefusal) {
	a := &asked{}
	for _, word := range strings.Fields(text) {
		name, long := word, false
		if host := s.graphHost(); len(word) > len(host) && strings.EqualFold(word[:len(host)], host) {
			name, long = word[len(host):], true
			a.long = true
		}
		switch permission := canonical(name); {
		case openID[name] != "" && !long:
			if !slices.Contains(a.openID, name) {
				a.openID = append(a.openID, name)
			}
		case name == offlineAccess && !long:
			a.offline = true
		case name == ".default":
			a.all = true
		case permission != "":
			if !slices.Contains(a.graph, permission) {
				a.graph = append(a.graph, permission)
			}
		case strings.ContainsAny(name, ":/"):
			// Another resource: that of another cloud, for example.
			return nil, trouble(70011, "The provided value for the input parameter 'scope' is not valid. The scope "+word+" is not valid.")
		default:
			s.log.miss("scope " + name)
			return nil, trouble(650053, "The application asked for scope '"+name+"' that doesn't exist on the resource '00000003-0000-0000-c000-000000000000'. Contact the app vendor.")
		}
	}
	switch {
	case a.all && len(a.graph) > 0:
		// "Clients can't combine static (.default) consent and dynamic consent
		// in a single request."
		return nil, trouble(70011, "The provided value for the input parameter 'scope' is not valid. .default scope can't be combined with resource-specific scopes.")
	case !a.all && len(a.graph) == 0 && len(a.openID) == 0:
		return nil, missingParameter("scope")
	}
	return a, nil
}

func canonical(name string) string {
	for p := range permissions {
		if strings.EqualFold(p, name) {
			return p
		}
	}
	return ""
}

// names is how an answer writes permissions: in the form in which they were
// asked for.
func (s *Server) names(a *asked, granted []string) string {
	list := slices.Clone(granted)
	if a.long || a.all {
		for i := range list {
			list[i] = s.graphHost() + list[i]
		}
	}
	return strings.Join(append(list, a.openID...), " ")
}
