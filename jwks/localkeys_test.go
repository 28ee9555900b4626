package jwks_test

import (
	"context"
	"crypto"
	"log/slog"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/store/memory"
)

var (
	_ jwtx.LocalKeySource = (*jwks.Set)(nil)
	_ jwtx.LocalKeySource = (*jwks.Ring)(nil)
	_ jwtx.LocalKeySource = (*jwks.Remote)(nil)
)

// What LocalKeys finds is what VerificationKey finds, and what it does not find is asked for.
func TestLocalKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := keyNamed("1")
		remote := remoteAt(t, serving(key))
		synctest.Wait()
		ring := must(jwks.NewRing(t.Context(), jwks.RingConfig{Store: memory.NewKeyStore(), SealingKeys: [][]byte{sealA},
			TokenLifetime: time.Minute, Logger: slog.New(slog.DiscardHandler)}))
		kid, _, _, err := ring.SigningKey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			name          string
			source        jwtx.LocalKeySource
			iss, alg, kid string
			want          bool
		}{
			{"a set", must(jwks.NewSet(key)), "", "EdDSA", "1", true},
			{"a set, another key", must(jwks.NewSet(key)), "", "EdDSA", "2", false},
			{"a set, another algorithm", must(jwks.NewSet(key)), "", "ES256", "1", false},
			{"no set", (*jwks.Set)(nil), "", "EdDSA", "1", false},
			{"a remote set", remote, issuerURL, "EdDSA", "1", true},
			{"a remote set, another key", remote, issuerURL, "EdDSA", "2", false},
			{"a remote set, another issuer", remote, keysURL, "EdDSA", "1", false},
			{"a ring", ring, "", "EdDSA", kid, true},
			{"a ring, another key", ring, "", "EdDSA", "2", false},
			{"a ring, no kid", ring, "", "EdDSA", "", false},
			{"no ring", (*jwks.Ring)(nil), "", "EdDSA", kid, false},
		} {
			local, ok := tt.source.LocalKeys(tt.source)(tt.iss, tt.alg, tt.kid)
			asked, err := tt.source.VerificationKey(t.Context(), tt.iss, tt.alg, tt.kid)
			if ok != tt.want || (err == nil) != tt.want || !reflect.DeepEqual(local, asked) {
				t.Errorf("%s: %v, %v; asked: %v, %v", tt.name, local, ok, asked, err)
			}
		}
		time.Sleep(45 * time.Second) // more than half of Refresh
		if _, ok := ring.LocalKeys(ring)("", "EdDSA", kid); ok {
			t.Error("an old view: found without looking again")
		}
		if key, err := ring.VerificationKey(context.Background(), "", "EdDSA", kid); err != nil || key == crypto.PublicKey(nil) {
			t.Errorf("an old view: %v, %v", key, err)
		}
		_, _ = remote.Close(), ring.Close()
	})
}

// A type that embeds a source and looks at each key itself is not passed by.
func TestLocalKeysOfAnother(t *testing.T) {
	set := must(jwks.NewSet(keyNamed("1")))
	for name, source := range map[string]jwtx.LocalKeySource{
		"a set": set, "a ring": &jwks.Ring{}, "a remote set": &jwks.Remote{},
	} {
		if source.LocalKeys(source) == nil {
			t.Errorf("%s: nothing of its own", name)
		}
		for _, other := range []any{nil, denying{set}, must(jwks.NewSet(keyNamed("1"))), (*jwks.Ring)(nil), []byte{}} {
			if source.LocalKeys(other) != nil {
				t.Errorf("%s: keys for a %T", name, other)
			}
		}
	}
	verifier := must(jwtx.NewVerifier(jwtx.Config{Issuer: issuerURL, Audience: []string{"a"}, Algorithms: []string{"EdDSA"},
		Kinds: []jwtx.Kind{jwtx.Access}, Keys: denying{set}}))
	signer := must(jwtx.NewSigner(jwtx.SignerConfig{Issuer: issuerURL, Audience: []string{"a"}, Keys: set}))
	token := must(signer.Sign(t.Context(), auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "u1"}}))
	if _, err := verifier.VerifyToken(t.Context(), auth.Credential{Token: token}); jwtx.ReasonOf(err) != jwtx.ReasonUnknownKey {
		t.Errorf("a source that refuses each key was passed by: %v", err)
	}
}

// A denying source embeds a set and refuses its keys.
type denying struct{ *jwks.Set }

func (denying) VerificationKey(context.Context, string, string, string) (crypto.PublicKey, error) {
	return nil, auth.ErrInvalidCredentials
}
