package jwks_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
)

// What packages that take keys declare.
var (
	_ interface {
		VerificationKey(ctx context.Context, iss, alg, kid string) (crypto.PublicKey, error)
	} = (*jwks.Set)(nil)
	_ interface {
		SigningKey(ctx context.Context) (kid, alg string, s crypto.Signer, err error)
	} = (*jwks.Set)(nil)
)

func named(key any, id, algorithm string) *jwks.Key {
	return must(jwks.NewKey(key, &jwks.KeyOptions{ID: id, Algorithm: algorithm}))
}

func secretNamed(id string) *jwks.Key {
	return must(jwks.NewSecret(secret, &jwks.KeyOptions{ID: id, Algorithm: "HS256"}))
}

func several() *jwks.Set {
	return must(jwks.NewSet(named(&p384Key.PublicKey, "old", ""), named(rsaKey, "new", "PS256"), named(rsaKey, "next", "RS256"),
		named(ed25519Key, "ed", ""), secretNamed("mac")))
}

func TestVerificationKey(t *testing.T) {
	one, unnamed := must(jwks.NewSet(named(ecKey, "ec", ""))), must(jwks.NewSet(secretNamed("")))
	tests := []struct {
		name     string
		set      *jwks.Set
		alg, kid string
		want     crypto.PublicKey // nil: refused
	}{
		{"an EC key", several(), "ES384", "old", &p384Key.PublicKey},
		{"an RSA key", several(), "PS256", "new", &rsaKey.PublicKey},
		{"the same RSA key for another algorithm", several(), "RS256", "next", &rsaKey.PublicKey},
		{"an Ed25519 key", several(), "EdDSA", "ed", ed25519Key.Public()},
		{"a secret", several(), "HS256", "mac", secret},
		{"an unknown kid", several(), "HS256", "mac2", nil},
		{"a kid in another case", several(), "HS256", "MAC", nil},
		{"an algorithm of the same family", several(), "RS256", "new", nil},
		{"no algorithm", several(), "", "new", nil},
		{"none", several(), "none", "new", nil},
		{"no kid and several keys, one of which fits", several(), "ES384", "", nil},
		{"no kid and one key", one, "ES256", "", &ecKey.PublicKey},
		{"no kid and one key for another algorithm", one, "ES384", "", nil},
		{"no kid and one key without an ID", unnamed, "HS256", "", secret},
		{"a kid and one key without an ID", unnamed, "HS256", "a", nil},
		{"the zero set", &jwks.Set{}, "ES256", "", nil},
		{"the zero set and a kid", &jwks.Set{}, "ES256", "a", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.set.VerificationKey(context.Background(), "https://issuer.example", tt.alg, tt.kid)
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("key %v, want %v", got, tt.want)
			}
			if refused := errors.Is(err, auth.ErrInvalidCredentials); refused != (tt.want == nil) {
				t.Errorf("error %v", err)
			}
			if err != nil && tt.kid != "" && strings.Contains(err.Error(), `"`+tt.kid) {
				t.Errorf("error %q quotes the token", err)
			}
		})
	}
}

func TestSigningKey(t *testing.T) {
	tests := []struct {
		name     string
		set      *jwks.Set
		kid, alg string
	}{
		{"the first that can sign", several(), "new", "PS256"},
		{"a secret without an ID", must(jwks.NewSet(secretNamed(""))), "", "HS256"},
		{"a signer that holds its key elsewhere", must(jwks.NewSet(named(remote{ecKey}, "kms", ""))), "kms", "ES256"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kid, alg, signer, err := tt.set.SigningKey(context.Background())
			if err != nil || kid != tt.kid || alg != tt.alg {
				t.Fatalf("%q, %q, %v; want %q, %q", kid, alg, err, tt.kid, tt.alg)
			}
			checkSignature(t, must(tt.set.VerificationKey(context.Background(), "", alg, kid)), signer)
		})
	}
	kid, alg, signer, err := must(jwks.NewSet(named(&ecKey.PublicKey, "a", ""))).SigningKey(context.Background())
	if kid != "" || alg != "" || signer != nil || err == nil || errors.Is(err, auth.ErrInvalidCredentials) {
		t.Errorf("a set that only verifies: %q, %q, %v, %v; want a failure", kid, alg, signer, err)
	}
}

func TestNewSetRefuses(t *testing.T) {
	a := named(ecKey, "a", "")
	tests := []struct {
		name string
		keys []*jwks.Key
		want []string
	}{
		{"no key", nil, []string{"set without a key"}},
		{"a nil key and a zero one", []*jwks.Key{nil, a, {}}, []string{"key 0 of the set is nil", "key 2 of the set is nil"}},
		{"one ID twice", []*jwks.Key{a, named(rsaKey, "a", "")}, []string{`key 1 of the set has the ID of another, "a"`}},
		{"one key twice", []*jwks.Key{a, a}, []string{`the ID of another, "a"`}},
		{"a key without an ID beside another", []*jwks.Key{a, secretNamed("")}, []string{"key 1 of the set has no ID"}},
		{"all at once", []*jwks.Key{a, nil, secretNamed(""), a}, []string{"key 1 ", "key 2 ", "key 3 "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := jwks.NewSet(tt.keys...)
			checkSetRefused(t, s, err, tt.want)
		})
	}
}

