package apikey_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// TestAttack runs the known attacks on keys, by the IDs of the project's list.
func TestAttack(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T){
		"P001": wrongByte,
		"P002": wrongLength,
		"P003": samePrefix,
		"P005": revokedWhileUsed,
		"P006": ownerGone,
		"P007": TestExpiry,
		"P010": twoKeys,
		"P011": joinedKeys,
		"P012": spaces,
		"P014": tooLong,
		"P015": emptyKeys,
		"P016": words,
		"P017": TestKeyHoldsNoSecret,
		"P019": TestMaxMisses,
		"P020": aboveOneself,
		"P022": partsOfKeys,
		"P023": manyUsers,
		"P024": TestOutage,
		"P025": basicForms,
		"H001": twoAuthorizations,
		"H002": twoBearers,
		"H006": bareBearer,
		"H015": spoofedFields,
		"H022": cachedRefusal,
		"H023": TestStoreThatPanics,
		"H032": brokenStoreTellsNothing,
		"S033": TestRevocationThatFails,
	} {
		t.Run(id, attack)
	}
}

// refused holds that a request with those fields is answered so, at whatever door, without a handler, a read of the store,
// or a word of it in the log.
func (s *site) refused(t *testing.T, what string, want reply, lines ...string) {
	t.Helper()
	calls, reads := s.calls.Load(), s.store.count("Get")
	for _, path := range []string{"/", "/page", "/reports"} {
		check(t, what+" at "+path, s.get(path, lines...), want)
	}
	check(t, what+": handlers called", s.calls.Load(), calls)
	check(t, what+": reads of the store", s.store.count("Get"), reads)
	for _, word := range strings.FieldsFunc(strings.Join(lines, " "), func(c rune) bool { return strings.ContainsRune(": ,", c) }) {
		check(t, what+" is in the log", len(word) > 15 && strings.Contains(s.log.String(), word), false)
	}
}

func wrongByte(t *testing.T) {
	s := newSite()
	k, text := s.issue(t, nil)
	for i := range text {
		s.refused(t, fmt.Sprint("wrong at ", i), invalid(asksHeader), "X-API-Key: "+tampered(text, i))
	}
	for range 10 { // with a good checksum
		check(t, "another secret", s.get("/", "X-API-Key: "+another("sk", k.ID)), invalid(asksHeader))
	}
	check(t, "handlers called", s.calls.Load(), 0)
	check(t, "the right one", s.get("/", "X-API-Key: "+text), passed(k))
}

func wrongLength(t *testing.T) {
	s := newSite()
	_, text := s.issue(t, nil)
	for i := 1; i < len(text); i++ {
		s.refused(t, "too short", invalid(asksHeader), "X-API-Key: "+text[:i])
		s.refused(t, "without its beginning", invalid(asksHeader), "X-API-Key: "+text[i:])
	}
	for _, longer := range []string{text + "a", text + text, "a" + text, text + "_" + text, text + "=", text + "\u00a0"} {
		s.refused(t, "too long", invalid(asksHeader), "X-API-Key: "+longer)
	}
	check(t, "in upper case", s.get("/", "X-API-Key: "+strings.ToUpper(text)), invalid(asksHeader))
}

func samePrefix(t *testing.T) {
	s := newSite()
	a, textA := s.issue(t, nil)
	b, textB := s.issue(t, nil)
	check(t, "the one", s.get("/", "X-API-Key: "+textA), passed(a))
	check(t, "the other", s.get("/", "X-API-Key: "+textB), passed(b))
	mixed := textA[:len("sk_")+24] + textB[len("sk_")+24:]
	s.refused(t, "the ID of one, the secret of the other", invalid(asksHeader), "X-API-Key: "+mixed)
	for _, prefix := range []string{"pk", "s", "sk_live", "sk2", "ses", "rt"} {
		s.refused(t, "a foreign prefix", invalid(asksHeader), "X-API-Key: "+another(prefix, a.ID))
	}
	s.refused(t, "a foreign prefix for a secret of ours", invalid(asksHeader), "X-API-Key: pk"+textA[2:])
}

func revokedWhileUsed(t *testing.T) {
	revokedWhileUsedAt(t, newSite())
	revokedWhileUsedAt(t, newSiteOf(apikey.Config{CacheFor: time.Minute}))
	TestCachedKeyChanges(t)
	TestChangeDuringAVerification(t)
}

