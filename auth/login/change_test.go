package login_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

func TestChangeCredentials(t *testing.T) {
	s := newSite(nil)
	ctx := t.Context()
	s.register(t)
	s.browser().send(toPassword+"/register", `{"email":"bob@example.com","password":"bobs"}`)
	current, other := s.browser().logIn(t), s.browser().logIn(t)
	reset := s.resetOf("ann@example.com")
	by := s.contextOf(t, current)
	r := httptest.NewRequest("POST", "https://shop.example/account/password", nil)
	proof := map[string]string{"email": "ann@example.com", "password": "correct horse"}
	next := map[string]string{"password": "battery staple"}
	for _, tt := range []struct {
		what        string
		by          auth.AuthContext
		method      string
		proof, next map[string]string
		want        string
	}{
		{"a wrong password", by, "password", map[string]string{"email": "ann@example.com", "password": "x"}, next, "401 Invalid email or password"},
		{"no password", by, "password", nil, next, "401 Invalid email or password"},
		{"somebody else's", by, "password", map[string]string{"email": "bob@example.com", "password": "bobs"}, next, "401"},
		{"a short one", by, "password", proof, map[string]string{"password": "x"}, "400 The password is too short"},
		{"an API key", auth.AuthContext{Actor: by.Actor, CredentialID: "1"}, "password", proof, next, "401"},
		{"another method", by, "pages", proof, next, "400 The auth provider pages has no credentials to change"},
		{"an unknown one", by, "nosuch", proof, next, "400 The actor type customer is not allowed to use the auth provider nosuch"},
	} {
		check(t, tt.what, shown(s.ChangeCredentials(ctx, tt.by, tt.method, r, tt.proof, tt.next)), tt.want)
	}
	check(t, "nothing has changed", s.browser().send("GET /me", "", as(other)).Status, 200)
	check(t, "changing", s.ChangeCredentials(ctx, by, "password", r, proof, next), nil)
	check(t, "the current session goes on", s.browser().send("GET /me", "", as(current)).Status, 200)
	check(t, "the other has ended", s.browser().send("GET /me", "", as(other)).Status, 401)
	check(t, "the reset is void", s.resetBy(reset).refusal(), badToken)
	check(t, "the old password", s.browser().send(toPassword, annsLogin).Status, 401)
	check(t, "told", s.mail(login.CredentialsChanged).Identifier, "ann@example.com")
	check(t, "not verified by that", s.mustFind(t, "ann@example.com").Providers[0].VerifiedAt.IsZero(), true)
}

func (s *site) mustFind(t *testing.T, entityID string) login.AuthIdentity {
	t.Helper()
	return must(s.Find(t.Context(), "password", entityID))
}

func TestDisable(t *testing.T) {
	s := newSite(nil)
	ctx := t.Context()
	i := s.register(t)
	b := s.browser()
	access := b.logIn(t)
	check(t, "disabling", s.Disable(ctx, i.ID), nil)
	at := must(s.Get(ctx, i.ID)).DisabledAt
	check(t, "again", s.Disable(ctx, i.ID), nil)
	check(t, "since when", must(s.Get(ctx, i.ID)).DisabledAt, at)
	check(t, "told once", s.sent(login.Disabled), 1)
	check(t, "the session", b.send("GET /me", "", as(access)).Status, 401)
	check(t, "logging in", b.send(toPassword, annsLogin).refusal(), badLogin)
	check(t, "a reset", b.send(toPassword+"/reset-password", `{"identifier":"ann@example.com"}`).Text, "Created")
	check(t, "no mail", s.sent(login.ResetRequested), 0)
	check(t, "registering", b.send(toPassword+"/register", annsLogin).Status, 401)
	check(t, "enabling", s.Enable(ctx, i.ID), nil)
	check(t, "what ended stays so", b.send("GET /me", "", as(access)).Status, 401)
	b.logIn(t)
	for what, err := range map[string]error{"disabling": s.Disable(ctx, token.NewID()), "enabling": s.Enable(ctx, token.NewID())} {
		check(t, what+" nobody", shown(err), "404 Identity was not found")
	}
}

func TestDelete(t *testing.T) {
	s := newSite(nil)
	ctx := t.Context()
	i := s.register(t)
	b := s.browser()
	access := b.logIn(t)
	check(t, "deleting", s.Delete(ctx, i.ID), nil)
	check(t, "the session", b.send("GET /me", "", as(access)).Status, 401)
	check(t, "told", s.mail(login.Deleted).IdentityID, i.ID)
	check(t, "again", s.Delete(ctx, i.ID), nil)
	check(t, "nobody", s.Delete(ctx, "x"), nil)
	check(t, "the address is free", b.send(toPassword+"/register", annsLogin).Status, 200)
}

