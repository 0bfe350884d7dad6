package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

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
	err := tokens.Put(ctx, store, "support@contoso.test", &oauth2.Token{RefreshToken: "refresh-0"})
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
	err := tokens.Put(context.Background(), store, "support@contoso.test", &oauth2.Token{RefreshToken: "refresh-0"})
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
	// tokens: renew: 400 invalid_grant AADSTS50173: the password was changed: sign in again and put the new token (trace 0b9a, correlation 77c1)
}

func ExampleForget() {
	ctx, store := context.Background(), new(tokens.Memory)
	err := tokens.Put(ctx, store, "support@contoso.test", &oauth2.Token{RefreshToken: "refresh-0"})
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
