//go:build !race

package jwtx_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

// What verifying allocates. The signature check, which is golang-jwt's, has 7 of it.
func TestAllocationBudget(t *testing.T) {
	passing := func(v *jwtx.Verifier, token string) func() {
		h := auth.New(auth.Bearer(v, nil), nil).Require()(handler)
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := &discard{http.Header{}}
		return func() { clear(w.header); h.ServeHTTP(w, r) }
	}
	v, remembering, token, none := verifierWith(), verifierWith(caching(100)), hs256(typical), unsigned("none")
	input := token[:strings.LastIndexByte(token, '.')]
	signature, forged := must(strict(lastOf(token))), signed("HS256", input, []byte("another secret"))
	factors := hs256(claims("amr", `["pwd","otp"]`, "auth_time", "1700000000"))
	for _, tt := range []struct {
		name string
		f    func()
		most float64
	}{
		{"the signature alone", func() { _ = jwt.SigningMethodHS256.Verify(input, signature, secret) }, 7},
		{"a request through the guard", passing(v, token), 18},
		{"a token", func() { _, _ = verify(v, token) }, 16},
		{"a request that is remembered", passing(remembering, token), 3},
		{"a request that is remembered, with factors", passing(remembering, factors), 3},
		{"a token that is remembered", func() { _, _ = verify(remembering, token) }, 1},
		{"a bad signature", func() { _, _ = verify(v, forged) }, 9},
		{"another algorithm", func() { _, _ = verify(v, none) }, 2},
		{"no token", func() { _, _ = verify(v, "sk_abcdefgh") }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			allocs := testing.AllocsPerRun(100, tt.f)
			t.Logf("%v of %v", allocs, tt.most)
			if allocs > tt.most {
				t.Errorf("%v allocations, want at most %v", allocs, tt.most)
			}
		})
	}
}