func TestCreateAndUpdate(t *testing.T) {
	s := newSite(nil)
	ctx := t.Context()
	way := login.ProviderIdentity{Provider: "password", EntityID: "bob@example.com", Identifier: "Bob@Example.com", Secret: s.passwords.hash("p")}
	i, err := s.Create(ctx, login.AuthIdentity{Providers: []login.ProviderIdentity{way}})
	check(t, "creating", err, nil)
	check(t, "ID and times", token.IsID(i.ID) && !i.CreatedAt.IsZero() && !i.Providers[0].UpdatedAt.IsZero() && i.Version == 1, true)
	_, err = s.Create(ctx, login.AuthIdentity{Providers: []login.ProviderIdentity{way}})
	check(t, "twice", shown(err), "422 Another identity logs in so already")
	_, err = s.Create(ctx, login.AuthIdentity{})
	check(t, "without a way to log in", err != nil && !auth.IsUnavailable(err), true)

	errOwn := errors.New("no")
	_, err = s.Update(ctx, i.ID, func(i *login.AuthIdentity) error { i.Providers = nil; return errOwn })
	check(t, "its own error", err, errOwn)
	kept, err := s.Update(ctx, i.ID, func(i *login.AuthIdentity) error {
		i.ID, i.Version, i.AppMetadata = "x", 99, must(auth.NewMetadata(map[string]int{"a": 1}))
		return nil
	})
	check(t, "updating", err, nil)
	check(t, "ID and version stay", kept.ID == i.ID && kept.Version == 2, true)
	_, err = s.Update(ctx, i.ID, func(i *login.AuthIdentity) error { i.Providers = nil; return nil })
	check(t, "to what cannot be kept", err != nil && must(s.Get(ctx, i.ID)).Version == 2, true)
	n := parallel(8, func() bool {
		_, err := s.Update(ctx, i.ID, func(i *login.AuthIdentity) error {
			n, _ := i.AppMetadata.Get("a").(float64)
			i.AppMetadata = must(auth.NewMetadata(map[string]float64{"a": n + 1}))
			return nil
		})
		return err == nil
	})
	check(t, "none is lost", must(s.Get(ctx, i.ID)).AppMetadata.Get("a"), any(1+float64(n)))
}

// Two make the same change in the same microsecond. It is made twice.
func TestSameChangesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(nil)
		i := s.register(t)
		more := func(i *login.AuthIdentity) error {
			n, _ := i.AppMetadata.Get("a").(float64)
			i.AppMetadata = must(auth.NewMetadata(map[string]float64{"a": n + 1}))
			return nil
		}
		s.identities.nth("Replace", 1, func(_ context.Context, call func() error) error {
			_, err := s.Update(t.Context(), i.ID, more)
			check(t, "the other", err, nil)
			return call()
		})
		_, err := s.Update(t.Context(), i.ID, more)
		check(t, "the one", err, nil)
		check(t, "changes", must(s.Get(t.Context(), i.ID)).AppMetadata.Get("a"), any(2.0))
	})
}

// A store that times out while an identity with a known ID is created does not cost the one that is there.
func TestCreateOverAnother(t *testing.T) {
	s := newSite(nil)
	i := s.register(t)
	s.identities.on("Create", answering(errRefused))
	again := i
	again.Providers = []login.ProviderIdentity{{Provider: "password", EntityID: "x@example.com"}}
	_, err := s.Create(t.Context(), again)
	check(t, "the answer", shown(err), "503")
	check(t, "is there", must(s.Get(t.Context(), i.ID)).ID, i.ID)
}

