package session_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

var quiet = slog.New(slog.DiscardHandler)

// The password was changed: whoever else is logged in by it is out, and the user who changed it goes on.
func ExampleManager_EndIdentity() {
	sessions, _ := exampleSessions()
	ctx := context.Background()
	login := session.Login{Actor: auth.Actor{Type: "user", ID: "ann"}, IdentityID: "identity of ann"}
	r := httptest.NewRequest("POST", "https://example.com/login", nil)
	current := must(sessions.StartTokens(r, login)).Context.SessionID
	must(sessions.StartTokens(r, login))
	n, err := sessions.EndIdentity(ctx, "identity of ann", current)
	fmt.Println("the password was changed:", n, err)
	n, err = sessions.EndIdentity(ctx, "identity of ann", "")
	fmt.Println("the identity was disabled:", n, err)
	n, err = sessions.EndAll(ctx, auth.Actor{Type: "user", ID: "ann"}, "")
	fmt.Println("the user was deleted:", n, err)
	// Output:
	// the password was changed: 1 <nil>
	// the identity was disabled: 1 <nil>
	// the user was deleted: 1 <nil>
}

// What is not the user's is like what is not there.
func ExampleManager_As() {
	sessions, r := exampleSessions()
	ctx := context.Background()
	bobs := must(sessions.StartTokens(r, session.Login{Actor: auth.Actor{Type: "user", ID: "bob"}})).Context.SessionID
	ac, err := auth.New(sessions.Scheme(), nil).Check(r)
	fmt.Println(ac.Actor.ID, err)

	mine := sessions.As(ac)
	list, err := mine.List(ctx, auth.Actor{})
	fmt.Println(len(list), list[0].ID == ac.SessionID, err)
	fmt.Println(mine.End(ctx, bobs))
	fmt.Println(sessions.End(ctx, bobs)) // the likely mistake: a Manager asks nobody
	// Output:
	// ann <nil>
	// 1 true <nil>
	// session: not found
	// <nil>
}

// Staff may see and end everybody's sessions.
func ExamplePolicy() {
	sessions := must(session.New(session.Config{
		Store: memory.NewSessions(nil), Keys: [][]byte{[]byte("32 bytes from crypto/rand, or so")},
		Policy: func(ctx context.Context, by auth.AuthContext, actor auth.Actor) error {
			if by.Roles.Has("support") && actor.Type == "user" {
				return nil
			}
			return session.OwnSessions(ctx, by, actor)
		},
	}))
	ann := auth.Actor{Type: "user", ID: "ann"}
	must(sessions.StartTokens(httptest.NewRequest("POST", "https://example.com/login", nil), session.Login{Actor: ann}))
	for _, role := range []string{"sales", "support"} {
		by := auth.AuthContext{Actor: auth.Actor{Type: "staff", ID: "eve"}, Roles: auth.NewSet(role)}
		n, err := sessions.As(by).EndAll(context.Background(), ann)
		fmt.Println(role, n, err)
	}
	// Output:
	// sales 0 auth: 403: session: the sessions of somebody else
	// support 1 <nil>
}

// Two devices at once, and no more.
func ExampleConfig_maxPerActor() {
	sessions := must(session.New(session.Config{
		Store: memory.NewSessions(nil), Keys: [][]byte{[]byte("32 bytes from crypto/rand, or so")},
		MaxPerActor: 2, // with EvictOldest the first device would be logged out
	}))
	for range 3 {
		r := httptest.NewRequest(http.MethodPost, "https://example.com/login", nil)
		_, err := sessions.StartTokens(r, session.Login{Actor: auth.Actor{Type: "user", ID: "ann"}})
		fmt.Println(errors.Is(err, session.ErrLimit))
	}
	// Output:
	// false
	// false
	// true
}
