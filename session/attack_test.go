package session_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
)

// TestAttack runs the known attacks on sessions, by the IDs of the project's list.
func TestAttack(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T){
		"S001": fixation,
		"S002": unknownSession,
		"S004": cookieAfterLogout,
		"S007": similarNames,
		"S008": manyCookies,
		"S009": claimsOfSize,
		"S010": claimsOfSize,
		"S011": everyBit,
		"S012": TestSpellings,
		"S013": TestForgedCookies,
		"S014": TestForgedCookies,
		"S019": manyLogins,
		"S020": TestCookieSizeIsThatOfTheToken,
		"S022": TestStoreSeesNoIDThatIsNone,
		"S023": TestUpdatesAddUp,
		"S024": TestEndOvertakesAUse,
		"S027": TestRequestOvertakenByRotate,
		"S028": refreshTokenUsedTwice,
		"S029": TestOutage,
		"S030": TestLostReply,
		"S032": readOnlyStore,
		"S033": TestEndThatFails,
		"S037": polling,
		"S040": TestNothingSecretIsSaid,
		"S041": pageWithAnOldCookie,
		"S046": TestCrossOrigin,
		"S047": TestCrossOrigin,
		"S049": TestLoginFromAnotherSite,
		"S051": upgrades,
		"S052": stolenRefreshToken,
		"S053": behindAProxy,
		"H009": beside,
		"H010": nobody,
		"H015": spoofedFields,
		"H022": cachedRefusal,
		"H023": TestStoreThatPanics,
		"H025": refusedAtEveryDoor,
		"H031": refusedAtEveryDoor,
		"H032": brokenStoreTellsNothing,
		"L051": refreshOfADisabledIdentity,
	} {
		t.Run(id, attack)
	}
}

// anonymous holds that nobody is let in by these Cookie fields, at whatever door.
func (s *site) anonymous(t *testing.T, what string, cookies ...string) {
	t.Helper()
	calls := s.calls.Load()
	var lines []string
	for _, cookie := range cookies {
		lines = append(lines, "Cookie: "+cookie)
	}
	for _, path := range []string{"/me", "/logout", "/rotate"} {
		got := s.send(request("POST", path, lines...))
		got.SetCookie = strings.TrimPrefix(got.SetCookie, clearing)
		check(t, what+" at "+path, got, unauthorized(""))
	}
	check(t, what+": handlers called", s.calls.Load(), calls)
	check(t, what+" where none is needed", s.send(request("POST", "/page", lines...)).Body, "anonymous")
	for _, word := range strings.FieldsFunc(strings.Join(cookies, ";"), func(c rune) bool { return strings.ContainsRune(";= ", c) }) {
		check(t, what+" is in the log", len(word) > 20 && strings.Contains(s.log.String(), word), false)
	}
}

func fixation(t *testing.T) {
	s := newSite(nil)
	mine := token.NewID()
	for _, cookie := range []string{
		mine,
		bogus("ses", mine),
		forge(keyA, "__Host-sid", time.Now(), bogus("ses", mine)),
		forge(keyB, "__Host-sid", time.Now(), bogus("ses", mine)),
	} {
		b := &browser{site: s, cookie: "__Host-sid=" + cookie}
		id := b.post("/login").Body
		check(t, "the ID is the attacker's", id == mine, false)
		check(t, "the cookie is the attacker's", b.value() == cookie, false)
		check(t, "the session", b.get("/me"), passed("user ann"))
		s.anonymous(t, "the attacker", "__Host-sid="+cookie)
		check(t, "his session has ended", must(s.Ended(t.Context(), mine)), true)
	}
}

func unknownSession(t *testing.T) {
	s := newSite(nil)
	id := token.NewID()
	s.anonymous(t, "an unknown session", "__Host-sid="+forge(keyA, "__Host-sid", time.Now(), bogus("ses", id)))
	for _, verb := range []string{"Create", "Replace"} {
		check(t, verb, s.store.count(verb), 0)
	}
	check(t, "Renew", s.Renew(t.Context(), id), session.ErrNotFound)
	_, err := s.store.inner.Get(t.Context(), id, time.Now())
	check(t, "the record", err, session.ErrNotFound)
}

func cookieAfterLogout(t *testing.T) {
	b := newSite(nil).logIn()
	old := b.cookie
	check(t, "before", b.get("/me"), passed("user ann"))
	check(t, "the logout", b.post("/logout").Body, "bye")
	b.site.anonymous(t, "the cookie afterwards", old)
}

