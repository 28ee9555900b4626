package apikey_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/store/memory"
)

func ExampleNewHandler() {
	keys := must(apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil)}))
	spec := apikey.Spec{Title: "root", Owner: auth.Actor{Type: "user", ID: "ann"}, Scopes: auth.NewSet("*")}
	_, root, err := keys.Issue(context.Background(), spec)
	if err != nil {
		fmt.Println(err)
		return
	}
	guard := auth.New(auth.Header("X-API-Key", keys), nil) // or whatever else proves who may manage keys

	handler := apikey.NewHandler(keys, guard, &apikey.HandlerOptions{Rules: []auth.Rule{auth.Scopes("*")}})
	mux := http.NewServeMux()
	mux.Handle(apikey.DefaultPath, handler)
	mux.Handle(apikey.DefaultPath+"/", handler)

	send := func(method, path, body string) string {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("X-API-Key", root.Reveal())
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return fmt.Sprint(w.Code, " ", w.Body)
	}
	made := send("POST", "/admin/api-keys", `{"title": "nightly report", "type": "secret", "scopes": ["reports:read"]}`)
	fmt.Println(made[:4], strings.Contains(made, `"token":"sk_`))
	listed := send("GET", "/admin/api-keys?q=nightly", "")
	fmt.Println(listed[:4], strings.Contains(listed, `"token":""`), strings.Contains(listed, `"count":1`))
	fmt.Print(send("POST", "/admin/api-keys", `{"title": "x", "type": "secret", "scope": "*"}`))
	// Output:
	// 200  true
	// 200  true true
	// 400 {"type":"invalid_data","message":"Invalid request: Unrecognized fields: 'scope'"}
}
