package apikey_test

import (
	"context"
	"errors"
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
	keys := must(apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil), Environment: "live"}))
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
	// apikey: title is empty or not plain text
	// apikey: owner needs a type and an ID in plain text, of 256 bytes at most
	// apikey: scopes hold "read reports", which is not a scope
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

func ExampleManager_Find() {
	keys, _, _ := exampleKeys("reports:read")
	list, total, err := keys.Find(context.Background(), apikey.Query{Owner: auth.Actor{Type: "user", ID: "ann"}, Limit: 20})
	for _, k := range list {
		fmt.Println(k.Title, k.Scopes, k.CreatedBy, k.Live(time.Now()))
	}
	fmt.Println(total, err)
	// Output:
	// nightly report reports:read ann true
	// 1 <nil>
}

func ExampleManager_Revoke() {
	keys, k, text := exampleKeys("reports:read")
	ctx := context.Background()
	revoked, err := keys.Revoke(ctx, k.ID, apikey.Revocation{By: "bob", Reason: "the laptop is lost"})
	fmt.Println(revoked.Revocation.By, revoked.Revocation.Reason, err)
	_, err = keys.Revoke(ctx, k.ID, apikey.Revocation{By: "bob"})
	fmt.Println(err)

	guard := auth.New(auth.Basic(keys, nil), nil)
	r := httptest.NewRequest("GET", "/reports", nil)
	r.SetBasicAuth(text, "") // curl -u KEY:
	_, err = guard.Check(r)
	fmt.Println(strings.Replace(fmt.Sprint(err), k.ID, "the key", 1))
	// Output:
	// bob the laptop is lost <nil>
	// apikey: already revoked
	// auth: 401: apikey: auth: invalid credentials: the key has expired, or is disabled or revoked
}

// Somebody is disabled: all keys that are theirs end, the publishable ones too.
func ExampleManager_Revoke_all() {
	keys, k, _ := exampleKeys("reports:read")
	ctx := context.Background()
	list, _, err := keys.Find(ctx, apikey.Query{Owner: k.Owner})
	fmt.Println(len(list), err)
	for _, k := range list {
		_, err := keys.Revoke(ctx, k.ID, apikey.Revocation{By: "bob", Reason: "the account was disabled"})
		if !errors.Is(err, apikey.ErrRevoked) && !errors.Is(err, apikey.ErrNotFound) { // that is as good
			fmt.Println(k.Title, err)
		}
	}
	// Output:
	// 1 <nil>
	// nightly report <nil>
}

// The new key works at once, the old one for an hour more.
func ExampleManager_Rotate() {
	keys, k, _ := exampleKeys("reports:read")
	next, secret, err := keys.Rotate(context.Background(), k.ID, apikey.Rotation{By: "ann", Overlap: time.Hour})
	fmt.Println(next.Title, next.Scopes, next.Replaces == k.ID, secret, err)

	old, err := keys.Get(context.Background(), k.ID)
	fmt.Println(old.Revocation.Reason, old.Live(time.Now()), old.Live(time.Now().Add(time.Hour)), err)

	// A key has one successor.
	_, _, err = keys.Rotate(context.Background(), k.ID, apikey.Rotation{By: "ann"})
	fmt.Println(err)
	// Output:
	// nightly report reports:read true [redacted] <nil>
	// rotated true false <nil>
	// apikey: already revoked
}

func ExampleManager_Update() {
	keys, k, _ := exampleKeys("reports:read")
	title := "weekly report"
	k, err := keys.Update(context.Background(), k.ID, apikey.Change{Title: &title, By: "ann"})
	fmt.Println(k.Title, err)
	_, err = keys.Update(context.Background(), k.ID, apikey.Change{AddChannels: []string{"web"}})
	fmt.Println(err)
	// Output:
	// weekly report <nil>
	// apikey: of the wrong kind
}

func ExampleManager_Disable() {
	keys, k, _ := exampleKeys("reports:read")
	k, err := keys.Disable(context.Background(), k.ID, "bob")
	fmt.Println(k.Live(time.Now()), k.DisabledBy, err)
	k, err = keys.Enable(context.Background(), k.ID, "bob")
	fmt.Println(k.Live(time.Now()), err)
	// Output:
	// false bob <nil>
	// true <nil>
}

// A key is revoked first, so that none that works is lost by mistake.
func ExampleManager_Delete() {
	keys, k, _ := exampleKeys("reports:read")
	ctx := context.Background()
	fmt.Println(keys.Delete(ctx, k.ID))
	_, err := keys.Revoke(ctx, k.ID, apikey.Revocation{By: "ann"})
	fmt.Println(err, keys.Delete(ctx, k.ID))
	// Output:
	// apikey: not revoked
	// <nil> <nil>
}

