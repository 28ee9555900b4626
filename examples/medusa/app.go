package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/rs/cors"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/console"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/emailpass"
	"github.com/countersign-go/countersign/auth/wire"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

const (
	// tokenLifetime is that of an access token. A session that is not used for so long is over, so that its last token is
	// good for as long as it says.
	tokenLifetime   = 24 * time.Hour
	sessionLifetime = 7 * 24 * time.Hour

	// adminScope is what a secret key needs for the routes of administrators. Who logs in has the scope "*".
	adminScope = "admin"

	// hashWait is for how long a log-in may wait while others are hashed: whoever tries this server may send many at once.
	hashWait = 10 * time.Second
	// freeAttempts is how many may come from one network before they are slowed down: here all come from this machine. How
	// many there may be on one account is another matter.
	freeAttempts = 10_000
)

// An app is the server: who logs in, the ways to carry a log-in or a key, and one guard that knows them all.
type app struct {
	customers *table[customer]
	users     *table[user]

	passwords *emailpass.Provider
	login     *login.Service
	sessions  *session.Manager
	keys      *apikey.Manager
	guard     *auth.Guard
	console   http.Handler
	jwks      http.Handler // nil if tokens are signed by a secret
	mail      *mailer
}

func newApp(c config, baseURL string, mail *mailer) (*app, error) {
	a := &app{customers: newTable[customer](), users: newTable[user](), mail: mail}
	keySet, err := a.newKeys(c.algorithm)
	if err != nil {
		return nil, err
	}
	verifier, err := a.newSessions(c, baseURL, keySet)
	if err != nil {
		return nil, err
	}
	if a.keys, err = apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil), Allowed: a.allowed}); err != nil {
		return nil, err
	}
	if err := a.newLogin(); err != nil {
		return nil, err
	}
	a.guard = auth.New(auth.AnyOf(
		a.sessions.Scheme(),
		auth.Bearer(verifier, nil),
		auth.Basic(a.keys, &auth.BasicOptions{Lenient: true}), // the SDK, and those who write to its API by hand
		auth.Header("x-medusa-access-token", a.keys),
		auth.Header("X-API-Key", a.keys),
	), nil)
	a.console, err = console.New(console.Config{
		Keys: a.keys, Sessions: a.sessions,
		Guard: a.guard, Rules: []auth.Rule{auth.ActorType(userType)},
		Title: "Shop", Scopes: []string{adminScope},
	})
	return a, err
}

// newKeys makes the key that signs tokens, and what publishes it if there is something to publish.
func (a *app) newKeys(algorithm string) (*jwks.Set, error) {
	switch algorithm {
	case "HS256", "RS256", "ES256", "EdDSA":
	default:
		return nil, fmt.Errorf("-alg: neither HS256, RS256, ES256 nor EdDSA: %q", algorithm)
	}
	key, err := jwks.Generate(algorithm, nil)
	if err != nil {
		return nil, err
	}
	set, err := jwks.NewSet(key)
	if err != nil {
		return nil, err
	}
	if algorithm != "HS256" {
		a.jwks, err = jwks.Handler(set)
	}
	return set, err
}

// newSessions makes what keeps sessions and their access tokens, and what verifies the latter.
func (a *app) newSessions(c config, baseURL string, keys *jwks.Set) (*jwtx.Verifier, error) {
	signer, signerErr := jwtx.NewSigner(jwtx.SignerConfig{
		Issuer: baseURL, Audience: []string{baseURL}, Keys: keys, Lifetime: tokenLifetime,
	})
	cookieKey := make([]byte, 32)
	rand.Read(cookieKey)
	var sessionsErr error
	a.sessions, sessionsErr = session.New(session.Config{
		Store:       memory.NewSessions(nil),
		Keys:        [][]byte{cookieKey},
		Origins:     []string{c.origin},
		Cookie:      session.CookieConfig{InsecurePlainHTTP: true}, // this server has no TLS; yours has
		IdleTimeout: tokenLifetime,
		Lifetime:    sessionLifetime,
		Minter:      signer,
	})
	verifier, verifierErr := jwtx.NewVerifier(jwtx.Config{
		Issuer: baseURL, Audience: []string{baseURL}, Algorithms: []string{c.algorithm}, Keys: keys,
		Kinds: []jwtx.Kind{jwtx.Access, jwtx.Registration},
		Revoked: func(ctx context.Context, r jwtx.Revocable) (bool, error) {
			return a.sessions.Ended(ctx, r.SessionID) // logging out ends the token as well
		},
	})
	return verifier, errors.Join(signerErr, sessionsErr, verifierErr)
}

