package entra_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/tokens"
)

// loginHost is one that answers in memory: what it does with a form that is sent to
// a path.
type loginHost func(path string, form url.Values) (status int, body []byte)

func (l loginHost) RoundTrip(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	status, body := l(r.URL.Scheme+"://"+r.URL.Host+r.URL.Path, form)
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}, "Location": {"https://evil.example/"}},
		Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
}

// FuzzDevice: whatever the login host answers, a person is shown a code and a page
// that can be shown, or an error; the waiting ends within the hour, with a token
// that can be renewed or an error that tells no secret; and the code and the secret
// go to the login host alone.
func FuzzDevice(f *testing.F) {
	const code = `{"device_code":"DEVICE","user_code":"ABCD1234","verification_uri":"https://microsoft.com/devicelogin","expires_in":900,"interval":5}`
	const token = `{"token_type":"Bearer","access_token":"ACCESS","refresh_token":"REFRESH","expires_in":3600}`
	f.Add(200, []byte(code), 400, []byte(`{"error":"authorization_pending"}`), 200, []byte(token))
	f.Add(200, []byte(code), 400, []byte(`{"error":"slow_down"}`), 400, []byte(`{"error":"authorization_declined","error_description":"DEVICE"}`))
	f.Add(200, []byte(code), 400, []byte(`{"error":"authorization_pending"}`), 400, []byte(`{"error":"authorization_pending"}`))
	f.Add(200, []byte(strings.Replace(code, `"interval":5`, `"interval":-9223372036854775808`, 1)), 503, []byte(`x`), 302, []byte(nil))
	f.Add(200, []byte(strings.Replace(code, "900", "9223372036854775807", 1)), 400, []byte(`{"error":"authorization_pending"}`), 400, []byte(`{"error":"authorization_pending"}`))
	f.Add(200, []byte(strings.Replace(code, "https:", "javascript:", 1)), 200, []byte(`{"access_token":"ACCESS"}`), 200, []byte(`{}`))
	f.Add(200, []byte(strings.Replace(code, "ABCD1234", `\u001b[2J\u009b`, 1)), 200, []byte(`null`), 200, []byte(`[]`))
	f.Add(200, []byte(strings.Replace(code, "microsoft.com", `microsoft.com@evil.example\nx`, 1)), 200, []byte(`{"access_token":7}`), 200, []byte(`{"access_token":""}`))
	f.Add(200, []byte(`{"device_code":null}`), 0, []byte(nil), 0, []byte(nil))
	f.Add(400, []byte(`{"error":"invalid_client","error_description":"AADSTS7000218: s3cret"}`), 0, []byte(nil), 0, []byte(nil))
	f.Add(200, []byte(strings.Replace(code, "900", `"900"`, 1)), 200, []byte(strings.Replace(token, "3600", `"3600"`, 1)), 200, []byte(token))
	f.Fuzz(func(t *testing.T, status int, answer []byte, status1 int, first []byte, status2 int, then []byte) {
		within := func(status int) int { return 100 + max(status, 100)%500 }
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			app, err := entra.New("contoso.test", "app", entra.Secret("s3cret"), &entra.Options{HTTPClient: &http.Client{Transport: loginHost(func(path string, form url.Values) (int, []byte) {
				at, ok := strings.CutPrefix(path, "https://login.microsoftonline.com/contoso.test/oauth2/v2.0/")
				require.True(t, ok, path)
				if at == "devicecode" {
					return within(status), answer
				}
				require.Equal(t, "token", at)
				require.Equal(t, "urn:ietf:params:oauth:grant-type:device_code", form.Get("grant_type"))
				if asked++; asked == 1 {
					return within(status1), first
				}
				return within(status2), then
			})}})
			require.NoError(t, err)
			failed := func(err error) {
				var e *tokens.Error
				require.ErrorAs(t, err, &e)
				require.Less(t, len(err.Error()), 800)
				require.Negative(t, strings.IndexFunc(err.Error(), unicode.IsControl))
				for _, secret := range []string{"DEVICE", "s3cret", "ACCESS", "REFRESH"} {
					require.NotContains(t, err.Error(), secret)
				}
			}
			begun := time.Now()
			auth, err := app.Device(t.Context())
			if err != nil {
				require.Nil(t, auth)
				failed(err)
				return
			}
			require.True(t, auth.DeviceCode != "" && auth.UserCode != "")
			require.Negative(t, strings.IndexFunc(auth.UserCode+auth.VerificationURI, func(r rune) bool { return r <= ' ' || r > '~' }))
			u, err := url.Parse(auth.VerificationURI)
			require.NoError(t, err)
			require.True(t, u.User == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "::1" || strings.HasPrefix(u.Hostname(), "127."))), "%s", u)
			require.False(t, auth.Expiry.Before(begun.Add(-time.Second)) || auth.Expiry.After(begun.Add(time.Hour)))
			token, err := app.DeviceToken(t.Context(), auth)
			require.LessOrEqual(t, time.Since(begun), time.Hour+time.Minute)
			require.LessOrEqual(t, asked, 3700)
			if err != nil {
				require.Nil(t, token)
				failed(err)
				return
			}
			require.True(t, token.AccessToken != "" && token.RefreshToken != "")
		})
	})
}
