package sdk_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// A server has the HTTP API of API keys, behind all three schemes.
type server struct {
	*httptest.Server
	sessions *session.Manager
	keys     *apikey.Manager
	signer   *jwtx.Signer
}

var ann = auth.Actor{Type: "user", ID: "ann"}

func newServer(t *testing.T) *server {
	t.Helper()
	const issuer = "https://shop.example"
	key, err := jwks.Generate("RS256", nil)
	if err != nil {
		t.Fatal(err)
	}
	set, setErr := jwks.NewSet(key)
	sessions, sessionsErr := session.New(session.Config{
		Store: memory.NewSessions(nil), Keys: [][]byte{[]byte("a key of 32 bytes or more, for tests")},
		Cookie: session.CookieConfig{InsecurePlainHTTP: true},
	})
	keys, keysErr := apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil)})
	signer, signerErr := jwtx.NewSigner(jwtx.SignerConfig{Issuer: issuer, Audience: []string{issuer}, Keys: set})
	verifier, verifierErr := jwtx.NewVerifier(jwtx.Config{
		Issuer: issuer, Audience: []string{issuer}, Algorithms: []string{"RS256"}, Kinds: []jwtx.Kind{jwtx.Access}, Keys: set,
		Revoked: func(ctx context.Context, r jwtx.Revocable) (bool, error) { return sessions.Ended(ctx, r.SessionID) },
	})
	if err := errors.Join(setErr, sessionsErr, keysErr, signerErr, verifierErr); err != nil {
		t.Fatal(err)
	}
	guard := auth.New(auth.AnyOf(sessions.Scheme(), auth.Basic(keys, nil), auth.Bearer(verifier, nil)), nil)
	s := &server{sessions: sessions, keys: keys, signer: signer}
	s.Server = httptest.NewServer(apikey.NewHandler(keys, guard, nil))
	t.Cleanup(s.Close)
	return s
}

// credential returns what proves in a mode of the SDK that a request is Ann's, or her key's, and the ID of the actor.
func (s *server) credential(t *testing.T, mode string) (text, actor string) {
	t.Helper()
	if mode == "key" {
		key, secret, err := s.keys.Issue(t.Context(), apikey.Spec{Title: "of the SDK", Owner: ann, Scopes: auth.NewSet("*")})
		if err != nil {
			t.Fatal(err)
		}
		return secret.Reveal(), key.ID
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/login", nil)
	ac, err := s.sessions.Start(w, r, session.Login{Actor: ann, Scopes: auth.NewSet("*")})
	if err != nil {
		t.Fatal(err)
	}
	if mode == "session" {
		cookie := w.Result().Cookies()[0]
		return cookie.Name + "=" + cookie.Value, ann.ID
	}
	token, err := s.signer.Sign(t.Context(), ac)
	if err != nil {
		t.Fatal(err)
	}
	return token, ann.ID
}

func TestAPIKeys(t *testing.T) {
	install(t)
	s := newServer(t)
	foreign, _, err := s.keys.Issue(t.Context(), apikey.Spec{Title: "of another", Owner: auth.Actor{Type: "user", ID: "bob"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"key", "jwt", "session"} {
		t.Run(mode, func(t *testing.T) {
			credential, actor := s.credential(t, mode)
			t.Logf("calls: %d", node(t, "client.mjs",
				"BASE_URL="+s.URL, "MODE="+mode, "CREDENTIAL="+credential, "ACTOR="+actor, "FOREIGN_KEY="+foreign.ID))
		})
	}
}
