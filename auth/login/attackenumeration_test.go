package login_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/login"
)

// A footprint is all that somebody can see of an answer, and what it costs.
type footprint struct {
	status, body, header         string
	finds, gets, loads, puts     int
	replaces, creates, hashCalls int
}

// footprintOf returns what a request leaves behind.
func (s *site) footprintOf(b *browser, line, body string) footprint {
	before := s.counts()
	got := b.send(line, body)
	after := s.counts()
	var header []string
	for _, name := range []string{"Content-Type", "Cache-Control", "WWW-Authenticate", "Set-Cookie", "Retry-After", "X-Content-Type-Options"} {
		header = append(header, name+": "+strings.Join(got.Header.Values(name), ", "))
	}
	f := footprint{status: fmt.Sprint(got.Status), body: got.Text, header: strings.Join(header, "\n")}
	f.finds, f.gets, f.loads = after["Find"]-before["Find"], after["Get"]-before["Get"], after["Load"]-before["Load"]
	f.puts, f.replaces = after["Put"]-before["Put"], after["Replace"]-before["Replace"]
	f.creates, f.hashCalls = after["Create"]-before["Create"], after["hash"]-before["hash"]
	return f
}

func (s *site) counts() map[string]int {
	all := map[string]int{"hash": s.passwords.count()}
	for _, f := range []*faults{&s.identities.faults, &s.tokens.faults, &s.attempts.faults} {
		_ = f.locked(func() error {
			for verb, n := range f.counts {
				all[verb] += n
			}
			return nil
		})
	}
	return all
}

// accounts makes accounts of all sorts, and returns their addresses.
func (s *site) accounts(t *testing.T) []string {
	t.Helper()
	ctx := t.Context()
	for _, name := range []string{"known", "disabled", "other"} {
		by := must(s.Create(ctx, login.AuthIdentity{Providers: []login.ProviderIdentity{{
			Provider: "password", EntityID: name + "@example.com", Identifier: name + "@example.com", Secret: s.passwords.hash("right"),
			VerifiedAt: time.Now(),
		}}}))
		if name == "disabled" {
			check(t, "disabling", s.Disable(ctx, by.ID), nil)
		}
	}
	must(s.Create(ctx, login.AuthIdentity{Providers: []login.ProviderIdentity{
		{Provider: "password", EntityID: "social@example.com", Identifier: "social@example.com"},
	}}))
	return []string{"known@example.com", "disabled@example.com", "social@example.com", "unknown@example.com"}
}

// sameFootprints has each of the accounts asked for something, and looks for a difference.
func (s *site) sameFootprints(t *testing.T, line, format, want string) {
	t.Helper()
	var first footprint
	for n, address := range s.accounts(t) {
		got := s.footprintOf(s.browser(), line, fmt.Sprintf(format, address))
		if n == 0 {
			first = got
			check(t, "the status", first.status, want)
		}
		check(t, line+" for "+address, got, first)
	}
}

func unknownUser(t *testing.T) {
	newSite(nil).sameFootprints(t, toPassword, `{"email":%q,"password":"wrong"}`, "401")
	newSite(nil).sameFootprints(t, toPassword+"/reset-password", `{"identifier":%q}`, "201")
	newSite(verifyFirst).sameFootprints(t, toPassword+"/register", `{"email":%q,"password":"chosen"}`, "200")
}

// unusablePassword: the right password of somebody disabled, or none of somebody without, is as a wrong one.
func unusablePassword(t *testing.T) {
	s := newSite(nil)
	s.accounts(t)
	wrong := s.footprintOf(s.browser(), toPassword, `{"email":"known@example.com","password":"wrong"}`)
	for address, password := range map[string]string{"disabled@example.com": "right", "social@example.com": "", "unknown@example.com": "right"} {
		got := s.footprintOf(s.browser(), toPassword, fmt.Sprintf(`{"email":%q,"password":%q}`, address, password))
		check(t, address, got, wrong)
	}
}
