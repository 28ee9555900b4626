package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// A visitor fills a basket and logs in: the basket is still there, and the visitor's session is not.
func ExampleManager_StartAnonymous() {
	sessions, _ := exampleSessions()
	guard := auth.New(sessions.Scheme(), nil)
	w := httptest.NewRecorder()
	visitor, err := sessions.StartAnonymous(w, httptest.NewRequest("POST", "https://example.com/basket", nil))
	fmt.Println(err)
	err = sessions.Update(context.Background(), visitor.ID, func(auth.Metadata) (auth.Metadata, error) {
		return auth.NewMetadata(map[string]any{"basket": []string{"tea"}})
	})
	fmt.Println(err)

	r := httptest.NewRequest("POST", "https://example.com/login", nil)
	r.AddCookie(w.Result().Cookies()[0])
	_, err = guard.Check(r)
	fmt.Println("as a visitor:", err)

	w = httptest.NewRecorder()
	ac, err := sessions.Start(w, r, session.Login{Actor: auth.Actor{Type: "user", ID: "ann"}})
	fmt.Println(ac.Actor.ID, ac.SessionID != visitor.ID, err)
	values, _ := auth.Value[session.Values](ac)
	fmt.Println(values.Get("basket"))
	_, err = sessions.Current(r)
	fmt.Println("with the visitor's cookie:", err)
	// Output:
	// <nil>
	// <nil>
	// as a visitor: auth: 401: auth: no credentials
	// ann true <nil>
	// [tea]
	// with the visitor's cookie: session: auth: invalid credentials: 0 sessions
}

// A handler that keeps a basket for everybody: for those who have logged in, for visitors, and for who comes first.
func ExampleManager_Current_visitors() {
	sessions, r := exampleSessions()
	add := func(w http.ResponseWriter, r *http.Request) error {
		rec, err := sessions.Current(r)
		if errors.Is(err, auth.ErrInvalidCredentials) { // no cookie, or one that is no good
			rec, err = sessions.StartAnonymous(w, r)
		}
		if err != nil {
			return err // guard.Refuse answers it
		}
		return sessions.Update(r.Context(), rec.ID, func(values auth.Metadata) (auth.Metadata, error) {
			items, _ := values.Get("items").(float64)
			return auth.NewMetadata(map[string]any{"items": items + 1})
		})
	}
	w := httptest.NewRecorder()
	fmt.Println(add(w, httptest.NewRequest("POST", "https://example.com/basket", nil)))
	visitor := httptest.NewRequest("POST", "https://example.com/basket", nil)
	visitor.AddCookie(w.Result().Cookies()[0])
	fmt.Println(add(w, visitor), must(sessions.Current(visitor)).Values.Get("items"))
	fmt.Println(add(w, r), must(sessions.Current(r)).Values.Get("items"))

	visitor.Header.Set("Origin", "https://evil.example")
	fmt.Println(strings.HasPrefix(add(w, visitor).Error(), "auth: 403"))
	// Output:
	// <nil>
	// <nil> 2
	// <nil> 1
	// true
}

// What is in the record, for a handler that wants more than the context says.
func ExampleManager_Current() {
	sessions, r := exampleSessions()
	rec, err := sessions.Current(r)
	fmt.Println(rec.Login.Actor.ID, rec.IP, rec.EndsBy.After(rec.Created), err)
	// Output:
	// ann 192.0.2.1 true <nil>
}

// Values are small: what is large belongs into a database, under the session's ID or the user's.
func ExampleManager_Update() {
	sessions, r := exampleSessions()
	ctx := context.Background()
	rec := must(sessions.Current(r))
	for range 2 {
		err := sessions.Update(ctx, rec.ID, func(values auth.Metadata) (auth.Metadata, error) {
			visits, _ := values.Get("visits").(float64)
			return auth.NewMetadata(map[string]any{"visits": visits + 1})
		})
		fmt.Println(err)
	}
	fmt.Println(must(sessions.Current(r)).Values.Get("visits"))

	err := sessions.Update(ctx, rec.ID, func(auth.Metadata) (auth.Metadata, error) {
		return auth.NewMetadata(map[string]any{"photo": make([]byte, 10_000)})
	})
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
	// 2
	// auth: 413: session: Values of 13348 bytes, more than MaxValues, which is 4096
}

// A page asks every few seconds whether there is news. That must not keep the session of somebody who has left.
func ExampleManager_Passive() {
	sessions, r := exampleSessions()
	news := auth.New(sessions.Passive(), nil).Require()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ac, _ := auth.FromContext(r.Context())
		fmt.Fprintf(w, "no news for %s", ac.Actor.ID)
	}))
	w := httptest.NewRecorder()
	news.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	// Output:
	// 200 no news for ann
}