// newLogin makes what logs people in. That the type "user" is listed lets nobody become one: who registers gets a token
// without an actor, which is good for accepting an invite and nothing else.
func (a *app) newLogin() error {
	var err error
	if a.passwords, err = emailpass.New(emailpass.Config{Wait: hashWait}); err != nil {
		return err
	}
	a.login, err = login.New(login.Config{
		Store:             memory.NewIdentities(nil),
		Tokens:            memory.NewOneTimeTokens(nil),
		Attempts:          memory.NewAttempts(nil),
		Sessions:          a.sessions,
		Methods:           []login.Method{{ID: "emailpass", DisplayName: "E-mail and password", Provider: a.passwords}},
		Actors:            map[string][]string{customerType: {"emailpass"}, userType: {"emailpass"}},
		OnEvent:           a.mail.onEvent,
		MayVerify:         mayVerify,
		Throttle:          login.Throttle{Network: login.Pace{Free: freeAttempts}},
		InsecurePlainHTTP: true,
	})
	return err
}

// allowed returns what the owner of a secret key may do, see [apikey.Config].
func (a *app) allowed(_ context.Context, owner auth.Actor) (auth.Set, error) {
	if _, ok := a.users.get(owner.ID); !ok || owner.Type != userType {
		return auth.Set{}, fmt.Errorf("%w: no such user", auth.ErrInvalidCredentials)
	}
	return auth.NewSet("*"), nil
}

// routes returns all of the server. Pages of the origin may call the API, which a browser asks about first, without any
// credentials: so the answer to that is in front of the guard. They may not call the console, which is for its own pages.
func (a *app) routes(origin string) http.Handler {
	shared := cors.New(cors.Options{
		AllowedOrigins:   []string{origin},
		AllowCredentials: true,
		AllowedMethods:   []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"},
		AllowedHeaders:   []string{"*"}, // in any order, which a list would prescribe; what they are worth says the guard
		ExposedHeaders:   []string{"Retry-After", "WWW-Authenticate"},
		MaxAge:           600,
	})
	return below{console.DefaultPath: a.console}.or(shared.Handler(a.api()))
}

// api returns the routes that the SDK calls.
func (a *app) api() http.Handler {
	// Actors of keys are the keys, which may do what their scopes say; people who log in have all scopes.
	admins := []auth.Rule{auth.ActorType(userType, apikey.ActorType), auth.Scopes(adminScope)}
	users := []auth.Rule{auth.ActorType(userType)}
	shop := func(next http.Handler) http.Handler { return a.keys.Publishable(a.guard)(a.guard.Optional()(next)) }
	registered := func(kind string) func(http.Handler) http.Handler {
		return a.guard.Require(auth.AllowUnregistered, auth.ActorType(kind))
	}
	routes := wire.Routes{
		"GET /store/products":        a.behind(shop, listProducts),
		"POST /store/customers":      a.behind(registered(customerType), a.createCustomer),
		"GET /store/customers/me":    a.behind(a.guard.Require(auth.ActorType(customerType)), a.ownCustomer),
		"GET /admin/users/me":        a.behind(a.guard.Require(users...), a.ownUser),
		"POST /admin/invites":        a.behind(a.guard.Require(admins...), a.createInvite),
		"POST /admin/invites/accept": a.behind(registered(userType), a.acceptInvite),
	}
	if a.jwks != nil {
		routes["GET /.well-known/jwks.json"] = func(w http.ResponseWriter, r *http.Request) error {
			a.jwks.ServeHTTP(w, r)
			return nil
		}
	}
	return below{
		login.DefaultPath: login.NewHandler(a.login, a.guard, nil),
		apikey.DefaultPath: apikey.NewHandler(a.keys, a.guard, &apikey.HandlerOptions{
			Rules: admins, Scopes: auth.NewSet("*"), // the SDK knows no scopes
		}),
		session.DefaultPath: session.NewHandler(a.sessions, a.guard, &session.HandlerOptions{Rules: users}),
	}.or(routes.Handler(a.guard))
}

// An endpoint answers requests, or returns what they are refused with.
type endpoint func(w http.ResponseWriter, r *http.Request) error

// behind returns an endpoint that is called behind a guard.
func (a *app) behind(guarded func(http.Handler) http.Handler, h endpoint) endpoint {
	handler := guarded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			a.guard.Refuse(w, r, err)
		}
	}))
	return func(w http.ResponseWriter, r *http.Request) error {
		handler.ServeHTTP(w, r)
		return nil
	}
}

// below has handlers by the paths that they serve, each with what is below. It is no [http.ServeMux], which would redirect
// paths that are not clean: here they are answered in JSON, as all are that nobody knows.
type below map[string]http.Handler

// or returns the handler that calls one of them, or the other one for all other paths.
func (b below) or(other http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for path, h := range b {
			if r.URL.Path == path || strings.HasPrefix(r.URL.Path, path+"/") {
				h.ServeHTTP(w, r)
				return
			}
		}
		other.ServeHTTP(w, r)
	})
}
