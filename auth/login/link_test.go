package login_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// shown returns what a client is told of an error.
func shown(err error) string {
	own := &auth.Error{}
	switch {
	case err == nil:
		return "nil"
	case auth.IsUnavailable(err):
		return "503"
	case errors.As(login.Refusal(err), &own):
		return fmt.Sprint(own.Status, " ", own.Message)
	case errors.Is(err, auth.ErrInvalidCredentials):
		return "401"
	}
	return err.Error()
}

func TestLink(t *testing.T) {
	s := newSite(nil)
	ctx := t.Context()
	s.browser().send(toPassword+"/register", annsLogin)
	id := must(s.Find(ctx, "password", "ann@example.com")).ID
	customer, user := auth.Actor{Type: "customer", ID: "cus_1"}, auth.Actor{Type: "user", ID: "usr_1"}
	const linked = "400 The identity is linked to an actor of this type already"
	for _, tt := range []struct {
		what string
		err  error
		want string
	}{
		{"first", s.Link(ctx, id, customer), "nil"},
		{"twice", s.Link(ctx, id, customer), linked},
		{"another of the type", s.Link(ctx, id, auth.Actor{Type: "customer", ID: "cus_2"}), linked},
		{"another type", s.Link(ctx, id, user), "nil"},
		{"nobody", s.Link(ctx, id, auth.Actor{Type: "vendor"}), "login: an actor without a type or an ID"},
		{"no type", s.Link(ctx, id, auth.Actor{ID: "1"}), "login: an actor without a type or an ID"},
		{"an unknown identity", s.Link(ctx, token.NewID(), customer), "404 Identity was not found"},
		{"no ID", s.Link(ctx, "../x", customer), "404 Identity was not found"},
	} {
		check(t, tt.what, shown(tt.err), tt.want)
	}
	b := s.browser()
	access := b.logIn(t)
	got := b.send("POST /auth/session", "", as(access))
	metadata := got.Body["user"].(map[string]any)["app_metadata"].(map[string]any)
	check(t, "both are in the metadata", metadata["customer_id"].(string)+metadata["user_id"].(string), "cus_1usr_1")

	check(t, "unlinking another", s.Unlink(ctx, id, auth.Actor{Type: "customer", ID: "cus_2"}), nil)
	check(t, "ends the sessions all the same", b.send("GET /me", "").Status, 401)
	b.send("POST /auth/session", "", as(b.logIn(t)))
	check(t, "unlinking", s.Unlink(ctx, id, customer), nil)
	check(t, "the session has ended", b.send("GET /me", "").Status, 401)
	check(t, "logging in makes no customer", b.send("GET /me", "", as(b.logIn(t))).Status, 401)
	check(t, "and a user, who is one", b.send("GET /me", "", as(b.send("POST /auth/user/password", annsLogin).at("token"))).Text, "user usr_1 *")
	check(t, "unlinking nobody", shown(s.Unlink(ctx, id, auth.Actor{})), "login: an actor without a type or an ID")
	check(t, "of an unknown one", shown(s.Unlink(ctx, token.NewID(), customer)), "404 Identity was not found")
	check(t, "disabling", s.Disable(ctx, id), nil)
	check(t, "linking a disabled one", shown(s.Link(ctx, id, customer)), "400 The identity is disabled")
}

// Of many at once exactly one wins.
func TestRaces(t *testing.T) {
	s := newSite(nil)
	ctx := t.Context()
	check(t, "registrations", parallel(8, func() bool { return s.browser().send(toPassword+"/register", annsLogin).Status == 200 }), 1)
	id := must(s.Find(ctx, "password", "ann@example.com")).ID
	check(t, "links", parallel(8, func() bool {
		return s.Link(ctx, id, auth.Actor{Type: "customer", ID: token.NewID()}) == nil
	}), 1)
	b := s.browser()
	state := b.flow(t, "pages")
	flows := []*browser{}
	for range 8 {
		flows = append(flows, &browser{site: s, address: b.address, cookies: map[string]string{}})
		for name, value := range b.cookies {
			flows[len(flows)-1].cookies[name] = value
		}
	}
	next := make(chan *browser, 8)
	for _, f := range flows {
		next <- f
	}
	check(t, "callbacks", parallel(8, func() bool { return (<-next).comeBack("pages", state, "7").Status == 200 }), 1)
	states := make(chan string, 8)
	firsts := make(chan *browser, 8)
	for range 8 {
		f := s.browser()
		states <- f.flow(t, "others")
		firsts <- f
	}
	check(t, "first log-ins all get in", parallel(8, func() bool { f := <-firsts; return logInBy(f, states) }) > 0, true)
	check(t, "as one", len(must(s.Find(ctx, "others", "9")).Providers), 1)
}

// logInBy comes back with whichever state is the browser's.
func logInBy(b *browser, states chan string) bool {
	for range 8 {
		state := <-states
		if b.comeBack("others", state, "9").Status == 200 {
			return true
		}
		states <- state
	}
	return false
}

// contextOf returns what a guard says of an access token.
func (s *site) contextOf(t *testing.T, access string) auth.AuthContext {
	t.Helper()
	r := httptest.NewRequest("POST", "https://shop.example/", nil)
	r.Header.Set("Authorization", "Bearer "+access)
	ac, err := s.guard.Check(r, auth.AllowUnregistered)
	check(t, "the guard", err, nil)
	return ac
}

