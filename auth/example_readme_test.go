package auth_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/store/memory"
)

func Example_readme() {
	keys, err := apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil)})
	if err != nil {
		log.Fatal(err)
	}
	_, secret, err := keys.Issue(context.Background(), apikey.Spec{
		Title:  "nightly job",
		Owner:  auth.Actor{Type: "user", ID: "ann"},
		Scopes: auth.NewSet("reports:read"),
	})
	if err != nil {
		log.Fatal(err)
	}
	guard := auth.New(auth.AnyOf(
		auth.Header("X-API-Key", keys),
		auth.Basic(keys, nil), // add sessions.Scheme() and auth.Bearer(verifier, nil)
	), nil)
	reports := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := auth.FromContext(r.Context()) // the actor is the key itself
		key, _ := auth.Value[apikey.Key](who)
		fmt.Fprintf(w, "%s of %s may read reports\n", key.Title, key.Owner.ID)
	})
	http.Handle("GET /reports", guard.Require(auth.Scopes("reports:read"))(reports))
	fmt.Printf("curl -u %s: http://127.0.0.1:8080/reports\n", secret.Reveal())
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", nil))
}
