package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"time"

	"golang.org/x/oauth2"

	"github.com/exdesk/exdesk/tokens"
)

func ExampleMemory() {
	ctx, store := context.Background(), new(tokens.Memory)
	_, _, err := store.Load(ctx, "support@contoso.test")
	fmt.Println(errors.Is(err, tokens.ErrNotFound))
	first, err := store.Save(ctx, "support@contoso.test", []byte("one"), "")
	fmt.Println(err)
	_, err = store.Save(ctx, "support@contoso.test", []byte("two"), first)
	fmt.Println(err)
	_, err = store.Save(ctx, "support@contoso.test", []byte("three"), first)
	fmt.Println(errors.Is(err, tokens.ErrChanged))
	// Output:
	// true
	// <nil>
	// <nil>
	// true
}

func ExampleOpenFile() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	for _, word := range []string{"one", "two"} { // as in two processes
		store, err := tokens.OpenFile(dir)
		if err != nil {
			fmt.Println(err)
			return
		}
		before, version, _ := store.Load(ctx, "support@contoso.test")
		_, err = store.Save(ctx, "support@contoso.test", []byte(word), version)
		fmt.Printf("%q %v\n", before, err)
	}
	// Output:
	// "" <nil>
	// "one" <nil>
}

func ExampleSealed() {
	ctx, inner := context.Background(), new(tokens.Memory)
	old := tokens.Key{ID: "2025", Secret: []byte("an example's key, which is known")}
	young := tokens.Key{ID: "2026", Secret: []byte("another, as well known as it is.")}
	for _, keys := range [][]tokens.Key{{old}, {young, old}, {young}} {
		keeper, err := tokens.NewKeys(keys...)
		if err != nil {
			fmt.Println(err)
			return
		}
		store := &tokens.Sealed{Store: inner, Keeper: keeper}
		data, version, err := store.Load(ctx, "support@contoso.test")
		fmt.Printf("%q %v\n", data, err)
		_, err = store.Save(ctx, "support@contoso.test", []byte("sealed with "+keys[0].ID), version)
		fmt.Println(err)
	}
	// Output:
	// "" tokens: nothing is kept for the account: not found
	// <nil>
	// "sealed with 2025" <nil>
	// <nil>
	// "sealed with 2026" <nil>
	// <nil>
}

func ExampleKeys() {
	keys, err := tokens.NewKeys(tokens.Key{ID: "2026", Secret: []byte("an example's key, which is known")})
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed, _ := keys.Encrypt(context.Background(), []byte("hello"))
	opened, err := keys.Decrypt(context.Background(), sealed)
	fmt.Printf("%s %v\n", opened, err)
	sealed[len(sealed)-1]++
	_, err = keys.Decrypt(context.Background(), sealed)
	fmt.Println(errors.Is(err, tokens.ErrSealed), keys)
	// Output:
	// hello <nil>
	// true tokens.Keys(hidden)
}

// entra grants each refresh token once.
func entra() *httptest.Server { return httptest.NewServer(&endpoint{valid: "refresh-0", life: 3600}) }

func ExampleSource() {
	server := entra()
	defer server.Close()
	ctx, store := context.Background(), new(tokens.Memory)
	// Once, when somebody has signed in:
	err := tokens.Put(ctx, store, "support@contoso.test", tokens.SignIn{Token: &oauth2.Token{RefreshToken: "refresh-0"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	source, err := tokens.NewSource("support@contoso.test", store, config(server.URL), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		token, err := source.Token()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(token.AccessToken)
	}
	source.Refused(&oauth2.Token{AccessToken: "access-1"}) // by the service
	token, err := source.TokenContext(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.AccessToken)
	// Output:
	// access-1
	// access-1
	// access-2
}

func ExampleError() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant","error_description":"AADSTS50173: The provided grant has expired ...",`+
			`"error_codes":[50173],"trace_id":"0b9a","correlation_id":"77c1"}`)
	}))
	defer server.Close()
	store := new(tokens.Memory)
	err := tokens.Put(context.Background(), store, "support@contoso.test", tokens.SignIn{Token: &oauth2.Token{RefreshToken: "refresh-0"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	source, err := tokens.NewSource("support@contoso.test", store, config(server.URL), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = source.Token()
	fmt.Println(errors.Is(err, tokens.ErrRevoked))
	fmt.Println(err)
	// Output:
	// true
	// tokens: renew: 400 invalid_grant AADSTS50173: the password was changed: sign in again (trace 0b9a, correlation 77c1)
}

func ExampleForget() {
	ctx, store := context.Background(), new(tokens.Memory)
	err := tokens.Put(ctx, store, "support@contoso.test", tokens.SignIn{Token: &oauth2.Token{RefreshToken: "refresh-0"}})
	fmt.Println(err)
	err = tokens.Forget(ctx, store, "support@contoso.test")
	fmt.Println(err)
	_, _, err = store.Load(ctx, "support@contoso.test")
	fmt.Println(errors.Is(err, tokens.ErrNotFound))
	// Output:
	// <nil>
	// <nil>
	// true
}

func ExampleLook() {
	ctx, store := context.Background(), new(tokens.Memory)
	token := (&oauth2.Token{RefreshToken: "refresh-0"}).WithExtra(map[string]any{"scope": "Mail.ReadWrite Mail.Send"})
	err := tokens.Put(ctx, store, "support@contoso.test", tokens.SignIn{Token: token, ClientID: "app", User: "support@contoso.test"})
	fmt.Println(err)
	state, err := tokens.Look(ctx, store, "support@contoso.test")
	fmt.Println(state.User, state.Scopes, state.Refused, err)
	_, err = tokens.Look(ctx, store, "sales@contoso.test")
	fmt.Println(err)
	// Output:
	// <nil>
	// support@contoso.test [Mail.ReadWrite Mail.Send] <nil> <nil>
	// tokens: load the tokens: nobody has signed in for the account: sign in
}

func ExampleAppSource() {
	n := 0
	source := tokens.NewAppSource(func(context.Context) (*oauth2.Token, error) {
		n++ // a request to the token endpoint, such as that of clientcredentials.Config
		return &oauth2.Token{AccessToken: fmt.Sprint("access-", n), Expiry: time.Now().Add(time.Hour)}, nil
	})
	for range 2 {
		token, err := source.Token()
		fmt.Println(token.AccessToken, err)
	}
	// Output:
	// access-1 <nil>
	// access-1 <nil>
}

func ExampleRedirected() {
	query := url.Values{"error": {"access_denied"}, "error_description": {"AADSTS65004: User declined to consent."}}
	err := tokens.Redirected("sign in", query)
	fmt.Println(errors.Is(err, tokens.ErrConsent))
	fmt.Println(err)
	// Output:
	// true
	// tokens: sign in: access_denied AADSTS65004: the person has declined: consent to the application's permissions again, or have an administrator do it, then sign in again
}

func ExampleExplain() {
	err := tokens.Explain("redeem the code", &oauth2.RetrieveError{ErrorCode: "invalid_grant", Body: []byte(`{"error_codes":[54005]}`)})
	fmt.Println(err)
	// Output: tokens: redeem the code: invalid_grant AADSTS54005: the code was used before: sign in again
}
