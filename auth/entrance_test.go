package auth_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// An entrance is a guarded handler with everything real behind it, and a request that passes.
type entrance struct {
	name    string
	budget  float64 // allocations for the whole request
	handler http.Handler
	request *http.Request
}

// entrances returns one for each way to come in.
func entrances(t testing.TB) []entrance {
	return []entrance{verifiedEntrance(), keyEntrance(t), sessionEntrance(), jwtEntrance(t, "HS256", 30), jwtEntrance(t, "EdDSA", 30)}
}

// sink is a handler that the compiler cannot look into: it would keep the request on the stack.
var sink http.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

func verifiedEntrance() entrance {
	ac := &auth.AuthContext{
		Scheme: "bearer", Actor: auth.Actor{Type: "user", ID: "u1"}, Scopes: auth.NewSet("read"),
		Factors: []auth.Factor{{Method: "pwd", At: time.Now()}},
	}
	known := auth.TokenVerifierFunc(func(context.Context, auth.Credential) (*auth.AuthContext, error) { return ac, nil })
	guard := auth.New(auth.AnyOf(auth.Cookie("__Host-s", known, nil), auth.Header("X-API-Key", known), auth.Bearer(known, nil)), nil)
	return entrance{"AnyOf of three, already verified", 4, guard.Require(auth.Scopes("read"))(sink), carrying("Authorization", "Bearer x")}
}

func keyEntrance(t testing.TB) entrance {
	keys := must(apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil)}))
	_, secret, err := keys.Issue(t.Context(), apikey.Spec{
		Title: "entrance", Owner: auth.Actor{Type: "user", ID: "u1"}, Scopes: auth.NewSet("read", "write"),
	})
	if err != nil {
		t.Fatal(err)
	}
	guard := auth.New(auth.Header("X-API-Key", keys), nil)
	return entrance{"API key from memory", 8, guard.Require(auth.Scopes("read"))(sink), carrying("X-Api-Key", secret.Reveal())}
}

func sessionEntrance() entrance {
	sessions := must(session.New(session.Config{
		Store: memory.NewSessions(nil), Keys: [][]byte{bytes.Repeat([]byte("k"), 32)},
	}))
	w := httptest.NewRecorder()
	must(sessions.Start(w, httptest.NewRequest(http.MethodPost, "https://example.com/login", nil), session.Login{
		Actor: auth.Actor{Type: "user", ID: "u1"}, Scopes: auth.NewSet("read"),
		Factors: []auth.Factor{{Method: "pwd", At: time.Now()}},
	}))
	guard := auth.New(sessions.Scheme(), nil)
	cookie := w.Result().Cookies()[0]
	return entrance{"session cookie from memory", 27, guard.Require(auth.Scopes("read"))(sink), carrying("Cookie", cookie.Name+"="+cookie.Value)}
}

func jwtEntrance(t testing.TB, algorithm string, budget float64) entrance {
	key := must(jwks.Generate(algorithm, nil))
	keys := must(jwks.NewSet(key))
	signer := must(jwtx.NewSigner(jwtx.SignerConfig{Issuer: "https://login.example", Audience: []string{"https://api.example"}, Keys: keys}))
	verifier := must(jwtx.NewVerifier(jwtx.Config{
		Issuer: "https://login.example", Audience: []string{"https://api.example"},
		Algorithms: []string{algorithm}, Kinds: []jwtx.Kind{jwtx.Access}, Keys: keys,
	}))
	metadata := must(auth.NewMetadata(map[string]any{"user_id": "u1", "plan": "team", "seats": 12}))
	token := must(signer.Sign(t.Context(), auth.AuthContext{
		Actor: auth.Actor{Type: "user", ID: "u1"}, IdentityID: "i1", Provider: "emailpass", SessionID: "s1",
		Scopes: auth.NewSet("read", "write"), Roles: auth.NewSet("admin"),
		Factors:     []auth.Factor{{Method: "pwd", At: time.Now()}},
		AppMetadata: metadata, UserMetadata: metadata,
	}))
	guard := auth.New(auth.Bearer(verifier, nil), nil)
	return entrance{algorithm, budget, guard.Require(auth.Scopes("read"))(sink), carrying("Authorization", "Bearer "+token)}
}

func carrying(field, value string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set(field, value)
	return r
}

// An unread is a ResponseWriter whose header is new for each request, as a server's is, without counting against a guard.
type unread struct {
	header http.Header
	status int
}

func (u *unread) Header() http.Header         { return u.header }
func (u *unread) Write(p []byte) (int, error) { return len(p), nil }
func (u *unread) WriteHeader(status int)      { u.status = status }

func (e entrance) open(w *unread) {
	clear(w.header)
	e.handler.ServeHTTP(w, e.request)
}

func BenchmarkEntrance(b *testing.B) {
	for _, e := range entrances(b) {
		b.Run(e.name, func(b *testing.B) {
			w := &unread{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				e.open(w)
			}
		})
	}
}
