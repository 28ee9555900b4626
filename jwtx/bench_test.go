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

// typical is the payload of a token of some 600 bytes, with two metadata maps.
var typical = claims("auth_identity_id", `"authid_01J0000000000000000000"`, "auth_provider", `"emailpass"`, "scope",
	`"orders:read orders:write"`, "roles", `["admin"]`,
	"app_metadata", `{"user_id":"u1","plan":"gold"}`, "user_metadata", `{"name":"Ada Lovelace","locale":"en-GB"}`)

// handler is a package variable, or the compiler would keep the request's copy on the stack.
var handler http.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

// A discard is a ResponseWriter that keeps nothing.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header { return d.header }

func (d *discard) Write(p []byte) (int, error) { return len(p), nil }

func (d *discard) WriteHeader(int) {}

// BenchmarkVerifyToken sets what a token costs beside the signature check alone, and beside golang-jwt's parser with all
// of its strict options.
func BenchmarkVerifyToken(b *testing.B) {
	for _, alg := range append(secretAlgs, pairAlgs...) {
		token := forge(alg, head(alg), typical)
		input, tail, method := token[:strings.LastIndexByte(token, '.')], must(strict(lastOf(token))), jwt.GetSigningMethod(alg)
		keys := setOf(alg)
		key := must(keys.VerificationKey(b.Context(), issuer, alg, alg))
		v := verifierOf(alg, keys)
		guarded := auth.New(auth.Bearer(v, nil), nil).Require()(handler)
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := &discard{http.Header{}}
		parser := strictly()
		for _, way := range []struct {
			name string
			f    func() error
		}{
			{"raw", func() error { return method.Verify(input, tail, key) }},
			{"jwtx", func() error { _, err := v.VerifyToken(b.Context(), auth.Credential{Token: token}); return err }},
			{"guard", func() error { clear(w.header); guarded.ServeHTTP(w, r); return nil }},
			{"golang-jwt", func() error {
				_, err := parser.Parse(token, func(*jwt.Token) (any, error) { return key, nil })
				return err
			}},
		} {
			b.Run(alg+"/"+way.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := way.f(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// strict decodes a segment.
var strict = jwt.NewParser(jwt.WithStrictDecoding()).DecodeSegment

func BenchmarkSign(b *testing.B) {
	for _, alg := range append(secretAlgs, pairAlgs...) {
		s := signerWith(setOf(alg))
		ac := *must(verify(verifierOf(alg, setOf(alg)), forge(alg, head(alg), typical)))
		b.Run(alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				must(s.Sign(b.Context(), ac))
			}
		})
	}
}

// BenchmarkRefuse sets what an attacker's tokens cost.
func BenchmarkRefuse(b *testing.B) {
	token := hs256(typical)
	for name, token := range map[string]string{
		"16 MiB": strings.Repeat("A", 16<<20), "dots": strings.Repeat(".", 8<<10), "none": unsigned("none"),
		"forged":  token[:len(token)-43] + strings.Repeat("A", 43),
		"expired": hs256(claims("exp", "1")), "deep": hs256(`{"a":` + strings.Repeat("[", 5000)), "members": hs256(members(jwtx.MaxMembers + 1)),
	} {
		v := verifierWith()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := verify(v, token); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}