func checkSetRefused(t *testing.T, s *jwks.Set, err error, want []string) {
	t.Helper()
	if s != nil || err == nil {
		t.Fatalf("accepted: %v, %v", s, err)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
	if lines := strings.Split(err.Error(), "\n"); len(lines) != len(want) {
		t.Errorf("%d mistakes in %q, want %d", len(lines), err, len(want))
	}
}

func setOf(keys ...[]byte) []byte {
	var all []string
	for _, k := range keys {
		all = append(all, string(k))
	}
	return []byte(`{"keys":[` + strings.Join(all, ",") + `]}`)
}

func TestParseSet(t *testing.T) {
	set := must(jwks.ParseSet(setOf(with(ecJWK, changes{"d": nil, "kid": "e"}), rsaJWK, ed25519JWK)))
	kid, alg, _, err := set.SigningKey(context.Background())
	if kid != "2011-04-29" || alg != "RS256" || err != nil {
		t.Errorf("signs with %q, %q, %v", kid, alg, err)
	}
	for alg, kid := range map[string]string{"ES256": "e", "RS256": "2011-04-29", "EdDSA": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"} {
		if _, err := set.VerificationKey(context.Background(), "", alg, kid); err != nil {
			t.Errorf("%s: %v", kid, err)
		}
	}
	if _, err := jwks.ParseSet(setOf(octJWK, with(octJWK, changes{"kid": "t"}))); err != nil {
		t.Errorf("a set of secrets: %v", err)
	}
}

func TestParseSetRefuses(t *testing.T) {
	e := with(ecJWK, changes{"kid": "e"})
	tests := []struct {
		name string
		data []byte
		want []string
	}{
		{"nothing", nil, []string{"JWK Set: not one JSON object"}},
		{"a key", e, []string{"set without a key"}},
		{"no keys", []byte(`{"keys":[]}`), []string{"set without a key"}},
		{"keys that are null", []byte(`{"keys":null}`), []string{"set without a key"}},
		{"keys that are an object", []byte(`{"keys":{}}`), []string{"not an array"}},
		{"keys twice", []byte(`{"keys":[` + string(e) + `],"keys":[]}`), []string{"there twice"}},
		{"keys twice, once in upper case", []byte(`{"keys":[` + string(e) + `],"KEYS":[]}`), []string{"there twice"}},
		{"keys in upper case", []byte(`{"KEYS":[` + string(e) + `]}`), []string{"set without a key"}},
		{"garbage behind", append(setOf(e), "{}"...), []string{"not one JSON object"}},
		{"bad keys among good ones", setOf(e, []byte("1"), rsaJWK, with(e, changes{"use": "enc", "kid": "f"})),
			[]string{"key 1: not one JSON object", `key 3, ID "f": use other than`}},
		{"one ID twice", setOf(e, e), []string{`key 1 of the set has the ID of another, "e"`}},
		{"secrets without IDs", setOf(with(octJWK, changes{"kid": nil}), octJWK), []string{"key 0 of the set has no ID"}},
		{"a secret beside a public key", setOf(octJWK, e), []string{"secrets beside public keys"}},
		{"101 keys", setOf(tooManyKeys()...), []string{"more than 100 keys"}},
		{"over 512 KiB", append(setOf(e), strings.Repeat(" ", 512<<10)...), []string{"over 512 KiB"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := jwks.ParseSet(tt.data)
			checkSetRefused(t, s, err, tt.want)
		})
	}
}

func tooManyKeys() [][]byte {
	keys := make([][]byte, 101)
	for i := range keys {
		keys[i] = []byte("{}")
	}
	return keys
}

func TestSetIsSharedByMany(t *testing.T) {
	set := several()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 100 {
				_, _ = set.VerificationKey(context.Background(), "", "PS256", "new")
				_, _, signer, _ := set.SigningKey(context.Background())
				_ = signer.Public()
			}
		})
	}
	wg.Wait()
}

func BenchmarkVerificationKey(b *testing.B) {
	set, ctx := several(), context.Background()
	for b.Loop() {
		if _, err := set.VerificationKey(ctx, "https://issuer.example", "PS256", "new"); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzParseSet(f *testing.F) {
	f.Add(setOf(rsaJWK, ed25519JWK, with(ecJWK, changes{"kid": "e", "d": nil})))
	f.Add(setOf(octJWK, with(octJWK, changes{"kid": "t", "key_ops": []string{"verify"}})))
	f.Add(setOf(with(octJWK, changes{"kid": nil})))
	f.Add(setOf(octJWK, ed25519JWK))
	f.Add([]byte(`{"keys":[{}, 1, null], "a": 1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := jwks.ParseSet(data)
		if err != nil {
			if set != nil {
				t.Error("a set beside the error")
			}
			return
		}
		checkSetWritten(t, set, len(data))
	})
}

// checkSetWritten fails unless what is written of a set is read as the same set. Its keys were read from that many bytes. What
// is written may be longer: an ID of its own for each key, and six bytes for each < in one. So what was read of more than half
// of what ParseSet reads may be too long to be read again, and is then not written.
func checkSetWritten(t *testing.T, set *jwks.Set, size int) {
	t.Helper()
	document, err := set.PrivateJWKSet()
	if err != nil && size > 256<<10 && strings.Contains(err.Error(), "over 512 KiB") {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	again, err := jwks.ParseSet(document)
	if err != nil {
		t.Fatal(err)
	}
	if twice := must(again.PrivateJWKSet()); string(twice) != string(document) {
		t.Error("what was written is read as another set")
	}
	kid, alg, _, _ := set.SigningKey(context.Background())
	if gotKid, gotAlg, _, _ := again.SigningKey(context.Background()); gotKid != kid || gotAlg != alg {
		t.Errorf("signs with %q, %q, then with %q, %q", kid, alg, gotKid, gotAlg)
	}
}
