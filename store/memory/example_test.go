package memory_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// A store that is too small refuses the next log-in, it does not end another's session. Choose Max by the memory that
// there is, not by the sessions that you expect.
func ExampleNewSessions() {
	ctx, now := context.Background(), time.Now()
	sessions := memory.NewSessions(&memory.Options{Max: 1})
	first := sessions.Create(ctx, session.Record{ID: "ann", Expires: now.Add(time.Hour)})
	second := sessions.Create(ctx, session.Record{ID: "bob", Expires: now.Add(time.Hour)})
	_, kept := sessions.Get(ctx, "ann", now)
	fmt.Println(first, kept)
	fmt.Println(second)
	fmt.Println(errors.Is(second, memory.ErrFull), errors.Is(second, auth.ErrUnavailable))
	// Output:
	// <nil> <nil>
	// memory: full: auth: unavailable
	// true true
}

func ExampleNewAPIKeys() {
	keys, err := apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil)})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, owner := context.Background(), auth.Actor{Type: "user", ID: "7"}
	_, secret, err := keys.Issue(ctx, apikey.Spec{Title: "nightly report", Owner: owner, Scopes: auth.NewSet("reports:read")})
	if err != nil {
		fmt.Println(err)
		return
	}
	ac, err := keys.VerifyToken(ctx, auth.Credential{Token: secret.Reveal()})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ac.Allows("reports:read"), ac.Allows("reports:write"))
	// Output: true false
}
