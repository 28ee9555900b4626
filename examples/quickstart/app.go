package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/console"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// An app is the server: three ways to come in, and one guard that knows them all.
type app struct {
	users    *users
	sessions *session.Manager
	keys     *apikey.Manager
	jwks     http.Handler
	guard    *auth.Guard
	pages    *auth.Guard // the same, but browsers are sent to the log-in form
	console  http.Handler
}

func newApp(baseURL string) (*app, error) {
	signingKey, err := jwks.Generate("EdDSA", nil)
	if err != nil {
		return nil, err
	}
	keySet, err := jwks.NewSet(signingKey)
	if err != nil {
		return nil, err
	}
	cookieKey := make([]byte, 32)
	rand.Read(cookieKey)
	signer, signerErr := jwtx.NewSigner(jwtx.SignerConfig{Issuer: baseURL, Audience: []string{baseURL}, Keys: keySet})
	sessions, sessionsErr := session.New(session.Config{
		Store:  memory.NewSessions(nil),
		Keys:   [][]byte{cookieKey},
		Cookie: session.CookieConfig{InsecurePlainHTTP: true}, // this server has no TLS; yours has
		Minter: signer,
	})
	keys, keysErr := apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil)})
	verifier, verifierErr := jwtx.NewVerifier(jwtx.Config{
		Issuer:     baseURL,
		Audience:   []string{baseURL},
		Algorithms: []string{"EdDSA"},
		Kinds:      []jwtx.Kind{jwtx.Access},
		Keys:       keySet,
		Revoked: func(ctx context.Context, r jwtx.Revocable) (bool, error) {
			return sessions.Ended(ctx, r.SessionID) // logging out ends the token as well
		},
	})
	published, jwksErr := jwks.Handler(keySet)
	if err := errors.Join(sessionsErr, keysErr, signerErr, verifierErr, jwksErr); err != nil {
		return nil, err
	}
	scheme := auth.AnyOf(sessions.Scheme(), auth.Header("X-API-Key", keys), auth.Bearer(verifier, nil))
	pages := auth.New(scheme, &auth.Options{ErrorHandler: auth.Redirect("/")})
	console, err := console.New(console.Config{
		Keys: keys, Sessions: sessions,
		Guard: pages, Rules: []auth.Rule{auth.ActorType("user")}, // not for keys
		Title: "Countersign quickstart", Scopes: []string{"profile", "reports:read"},
	})
	if err != nil {
		return nil, err
	}
	return &app{
		users: newUsers(), sessions: sessions, keys: keys, jwks: published,
		guard: auth.New(scheme, nil), pages: pages, console: console,
	}, nil
}

func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", a.guard.Optional()(http.HandlerFunc(a.home)))
	mux.HandleFunc("POST /login", a.login)
	mux.Handle("POST /refresh", session.NewRefreshHandler(a.sessions, a.guard))
	mux.Handle("POST /logout", a.pages.Require()(http.HandlerFunc(a.logout)))
	mux.Handle("GET /me", a.guard.Require()(http.HandlerFunc(me)))
	mux.Handle("GET /reports", a.guard.Require(auth.Scopes("reports:read"))(http.HandlerFunc(reports)))
	mux.Handle("GET /public", a.guard.Optional()(http.HandlerFunc(public)))
	mux.Handle("GET /.well-known/jwks.json", a.jwks)
	mux.Handle("/console/", a.console)
	return mux
}

// issueKey makes the API key that is shown at start.
func (a *app) issueKey(ctx context.Context) (string, error) {
	_, secret, err := a.keys.Issue(ctx, apikey.Spec{
		Title:  "quickstart",
		Owner:  demoActor,
		Scopes: auth.NewSet("reports:read"),
	})
	return secret.Reveal(), err
}

func me(w http.ResponseWriter, r *http.Request) {
	ac, _ := auth.FromContext(r.Context()) // Require lets nobody pass without
	writeJSON(w, view(ac))
}

// identity is what a visitor is shown of an AuthContext.
type identity struct {
	ActorID   string     `json:"actor_id"`
	ActorType string     `json:"actor_type"`
	Scheme    string     `json:"scheme"`
	Scopes    auth.Set   `json:"scopes"`
	Expires   *time.Time `json:"expires"` // null if it does not
}

func view(ac auth.AuthContext) identity {
	v := identity{ActorID: ac.Actor.ID, ActorType: ac.Actor.Type, Scheme: ac.Scheme, Scopes: ac.Scopes}
	if !ac.Expires.IsZero() {
		v.Expires = &ac.Expires
	}
	return v
}

func reports(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]any{"reports": []string{"January", "February"}})
}

func public(w http.ResponseWriter, r *http.Request) {
	greeting := "Hello, whoever you are"
	if ac, ok := auth.FromContext(r.Context()); ok {
		greeting = fmt.Sprintf("Hello, %s %s", ac.Actor.Type, ac.Actor.ID)
	}
	writeJSON(w, map[string]string{"message": greeting})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client is gone, if anything
}
