package oidc_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/oidc"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

const secret = "a secret of the client: +%&"

// A site has the HTTP API to log in, with a method for each client of the provider.
type site struct {
	*httptest.Server
	service  *login.Service
	verifier *jwtx.Verifier
	log      *logbook
}

func newSite(t *testing.T, issuer string) *site {
	t.Helper()
	s := &site{log: &logbook{}}
	logger := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	const name = "https://shop.example"
	key, keyErr := jwks.Generate("EdDSA", nil)
	keys, setErr := jwks.NewSet(key)
	signer, signerErr := jwtx.NewSigner(jwtx.SignerConfig{Issuer: name, Audience: []string{name}, Keys: keys})
	sessions, sessionsErr := session.New(session.Config{
		Store: memory.NewSessions(nil), Keys: [][]byte{[]byte("a key of 32 bytes or more, for tests")}, Minter: signer, Logger: logger,
	})
	verifier, verifierErr := jwtx.NewVerifier(jwtx.Config{
		Issuer: name, Audience: []string{name}, Algorithms: []string{"EdDSA"}, Kinds: []jwtx.Kind{jwtx.Access, jwtx.Registration}, Keys: keys,
		Revoked: func(ctx context.Context, r jwtx.Revocable) (bool, error) { return sessions.Ended(ctx, r.SessionID) },
	})
	if err := errors.Join(keyErr, setErr, signerErr, sessionsErr, verifierErr); err != nil {
		t.Fatal(err)
	}
	methods, ids := s.methods(t, issuer, logger)
	service, err := login.New(login.Config{
		Store: memory.NewIdentities(nil), Tokens: memory.NewOneTimeTokens(nil), Attempts: memory.NewAttempts(nil), Sessions: sessions,
		Methods: methods, Actors: map[string][]string{"customer": ids}, Logger: logger,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.service, s.verifier = service, verifier
	guard := auth.New(auth.AnyOf(sessions.Scheme(), auth.Bearer(verifier, nil)), &auth.Options{Logger: logger})
	s.Server = httptest.NewTLSServer(login.NewHandler(service, guard, nil))
	t.Cleanup(s.Close)
	return s
}

// methods returns a method for each client, and their IDs.
func (s *site) methods(t *testing.T, issuer string, logger *slog.Logger) (methods []login.Method, ids []string) {
	t.Helper()
	for id, change := range map[string]func(c *oidc.Config){
		"basic":  func(c *oidc.Config) { c.Scopes, c.UserInfo = []string{"openid", "email", "profile"}, true },
		"post":   func(c *oidc.Config) { c.AuthMethod = oidc.ClientSecretPost },
		"public": func(c *oidc.Config) { c.ClientSecret = token.Secret{} },
		"pss":    func(c *oidc.Config) { c.MaxAge = 3600e9 },
		"wrong":  func(c *oidc.Config) { c.ClientID, c.ClientSecret = "basic", token.NewSecret("another") },
		"down":   func(c *oidc.Config) { c.Issuer = "http://127.0.0.1:1" },
		"slash":  func(c *oidc.Config) { c.Issuer += "/" },
	} {
		c := oidc.Config{
			Issuer: issuer, ClientID: id, ClientSecret: token.NewSecret(secret), Logger: logger,
			CallbackURLs: []string{"https://shop.example/callback", "https://shop.example/admin/callback"},
		}
		change(&c)
		p, err := oidc.New(c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Close() })
		methods, ids = append(methods, login.Method{ID: id, Provider: p}), append(ids, id)
	}
	return methods, ids
}

// A logbook keeps what was logged.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// An answer is that of the HTTP API.
type answer struct {
	Status                         int
	Location, Token, Type, Message string
}

// ask sends a request to the HTTP API: a POST with the fields as JSON, or a GET with them as its query.
func (s *site) ask(t *testing.T, b browser, method, path string, fields url.Values) answer {
	t.Helper()
	target, content := s.URL+login.DefaultPath+"/customer/"+path, ""
	if method == http.MethodGet {
		target += "?" + fields.Encode()
	} else {
		body := map[string]string{}
		for name := range fields {
			body[name] = fields.Get(name)
		}
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		content = string(text)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := b.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{Status: response.StatusCode}
	if err := json.Unmarshal([]byte(body(t, response)), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// who returns what a token says.
func (s *site) who(t *testing.T, token string) auth.AuthContext {
	t.Helper()
	ac, err := s.verifier.VerifyToken(t.Context(), auth.Credential{Token: token})
	if err != nil {
		t.Fatal(err)
	}
	return *ac
}

// identity returns whose token it is.
func (s *site) identity(t *testing.T, token string) login.AuthIdentity {
	t.Helper()
	i, err := s.service.Get(t.Context(), s.who(t, token).IdentityID)
	if err != nil {
		t.Fatal(err)
	}
	return i
}
