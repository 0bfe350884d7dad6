package entra

import (
	"errors"
	"net/url"
	"strings"

	"github.com/exdesk/exdesk/tokens"
)

// AdminConsentURL returns where an administrator consents for the whole
// organisation: to the scopes, or without any to all that the application is
// registered with, its own permissions among them ("Admin consent on the
// Microsoft identity platform").
func (a *App) AdminConsentURL(redirect, state string, scopes ...string) string {
	q := url.Values{"client_id": {a.clientID}, "redirect_uri": {redirect}, "state": {state}}
	path := "/adminconsent"
	if len(scopes) > 0 {
		path = "/v2.0/adminconsent"
		q.Set("scope", strings.Join(a.join(scopes), " "))
	}
	return a.login + path + "?" + q.Encode()
}

// AdminConsented returns the tenant whose administrator has consented, as the
// browser came back. Anybody could have made that URL: whether it is so shows when
// a token is asked for. The error is a *tokens.Error if he declined.
func AdminConsented(query url.Values, state string) (tenant string, err error) {
	if err := checkState(query, state); err != nil {
		return "", err
	}
	if err := tokens.Redirected("admin consent", query); err != nil {
		return "", err
	}
	if !strings.EqualFold(query.Get("admin_consent"), "true") || !tenants.MatchString(query.Get("tenant")) {
		return "", errors.New("entra: the browser came back without consent: begin again")
	}
	return query.Get("tenant"), nil
}
