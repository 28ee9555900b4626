//go:build !race

package jwtx_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/countersign-go/countersign/auth"
)

// What verifying allocates beside the signature check, which is golang-jwt's.
func TestAllocationBudget(t *testing.T) {
	passing := func(token string) func() {
		h := auth.New(auth.Bearer(verifierWith(), nil), nil).Require()(handler)
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := &discard{http.Header{}}
		return func() { clear(w.header); h.ServeHTTP(w, r) }
	}
	v, token, none := verifierWith(), hs256(typical), unsigned("none")
	forged := signed("HS256", b64(head("HS256"))+"."+b64(typical), []byte("another secret"))
	for _, tt := range []struct {
		name string
		f    func()
		most float64
	}{
		{"a request through the guard", passing(token), 30},
		{"a token", func() { _, _ = verify(v, token) }, 23},
		{"a bad signature", func() { _, _ = verify(v, forged) }, 15},
		{"another algorithm", func() { _, _ = verify(v, none) }, 5},
		{"no token", func() { _, _ = verify(v, "sk_abcdefgh") }, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if allocs := testing.AllocsPerRun(100, tt.f); allocs > tt.most {
				t.Errorf("%v allocations, want at most %v", allocs, tt.most)
			}
		})
	}
}