func ExampleManager_Publishable() {
	keys := must(apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil)}))
	_, text, err := keys.Issue(context.Background(), apikey.Spec{
		Kind: apikey.Publishable, Title: "web shop", Owner: auth.Actor{Type: "user", ID: "ann"}, Channels: auth.NewSet("web"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	guard := auth.New(auth.Header("X-API-Key", keys), nil) // here it writes the refusals only
	products := keys.Publishable(guard)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, _ := apikey.PublishableKey(r.Context())
		fmt.Fprintf(w, "products of %s", key.Channels)
	}))
	for _, key := range []string{text.Reveal(), "pk_forged"} {
		r := httptest.NewRequest("GET", "/store/products", nil)
		r.Header.Set("x-publishable-api-key", key)
		w := httptest.NewRecorder()
		products.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	}
	// Output:
	// 200 products of web
	// 400 {"type":"not_allowed","message":"A valid publishable key is required to proceed with the request"}
}

// A handler that lets people manage keys calls the methods of As. Those of the manager itself would do it for anybody, which
// is the likely mistake.
func ExampleManager_As() {
	keys, k, _ := exampleKeys("reports:read")
	ctx := context.Background()
	bob := auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "bob"}, Scopes: auth.NewSet("reports:read")}
	_, err := keys.As(bob).Revoke(ctx, k.ID, apikey.Revocation{})
	fmt.Println(err)
	_, _, err = keys.As(bob).Issue(ctx, apikey.Spec{Title: "mine", Scopes: auth.NewSet("*")})
	fmt.Println(err)
	mine, _, err := keys.As(bob).Issue(ctx, apikey.Spec{Title: "mine", Scopes: auth.NewSet("reports:read")})
	fmt.Println(mine.Owner.ID, mine.CreatedBy, err)
	_, err = keys.Revoke(ctx, k.ID, apikey.Revocation{By: "bob"})
	fmt.Println(err)
	// Output:
	// apikey: not found
	// auth: 403 You may not give a key scopes that you do not have
	// bob bob <nil>
	// <nil>
}

// An administrator sees and ends all keys, and gets the text of none.
func ExamplePolicy() {
	policy := func(ctx context.Context, by auth.AuthContext, action apikey.Action, k apikey.Key) error {
		if by.Roles.Has("admin") && action != apikey.ActionCreate && action != apikey.ActionRotate {
			return nil
		}
		return apikey.OwnKeys(ctx, by, action, k)
	}
	ctx := context.Background()
	keys := must(apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil), Policy: policy}))
	k, _, err := keys.Issue(ctx, apikey.Spec{Title: "report", Owner: auth.Actor{Type: "user", ID: "ann"}})
	fmt.Println(k.Title, err)

	admin := auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "root"}, Roles: auth.NewSet("admin")}
	_, total, err := keys.As(admin).Find(ctx, apikey.Query{})
	fmt.Println(total, err)
	_, _, err = keys.As(admin).Rotate(ctx, k.ID, apikey.Rotation{})
	fmt.Println(err)
	k, err = keys.As(admin).Revoke(ctx, k.ID, apikey.Revocation{Reason: "the account is closed"})
	fmt.Println(k.Revocation.By, err)
	// Output:
	// report <nil>
	// 1 <nil>
	// auth: 403 You may not do this with the keys of others
	// root <nil>
}

// A key grants no more than its owner has now, and nothing once the owner is gone.
func ExampleConfig_allowed() {
	users := map[string]auth.Set{"ann": auth.NewSet("reports:read", "orders:read")}
	keys := must(apikey.New(apikey.Config{
		Store: memory.NewAPIKeys(nil),
		Allowed: func(_ context.Context, owner auth.Actor) (auth.Set, error) {
			scopes, ok := users[owner.ID]
			if !ok {
				return auth.Set{}, fmt.Errorf("%w: no such user", auth.ErrInvalidCredentials)
			}
			return scopes, nil
		},
	}))
	_, text, err := keys.Issue(context.Background(), apikey.Spec{
		Title: "everything", Owner: auth.Actor{Type: "user", ID: "ann"}, Scopes: auth.NewSet("*"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ac, err := keys.VerifyToken(context.Background(), auth.Credential{Token: text.Reveal()})
	fmt.Println(ac.Scopes, err)
	delete(users, "ann")
	_, err = keys.VerifyToken(context.Background(), auth.Credential{Token: text.Reveal()})
	fmt.Println(errors.Is(err, auth.ErrInvalidCredentials))
	// Output:
	// orders:read reports:read <nil>
	// true
}
