package jwks_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/jwks"
)

// Neither a sealing key nor a private one is in what a ring says, keeps, serves or is printed as, whatever goes wrong.
func TestRingTellsNoSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := newTap()
		c := ringConfig(s)
		c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		r := newRing(t, c)
		var said strings.Builder
		say := func(values ...any) {
			for _, v := range values {
				fmt.Fprintf(&said, "%v %+v %#v %s\n", v, v, v, v)
			}
		}
		var secrets []string
		see := func() {
			kid, alg, signer, err := r.SigningKey(t.Context())
			secrets = append(secrets, needles(named(signer, kid, alg))...)
			state, _, _ := s.KeyStore.Load(t.Context())
			said.Write(state)
			say(err, r)
		}
		see()
		say(r.Rotate(t.Context()), r.Rotate(t.Context()), r.Revoke(t.Context(), "unknown"), must(r.Keys(t.Context())))
		time.Sleep(lead)
		see()
		say(r.Revoke(t.Context(), sign(t, r).kid))
		see()
		time.Sleep(refresh)
		s.tamper(member("sealed", flipBit))
		outcomes(r, signed{kid: "unknown", alg: "EdDSA"})
		synctest.Wait() // or the log is written to while it is read
		see()
		s.down(refusing)
		say(r.Rotate(t.Context()))
		time.Sleep(verifies)
		_, _, _, err := r.SigningKey(t.Context())
		_, unknown := r.VerificationKey(t.Context(), "", "EdDSA", "unknown")
		say(err, unknown)
		c.SealingKeys, c.Lead, c.Algorithm = [][]byte{sealA, sealA, sealA[:20]}, 1, "HS256"
		_, err = jwks.NewRing(t.Context(), c)
		say(err)
		synctest.Wait()
		said.WriteString(log.String())
		secrets = append(secrets, string(sealA[:20]), strings.Repeat("97 ", 20), strings.Repeat("61", 20),
			strings.Repeat("0x61, ", 20), base64.StdEncoding.EncodeToString(sealA[:18]))
		for _, secret := range secrets {
			if strings.Contains(said.String(), secret) {
				t.Errorf("%q is in what was said", secret)
			}
		}
		check(t, "something was said", said.Len() > 2000, true)
	})
}