func revokedWhileUsedAt(t *testing.T, s *site) {
	k, text := s.issue(t, nil)
	var wg sync.WaitGroup
	revoked := make(chan struct{})
	for range 16 {
		wg.Go(func() {
			for range 50 {
				select {
				case <-revoked:
					check(t, "a request afterwards", s.get("/", "X-API-Key: "+text).Status, 401)
				default:
					s.get("/", "X-API-Key: "+text)
				}
			}
		})
	}
	wg.Go(func() {
		check(t, "revoking it", revoke(context.Background(), s.Manager, k.ID, "ann"), nil)
		close(revoked)
	})
	wg.Wait()
	check(t, "a request at the end", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
}

func ownerDisabled(t *testing.T) {
	s := newSite()
	_, text := s.issue(t, nil)
	scheme := auth.Then(auth.Header("X-API-Key", s), func(_ *http.Request, ac *auth.AuthContext) (*auth.AuthContext, error) {
		if k, ok := auth.Value[apikey.Key](*ac); !ok || k.Owner == ann {
			return nil, fmt.Errorf("%w: the owner is disabled", auth.ErrInvalidCredentials)
		}
		return ac, nil
	})
	s.mux = http.NewServeMux()
	s.mux.Handle("/", auth.New(scheme, nil).Require()(http.HandlerFunc(s.serve)))
	check(t, "ann's", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
	others, otherText := s.issue(t, func(spec *apikey.Spec) { spec.Owner.ID = "bob" })
	check(t, "bob's", s.get("/", "X-API-Key: "+otherText), passed(others))
}

func twoKeys(t *testing.T) {
	s := newSite()
	_, text := s.issue(t, nil)
	_, other := s.issue(t, nil)
	for _, second := range []string{text, other, "x", ""} {
		s.refused(t, "two fields", malformed(asksHeader), "X-API-Key: "+text, "X-API-Key: "+second)
		s.refused(t, "two fields, the other way", malformed(asksHeader), "X-API-Key: "+second, "X-API-Key: "+text)
		s.refused(t, "a field and a bearer token", malformed(asksHeader), "X-API-Key: "+text, "Authorization: Bearer "+other)
		s.refused(t, "a field and Basic", malformed(asksHeader), "X-API-Key: "+second, basic(text+":"))
	}
}

func joinedKeys(t *testing.T) {
	s := newSite()
	_, text := s.issue(t, nil)
	for _, joined := range []string{text + "," + text, text + ", " + text, "a,b", text + ",", "," + text, text + ";" + text} {
		s.refused(t, "joined", invalid(asksHeader), "X-API-Key: "+joined)
	}
}

func tooLong(t *testing.T) {
	s := newSite()
	_, text := s.issue(t, nil)
	for _, size := range []int{513, 10 << 10, 1 << 20} {
		long := text + strings.Repeat("a", size-len(text))
		s.refused(t, "in its field", invalid(asksHeader), "X-API-Key: "+long)
		s.refused(t, "by curl", invalid(asksBasic), basic(long+":"))
		s.refused(t, "as a bearer token", invalid(asksBearer), "Authorization: Bearer "+long)
		_, err := s.VerifyToken(t.Context(), auth.Credential{Token: long})
		check(t, "verified", err == nil, false)
	}
}

func emptyKeys(t *testing.T) {
	s := newSite()
	id := token.NewID()
	check(t, "a key without a digest is kept", s.store.inner.Create(t.Context(), apikey.Key{ID: id, Kind: apikey.Secret, Owner: ann}), nil)
	check(t, "it", s.get("/", "X-API-Key: "+another("sk", id)), invalid(asksHeader))
	check(t, "handlers called", s.calls.Load(), 0)
	for _, empty := range []string{"", "sk_", "sk__", "sk_" + id + "_", "_", strings.Repeat("0", 64), "0", "sk_" + id + "_" + strings.Repeat("a", 57)} {
		s.refused(t, "empty", invalid(asksHeader), "X-API-Key: "+empty)
	}
	s.refused(t, "an empty user", invalid(asksBasic), basic(":"))
	_, err := s.VerifyToken(t.Context(), auth.Credential{})
	check(t, "nothing is verified", err == nil, false)
}

func words(t *testing.T) {
	s := newSite()
	for _, word := range []string{"null", "undefined", "Bearer", "true", "None", "[object Object]", "{{API_KEY}}", "$API_KEY", "%s", "sk_null", "admin"} {
		s.refused(t, word, invalid(asksHeader), "X-API-Key: "+word)
		s.refused(t, word, invalid(asksBasic), basic(word+":"))
	}
	s.refused(t, "null as a bearer token", invalid(asksBearer), "Authorization: Bearer null")
}

// A cache is not fooled: what shares a part with a key that was just used is looked at like any other.
func partsOfKeys(t *testing.T) {
	for _, c := range []apikey.Config{{}, {CacheFor: time.Minute}} {
		partsOfKeysOf(t, newSiteOf(c))
	}
}

func partsOfKeysOf(t *testing.T, s *site) {
	k, text := s.issue(t, nil)
	check(t, "the key", s.get("/", "X-API-Key: "+text), passed(k))
	for _, near := range []string{text[:len(text)-1] + "\x00", text[:24], "sk_" + k.ID, k.Redacted, tampered(text, len(text)-1), tampered(text, 30)} {
		s.refused(t, "a part of it", invalid(asksHeader), "X-API-Key: "+near)
	}
	for _, prefix := range []string{"sk", "pk", "sk_live", "acme_sk"} {
		check(t, "another secret", s.get("/", "X-API-Key: "+another(prefix, k.ID)), invalid(asksHeader))
	}
	_, shopText, err := s.Issue(t.Context(), shop())
	check(t, "issuing a publishable key", err, nil)
	check(t, "it", s.get("/", "X-API-Key: "+shopText.Reveal()), invalid(asksHeader))
	check(t, "the key again", s.get("/", "X-API-Key: "+text), passed(k))
}

func manyUsers(t *testing.T) {
	for _, c := range []apikey.Config{{}, {CacheFor: time.Minute}} {
		s := newSiteOf(c)
		var wg sync.WaitGroup
		for range 32 {
			k, text := s.issue(t, nil)
			wg.Go(func() {
				for range 50 {
					check(t, "a request", s.get("/", "X-API-Key: "+text), passed(k))
				}
			})
		}
		wg.Wait()
	}
}

// aboveOneself: nobody gets a key with scopes that they do not have, in none of the ways to get one, and a key grants no
// more than its owner has at the time.
func aboveOneself(t *testing.T) {
	TestScopes(t)
	TestScopesThatAreGivenAway(t)
	TestAllowedScopes(t)
}

func ownerGone(t *testing.T) {
	ownerDisabled(t)
	TestAllowedFails(t)
}
