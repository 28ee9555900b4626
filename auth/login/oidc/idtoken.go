package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

// maxIDToken bounds an ID token, in bytes. It is in no header, and providers put groups into it.
const maxIDToken = 32 << 10

// newVerifier returns what verifies the ID tokens of c.Issuer: their form, algorithm, signature, iss, aud, exp, nbf and iat,
// and that there is a sub. An access token of the kind that RFC 9068 defines is none.
func newVerifier(c Config, keys jwtx.KeySource) (*jwtx.Verifier, error) {
	return jwtx.NewVerifier(jwtx.Config{
		Issuer: c.Issuer, Audience: []string{c.ClientID}, Algorithms: c.Algorithms, Kinds: []jwtx.Kind{jwtx.Plain, jwtx.Untyped},
		Keys: keys, Leeway: c.Leeway, Timeout: c.Timeout, MaxBytes: maxIDToken,
		Identify: func(_ context.Context, claims jwtx.Claims) (*auth.AuthContext, error) {
			return &auth.AuthContext{IdentityID: claims.Subject}, nil
		},
	})
}

// verify returns the claims of an ID token that is for this client, of this flow, and of the same answer as the access
// token (OpenID Connect Core 1.0, section 3.1.3.7).
func (o *openID) verify(ctx context.Context, v *view, text, accessToken, nonce string) (jwtx.Claims, error) {
	ac, err := v.verifier.VerifyToken(ctx, auth.Credential{Token: text})
	if err != nil {
		return jwtx.Claims{}, err
	}
	claims, ok := auth.Value[jwtx.Claims](*ac)
	if !ok {
		return jwtx.Claims{}, errors.New("ID token without claims")
	}
	switch get := claimsOf(claims); {
	case claims.IssuedAt.IsZero():
		err = errors.New("ID token without iat")
	case len(claims.Subject) > maxSubject:
		err = errors.New("ID token with a sub that is too long")
	case !equal(get, "nonce", nonce):
		err = errors.New("ID token with no nonce, or that of another flow")
	case !isForUs(get, o.config.ClientID):
		err = errors.New("ID token that was issued to another client")
	case get("at_hash") != nil && !equal(get, "at_hash", accessTokenHash(text, accessToken)):
		err = errors.New("ID token beside another access token")
	case len(o.config.ACRValues) > 0 && !slices.Contains(o.config.ACRValues, cleanText(get("acr"), maxText)):
		err = errors.New("ID token without an acr that was asked for")
	}
	if err != nil {
		return jwtx.Claims{}, err
	}
	return claims, nil
}

// claimsOf returns where the claims of a token are found by their names.
func claimsOf(c jwtx.Claims) func(name string) json.RawMessage {
	return func(name string) json.RawMessage {
		var value json.RawMessage
		if _, err := c.Get(name, &value); err != nil {
			return nil
		}
		return value
	}
}

// equal reports whether a claim is the text want, which is not empty, in a time that does not tell where they differ.
func equal(get func(string) json.RawMessage, name, want string) bool {
	got := cleanText(get(name), maxText)
	return want != "" && subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}

// isForUs looks at azp: who has several audiences says which of them the token was issued to, and who says so says us.
func isForUs(get func(string) json.RawMessage, clientID string) bool {
	var audience []string
	several := json.Unmarshal(get("aud"), &audience) == nil && len(audience) > 1
	if !several && get("azp") == nil {
		return true
	}
	return equal(get, "azp", clientID)
}

// accessTokenHash returns what at_hash must be (section 3.1.3.6): half of the digest that goes with the algorithm of the ID
// token, which is verified. It is "" if that cannot be read.
func accessTokenHash(idToken, accessToken string) string {
	head, _, _ := strings.Cut(idToken, ".")
	data, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return ""
	}
	header, err := readObject(data)
	if err != nil {
		return ""
	}
	alg, err := header.text("alg")
	if err != nil {
		return ""
	}
	var h hash.Hash
	switch {
	case strings.HasSuffix(alg, "256"):
		h = sha256.New()
	case strings.HasSuffix(alg, "384"):
		h = sha512.New384()
	default: // EdDSA has Ed25519 here, and that has SHA-512
		h = sha512.New()
	}
	_, _ = h.Write([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:h.Size()/2])
}

// authTime returns when people have proven to the provider who they are, if it was asked to say so, and an error unless that
// was as lately as it must have been.
func (c Config) authTime(get func(string) json.RawMessage) (time.Time, error) {
	if c.MaxAge == 0 {
		return time.Time{}, nil
	}
	var seconds *float64
	if json.Unmarshal(get("auth_time"), &seconds) != nil || seconds == nil {
		return time.Time{}, errors.New("ID token without the auth_time that was asked for")
	}
	const year10000 = 253402300800
	if *seconds <= 0 || *seconds >= year10000 {
		return time.Time{}, errors.New("ID token with an impossible auth_time")
	}
	at := time.Unix(int64(*seconds), 0)
	if age := time.Since(at); age > c.MaxAge+c.Leeway || age < -c.Leeway {
		return time.Time{}, fmt.Errorf("ID token whose auth_time is not of the last %v", c.MaxAge)
	}
	return at, nil
}
