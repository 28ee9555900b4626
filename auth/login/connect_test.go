package login_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
)

// connecting returns ann, and somebody whose way to log in can be connected to hers.
func (s *site) connecting(t *testing.T) (ann, guest auth.AuthContext) {
	t.Helper()
	s.verify(t, s.register(t))
	b := s.browser()
	return s.contextOf(t, s.browser().logIn(t)), s.contextOf(t, b.comeBack("pages", b.flow(t, "pages"), "7").at("token"))
}

// inBy7 logs in by the way of the guest and returns the ID of whose it is, "" if nobody gets in.
func (s *site) inBy7(t *testing.T) string {
	t.Helper()
	b := s.browser()
	got := b.comeBack("pages", b.flow(t, "pages"), "7")
	if got.Status == 401 {
		return ""
	}
	check(t, "logging in: "+got.Text, got.Status, 200)
	return must(s.Find(t.Context(), "pages", "7")).ID
}

// whoIn7 says who logs in by the way of the guest.
func (s *site) whoIn7(t *testing.T, owner, guest string) string {
	t.Helper()
	in := s.inBy7(t)
	if who, ok := map[string]string{"": "nobody", owner: "owner", guest: "guest"}[in]; ok {
		return who
	}
	return "somebody new"
}

// A store that fails at any call, or whose answer is lost there, leaves both as they were, or connected.
func TestConnectFaults(t *testing.T) {
	for name, f := range map[string]fault{"no answer": answering(errRefused), "an answer that is lost": losing} {
		for n, reached := 1, true; reached; n++ {
			s := newSite(nil)
			by, guest := s.connecting(t)
			failed := s.failNth(n, f)
			err := s.Connect(t.Context(), by, guest)
			s.heal()
			got := shown(err) + "; " + s.whoIn7(t, by.IdentityID, guest.IdentityID)
			check(t, fmt.Sprint(name, " at call ", n, ": ", got), got == "nil; owner" || got == "503; guest", true)
			reached = failed()
		}
	}
}

// Whatever somebody else does before any call of the stores stays done, as if it had been before Connect or after.
func TestConnectMeanwhile(t *testing.T) {
	const disabled, gone = "400 The identity is disabled", "404 Identity was not found"
	ctx := t.Context()
	for _, tt := range []struct {
		what string
		do   func(s *site, owner, guest string) error
		may  []string // what they are told, what Connect returns, and who logs in by the way of the guest then
	}{
		{"disabling the guest", func(s *site, _, guest string) error { return s.Disable(ctx, guest) },
			[]string{"nil; " + disabled + "; nobody", gone + "; nil; owner"}},
		{"disabling both", func(s *site, owner, guest string) error {
			return errors.Join(s.Disable(ctx, guest), s.Disable(ctx, owner))
		}, []string{"nil; " + disabled + "; nobody", gone + "; nil; nobody"}},
		{"deleting the guest", func(s *site, _, guest string) error { return s.Delete(ctx, guest) },
			[]string{"nil; " + gone + "; somebody new", "nil; nil; owner"}},
		{"deleting the guest and disabling the owner", func(s *site, owner, guest string) error {
			return errors.Join(s.Delete(ctx, guest), s.Disable(ctx, owner))
		}, []string{"nil; " + gone + "; somebody new", "nil; " + disabled + "; somebody new", "nil; nil; nobody"}},
		{"enabling the guest", func(s *site, _, guest string) error { return s.Enable(ctx, guest) },
			[]string{"nil; nil; owner", "nil; " + disabled + "; guest", gone + "; nil; owner"}},
		{"disabling the owner", func(s *site, owner, _ string) error { return s.Disable(ctx, owner) },
			[]string{"nil; " + disabled + "; guest", "nil; nil; nobody"}},
		{"deleting the owner", func(s *site, owner, _ string) error { return s.Delete(ctx, owner) },
			[]string{"nil; " + gone + "; guest", "nil; nil; somebody new"}},
		{"logging in by the way of the guest", func(s *site, _, _ string) error { s.inBy7(t); return nil },
			[]string{"nil; nil; owner", "nil; 422 Another identity logs in so already; somebody new"}},
	} {
		for n, reached := 1, true; reached; n++ {
			s := newSite(nil)
			by, guest := s.connecting(t)
			do := func() error { return tt.do(s, by.IdentityID, guest.IdentityID) }
			did := errors.New("nothing")
			failed := s.failNth(n, func(_ context.Context, call func() error) error {
				did = do()
				return call()
			})
			err := s.Connect(ctx, by, guest)
			s.heal()
			if reached = failed(); !reached {
				did = do() // afterwards
			}
			got := fmt.Sprint(shown(did), "; ", shown(err), "; ", s.whoIn7(t, by.IdentityID, guest.IdentityID))
			check(t, fmt.Sprint(tt.what, " before call ", n, ": ", got), slices.Contains(tt.may, got), true)
			left, err := s.Get(ctx, guest.IdentityID)
			_, whole := left.By("pages", "7")
			check(t, fmt.Sprint(tt.what, " before call ", n, ": whole or gone"), whole || errors.Is(err, login.ErrNotFound), true)
		}
	}
}

