package console_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/console"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// Users manage their keys and sessions at /console. Who has not logged in is sent to the log-in page.
func Example() {
	cookieKey := make([]byte, 32)
	rand.Read(cookieKey)
	sessions, err := session.New(session.Config{Store: memory.NewSessions(nil), Keys: [][]byte{cookieKey}})
	if err != nil {
		log.Fatal(err)
	}
	keys, err := apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil)})
	if err != nil {
		log.Fatal(err)
	}
	defer keys.Close(context.Background())

	pages, err := console.New(console.Config{
		Keys: keys, Sessions: sessions,
		Guard:  auth.New(sessions.Scheme(), &auth.Options{ErrorHandler: auth.Redirect("/login")}),
		Rules:  []auth.Rule{auth.ActorType("user")},
		Scopes: []string{"reports:read", "reports:write"},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/console/", pages)

	r := httptest.NewRequest("GET", "https://example.com/console/", nil)
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Location"))
	// Output: 303 /login
}

// A console without a guard would let everybody in, so there is none.
func ExampleNew_withoutGuard() {
	keys, err := apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil)})
	if err != nil {
		log.Fatal(err)
	}
	defer keys.Close(context.Background())
	_, err = console.New(console.Config{Keys: keys, Path: "console/"})
	fmt.Println(err)
	// Output:
	// console: no Guard
	// console: Path "console/" is not a clean path below /, without a slash at its end
}
