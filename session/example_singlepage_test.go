package session_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// A single-page application logs in by JSON, pays once a second factor is fresh, and logs out.
func Example_singlePage() {
	const issuer, audience = "https://shop.example", "https://shop.example/api"
	keys := must(jwks.NewSet(must(jwks.Generate("EdDSA", nil))))
	signer := must(jwtx.NewSigner(jwtx.SignerConfig{Issuer: issuer, Audience: []string{audience}, Keys: keys}))
	sessions := must(session.New(session.Config{
		Store: memory.NewSessions(nil), Keys: [][]byte{[]byte("32 bytes from crypto/rand, or so")}, Minter: signer,
	}))
	verifier := must(jwtx.NewVerifier(jwtx.Config{
		Issuer: issuer, Audience: []string{audience}, Algorithms: []string{"EdDSA"}, Kinds: []jwtx.Kind{jwtx.Access}, Keys: keys,
		Revoked: func(ctx context.Context, r jwtx.Revocable) (bool, error) { return sessions.Ended(ctx, r.SessionID) },
	}))
	guard := auth.New(auth.Bearer(verifier, nil), nil)

	login := wire.Routes{"POST /login": func(w http.ResponseWriter, r *http.Request) error {
		var body struct {
			User     string `json:"user"`
			Password string `json:"password"`
		}
		if err := wire.Decode(w, r, &body); err != nil {
			return err
		}
		if body.User != "ann" || body.Password != "a password" { // in a program: of the user, hashed
			return auth.ErrInvalidCredentials
		}
		tokens, err := sessions.StartTokens(r, session.Login{
			Actor: auth.Actor{Type: "user", ID: body.User}, Factors: []auth.Factor{{Method: "pwd", At: time.Now()}},
		})
		if err != nil {
			return err
		}
		session.WriteTokens(w, tokens)
		return nil
	}}
	mine := wire.Routes{
		"POST /me/factor": func(w http.ResponseWriter, r *http.Request) error { // a code was sent, and is right
			ac, _ := auth.FromContext(r.Context())
			tokens, err := sessions.RotateTokens(r.Context(), ac.SessionID, func(l *session.Login) {
				l.Factors = append(l.Factors, auth.Factor{Method: "otp", At: time.Now()})
			})
			if err != nil {
				return err
			}
			session.WriteTokens(w, tokens)
			return nil
		},
		"POST /me/logout": func(w http.ResponseWriter, r *http.Request) error {
			ac, _ := auth.FromContext(r.Context())
			if err := sessions.End(r.Context(), ac.SessionID); err != nil {
				return err
			}
			wire.Write(w, http.StatusOK, struct{}{})
			return nil
		},
	}
	pay := func(w http.ResponseWriter, r *http.Request) { wire.Write(w, http.StatusOK, struct{}{}) }
	mux := http.NewServeMux()
	mux.Handle("/login", login.Handler(guard))
	mux.Handle("/refresh", session.NewRefreshHandler(sessions, guard))
	mux.Handle("/me/", guard.Require(auth.ActorType("user"))(mine.Handler(guard)))
	mux.Handle("POST /payments", guard.Require(auth.ActorType("user"), auth.Fresh(5*time.Minute, "otp"))(http.HandlerFunc(pay)))

	// And this is what the page does.
	var tokens struct {
		Access  string `json:"token"`
		Refresh string `json:"refresh_token"`
	}
	send := func(path, body string) {
		r := httptest.NewRequest("POST", "https://shop.example"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if tokens.Access != "" {
			r.Header.Set("Authorization", "Bearer "+tokens.Access)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		_ = json.Unmarshal(w.Body.Bytes(), &tokens) // a refusal has none
		fmt.Println(path, w.Code)
	}
	send("/login", `{"user": "ann", "password": "a guess"}`)
	send("/login", `{"user": "ann", "password": "a password"}`)
	send("/payments", "")
	send("/me/factor", "")
	send("/payments", "")
	send("/refresh", `{"refresh_token": "`+tokens.Refresh+`"}`)
	send("/me/logout", "")
	send("/payments", "")
	send("/refresh", `{"refresh_token": "`+tokens.Refresh+`"}`)
	// Output:
	// /login 401
	// /login 200
	// /payments 401
	// /me/factor 200
	// /payments 200
	// /refresh 200
	// /me/logout 200
	// /payments 401
	// /refresh 401
}