// What is left by a process that ends before any call of the stores lets nobody in who must not, and is mended by whoever enables
// or deletes it, or connects again.
func TestConnectCutOff(t *testing.T) {
	const disabled, gone = "400 The identity is disabled", "404 Identity was not found"
	const same = "400 Both are the same identity already"
	ctx := t.Context()
	for _, tt := range []struct {
		what string
		do   func(s *site, by, guest auth.AuthContext) error
		may  []string // what it returns, and who logs in by the way of the guest then
	}{
		{"enabling", func(s *site, _, guest auth.AuthContext) error { return s.Enable(ctx, guest.IdentityID) },
			[]string{"nil; guest", gone + "; owner"}},
		{"deleting", func(s *site, _, guest auth.AuthContext) error {
			check(t, "deleting", s.Delete(ctx, guest.IdentityID), nil)
			_, err := s.Get(ctx, guest.IdentityID)
			return err
		}, []string{gone + "; somebody new", gone + "; owner"}},
		{"disabling", func(s *site, _, guest auth.AuthContext) error { return s.Disable(ctx, guest.IdentityID) },
			[]string{"nil; nobody", gone + "; owner"}},
		{"connecting again", func(s *site, by, guest auth.AuthContext) error {
			s.inBy7(t) // as somebody new, if there is nobody
			guest.IdentityID = must(s.Find(ctx, "pages", "7")).ID
			return s.Connect(ctx, by, guest)
		}, []string{"nil; owner", same + "; owner", disabled + "; nobody"}},
	} {
		for n, reached := 1, true; reached; n++ {
			s := newSite(nil)
			by, guest := s.connecting(t)
			failed := s.failNth(n, func(context.Context, func() error) error {
				for _, store := range s.stores() {
					for _, verb := range allVerbs {
						store.on(verb, answering(errRefused))
					}
				}
				return errRefused
			})
			_ = s.Connect(ctx, by, guest)
			s.heal()
			reached = failed()
			got := fmt.Sprint(shown(tt.do(s, by, guest)), "; ", s.whoIn7(t, by.IdentityID, guest.IdentityID))
			check(t, fmt.Sprint(tt.what, " after an end at call ", n, ": ", got), slices.Contains(tt.may, got), true)
		}
	}
}

// What cannot be kept together, or cannot be set aside, is refused before anything is changed.
func TestConnectTooMuch(t *testing.T) {
	for what, names := range map[string][]string{
		"too many ways": strings.Split("abcdefghijklmno", ""),
		"a long name":   {strings.Repeat("x", 256)},
	} {
		s := newSite(nil)
		by, guest := s.connecting(t)
		must(s.Update(t.Context(), guest.IdentityID, func(i *login.AuthIdentity) error {
			for _, name := range names {
				i.Providers = append(i.Providers, login.ProviderIdentity{Provider: name, EntityID: "7"})
			}
			return nil
		}))
		check(t, what, shown(s.Connect(t.Context(), by, guest)), "400 The identities have too many ways to log in together")
		check(t, what+": as before", s.whoIn7(t, by.IdentityID, guest.IdentityID), "guest")
	}
}
