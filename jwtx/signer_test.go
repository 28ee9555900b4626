package jwtx_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

func TestSignerConfig(t *testing.T) {
	good := jwtx.SignerConfig{Issuer: issuer, Audience: []string{audience}, Keys: secrets}
	for _, tt := range []struct {
		name   string
		change func(c *jwtx.SignerConfig)
		want   string // "" is no error
	}{
		{"what is required", func(*jwtx.SignerConfig) {}, ""},
		{"no issuer", func(c *jwtx.SignerConfig) { c.Issuer = "" }, "jwtx: no Issuer, or one that is not plain text"},
		{"an issuer of two lines", func(c *jwtx.SignerConfig) { c.Issuer = "a\nb" }, "jwtx: no Issuer, or one that is not plain text"},
		{"an issuer that is not UTF-8", func(c *jwtx.SignerConfig) { c.Issuer = "\xff" }, "jwtx: no Issuer, or one that is not plain text"},
		{"no audience", func(c *jwtx.SignerConfig) { c.Audience = nil }, "jwtx: no Audience"},
		{"an empty audience", func(c *jwtx.SignerConfig) { c.Audience = []string{audience, ""} },
			"jwtx: an Audience that is empty or not plain text"},
		{"an audience with a NUL", func(c *jwtx.SignerConfig) { c.Audience = []string{"a\x00"} },
			"jwtx: an Audience that is empty or not plain text"},
		{"a client of two lines", func(c *jwtx.SignerConfig) { c.ClientID = "a\nb" }, "jwtx: a ClientID that is not plain text"},
		{"no keys", func(c *jwtx.SignerConfig) { c.Keys = nil }, "jwtx: no Keys"},
		{"a negative lifetime", func(c *jwtx.SignerConfig) { c.Lifetime = -time.Hour }, "jwtx: Lifetime is shorter than a second"},
		{"a lifetime of a part of a second", func(c *jwtx.SignerConfig) { c.Lifetime = time.Second - 1 },
			"jwtx: Lifetime is shorter than a second"},
		{"a second", func(c *jwtx.SignerConfig) { c.Lifetime = time.Second }, ""},
		{"a negative bound", func(c *jwtx.SignerConfig) { c.MaxBytes = -1 }, "jwtx: MaxBytes is not between 0 and 65536"},
		{"a bound that is too wide", func(c *jwtx.SignerConfig) { c.MaxBytes = 65537 }, "jwtx: MaxBytes is not between 0 and 65536"},
		{"the widest bound", func(c *jwtx.SignerConfig) { c.MaxBytes = 65536 }, ""},
		{"everything at once", func(c *jwtx.SignerConfig) { *c = jwtx.SignerConfig{Lifetime: -1, MaxBytes: -1, Audience: []string{""}} },
			"jwtx: no Issuer, or one that is not plain text\njwtx: an Audience that is empty or not plain text\njwtx: no Keys\n" +
				"jwtx: Lifetime is shorter than a second\njwtx: MaxBytes is not between 0 and 65536"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.change(&c)
			s, err := jwtx.NewSigner(c)
			if got := textOf(err); got != tt.want || (s == nil) != (tt.want != "") {
				t.Errorf("%v, %q, want %q", s, got, tt.want)
			}
		})
	}
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// What a verifier would refuse, or read as something else, is not signed.
func TestSignRefuses(t *testing.T) {
	user := auth.Actor{Type: "user", ID: "u1"}
	deep := strings.Repeat(`{"a":`, 31) + "1" + strings.Repeat("}", 31)
	at := time.Now()
	for _, tt := range []struct {
		name string
		ac   auth.AuthContext
		want string
	}{
		{"nobody", auth.AuthContext{}, "no actor type\njwtx: neither an actor nor an identity"},
		{"an actor without a type", auth.AuthContext{Actor: auth.Actor{ID: "u1"}}, "no actor type"},
		{"a type alone", auth.AuthContext{Actor: auth.Actor{Type: "user"}, Provider: "emailpass"}, "neither an actor nor an identity"},
		{"an actor of two lines", auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "u\n1"}}, "not plain text"},
		{"a type with a NUL", auth.AuthContext{Actor: auth.Actor{Type: "user\x00", ID: "u1"}}, "not plain text"},
		{"an identity that is not UTF-8", auth.AuthContext{Actor: user, IdentityID: "\xff"}, "not plain text"},
		{"a provider with a control character", auth.AuthContext{Actor: user, Provider: "\u0085"}, "not plain text"},
		{"a session that is half a character", auth.AuthContext{Actor: user, SessionID: "\xed\xa0\x80"}, "not plain text"},
		{"a scope with a space", auth.AuthContext{Actor: user, Scopes: auth.NewSet("read write")}, "a scope with a space"},
		{"a scope of a space", auth.AuthContext{Actor: user, Scopes: auth.NewSet(" ")}, "a scope with a space"},
		{"a scope with a tab", auth.AuthContext{Actor: user, Scopes: auth.NewSet("a\tb")}, "a scope with a space, or that is not plain text"},
		{"a scope that is not UTF-8", auth.AuthContext{Actor: user, Scopes: auth.NewSet("\xff")},
			"a scope with a space, or that is not plain text"},
		{"a role of two lines", auth.AuthContext{Actor: user, Roles: auth.NewSet("a", "b\r\nc")}, "a role that is not plain text"},
		{"a factor without a time", auth.AuthContext{Actor: user, Factors: []auth.Factor{{Method: "pwd"}}}, "a factor without a time"},
		{"a factor before 1970", auth.AuthContext{Actor: user, Factors: []auth.Factor{{Method: "pwd", At: time.Unix(0, 0)}}},
			"a factor without a time"},
		{"a factor after 9999", auth.AuthContext{Actor: user, Factors: []auth.Factor{{Method: "pwd", At: time.Unix(253402300800, 0)}}}, "factor"},
		{"a method with a NUL", auth.AuthContext{Actor: user, Factors: []auth.Factor{{Method: "p\x00", At: at}}}, "whose method is not plain text"},
		{"what has expired", auth.AuthContext{Actor: user, Expires: at.Add(-time.Second)}, "has expired"},
		{"what expires now", auth.AuthContext{Actor: user, Expires: at}, "has expired"},
		{"metadata over 8 KiB", auth.AuthContext{Actor: user, AppMetadata: metadata(`{"a":"` + strings.Repeat("x", 8<<10) + `"}`)},
			"more than 8192"},
		{"an ID over 8 KiB", auth.AuthContext{Actor: auth.Actor{Type: "user", ID: strings.Repeat("x", 8<<10)}}, "more than 8192"},
		{"metadata that is not UTF-8", auth.AuthContext{Actor: user, AppMetadata: metadata("{\"a\":\"\xff\"}")}, "claim"},
		{"metadata with half a character", auth.AuthContext{Actor: user, UserMetadata: metadata(`{"a":"\ud800"}`)}, "claim"},
		{"metadata that is an array", auth.AuthContext{Actor: user, AppMetadata: auth.RawMetadata("[1]")}, "claims: "},
		{"metadata that is text", auth.AuthContext{Actor: user, UserMetadata: auth.RawMetadata(`"x"`)}, "claims: "},
		{"metadata that closes its object", auth.AuthContext{Actor: user, UserMetadata: auth.RawMetadata(`{},"actor_id":"admin"`)}, "claims: "},
		{"metadata that is deeper than a verifier reads", auth.AuthContext{Actor: user, AppMetadata: metadata(deep)}, "claim"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token, err := signerWith(secrets).Sign(context.Background(), tt.ac)
			if token != "" || !strings.Contains(textOf(err), tt.want) || !strings.HasPrefix(textOf(err), "jwtx: ") {
				_, refused := verify(verifierWith(), token)
				t.Errorf("signed, with error %v, want %q; a verifier says: %v", err, tt.want, refused)
			}
		})
	}
}

