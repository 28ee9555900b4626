package jwtx_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/countersign-go/countersign/auth"
)

// theirClaims is the payload of a typical token for golang-jwt's ParseWithClaims.
type theirClaims struct {
	jwt.RegisteredClaims
	SessionID    string         `json:"sid"`
	ClientID     string         `json:"client_id"`
	ActorID      string         `json:"actor_id"`
	ActorType    string         `json:"actor_type"`
	IdentityID   string         `json:"auth_identity_id"`
	Provider     string         `json:"auth_provider"`
	Scope        string         `json:"scope"`
	Roles        []string       `json:"roles"`
	AppMetadata  map[string]any `json:"app_metadata"`
	UserMetadata map[string]any `json:"user_metadata"`
}

// A race sets one way beside another in the same run, turn by turn, since machines are noisy: what counts is the ratio of
// their medians.
type race struct {
	name      string
	ours, raw func() error
	wantsErr  bool
}

// BenchmarkRatio reports what verification costs as a part of the raw signature check, or of what golang-jwt does.
func BenchmarkRatio(b *testing.B) {
	for _, r := range slices.Concat(ratios("RS256"), ratios("ES256"), ratios("EdDSA"), ratios("HS256"), hs256Ratios()) {
		b.Run(r.name, func(b *testing.B) {
			var ours, theirs []time.Duration
			for b.Loop() {
				ours = append(ours, timed(b, r.ours, r.wantsErr))
				theirs = append(theirs, timed(b, r.raw, false))
			}
			slices.Sort(ours)
			slices.Sort(theirs)
			b.ReportMetric(float64(ours[len(ours)/2])/float64(theirs[len(theirs)/2]), "ratio")
		})
	}
}

// timed returns how long some calls take.
func timed(b *testing.B, f func() error, wantsErr bool) time.Duration {
	start := time.Now()
	for range 20 {
		if err := f(); (err != nil) != wantsErr {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

// decoded does what golang-jwt has done with metadata already.
func decoded(ac *auth.AuthContext, err error) error {
	if err != nil {
		return err
	}
	var app, user map[string]any
	return errors.Join(ac.AppMetadata.Decode(&app), ac.UserMetadata.Decode(&user))
}

// ratios sets verification beside the raw check of an algorithm.
func ratios(alg string) []race {
	token := forge(alg, head(alg), typical)
	input, tail, method := token[:strings.LastIndexByte(token, '.')], must(strict(lastOf(token))), jwt.GetSigningMethod(alg)
	v, key := verifierOf(alg, setOf(alg)), must(setOf(alg).VerificationKey(context.Background(), issuer, alg, alg))
	return []race{{
		name: alg + "/verified:raw",
		ours: func() error { _, err := verify(v, token); return err },
		raw:  func() error { return method.Verify(input, tail, key) },
	}}
}

func hs256Ratios() []race {
	token := hs256(typical)
	input, tail := token[:strings.LastIndexByte(token, '.')], must(strict(lastOf(token)))
	v, parser := verifierWith(), strictly()
	forged := signed("HS256", input, []byte("another secret"))
	ours := func() error { _, err := verify(v, token); return err }
	theirs := func() error {
		_, err := parser.ParseWithClaims(token, &theirClaims{}, func(*jwt.Token) (any, error) { return secret, nil })
		return err
	}
	raw := func() error { return jwt.SigningMethodHS256.Verify(input, tail, secret) }
	guarded := auth.New(auth.Bearer(verifierWith(caching(100)), nil), nil).Require()(handler)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := &discard{http.Header{}}
	return []race{
		{"HS256/verified:golang-jwt", ours, theirs, false},
		{"HS256/verified, metadata decoded:golang-jwt", func() error { return decoded(verify(v, token)) }, theirs, false},
		{"HS256/refused:verified", func() error { _, err := verify(v, forged); return err }, ours, true},
		{"HS256/request, from the cache:raw", func() error { clear(w.header); guarded.ServeHTTP(w, r); return nil }, raw, false},
	}
}
