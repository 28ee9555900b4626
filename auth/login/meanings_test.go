package login_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
)

// Whoever has no actor yet may do nothing, whatever Admit says; and nobody becomes another by it.
func TestAdmit(t *testing.T) {
	s := newSite(func(c *login.Config) {
		c.Admit = func(_ context.Context, who auth.AuthContext) (auth.AuthContext, error) {
			return auth.AuthContext{
				Actor: auth.Actor{Type: "user", ID: "root"}, IdentityID: "another", Scopes: auth.NewSet("orders:read"), Roles: auth.NewSet("buyer"),
				AppMetadata: who.AppMetadata,
			}, nil
		}
	})
	b := s.browser()
	registration := s.contextOf(t, b.send(toPassword+"/register", annsLogin).at("token"))
	check(t, "a registration's scopes and roles", registration.Scopes.Len()+registration.Roles.Len(), 0)
	check(t, "and actor", registration.Actor, auth.Actor{Type: "customer"})
	check(t, "linking", s.Link(t.Context(), registration.IdentityID, auth.Actor{Type: "customer", ID: "cus_1"}), nil)
	who := s.contextOf(t, b.logIn(t))
	check(t, "scopes", who.Scopes.String(), "orders:read")
	check(t, "roles", who.Roles.String(), "buyer")
	check(t, "actor", who.Actor, auth.Actor{Type: "customer", ID: "cus_1"})
	check(t, "identity", who.IdentityID, registration.IdentityID)
	check(t, "factor", len(who.Factors) == 1 && who.Factors[0].Method == "pwd", true)
}

// Presence that was proven elsewhere is as old as it was there, and never of a time to come.
func TestFactors(t *testing.T) {
	for name, tt := range map[string]struct{ method, at, want string }{
		"none":            {"", "", "no factor"},
		"none, some time": {"", "-1h", "no factor"},
		"just now":        {"fed", "", "0s"},
		"before":          {"fed", "-1h", "1h0m0s"},
		"a clock ahead":   {"fed", "1h", "0s"},
	} {
		synctest.Test(t, func(t *testing.T) {
			out := login.Outcome{EntityID: "ann", Create: true, Method: tt.method}
			if tt.at != "" {
				out.At = time.Now().Add(must(time.ParseDuration(tt.at)))
			}
			s := newSite(providing(login.ProviderFunc(func(context.Context, *login.Request) (login.Outcome, error) { return out, nil })))
			got := "no factor"
			for _, f := range s.contextOf(t, s.browser().logIn(t)).Factors {
				got = time.Since(f.At).String()
			}
			check(t, name, got, tt.want)
		})
	}
}

// Whoever resets a password has read the mail that was sent to the address.
func TestResetVerifies(t *testing.T) {
	s := newSite(nil)
	i := s.register(t)
	check(t, "before", i.Providers[0].VerifiedAt.IsZero(), true)
	check(t, "resetting", s.resetBy(s.resetOf("ann@example.com")).Status, 200)
	p := s.mustFind(t, "ann@example.com").Providers[0]
	check(t, "after", p.VerifiedAt.IsZero(), false)
	check(t, "what the provider says of names counts for nothing", p.EntityID+p.Identifier, "ann@example.com"+"ann@example.com")
}

// Somebody who is disabled gets no mail, and nobody sees that.
func TestRegisteringTheDisabled(t *testing.T) {
	s := newSite(verifyFirst)
	for _, address := range s.accounts(t) {
		check(t, address, s.browser().send(toPassword+"/register", `{"email":"`+address+`","password":"chosen"}`).Text, unverified)
	}
	check(t, "told that they exist", s.sent(login.RegistrationRepeated), 2)
	check(t, "not who is disabled", s.mail(login.RegistrationRepeated).Identifier, "social@example.com")
}

// Where the answer to a write is lost, a look tells that it was written.
func TestLostReplies(t *testing.T) {
	s := newSite(nil)
	s.identities.on("Create", losing)
	s.identities.on("Replace", losing)
	i := s.register(t) // which links, too
	check(t, "once", len(must(s.Get(t.Context(), i.ID)).Actors), 1)
	check(t, "disabling", s.Disable(t.Context(), i.ID), nil)
	// A driver that sends a write a second time finds that it was changed.
	s.identities.on("Replace", func(_ context.Context, call func() error) error { _ = call(); return call() })
	check(t, "enabling", s.Enable(t.Context(), i.ID), nil)
	check(t, "linking", s.Link(t.Context(), i.ID, auth.Actor{Type: "user", ID: "1"}), nil)
}