// A signingFunc is a SigningSource of a test.
type signingFunc func() (kid, alg string, s crypto.Signer, err error)

func (f signingFunc) SigningKey(context.Context) (kid, alg string, s crypto.Signer, err error) {
	return f()
}

// answers returns a kms with a public key that signs everything alike.
func answers(public crypto.PublicKey, signature []byte, err error) kms {
	return kms{public, func(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return signature, err }}
}

// Sign hands out no token without a signature that a verifier might accept.
func TestSigningSourceMisbehaves(t *testing.T) {
	down := errors.New("the KMS does not answer")
	rs := func(r, s int64) []byte {
		return must(asn1.Marshal(struct{ R, S *big.Int }{big.NewInt(r), big.NewInt(s)}))
	}
	huge := must(asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)}))
	ec, rsaPublic, ed := &p256Key.PublicKey, &rsaKey.PublicKey, ed25519Key.Public()
	for _, tt := range []struct {
		name, kid, alg string
		signer         crypto.Signer
		err            error
		want           string
	}{
		{"an error", "", "", nil, down, "jwtx: signing key: the KMS does not answer"},
		{"an error and a key", "", "ES256", p256Key, down, "jwtx: signing key: the KMS does not answer"},
		{"nothing", "", "", nil, nil, `no signing key, or one for ""`},
		{"no signer", "", "ES256", nil, nil, "no signing key"},
		{"none", "", "none", p256Key, nil, `one for "none", which is not supported`},
		{"an algorithm in other case", "", "es256", p256Key, nil, `one for "es256", which is not supported`},
		{"an algorithm of another family", "", "RS256", p256Key, nil, "does not fit the algorithm"},
		{"another curve", "", "ES256", p384Key, nil, "does not fit the algorithm"},
		{"a key pair for HMAC", "", "HS256", rsaKey, nil, "does not fit the algorithm"},
		{"a secret for a key pair", "", "RS256", answers(nil, []byte("x"), nil), nil, "does not fit the algorithm"},
		{"a signer whose public key is nil", "", "RS256", answers((*rsa.PublicKey)(nil), nil, nil), nil, "does not fit the algorithm"},
		{"a signer that is a nil pointer", "", "RS256", (*rsa.PrivateKey)(nil), nil, "does not fit the algorithm"},
		{"a nil pointer for HMAC", "", "HS256", (*rsa.PrivateKey)(nil), nil, "does not fit the algorithm"},
		{"a signer of an empty key", "", "ES256", &ecdsa.PrivateKey{}, nil, "does not fit the algorithm"},
		{"half an Ed25519 key", "", "EdDSA", answers(ed.(ed25519.PublicKey)[:31], nil, nil), nil, "does not fit the algorithm"},
		{"RSA of 1024 bits", "", "RS256", answers(&rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}, nil, nil), nil,
			"does not fit the algorithm"},
		{"an ECDSA signer that fails", "", "ES256", answers(ec, nil, down), nil, "jwtx: signing: the KMS does not answer"},
		{"an RSA signer that fails", "", "PS256", answers(rsaPublic, nil, down), nil, "jwtx: signing: the KMS does not answer"},
		{"an Ed25519 signer that fails", "", "EdDSA", answers(ed, nil, down), nil, "jwtx: signing: the KMS does not answer"},
		{"an HMAC that fails", "", "HS256", answers(nil, nil, down), nil, "jwtx: signing: the KMS does not answer"},
		{"an HMAC that is too short", "", "HS256", answers(nil, make([]byte, 31), nil), nil, "jwtx: signing: "},
		{"an HMAC of another digest", "", "HS256", answers(nil, make([]byte, 48), nil), nil, "jwtx: signing: "},
		{"an ECDSA signature that is not ASN.1", "", "ES256", answers(ec, make([]byte, 64), nil), nil, "not R and S in ASN.1"},
		{"an empty ECDSA signature", "", "ES256", answers(ec, nil, nil), nil, "not R and S in ASN.1"},
		{"an ECDSA signature with a tail", "", "ES256", answers(ec, append(rs(1, 1), 0), nil), nil, "not R and S in ASN.1"},
		{"an ECDSA signature with a zero", "", "ES256", answers(ec, rs(1, 0), nil), nil, "out of range"},
		{"a negative ECDSA signature", "", "ES256", answers(ec, rs(-1, 1), nil), nil, "out of range"},
		{"an ECDSA signature for a wider curve", "", "ES256", answers(ec, huge, nil), nil, "out of range"},
		{"an empty Ed25519 signature", "", "EdDSA", answers(ed, nil, nil), nil, "signature"},
		{"an Ed25519 signature that is too long", "", "EdDSA", answers(ed, make([]byte, 65), nil), nil, "signature"},
		{"an empty RSA signature", "", "RS256", answers(rsaPublic, nil, nil), nil, "signature"},
		{"an RSA signature of another key's length", "", "PS256", answers(rsaPublic, make([]byte, 384), nil), nil, "signature"},
		{"a kid of two lines", "a\nb", "ES256", p256Key, nil, "kid"},
		{"a kid that is not UTF-8", "\xff", "ES256", p256Key, nil, "kid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			source := signingFunc(func() (string, string, crypto.Signer, error) { return tt.kid, tt.alg, tt.signer, tt.err })
			token, err := signerWith(source).Sign(context.Background(), auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "u1"}})
			if token != "" || !strings.Contains(textOf(err), tt.want) {
				t.Errorf("token %q, error %v, want %q", token, err, tt.want)
			}
		})
	}
}

// The program may go on using what it configured a signer with.
func TestSignerKeepsItsConfig(t *testing.T) {
	c := jwtx.SignerConfig{Issuer: issuer, Audience: []string{audience}, Keys: secrets}
	s := must(jwtx.NewSigner(c))
	c.Audience[0] = "changed"
	token := must(s.Sign(context.Background(), auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "u1"}}))
	checkVisit(t, "after the change", token, knock(verifierWith(), token), passes)
}
