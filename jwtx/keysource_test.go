package jwtx_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/authtest"
	"github.com/countersign-go/countersign/jwtx"
)

// An error of the source is a no, or it is an outage: never both, and never a pass.
func TestKeySourceErrors(t *testing.T) {
	token := hs256(claims())
	for _, tt := range []struct {
		name string
		key  crypto.PublicKey
		err  error
		want outcome
	}{
		{"a key", secret, nil, passes},
		{"no such key", nil, auth.ErrInvalidCredentials, invalidToken},
		{"no such key, wrapped", nil, fmt.Errorf("kid: %w", auth.ErrInvalidCredentials), invalidToken},
		{"no such key, and a key", secret, auth.ErrInvalidCredentials, invalidToken},
		{"an unknown error", nil, errDown, unavailable},
		{"an unknown error, and a key", secret, errDown, unavailable},
		{"an outage", nil, auth.ErrUnavailable, unavailable},
		{"no such key and an outage", nil, errors.Join(auth.ErrInvalidCredentials, auth.ErrUnavailable), unavailable},
		{"no such key, since the search took too long", nil, errors.Join(auth.ErrInvalidCredentials, context.DeadlineExceeded), unavailable},
		{"no such key, since the client hung up", nil, errors.Join(auth.ErrInvalidCredentials, context.Canceled), unavailable},
		{"a deadline", nil, context.DeadlineExceeded, unavailable},
		{"a request that was given up", nil, context.Canceled, unavailable},
		{"no credentials", nil, auth.NoCredentials(), unavailable},
		{"an answer of its own", nil, &auth.Error{Status: http.StatusTeapot}, unavailable},
		{"neither a key nor an error", nil, nil, unavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkVisit(t, tt.name, token, knock(verifierOf("HS256", always(tt.key, tt.err)), token), tt.want)
		})
	}
}

// A key that does not fit is refused before golang-jwt sees it, which would panic for some, or verify with others.
func TestKeySourceKeys(t *testing.T) {
	n, wide := rsaKey.N, new(big.Int).Lsh(big.NewInt(1), 4096)
	even := new(big.Int).Sub(n, big.NewInt(1))
	x, y := p256Key.X, p256Key.Y
	for _, tt := range []struct {
		name, alg string
		key       crypto.PublicKey
	}{
		{"a nil RSA key", "RS256", (*rsa.PublicKey)(nil)},
		{"an empty RSA key", "PS256", &rsa.PublicKey{}},
		{"an RSA key without a modulus", "RS256", &rsa.PublicKey{E: 65537}},
		{"an RSA key without an exponent", "RS256", &rsa.PublicKey{N: n}},
		{"an RSA key of exponent 1", "RS256", &rsa.PublicKey{N: n, E: 1}},
		{"an RSA key of exponent 3", "RS256", &rsa.PublicKey{N: n, E: 3}},
		{"an RSA key of an even exponent", "RS256", &rsa.PublicKey{N: n, E: 65538}},
		{"an RSA key of a negative exponent", "RS256", &rsa.PublicKey{N: n, E: -65537}},
		{"an RSA key of an even modulus", "RS256", &rsa.PublicKey{N: even, E: 65537}},
		{"an RSA key of 2047 bits", "RS256", &rsa.PublicKey{N: new(big.Int).Rsh(n, 1), E: 65537}},
		{"an RSA key of modulus 0", "RS256", &rsa.PublicKey{N: new(big.Int), E: 65537}},
		{"an RSA key for ES256", "ES256", &rsaKey.PublicKey},
		{"a nil EC key", "ES256", (*ecdsa.PublicKey)(nil)},
		{"an empty EC key", "ES256", &ecdsa.PublicKey{}},
		{"an EC key without a point", "ES256", &ecdsa.PublicKey{Curve: elliptic.P256()}},
		{"half an EC key", "ES256", &ecdsa.PublicKey{Curve: elliptic.P256(), X: x}},
		{"the other half of an EC key", "ES256", &ecdsa.PublicKey{Curve: elliptic.P256(), Y: y}},
		{"an EC key without a curve", "ES256", &ecdsa.PublicKey{X: x, Y: y}},
		{"an EC key off its curve", "ES256", &ecdsa.PublicKey{Curve: elliptic.P256(), X: x, Y: x}},
		{"an EC key at infinity", "ES256", &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int), Y: new(big.Int)}},
		{"an EC key of a wide point", "ES256", &ecdsa.PublicKey{Curve: elliptic.P256(), X: wide, Y: wide}},
		{"a negative EC key", "ES256", &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).Neg(x), Y: y}},
		{"an EC key on P-224", "ES256", &ecdsa.PublicKey{Curve: elliptic.P224(), X: x, Y: y}},
		{"an EC key on P-384", "ES256", &p384Key.PublicKey},
		{"a curve of their own", "ES256", &ecdsa.PublicKey{Curve: elliptic.P256().Params(), X: x, Y: y}},
		{"a nil Ed25519 key", "EdDSA", ed25519.PublicKey(nil)},
		{"31 bytes of an Ed25519 key", "EdDSA", ed25519Key.Public().(ed25519.PublicKey)[:31]},
		{"an Ed25519 key as bytes", "EdDSA", []byte(ed25519Key.Public().(ed25519.PublicKey))},
		{"a secret for EdDSA", "EdDSA", secret[:32]},
		{"an Ed25519 key for HS256", "HS256", ed25519Key.Public()},
		{"no secret", "HS256", []byte(nil)},
		{"an empty secret", "HS256", []byte{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token := forge(tt.alg, head(tt.alg), claims())
			checkVisit(t, tt.name, token, knock(verifierOf(tt.alg, always(tt.key, nil)), token), invalidToken)
		})
	}
}