// What is changed while somebody logs in counts, whenever it is: at the hash, and when the session is begun.
func TestChangesMeanwhile(t *testing.T) {
	for what, change := range map[string]func(s *site, id string) error{
		"disabled": func(s *site, id string) error { return s.Disable(context.Background(), id) },
		"deleted":  func(s *site, id string) error { return s.Delete(context.Background(), id) },
		"another password": func(s *site, id string) error {
			_, err := s.Update(context.Background(), id, func(i *login.AuthIdentity) error {
				i.Providers[0].Secret = s.passwords.hash("another")
				return nil
			})
			return errors.Join(err, s.endAll(id))
		},
		"unlinked": func(s *site, id string) error {
			return s.Unlink(context.Background(), id, auth.Actor{Type: "customer", ID: "cus_1"})
		},
	} {
		for when, set := range map[string]func(s *site, do func()){
			"at the hash":       func(s *site, do func()) { s.passwords.before = func(context.Context) { do() } },
			"before a session":  func(s *site, do func()) { s.sessions.on("StartAccess", first(do)) },
			"after the session": func(s *site, do func()) { s.sessions.on("StartAccess", afterwards(do)) },
		} {
			s := newSite(nil)
			i := s.register(t)
			done := false
			set(s, func() {
				if !done {
					done = true
					check(t, what+" "+when, change(s, i.ID), nil)
				}
			})
			got := s.browser().send(toPassword, annsLogin)
			if what == "unlinked" && got.Status == 200 {
				check(t, what+" "+when, s.browser().send("GET /me", "", as(got.at("token"))).Status, 401)
				continue
			}
			check(t, what+" "+when+": "+got.Text, got.Status, 401)
			n, _ := s.sessions.Manager.EndIdentity(t.Context(), i.ID, "")
			check(t, what+" "+when+": sessions left", n, 0)
		}
	}
}

func (s *site) endAll(id string) error {
	_, err := s.sessions.Manager.EndIdentity(context.Background(), id, "")
	return err
}

// first is the fault of a call that something gets ahead of.
func first(do func()) fault {
	return func(_ context.Context, call func() error) error { do(); return call() }
}

// afterwards is the fault of a call that something happens right after.
func afterwards(do func()) fault {
	return func(_ context.Context, call func() error) error { err := call(); do(); return err }
}

// A hash from before is exchanged at the next log-in, also if that is two at once; a password that was changed meanwhile is not.
func TestHashUpgrade(t *testing.T) {
	s := newSite(nil)
	i := s.register(t)
	legacy := func() {
		must(s.Update(t.Context(), i.ID, func(i *login.AuthIdentity) error {
			i.Providers[0].Secret = token.NewSecret("old hash of correct horse")
			return nil
		}))
	}
	kept := func() string { return must(s.Get(t.Context(), i.ID)).Providers[0].Secret.Reveal() }
	legacy()
	s.browser().send(toPassword, wrongLogin)
	check(t, "a wrong password exchanges nothing", kept(), "old hash of correct horse")
	s.browser().logIn(t)
	check(t, "a right one does", kept(), "hash of correct horse")
	legacy()
	check(t, "at once", parallel(4, func() bool { return s.browser().send(toPassword, annsLogin).Status == 200 }), 4)
	legacy()
	once := true
	s.passwords.before = func(context.Context) {
		if once {
			once = false
			must(s.Update(t.Context(), i.ID, func(i *login.AuthIdentity) error { i.Providers[0].Secret = token.NewSecret("hash of new"); return nil }))
		}
	}
	check(t, "changed meanwhile", s.browser().send(toPassword, annsLogin).refusal(), badLogin)
	check(t, "and not changed back", kept(), "hash of new")
}

// Somebody is told of what was done although what follows it failed, since it is not done again.
func TestToldInSpiteOfFaults(t *testing.T) {
	s := newSite(nil)
	i := s.register(t)
	text := s.resetOf("ann@example.com")
	ends := 0
	s.sessions.on("EndIdentity", func(_ context.Context, call func() error) error {
		if ends++; ends == 2 { // after the password is written
			return errRefused
		}
		return call()
	})
	check(t, "resetting", s.resetBy(text).refusal(), outage)
	check(t, "told of the password", s.mail(login.CredentialsChanged).Identifier, "ann@example.com")
	s.sessions.on("EndIdentity", answering(errRefused))
	check(t, "disabling", shown(s.Disable(t.Context(), i.ID)), "503")
	s.heal()
	check(t, "again", s.Disable(t.Context(), i.ID), nil)
	check(t, "told once", s.sent(login.Disabled), 1)
}

// What can be created can be disabled and deleted, however long its names are.
func TestLongNames(t *testing.T) {
	s := newSite(nil)
	i := must(s.Create(t.Context(), login.AuthIdentity{ID: strings.Repeat("a", 64), Providers: []login.ProviderIdentity{
		{Provider: strings.Repeat("p", 256), EntityID: strings.Repeat("e", 256)},
	}}))
	check(t, "disabling", s.Disable(t.Context(), i.ID), nil)
	check(t, "deleting", s.Delete(t.Context(), i.ID), nil)
	_, err := s.Get(t.Context(), i.ID)
	check(t, "is gone", errors.Is(err, login.ErrNotFound), true)
}
