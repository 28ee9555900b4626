package session_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

func ExampleNew() {
	key := []byte("32 bytes from crypto/rand, or so") // the same in every process
	sessions, err := session.New(session.Config{Store: memory.NewSessions(nil), Keys: [][]byte{key}})
	if err != nil {
		fmt.Println(err)
		return
	}
	guard := auth.New(sessions.Scheme(), nil)

	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		// Check the password here.
		ac, err := sessions.Start(w, r, session.Login{Actor: auth.Actor{Type: "user", ID: "ann"}})
		if err != nil {
			guard.Refuse(w, r, err)
			return
		}
		fmt.Fprintf(w, "welcome, %s", ac.Actor.ID)
	})
	mux.Handle("POST /logout", guard.Require()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ac, _ := auth.FromContext(r.Context())
		if err := sessions.End(r.Context(), ac.SessionID); err != nil {
			guard.Refuse(w, r, err) // the session goes on, and the user must know
			return
		}
		sessions.ClearCookie(w)
		fmt.Fprint(w, "bye")
	})))
	mux.Handle("GET /orders", guard.Require()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ac, _ := auth.FromContext(r.Context())
		fmt.Fprintf(w, "the orders of %s", ac.Actor.ID)
	})))

	cookie := ""
	for _, line := range []string{"GET /orders", "POST /login", "GET /orders", "POST /logout", "GET /orders"} {
		method, path, _ := strings.Cut(line, " ")
		r := httptest.NewRequest(method, "https://example.com"+path, nil)
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(line, w.Code, strings.TrimSpace(w.Body.String()))
		for _, c := range w.Result().Cookies() {
			cookie = c.Name + "=" + c.Value
		}
	}
	// Output:
	// GET /orders 401 {"type":"unauthorized","message":"Unauthorized"}
	// POST /login 200 welcome, ann
	// GET /orders 200 the orders of ann
	// POST /logout 200 bye
	// GET /orders 401 {"type":"unauthorized","message":"Unauthorized"}
}

// The mistakes of a configuration are said all at once.
func ExampleNew_mistakes() {
	_, err := session.New(session.Config{
		Keys:    [][]byte{[]byte("secret")},
		Origins: []string{"app.example.com"},
		Cookie:  session.CookieConfig{Name: "__Host-login", InsecureDomain: "example.com"},
	})
	fmt.Println(err)
	// Output:
	// session: no Store
	// session: Keys[0] has 6 bytes, fewer than 32
	// session: Cookie: cookie name __Host-login needs Secure, the path / and no domain
	// auth: origin "app.example.com": not scheme://host[:port]
}

// exampleSessions returns a manager, and a request with the cookie of a new session of ann's.
func exampleSessions() (*session.Manager, *http.Request) {
	sessions := must(session.New(session.Config{
		Store: memory.NewSessions(nil), Keys: [][]byte{[]byte("32 bytes from crypto/rand, or so")},
	}))
	w := httptest.NewRecorder()
	must(sessions.Start(w, httptest.NewRequest("POST", "https://example.com/login", nil), session.Login{
		Actor: auth.Actor{Type: "user", ID: "ann"}, Scopes: auth.NewSet("*"),
	}))
	r := httptest.NewRequest("POST", "https://example.com/", nil)
	r.AddCookie(w.Result().Cookies()[0])
	return sessions, r
}

func ExampleManager_Start() {
	sessions, _ := exampleSessions()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "https://example.com/login", nil)
	ac, err := sessions.Start(w, r, session.Login{
		Actor:    auth.Actor{Type: "user", ID: "ann"},
		Provider: "emailpass",
		Scopes:   auth.NewSet("*"), // without any, the session is good for nothing that auth.Scopes guards
	})
	_, attributes, _ := strings.Cut(w.Header().Get("Set-Cookie"), "; ")
	fmt.Println(ac.Scheme, ac.Actor.ID, len(ac.SessionID), err)
	fmt.Println(attributes)

	// A page of another site that posts the attacker's password, to have the victim work in his account:
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	_, err = sessions.Start(w, r, session.Login{Actor: auth.Actor{Type: "user", ID: "mallory"}})
	fmt.Println(err)
	// Output:
	// session ann 24 <nil>
	// Path=/; HttpOnly; Secure; SameSite=Lax
	// auth: 403: cross-origin request detected from Sec-Fetch-Site header
}

// Cookies of people beside keys of machines: a session grants what its login says.
func ExampleManager_Scheme() {
	sessions, r := exampleSessions()
	guard := auth.New(sessions.Scheme(), nil)
	ac, err := guard.Check(r, auth.ActorType("user"), auth.Scopes("orders:read"))
	fmt.Println(ac.Actor.ID, err)

	r.Header.Set("Origin", "https://evil.example")
	_, err = guard.Check(r)
	fmt.Println(err)
	// Output:
	// ann <nil>
	// auth: 403: cross-origin request detected, and/or browser is out of date: Sec-Fetch-Site is missing, and Origin does not match Host
}

// Step-up: the user has shown a second factor, and the cookie from before is good for nothing any more.
func ExampleManager_Rotate() {
	sessions, r := exampleSessions()
	w := httptest.NewRecorder()
	ac, err := sessions.Rotate(w, r, func(l *session.Login) {
		l.Factors = append(l.Factors, auth.Factor{Method: "otp"})
	})
	fmt.Println(ac.Factors[0].Method, len(w.Result().Cookies()), err)

	_, err = sessions.Rotate(w, r, nil)
	fmt.Println("with the old cookie:", err)
	// Output:
	// otp 1 <nil>
	// with the old cookie: auth: no credentials
}

func ExampleManager_End() {
	sessions, r := exampleSessions()
	ctx := context.Background()
	ac, err := sessions.Scheme().Authenticate(r)
	fmt.Println(ac.Actor.ID, err)

	fmt.Println(sessions.End(ctx, ac.SessionID))
	ended, err := sessions.Ended(ctx, ac.SessionID) // for an access token with that sid
	fmt.Println(ended, err)
	_, err = sessions.Scheme().Authenticate(r)
	fmt.Println(err)
	// Output:
	// ann <nil>
	// <nil>
	// true <nil>
	// auth: no credentials
}

// After a change of password: all other devices are logged out.
func ExampleManager_EndAll() {
	sessions, r := exampleSessions()
	ctx := context.Background()
	ann := auth.Actor{Type: "user", ID: "ann"}
	for range 3 { // on other devices
		must(sessions.Start(httptest.NewRecorder(), httptest.NewRequest("POST", "https://example.com/login", nil), session.Login{Actor: ann}))
	}
	ac, err := sessions.Scheme().Authenticate(r)
	fmt.Println(ac.SessionID != "", err)

	n, err := sessions.EndAll(ctx, ann, ac.SessionID)
	fmt.Println(n, err)
	left, err := sessions.List(ctx, ann)
	fmt.Println(len(left), left[0].ID == ac.SessionID, err)
	// Output:
	// true <nil>
	// 3 <nil>
	// 1 true <nil>
}