// A source that returns what is no key has a bug, and the token nothing to do with it.
func TestKeySourceTypes(t *testing.T) {
	for _, tt := range []struct {
		name, alg string
		key       crypto.PublicKey
	}{
		{"nothing", "HS256", nil},
		{"an RSA key by value", "RS256", rsaKey.PublicKey},
		{"an RSA private key", "RS256", rsaKey},
		{"an EC key by value", "ES256", p256Key.PublicKey},
		{"an EC private key", "ES256", p256Key},
		{"an Ed25519 private key", "EdDSA", ed25519Key},
		{"a secret as text", "HS256", string(secret)},
		{"a secret as JSON", "HS256", json.RawMessage(secret)},
		{"a pointer to a secret", "HS256", &secret},
		{"a number", "HS256", 42},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token := forge(tt.alg, head(tt.alg), claims())
			checkVisit(t, tt.name, token, knock(verifierOf(tt.alg, always(tt.key, nil)), token), unavailable)
		})
	}
}

// The source is told the issuer of the configuration, not of the token, and what the header says.
func TestKeySourceIsTold(t *testing.T) {
	var told []string
	var given context.Context
	source := sourceFunc(func(ctx context.Context, iss, alg, kid string) (crypto.PublicKey, error) {
		given = ctx
		deadline, _ := ctx.Deadline()
		told = []string{iss, alg, kid, fmt.Sprint(time.Until(deadline).Round(time.Second))}
		return secret, nil
	})
	v := verifierWith(func(c *jwtx.Config) { c.Keys = source })
	for token, want := range map[string][]string{
		hs256(claims("iss", `"https://attacker.example"`)): {issuer, "HS256", "HS256", "5s"},
		hs256Head(head("HS256", "kid", "")):                {issuer, "HS256", "", "5s"},
		hs256Head(head("HS256", "kid", `"../\u0061"`)):     {issuer, "HS256", "../a", "5s"},
	} {
		_, _ = verify(v, token)
		if !reflect.DeepEqual(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
		if !errors.Is(given.Err(), context.Canceled) {
			t.Errorf("afterwards the context says %v, want that it is canceled", given.Err())
		}
	}
}

// A source or a list of revoked tokens that hangs is given up, and the request is told to come again.
func TestTimeout(t *testing.T) {
	hangs := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for _, tt := range []struct {
		name   string
		change func(c *jwtx.Config)
		want   time.Duration
	}{
		{"keys, by default", func(c *jwtx.Config) { c.Keys = hanging(hangs) }, 5 * time.Second},
		{"keys, as configured", func(c *jwtx.Config) { c.Keys, c.Timeout = hanging(hangs), time.Minute }, time.Minute},
		{"revocation", func(c *jwtx.Config) {
			c.Revoked = func(ctx context.Context, _ jwtx.Revocable) (bool, error) { return false, hangs(ctx) }
		}, 5 * time.Second},
		{"identification", func(c *jwtx.Config) {
			c.Identify = func(ctx context.Context, _ jwtx.Claims) (*auth.AuthContext, error) { return nil, hangs(ctx) }
		}, 5 * time.Second},
		{"keys and revocation together", func(c *jwtx.Config) {
			c.Keys = hanging(func(context.Context) error { time.Sleep(3 * time.Second); return nil })
			c.Revoked = func(ctx context.Context, _ jwtx.Revocable) (bool, error) { return false, hangs(ctx) }
		}, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, token := time.Now(), hs256(claims("iat", "1"))
				checkVisit(t, tt.name, token, knock(verifierWith(tt.change), token), unavailable)
				if took := time.Since(start); took != tt.want {
					t.Errorf("took %v, want %v", took, tt.want)
				}
			})
		})
	}
}

func hanging(wait func(ctx context.Context) error) jwtx.KeySource {
	return sourceFunc(func(ctx context.Context, _, _, _ string) (crypto.PublicKey, error) { return secret, wait(ctx) })
}

// The suite that all schemes pass.
func TestScheme(t *testing.T) {
	source := sourceFunc(func(ctx context.Context, iss, alg, kid string) (crypto.PublicKey, error) {
		down := map[string]error{"down": errDown}
		if down[kid] != nil {
			return nil, down[kid]
		}
		return secrets.VerificationKey(ctx, iss, alg, kid)
	})
	with := func(token string) func() *http.Request {
		return func() *http.Request {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			return r
		}
	}
	authtest.TestScheme(t, auth.Bearer(verifierWith(func(c *jwtx.Config) { c.Keys = source }), nil), authtest.Requests{
		Good: with(hs256(claims())),
		Bad: map[string]func() *http.Request{
			"expired": with(hs256(claims("exp", "1"))), "forged": with(signed("HS256", b64(head("HS256"))+"."+b64(claims()), []byte("x"))),
			"of another": with(hs256(claims("aud", `"x"`))), "unsigned": with(unsigned("none")), "junk": with("a.b.c"), "opaque": with("opaque"),
		},
		Down: with(hs256Head(head("HS256", "kid", `"down"`))),
	})
}
