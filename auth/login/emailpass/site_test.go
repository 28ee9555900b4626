package emailpass_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/emailpass"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// A site is a server where customers log in by a provider, with everything real behind it.
type site struct {
	*login.Service
	*emailpass.Provider
	http.Handler
	finds  atomic.Int64 // how often the store was asked for an entity
	down   error        // what it answers, if anything
	events []login.Event
	log    bytes.Buffer
}

// A tap is the store of a site, which counts.
type tap struct {
	login.Store
	*site
}

func (t tap) Find(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
	t.finds.Add(1)
	if t.down != nil {
		return login.AuthIdentity{}, t.down
	}
	return t.Store.Find(ctx, provider, entityID)
}

// newSite returns a site with cheap hashes, and what change does to the provider's configuration; nil is fine.
func newSite(change func(*emailpass.Config)) *site {
	s := &site{Provider: newProvider(change)}
	logger := slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	sessions := must(session.New(session.Config{
		Store: memory.NewSessions(nil), Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}, Logger: logger,
		Minter: session.MinterFunc(func(_ context.Context, ac auth.AuthContext) (string, error) { return "token of " + ac.IdentityID, nil }),
	}))
	s.Service = must(login.New(login.Config{
		Store:  tap{memory.NewIdentities(nil), s},
		Tokens: memory.NewOneTimeTokens(nil), Attempts: memory.NewAttempts(nil), Sessions: sessions,
		Methods: []login.Method{{ID: emailpass.DefaultID, Provider: s.Provider}},
		Actors:  map[string][]string{"customer": {emailpass.DefaultID}},
		OnEvent: func(_ context.Context, e login.Event) { s.events = append(s.events, e) },
		Logger:  logger,
	}))
	guard := auth.New(sessions.Scheme(), &auth.Options{Logger: logger})
	s.Handler = login.NewHandler(s.Service, guard, nil)
	return s
}

// keep keeps an account with the address and the hash as they are.
func (s *site) keep(email string, hash token.Secret) login.AuthIdentity {
	return must(s.Create(ctx, login.AuthIdentity{Providers: []login.ProviderIdentity{{
		Provider: emailpass.DefaultID, EntityID: email, Identifier: email, Secret: hash,
	}}}))
}

// kept returns the hash that is kept of an address.
func (s *site) kept(email string) string {
	i := must(s.Service.Find(ctx, emailpass.DefaultID, email))
	p, _ := i.By(emailpass.DefaultID, email)
	return p.Secret.Reveal()
}

// An answer is what a client gets, and what it took. Bodies with a token are "ok".
type answer struct {
	Status int
	Body   string
	Hashes string // by algorithm
	Work   uint64 // by Argon2id, in KiB
	Finds  int64
}

// post sends a body to a path under /auth/customer/emailpass.
func (s *site) post(path, body string, header ...string) (a answer) {
	r := httptest.NewRequest("POST", "https://example.com/auth/customer/emailpass"+path, bytes.NewBufferString(body))
	r.Header.Set("Content-Type", "application/json")
	for n := 0; n < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	w := httptest.NewRecorder()
	finds := s.finds.Load()
	a.Hashes, a.Work = count(s.Provider, func() { s.ServeHTTP(w, r) })
	a.Finds = s.finds.Load() - finds
	a.Status, a.Body = w.Code, w.Body.String()
	var fields struct{ Token, Message string }
	switch err := json.Unmarshal(w.Body.Bytes(), &fields); {
	case err == nil && w.Code == 200 && (fields.Token != "" || path == "/update"):
		a.Body = "ok"
	case err == nil && fields.Message != "":
		a.Body = fields.Message
	}
	return a
}

// logIn logs in with an address and a password.
func (s *site) logIn(email, password string) answer {
	return s.post("", fields("email", email, "password", password))
}

// fields returns a JSON object of strings.
func fields(pairs ...string) string {
	m := map[string]string{}
	for n := 0; n < len(pairs); n += 2 {
		m[pairs[n]] = pairs[n+1]
	}
	return string(must(json.Marshal(m)))
}
