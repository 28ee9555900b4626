package drivertest_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/store/sqlstore"
)

const ringIssuer = "https://login.example.com"

// ringJob starts a ring, says which key signs and a token of it, and verifies the tokens that it is sent.
func ringJob(j *job) (string, error) {
	store, err := sqlstore.New(j.db, j.dialect, j.opts)
	if err != nil {
		return "", err
	}
	keys, err := store.KeyRing("access")
	if err != nil {
		return "", err
	}
	sealing := sha256.Sum256([]byte(j.opts.Prefix))
	ring, err := jwks.NewRing(j.ctx, jwks.RingConfig{
		Store: keys, SealingKeys: [][]byte{sealing[:]}, TokenLifetime: time.Hour, Timeout: 10 * time.Second,
	})
	if err != nil {
		return "", err
	}
	defer ring.Close()
	kid, _, _, err := ring.SigningKey(j.ctx)
	if err != nil {
		return "", err
	}
	signer, err := jwtx.NewSigner(jwtx.SignerConfig{Issuer: ringIssuer, Audience: []string{ringIssuer}, Keys: ring})
	if err != nil {
		return "", err
	}
	token, err := signer.Sign(j.ctx, auth.AuthContext{Actor: somebody(), Scopes: auth.NewSet("orders:read")})
	if err != nil {
		return "", err
	}
	j.say(kid + " " + token)
	verifier, err := jwtx.NewVerifier(jwtx.Config{
		Issuer: ringIssuer, Audience: []string{ringIssuer}, Algorithms: []string{"EdDSA"},
		Kinds: []jwtx.Kind{jwtx.Access}, Keys: ring, Leeway: time.Minute,
	})
	if err != nil {
		return "", err
	}
	verified := 0
	for token := j.line(); token != ""; token = j.line() {
		if _, err := verifier.VerifyToken(j.ctx, auth.Credential{Token: token}); err != nil {
			return "", fmt.Errorf("a token of another: %w", err)
		}
		verified++
	}
	return fmt.Sprint("verified ", verified), nil
}

// Processes that start at the same moment, where there is no ring yet, agree which key signs: what one signs is good for
// all.
func TestRingOfProcesses(t *testing.T) {
	const n = 4
	eachBackend(t, func(t *testing.T, d *database) {
		processes := startJobs(t, "ring", n, d.place())
		for _, p := range processes {
			p.say("go")
		}
		kids, tokens := map[string]bool{}, make([]string, n)
		for i, p := range processes {
			kid, token, _ := strings.Cut(p.line(), " ")
			kids[kid], tokens[i] = true, token
		}
		check(t, fmt.Sprintf("keys that sign: %v", kids), len(kids), 1)
		for _, p := range processes {
			for _, token := range tokens {
				p.say(token)
			}
			p.say("")
		}
		for _, p := range processes {
			check(t, "last line of a process", p.line(), fmt.Sprint("verified ", n))
			p.end()
		}
	})
}