func similarNames(t *testing.T) {
	b := newSite(nil).logIn()
	for _, name := range []string{"__HOST-sid", "__host-sid", "__Host-SID", "sid", "\u00a0__Host-sid", "__Secure-sid", "__Host-sid2", "Host-sid"} {
		b.site.anonymous(t, "a cookie called "+name, name+"="+b.value())
	}
	for _, beside := range []string{"sid=x; ", "__HOST-sid=x; ", "__Host-sid=x; "} {
		check(t, "the real one beside "+beside, b.site.send(request("GET", "/me", "Cookie: "+beside+b.cookie)), passed("user ann"))
	}
}

func manyCookies(t *testing.T) {
	b := newSite(nil).logIn()
	unknown := func() string {
		return "__Host-sid=" + forge(keyA, "__Host-sid", time.Now(), bogus("ses", token.NewID())) + "; "
	}
	bad := strings.Repeat("__Host-sid=x; ", 100)
	tests := []struct {
		name  string
		field string
		reads int
	}{
		{"100 bad ones before the good one", bad + b.cookie, 0},
		{"4 unknown ones before the good one", unknown() + unknown() + unknown() + unknown() + b.cookie, 4},
		{"one unknown one 40 times", strings.Repeat(unknown(), 40), 1},
		{"6 unknown ones, each twice", strings.Repeat(unknown()+unknown()+unknown()+unknown()+unknown()+unknown(), 2), 4},
		{"64 KiB of others", strings.Repeat("a=1; ", 13_000) + b.cookie, 0},
		{"64 KiB of a value", "__Host-sid=" + strings.Repeat("A", 64<<10), 0},
		{"16 KiB and the good one", strings.Repeat("a", 16<<10) + "; " + b.cookie, 0},
		{"nothing but names", strings.Repeat("a=;", 5_000), 0},
		{"nothing but separators", strings.Repeat(";", 10_000), 0},
	}
	for _, tt := range tests {
		before := b.site.store.count("Get")
		got := b.site.send(request("GET", "/me", "Cookie: "+tt.field))
		check(t, tt.name, got.Status, 401)
		check(t, tt.name+": reads", b.site.store.count("Get")-before, tt.reads)
		b.site.anonymous(t, tt.name, tt.field)
	}
}

func claimsOfSize(t *testing.T) {
	s := newSite(nil)
	for _, text := range []string{"1000000000", "1000000000|a", "parts:1000000000:" + strings.Repeat("x", 50), "\xff\xff\xff\xff\x7f", "ses_\xfd\x3b\x9a\xca\x00"} {
		s.anonymous(t, "as it is", "__Host-sid="+text)
		s.anonymous(t, "with our MAC", "__Host-sid="+forge(keyA, "__Host-sid", time.Now(), text))
	}
	check(t, "reads of the store", s.store.count("Get"), 0)
}

func everyBit(t *testing.T) {
	b := newSite(nil).logIn()
	value := []byte(b.value())
	for i := range value {
		for bit := range 8 {
			flipped := append([]byte(nil), value...)
			flipped[i] ^= 1 << bit
			got := b.site.send(request("GET", "/me", "Cookie: __Host-sid="+string(flipped)))
			check(t, fmt.Sprintf("bit %d of byte %d", bit, i), got.Status, 401)
			_, err := b.site.DecodeCookie(string(flipped))
			check(t, fmt.Sprintf("bit %d of byte %d is decoded", bit, i), err == nil, false)
		}
	}
	check(t, "reads of the store", b.site.store.count("Get"), 0)
	check(t, "the cookie itself", b.get("/me"), passed("user ann"))
}

// The list says 10^6, which is for package token: this is about what a manager does with its IDs.
func manyLogins(t *testing.T) {
	s := newSite(nil)
	seen := map[string]bool{}
	for range 2_000 {
		b := s.logIn()
		seen[b.id] = true
		seen[open(b.value())[len("ses_")+25:]] = true
	}
	check(t, "different IDs and secrets", len(seen), 4_000)
}

func readOnlyStore(t *testing.T) {
	s := newSite(nil)
	old := s.logIn()
	for _, verb := range []string{"Create", "Replace", "Delete", "DeleteAll"} {
		s.store.on(verb, answering(errors.New("READONLY You can't write against a read only replica")))
	}
	check(t, "a login", s.post("/login"), unavailable)
	check(t, "a login over a session", old.post("/login"), unavailable)
	check(t, "a change of secret", old.post("/rotate"), unavailable)
	check(t, "a logout", old.post("/logout"), unavailable)
	check(t, "a request", old.get("/me"), passed("user ann"))
}

func pageWithAnOldCookie(t *testing.T) {
	b := newSite(nil).logIn()
	check(t, "ending it", b.site.End(t.Context(), b.id), nil)
	got := b.get("/page")
	check(t, "the page", got.Body, "anonymous")
	check(t, "the cookie is cleared", got.SetCookie, clearing)
	check(t, "once", b.get("/page").SetCookie, "")
}
