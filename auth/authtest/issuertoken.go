package authtest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/countersign-go/countersign/auth/token"
)

// Token returns an access token that is good for five minutes, signed by the current key. It has iss, sub, aud, exp, iat,
// jti and client_id (RFC 9068, section 2.2), and claims replaces any of them or adds others; one that is nil is left out.
// A claim that is a [time.Time] becomes seconds, as JWTs have them (RFC 7519, section 2).
func (i *Issuer) Token(claims map[string]any) string {
	i.t.Helper()
	return i.TokenWith(nil, claims)
}

// TokenWith is [Issuer.Token] with changes to the header too, which has alg, kid and typ, for tokens that must be
// refused. Whatever alg says, the current key signs with its own algorithm.
func (i *Issuer) TokenWith(header, claims map[string]any) string {
	i.t.Helper()
	i.mu.Lock()
	set := i.set
	i.mu.Unlock()
	kid, alg, key, err := set.SigningKey(context.Background())
	if err != nil {
		i.t.Fatalf("authtest: Issuer: %v", err)
	}
	now := time.Now()
	input := i.part("header", header, map[string]any{"alg": alg, "kid": kid, "typ": "at+jwt"}) + "." +
		i.part("claims", claims, map[string]any{
			"iss": i.URL(), "sub": "user-1", "aud": i.options.Audience, "client_id": "client-1", "jti": token.NewID(),
			"iat": now, "exp": now.Add(5 * time.Minute),
		})
	signature, err := jwt.GetSigningMethod(alg).Sign(input, key)
	if err != nil {
		i.t.Fatalf("authtest: Issuer: signing with a key for %s: %v", alg, err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// part returns a part of a token: members with the changes that are wanted.
func (i *Issuer) part(name string, changes, members map[string]any) string {
	i.t.Helper()
	maps.Copy(members, changes)
	for member, value := range members {
		switch v := value.(type) {
		case nil:
			delete(members, member)
		case time.Time:
			members[member] = v.Unix()
		}
	}
	text, err := json.Marshal(members)
	if err != nil {
		i.t.Fatalf("authtest: Issuer: %s that cannot be JSON: %v", name, err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}
