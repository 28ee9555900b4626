package jwks_test

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/jwks"
)

func TestPrivateJWKSet(t *testing.T) {
	keys := []*jwks.Key{named(&p384Key.PublicKey, "old", ""), named(rsaKey, "new", "PS256"),
		named(ed25519Key, "ed", ""), named(ecKey, "e", "")}
	again := must(jwks.ParseSet(must(must(jwks.NewSet(keys...)).PrivateJWKSet())))
	kid, alg, signer, err := again.SigningKey(context.Background())
	if kid != "new" || alg != "PS256" || err != nil {
		t.Fatalf("signs with %q, %q, %v", kid, alg, err)
	}
	checkSignature(t, &rsaKey.PublicKey, signer)
	for _, k := range keys {
		got, err := again.VerificationKey(context.Background(), "", k.Algorithm(), k.ID())
		if err != nil || !got.(interface{ Equal(crypto.PublicKey) bool }).Equal(verifierOf(k)) {
			t.Errorf("%v: %v", k, err)
		}
	}
	secrets := must(jwks.NewSet(secretNamed("a"), must(jwks.Generate("HS512", &jwks.KeyOptions{ID: "b"}))))
	again = must(jwks.ParseSet(must(secrets.PrivateJWKSet())))
	for alg, kid := range map[string]string{"HS256": "a", "HS512": "b"} {
		got := must(again.VerificationKey(context.Background(), "", alg, kid))
		want := must(secrets.VerificationKey(context.Background(), "", alg, kid))
		if !bytes.Equal(got.([]byte), want.([]byte)) {
			t.Errorf("secret %q is another one", kid)
		}
	}
}

func TestPublicJWKSet(t *testing.T) {
	set := several()
	if got, want := must(set.PublicJWKSet()), publish(t, set); !bytes.Equal(got, want) {
		t.Errorf("%s, but the handler serves %s", got, want)
	}
}

func TestJWKSetRefuses(t *testing.T) {
	var many []*jwks.Key
	for i := range 101 {
		many = append(many, named(ed25519Key, fmt.Sprint(i), ""))
	}
	private, public := (*jwks.Set).PrivateJWKSet, (*jwks.Set).PublicJWKSet
	mixed := must(jwks.NewSet(secretNamed("a"), named(ecKey, "b", "")))
	kms := must(jwks.NewSet(named(remote{ecKey}, "k1", ""), named(ecKey, "b", ""), named(remote{rsaKey}, "k2", "")))
	tests := []struct {
		name  string
		set   *jwks.Set
		write func(*jwks.Set) ([]byte, error)
		want  []string
	}{
		{"nil, private", nil, private, []string{"nil Set"}},
		{"nil, public", nil, public, []string{"nil Set"}},
		{"the zero set, private", &jwks.Set{}, private, []string{"set without a key"}},
		{"the zero set, public", &jwks.Set{}, public, []string{"set without a public key"}},
		{"secrets, public", must(jwks.NewSet(secretNamed("a"))), public, []string{"secrets cannot be published"}},
		{"secrets beside public keys", mixed, private, []string{"secrets beside public keys"}},
		{"keys in a KMS", kms, private, []string{`key 0, ID "k1": key whose private half is elsewhere`, `key 2, ID "k2"`}},
		{"101 keys, private", must(jwks.NewSet(many...)), private, []string{"more than 100 keys"}},
		{"101 keys, public", must(jwks.NewSet(many...)), public, []string{"more than 100 keys"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			document, err := tt.write(tt.set)
			if document != nil || err == nil {
				t.Fatalf("%d bytes, %v", len(document), err)
			}
			for _, w := range tt.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not say %q", err, w)
				}
			}
		})
	}
}
