package jwtx_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"os"
	"strconv"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

const (
	issuer   = "https://login.example.com"
	audience = "https://api.example.com"
	future   = "4102444800" // 2100-01-01
)

// The published examples of RFC 7517 and RFC 8037 are keys of all tests, so that what they sign is always the same.
var (
	secret     = []byte("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
	rsaKey     = signerOf(must(jwks.ParseJWK(must(os.ReadFile("testdata/rfc7517-a2-rsa.json"))))).(*rsa.PrivateKey)
	p256Key    = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p384Key    = must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	p521Key    = must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	ed25519Key = ed25519.NewKeyFromSeed(must(base64.RawURLEncoding.DecodeString("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")))

	secretAlgs = []string{"HS256", "HS384", "HS512"}
	pairAlgs   = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

	private = map[string]any{
		"HS256": secret, "HS384": secret, "HS512": secret,
		"RS256": rsaKey, "RS384": rsaKey, "RS512": rsaKey, "PS256": rsaKey, "PS384": rsaKey, "PS512": rsaKey,
		"ES256": p256Key, "ES384": p384Key, "ES512": p521Key, "EdDSA": ed25519Key,
	}

	// The kid of a key is the name of its algorithm.
	secrets = setOf(secretAlgs...)
	pairs   = setOf(pairAlgs...)
)

func keyOf(alg string) *jwks.Key {
	opts := &jwks.KeyOptions{ID: alg, Algorithm: alg}
	if s, ok := private[alg].([]byte); ok {
		return must(jwks.NewSecret(s, opts))
	}
	return must(jwks.NewKey(private[alg], opts))
}

func setOf(algs ...string) *jwks.Set {
	var keys []*jwks.Key
	for _, alg := range algs {
		keys = append(keys, keyOf(alg))
	}
	return must(jwks.NewSet(keys...))
}

func signerOf(k *jwks.Key) crypto.Signer {
	_, _, s, err := must(jwks.NewSet(k)).SigningKey(context.Background())
	return must(s, err)
}

// secretConfig and pairConfig accept access tokens of all algorithms of their sort.
func secretConfig() jwtx.Config {
	return jwtx.Config{
		Issuer: issuer, Audience: []string{audience}, Algorithms: secretAlgs, Kinds: []jwtx.Kind{jwtx.Access}, Keys: secrets,
	}
}

func pairConfig() jwtx.Config {
	c := secretConfig()
	c.Algorithms, c.Keys = pairAlgs, pairs
	return c
}

// verifierWith returns the verifier of secretConfig with some things changed.
func verifierWith(changes ...func(c *jwtx.Config)) *jwtx.Verifier {
	c := secretConfig()
	for _, change := range changes {
		change(&c)
	}
	return must(jwtx.NewVerifier(c))
}

func kinds(all ...jwtx.Kind) func(c *jwtx.Config) { return func(c *jwtx.Config) { c.Kinds = all } }

func allowIncomplete(c *jwtx.Config) { c.AllowIncomplete = true }

func actorType(name string) func(c *jwtx.Config) { return func(c *jwtx.Config) { c.ActorType = name } }

func verify(v *jwtx.Verifier, token string) (*auth.AuthContext, error) {
	return v.VerifyToken(context.Background(), auth.Credential{Token: token})
}

func signerWith(keys jwtx.SigningSource) *jwtx.Signer {
	return must(jwtx.NewSigner(jwtx.SignerConfig{Issuer: issuer, Audience: []string{audience}, Keys: keys}))
}

func b64(data string) string { return base64.RawURLEncoding.EncodeToString([]byte(data)) }

// forge returns the token of a header and a payload as they are, rightly signed with the key of alg, by golang-jwt.
func forge(alg, header, payload string) string {
	return signed(alg, b64(header)+"."+b64(payload), private[alg])
}

func signed(alg, input string, key any) string {
	return input + "." + b64(string(must(jwt.GetSigningMethod(alg).Sign(input, key))))
}

// head and claims return the text of a good header and of the payload of a good access token, with changes: pairs of a
// name and the text of a value, "" for none.
func head(alg string, changes ...string) string {
	return object(append([]string{"alg", strconv.Quote(alg), "typ", `"at+jwt"`, "kid", strconv.Quote(alg)}, changes...))
}

func claims(changes ...string) string {
	return object(append([]string{
		"iss", strconv.Quote(issuer), "aud", strconv.Quote(audience), "sub", `"u1"`, "exp", future, "iat", "1700000000",
		"jti", `"t1"`, "client_id", `"c1"`, "sid", `"s1"`, "actor_id", `"u1"`, "actor_type", `"user"`,
	}, changes...))
}

func object(pairs []string) string {
	var names []string
	values := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		if _, ok := values[pairs[i]]; !ok {
			names = append(names, pairs[i])
		}
		values[pairs[i]] = pairs[i+1]
	}
	var members []string
	for _, name := range names {
		if values[name] != "" {
			members = append(members, strconv.Quote(name)+":"+values[name])
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// plus returns a JSON object with the text of more members at its end.
func plus(object, members string) string {
	return strings.TrimSuffix(object, "}") + "," + members + "}"
}

// hs256 returns a token with a payload, and hs256Head one with a header; the rest is good.
func hs256(payload string) string { return forge("HS256", head("HS256"), payload) }

func hs256Head(header string) string { return forge("HS256", header, claims()) }
