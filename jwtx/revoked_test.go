package jwtx_test

import (
	"context"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

// revokedBy returns a verifier that asks about revocation.
func revokedBy(ask func(r jwtx.Revocable) (bool, error)) *jwtx.Verifier {
	return verifierWith(kinds(jwtx.Access, jwtx.Registration), allowIncomplete, func(c *jwtx.Config) {
		c.Revoked = func(_ context.Context, r jwtx.Revocable) (bool, error) { return ask(r) }
	})
}

func TestRevoked(t *testing.T) {
	token := hs256(claims())
	for _, tt := range []struct {
		name    string
		revoked bool
		err     error
		want    outcome
	}{
		{"a token that was not revoked", false, nil, passes},
		{"a token that was revoked", true, nil, invalidToken},
		{"nobody knows", false, errDown, unavailable},
		{"an answer with an error", true, errDown, unavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := revokedBy(func(jwtx.Revocable) (bool, error) { return tt.revoked, tt.err })
			checkVisit(t, tt.name, token, knock(v, token), tt.want)
		})
	}
}

func TestRevokedIsTold(t *testing.T) {
	exp, iat := time.Unix(4102444800, 0).UTC(), time.Unix(1700000000, 0).UTC()
	registration := forge("HS256", head("HS256", "typ", `"registration+jwt"`), claims("sub", `"i1"`, "actor_id", "", "auth_identity_id", `"i1"`))
	for _, tt := range []struct {
		name, token string
		want        jwtx.Revocable
	}{
		{"all there is", hs256(claims()),
			jwtx.Revocable{Issuer: issuer, ID: "t1", SessionID: "s1", Actor: auth.Actor{Type: "user", ID: "u1"}, IssuedAt: iat, Expires: exp}},
		{"what is required", hs256(claims("jti", "", "sid", "", "iat", "")),
			jwtx.Revocable{Issuer: issuer, Actor: auth.Actor{Type: "user", ID: "u1"}, Expires: exp}},
		{"an identity without an actor", registration,
			jwtx.Revocable{Issuer: issuer, ID: "t1", SessionID: "s1", Actor: auth.Actor{Type: "user"}, IssuedAt: iat, Expires: exp}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var told []jwtx.Revocable
			v := revokedBy(func(r jwtx.Revocable) (bool, error) { told = append(told, r); return false, nil })
			if _, err := verify(v, tt.token); err != nil || len(told) != 1 || told[0] != tt.want {
				t.Errorf("told %+v, want %+v once; %v", told, tt.want, err)
			}
		})
	}
}

// What is refused anyway is not asked about: nobody can fill a list, or a log, with tokens of his own making.
func TestRevokedIsNotAskedInVain(t *testing.T) {
	v := revokedBy(func(r jwtx.Revocable) (bool, error) { t.Errorf("asked about %+v", r); return false, nil })
	for name, token := range map[string]string{
		"forged": signed("HS256", b64(head("HS256"))+"."+b64(claims()), []byte("x")), "expired": hs256(claims("exp", "1")),
		"of another audience": hs256(claims("aud", `"x"`)), "inconsistent": hs256(claims("sub", `"x"`)),
		"of another issuer": hs256(claims("iss", `"x"`)),
	} {
		checkVisit(t, name, token, knock(v, token), invalidToken)
	}
}

// A token costs no key look-up, and no cryptography, before all of it has the form of one.
func TestMalformedBeforeKeys(t *testing.T) {
	v := verifierOf("HS256", unread(t))
	h, p, s := b64(head("HS256")), b64(claims()), lastOf(hs256(claims()))
	for _, tt := range []struct{ name, token string }{
		{"no dots", h + p + s},
		{"a header that is not base64url", "!" + h + "." + p + "." + s},
		{"a payload that is not base64url", h + "." + p + "!." + s},
		{"a payload with padding", h + "." + b64("{}") + "=." + s},
		{"a payload of one character", h + ".A." + s},
		{"a payload with bits left over", h + ".AB." + s},
		{"a signature that is not base64url", h + "." + p + "." + s + "!"},
		{"an empty signature", h + "." + p + "."},
		{"a header that is no object", b64("[]") + "." + p + "." + s},
		{"another kind", b64(head("HS256", "typ", `"JWT"`)) + "." + p + "." + s},
		{"another algorithm", b64(head("HS384")) + "." + p + "." + s},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ac, err := verify(v, tt.token)
			checkInvalid(t, tt.name, ac, err)
		})
	}
}
