package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// exampleTokens returns a manager and the tokens of a new session of ann's, as an app gets them.
func exampleTokens() (*session.Manager, session.Tokens) {
	sessions := must(session.New(session.Config{
		Store:  memory.NewSessions(nil),
		Keys:   [][]byte{[]byte("32 bytes from crypto/rand, or so")},
		Logger: quiet,
		// In a program this is a *jwtx.Signer, whose verifier calls Manager.Ended.
		Minter: session.MinterFunc(func(_ context.Context, ac auth.AuthContext) (string, error) {
			return "an access token of " + ac.Actor.ID, nil
		}),
	}))
	r := httptest.NewRequest("POST", "https://example.com/login", nil)
	return sessions, must(sessions.StartTokens(r, session.Login{Actor: auth.Actor{Type: "user", ID: "ann"}}))
}

// Tokens do not print. Reveal hands them to their owner.
func ExampleManager_StartTokens() {
	_, tokens := exampleTokens()
	fmt.Println(tokens.Context.Actor.ID, tokens.Access, tokens.Refresh)
	fmt.Println(tokens.Access.Reveal())
	// Output:
	// ann [redacted] [redacted]
	// an access token of ann
}

// A refresh token is good once. One that is used again, and is too old for a lost answer, was copied: the session ends.
func ExampleManager_Refresh() {
	sessions, tokens := exampleTokens()
	ctx := context.Background()
	first := tokens.Refresh.Reveal()
	second, err := sessions.Refresh(ctx, first)
	fmt.Println(second.Access.Reveal(), err)
	again, err := sessions.Refresh(ctx, first) // as the answer was lost
	fmt.Println(again.Refresh.Reveal() == second.Refresh.Reveal(), err)
	third, err := sessions.Refresh(ctx, second.Refresh.Reveal())
	fmt.Println(third.Access.Reveal(), err)

	_, err = sessions.Refresh(ctx, first) // by whom?
	fmt.Println(err)
	ended, err := sessions.Ended(ctx, tokens.Context.SessionID)
	fmt.Println(ended, err)
	// Output:
	// an access token of ann <nil>
	// true <nil>
	// an access token of ann <nil>
	// session: auth: invalid credentials: a refresh token that was used before
	// true <nil>
}

// Step-up without a cookie: the refresh token from before is void.
func ExampleManager_RotateTokens() {
	sessions, tokens := exampleTokens()
	ctx := context.Background()
	rotated, err := sessions.RotateTokens(ctx, tokens.Context.SessionID, func(l *session.Login) {
		l.Factors = append(l.Factors, auth.Factor{Method: "otp"})
	})
	fmt.Println(rotated.Context.Factors[0].Method, rotated.Context.SessionID == tokens.Context.SessionID, err)

	_, err = sessions.Refresh(ctx, tokens.Refresh.Reveal())
	fmt.Println(errors.Is(err, auth.ErrInvalidCredentials))
	_, err = sessions.Refresh(ctx, rotated.Refresh.Reveal())
	fmt.Println(err)
	// Output:
	// otp true <nil>
	// true
	// <nil>
}

// To be told of a theft, say by mail to the user.
func ExampleConfig_onReuse() {
	sessions := must(session.New(session.Config{
		Store: memory.NewSessions(nil), Keys: [][]byte{[]byte("32 bytes from crypto/rand, or so")}, Logger: quiet,
		OnReuse: func(_ context.Context, rec session.Record) {
			fmt.Println("a session of", rec.Login.Actor.ID, "from", rec.IP, "was ended")
		},
	}))
	ctx := context.Background()
	tokens := must(sessions.StartTokens(httptest.NewRequest("POST", "https://example.com/login", nil), session.Login{
		Actor: auth.Actor{Type: "user", ID: "ann"},
	}))
	stolen := tokens.Refresh.Reveal()
	for range 2 {
		tokens = must(sessions.Refresh(ctx, tokens.Refresh.Reveal()))
	}
	_, err := sessions.Refresh(ctx, stolen)
	fmt.Println(errors.Is(err, auth.ErrInvalidCredentials))
	// Output:
	// a session of ann from 192.0.2.1 was ended
	// true
}