func TestConnect(t *testing.T) {
	s := newSite(nil)
	ctx := t.Context()
	ann := s.register(t)
	s.verify(t, ann)
	by := s.contextOf(t, s.browser().logIn(t))
	b := s.browser()
	guest := s.contextOf(t, b.comeBack("pages", b.flow(t, "pages"), "7").at("token"))
	check(t, "connecting", s.Connect(ctx, by, guest), nil)
	got := must(s.Find(ctx, "pages", "7"))
	check(t, "is ann now", got.ID, ann.ID)
	check(t, "and still a customer", got.Actor("customer").ID, "cus_1")
	told := s.mail(login.ProviderConnected)
	check(t, "told, where she was before", told.EntityID+" "+told.Identifier, "7 ann@example.com")
	_, err := s.Get(ctx, guest.IdentityID)
	check(t, "the other is gone", errors.Is(err, login.ErrNotFound), true)
	b = s.browser()
	check(t, "logging in so", b.send("GET /me", "", as(b.comeBack("pages", b.flow(t, "pages"), "7").at("token"))).Text, "customer cus_1 *")

	s.browser().send(toPassword+"/register", `{"email":"bob@example.com","password":"p"}`)
	bob := s.contextOf(t, s.browser().send(toPassword, `{"email":"bob@example.com","password":"p"}`).at("token"))
	check(t, "linking", s.Link(ctx, bob.IdentityID, auth.Actor{Type: "user", ID: "bob"}), nil)
	s.verify(t, must(s.Get(ctx, bob.IdentityID)))
	for _, tt := range []struct {
		what      string
		to, other auth.AuthContext
		want      string
	}{
		{"somebody with an actor", by, bob, "400 The identity is linked to an actor of this type already"},
		{"the same", by, by, "400 Both are the same identity already"},
		{"an API key", by, auth.AuthContext{Actor: auth.Actor{Type: "api-key", ID: "1"}, CredentialID: "1"}, "401"},
		{"nobody", auth.AuthContext{}, bob, "401"},
		{"one that is gone", by, guest, "404 Identity was not found"},
	} {
		check(t, tt.what, shown(s.Connect(ctx, tt.to, tt.other)), tt.want)
	}
}

// Whoever has registered somebody else's address leaves no way in of their own there, for when the owner resets the password.
func TestConnectToTheAddressOfAnother(t *testing.T) {
	s := newSite(nil)
	ctx := t.Context()
	check(t, "registering ann's address", s.browser().send(toPassword+"/register", annsLogin).Status, 200)
	unproven := s.contextOf(t, s.browser().logIn(t))
	b := s.browser()
	eve := s.contextOf(t, b.comeBack("pages", b.flow(t, "pages"), "eve").at("token"))
	const want = "400 The addresses by which the identities log in must be verified first"
	check(t, "another way to it", shown(s.Connect(ctx, unproven, eve)), want)
	check(t, "it to another way", shown(s.Connect(ctx, eve, unproven)), want)
	check(t, "as it was", len(must(s.Get(ctx, eve.IdentityID)).Providers), 1)
	check(t, "the owner has it", s.resetBy(s.resetOf("ann@example.com")).Status, 200)
	check(t, "and nobody else", must(s.Find(ctx, "password", "ann@example.com")).ID == must(s.Find(ctx, "pages", "eve")).ID, false)

	s = newSite(func(c *login.Config) { c.OnEvent = nil })
	s.register(t)
	by := s.contextOf(t, s.browser().logIn(t))
	b = s.browser()
	guest := s.contextOf(t, b.comeBack("pages", b.flow(t, "pages"), "7").at("token"))
	check(t, "where nobody is sent anything", s.Connect(ctx, by, guest), nil)
}

func TestLinkByEmail(t *testing.T) {
	s := newSite(linkByEmail)
	s.pages.email = true
	ann := s.register(t)
	s.verify(t, ann)
	b := s.browser()
	access := b.comeBack("pages", b.flow(t, "pages"), "ann").at("token")
	check(t, "is ann", b.send("GET /me", "", as(access)).Text, "customer cus_1 *")
	check(t, "told", s.mail(login.ProviderConnected).Identifier, "ann@example.com")
	check(t, "two ways", len(must(s.Get(t.Context(), ann.ID)).Providers), 2)
	check(t, "disabling", s.Disable(t.Context(), ann.ID), nil)
	check(t, "no way in", b.comeBack("pages", b.flow(t, "pages"), "ann").refusal(), nobodys)
	check(t, "nor by another", b.comeBack("others", b.flow(t, "others"), "ann").refusal(), nobodys)
	check(t, "who has no such address is somebody", b.comeBack("others", b.flow(t, "others"), "zoe").Status, 200)
}

// By default an address that is the same connects nobody.
func TestNoLinkByEmail(t *testing.T) {
	s := newSite(nil)
	s.pages.email = true
	ann := s.register(t)
	s.verify(t, ann)
	b := s.browser()
	b.comeBack("pages", b.flow(t, "pages"), "ann")
	check(t, "somebody else", must(s.Find(t.Context(), "pages", "ann")).ID == ann.ID, false)
}
