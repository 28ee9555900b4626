package jwks_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/jwks"
)

// What a ring serves follows its keys, and has an ETag of its own for each.
func TestHandlerOfRing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := ringConfig(newTap())
		c.Interval, c.CacheAge = jwks.ByHand, 2*time.Minute
		r := newRing(t, c)
		h := must(jwks.Handler(r))
		seen := ""
		get := func(when string, status int, keys ...string) {
			t.Helper()
			w := httptest.NewRecorder()
			request := httptest.NewRequest("GET", "/", nil)
			request.Header.Set("If-None-Match", seen)
			h.ServeHTTP(w, request)
			check(t, when, w.Code, status)
			check(t, when+": max-age", maxAge(t, w), 2*time.Minute)
			seen = w.Header().Get("ETag")
			var kids []string
			for _, k := range publishedBy(t, r) {
				kids = append(kids, k["kid"])
			}
			check(t, when+": keys", fmt.Sprint(kids), fmt.Sprint(keys))
		}
		first := sign(t, r).kid
		get("at first", 200, first)
		get("again", 304, first)
		time.Sleep(refresh)
		get("after a refresh that brought nothing", 304, first)
		check(t, "Rotate", r.Rotate(t.Context()), nil)
		second := must(r.Keys(t.Context()))[1].ID
		get("the next key at once", 200, first, second)
		time.Sleep(lead)
		get("as it signs", 304, first, second)
		// Right before the removal there is a view, and it does not have to be renewed to see it.
		time.Sleep(retention - 3*time.Minute - 1)
		get("right before the first is removed", 304, first, second)
		time.Sleep(time.Nanosecond)
		get("as the first is removed", 200, second)
		check(t, "Revoke", r.Revoke(t.Context(), second), nil)
		get("as the second is revoked", 200, sign(t, r).kid)
	})
}

func TestHandlerOfRingMethods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := must(jwks.Handler(newRing(t, ringConfig(newTap()))))
		for method, status := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "DELETE": 405} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(method, "/", nil))
			check(t, method, w.Code, status)
			check(t, method+" has a body", w.Body.Len() > 0, method != "HEAD")
		}
	})
}

// allowed are the members that a published key may have.
var allowed = map[string]bool{"alg": true, "crv": true, "e": true, "kid": true, "kty": true, "n": true, "use": true, "x": true, "y": true}

// ringPublishesPublicOnly looks for anything private in what sets and rings of all kinds serve, while rings change in all
// ways.
func ringPublishesPublicOnly(t *testing.T) {
	algorithms := []string{"ES256", "ES384", "ES512", "EdDSA", "RS256"}
	dice := rand.New(rand.NewPCG(3, 4))
	for range 4 {
		synctest.Test(t, func(t *testing.T) {
			s := newTap()
			made := map[string]*jwks.Key{} // all keys that ever signed
			for range 4 {
				c := ringConfig(s)
				// RSA keys are made once only: that takes long.
				c.Algorithm = algorithms[dice.IntN(len(algorithms)-min(1, len(made)))]
				c.SealingKeys = [][]byte{sealA, sealB}[:1+dice.IntN(2)]
				r := newRing(t, c)
				for range 4 {
					time.Sleep(time.Duration(dice.IntN(1200)) * time.Second)
					kid, alg, signer, err := r.SigningKey(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					made[kid] = named(signer, kid, alg)
					switch dice.IntN(4) {
					case 0:
						check(t, "Rotate", r.Rotate(t.Context()), nil)
					case 1:
						check(t, "Revoke", r.Revoke(t.Context(), kid), nil)
					}
					checkPublic(t, r, made)
				}
			}
			// As a set beside secrets, what signed is published as it was by the ring.
			mixed := append(slices.Collect(maps.Values(made)), secretNamed("s"))
			made["s"] = secretNamed("s")
			checkPublic(t, must(jwks.NewSet(mixed...)), made)
		})
	}
}

func checkPublic(t *testing.T, p jwks.Publisher, made map[string]*jwks.Key) {
	t.Helper()
	w := httptest.NewRecorder()
	must(jwks.Handler(p)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	for _, k := range publishedBy(t, p) {
		for name := range k {
			check(t, "member "+name, allowed[name], true)
		}
		check(t, "kty", k["kty"] != "oct" && k["kty"] != "", true)
	}
	for _, k := range made {
		for _, needle := range needles(k) {
			if strings.Contains(w.Body.String(), needle) {
				t.Fatalf("a private number of %v is in %s", k, w.Body)
			}
		}
	}
}
