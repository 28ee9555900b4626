package jwks_test

import (
	"context"
	"crypto"
	"log/slog"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/store/memory"
)

var (
	_ jwtx.LocalKeySource = (*jwks.Set)(nil)
	_ jwtx.LocalKeySource = (*jwks.Ring)(nil)
	_ jwtx.LocalKeySource = (*jwks.Remote)(nil)
)

// What LocalKey finds is what VerificationKey finds, and what it does not find is asked for.
func TestLocalKey(t *testing.T) {
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
			local, ok := tt.source.LocalKey(tt.iss, tt.alg, tt.kid)
			asked, err := tt.source.VerificationKey(t.Context(), tt.iss, tt.alg, tt.kid)
			if ok != tt.want || (err == nil) != tt.want || !reflect.DeepEqual(local, asked) {
				t.Errorf("%s: %v, %v; asked: %v, %v", tt.name, local, ok, asked, err)
			}
		}
		time.Sleep(45 * time.Second) // more than half of Refresh
		if _, ok := ring.LocalKey("", "EdDSA", kid); ok {
			t.Error("an old view: found without looking again")
		}
		if key, err := ring.VerificationKey(context.Background(), "", "EdDSA", kid); err != nil || key == crypto.PublicKey(nil) {
			t.Errorf("an old view: %v, %v", key, err)
		}
		_, _ = remote.Close(), ring.Close()
	})
}
