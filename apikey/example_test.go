package apikey_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/store/memory"
)

func ExampleNew() {
	keys, err := apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil)})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, secret, err := keys.Issue(context.Background(), apikey.Spec{
		Title:  "nightly report",
		Owner:  auth.Actor{Type: "user", ID: "ann"},
		Scopes: auth.NewSet("reports:read"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	guard := auth.New(auth.AnyOf(auth.Header("X-API-Key", keys), auth.Basic(keys, nil)), nil)
	reports := guard.Require(auth.Scopes("reports:read"))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ac, _ := auth.FromContext(r.Context())
		key, _ := auth.Value[apikey.Key](ac)
		fmt.Fprintf(w, "reports for %s of %s", key.Title, key.Owner.ID)
	}))

	for _, text := range []string{secret.Reveal(), "sk_forged"} {
		r := httptest.NewRequest("GET", "/reports", nil)
		r.Header.Set("X-API-Key", text)
		w := httptest.NewRecorder()
		reports.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	}
	// Output:
	// 200 reports for nightly report of ann
	// 401 {"type":"unauthorized","message":"Unauthorized"}
}

// exampleKeys returns a manager and a key of ann's with its text.
func exampleKeys(scopes ...string) (*apikey.Manager, apikey.Key, string) {
	keys := must(apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil)}))
	k, secret, err := keys.Issue(context.Background(), apikey.Spec{
		Title: "nightly report", Owner: auth.Actor{Type: "user", ID: "ann"}, Scopes: auth.NewSet(scopes...),
	})
	return keys, k, must(secret, err).Reveal()
}

// The text is shown once and never again: neither by printing it, nor by the list.
func ExampleManager_Issue() {
	keys := must(apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil), Prefix: "sk_live"}))
	k, secret, err := keys.Issue(context.Background(), apikey.Spec{
		Title:     "nightly report",
		Owner:     auth.Actor{Type: "user", ID: "ann"},
		Scopes:    auth.NewSet("reports:read"),
		ExpiresAt: time.Now().Add(90 * 24 * time.Hour),
	})
	fmt.Println(secret, err)
	fmt.Println(strings.HasPrefix(secret.Reveal(), "sk_live_"+k.ID+"_"))
	fmt.Println(strings.HasPrefix(k.Redacted, "sk_liv***"))

	// What is wrong is said all at once.
	_, _, err = keys.Issue(context.Background(), apikey.Spec{Scopes: auth.NewSet("read reports")})
	fmt.Println(err)
	// Output:
	// [redacted] <nil>
	// true
	// true
	// apikey: Title is empty or not plain text
	// apikey: Owner needs a type and an ID in plain text, of 256 bytes at most
	// apikey: Scopes holds "read reports", which is not a scope
}

// A key without scopes is good for nothing that asks for one. This is the likely mistake.
func ExampleManager_VerifyToken() {
	for _, scopes := range [][]string{{"reports:read"}, {"*"}, nil} {
		keys, _, text := exampleKeys(scopes...)
		guard := auth.New(auth.Header("X-API-Key", keys), nil)
		r := httptest.NewRequest("GET", "/reports", nil)
		r.Header.Set("X-API-Key", text)
		_, err := guard.Check(r, auth.Scopes("reports:read"))
		fmt.Println(scopes, err)
	}
	// Output:
	// [reports:read] <nil>
	// [*] <nil>
	// [] auth: 403: auth: scope reports:read is missing
}

func ExampleManager_List() {
	keys, _, _ := exampleKeys("reports:read")
	list, err := keys.List(context.Background(), auth.Actor{Type: "user", ID: "ann"})
	for _, k := range list {
		fmt.Println(k.Title, k.Scopes, k.CreatedBy, k.Live(time.Now()), err)
	}
	// Output: nightly report reports:read ann true <nil>
}

func ExampleManager_Revoke() {
	keys, k, text := exampleKeys("reports:read")
	ctx := context.Background()
	fmt.Println(keys.Revoke(ctx, k.ID, "bob"))
	fmt.Println(keys.Revoke(ctx, k.ID, "bob"))

	guard := auth.New(auth.Basic(keys, nil), nil)
	r := httptest.NewRequest("GET", "/reports", nil)
	r.SetBasicAuth(text, "") // curl -u KEY:
	_, err := guard.Check(r)
	fmt.Println(strings.Replace(fmt.Sprint(err), k.ID, "the key", 1))
	// Output:
	// <nil>
	// apikey: already revoked
	// auth: 401: apikey: auth: invalid credentials: the key has expired or is revoked
}
