package jwtx_test

import (
	"context"
	"crypto"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
)

// A token says what the AuthContext said that it was signed for, whatever the algorithm.
func TestRoundTrip(t *testing.T) {
	user := auth.Actor{Type: "user", ID: "u1"}
	at := time.Date(2020, 2, 29, 23, 59, 59, 0, time.UTC)
	tests := []struct {
		name string
		ac   auth.AuthContext
		kind jwtx.Kind
	}{
		{"an actor alone", auth.AuthContext{Actor: user}, jwtx.Access},
		{"an actor with an identity", auth.AuthContext{Actor: user, IdentityID: "i1", Provider: "emailpass"}, jwtx.Access},
		{"an actor whose ID is its identity's", auth.AuthContext{Actor: user, IdentityID: "u1"}, jwtx.Access},
		{"an identity without an actor", auth.AuthContext{Actor: auth.Actor{Type: "user"}, IdentityID: "i1", Provider: "emailpass"},
			jwtx.Registration},
		{"a session", auth.AuthContext{Actor: user, SessionID: "s1"}, jwtx.Access},
		{"scopes", auth.AuthContext{Actor: user, Scopes: auth.NewSet("read", "write", "*", "a:b/c?d=e", `"`, `\`, "é")}, jwtx.Access},
		{"one scope", auth.AuthContext{Actor: user, Scopes: auth.NewSet("read")}, jwtx.Access},
		{"roles", auth.AuthContext{Actor: user, Roles: auth.NewSet("admin", "store manager", " ", "*")}, jwtx.Access},
		{"a factor", auth.AuthContext{Actor: user, Factors: []auth.Factor{{Method: "pwd", At: at}}}, jwtx.Access},
		{"factors at equal times", auth.AuthContext{Actor: user, Factors: []auth.Factor{{Method: "pwd", At: at}, {Method: "otp",
			At: at}}}, jwtx.Access},
		{"factors at different times", auth.AuthContext{Actor: user, Factors: []auth.Factor{{Method: "otp", At: at}, {Method: "pwd",
			At: at.Add(-time.Hour)},
			{Method: "otp", At: at.Add(time.Hour)}}}, jwtx.Access},
		{"app metadata", auth.AuthContext{Actor: user, AppMetadata: metadata(`{"user_id":"u1","n":1.5,"list":[1,{"a":null}],"":{}}`)}, jwtx.Access},
		{"user metadata", auth.AuthContext{Actor: user, UserMetadata: metadata(`{"name":"Zoë <b>&amp;</b> \u2028 😀","quote":"\"\\/"}`)}, jwtx.Access},
		{"characters", auth.AuthContext{Actor: auth.Actor{Type: "ü ser", ID: `<>&'"\/`}, IdentityID: "\u2028\u2029\ufffd",
			Provider: "😀\U0010ffff", SessionID: "\u200d\u00a0"}, jwtx.Access},
	}
	for _, alg := range append(secretAlgs, pairAlgs...) {
		keys := setOf(alg)
		v := verifierWith(kinds(jwtx.Access, jwtx.Registration), func(c *jwtx.Config) { c.Algorithms, c.Keys = []string{alg}, keys })
		for _, tt := range tests {
			t.Run(alg+", "+tt.name, func(t *testing.T) {
				got := must(verify(v, must(signerWith(keys).Sign(context.Background(), tt.ac))))
				c, _ := auth.Value[jwtx.Claims](*got)
				want := tt.ac
				want.Scheme, want.Issuer, want.CredentialID, want.Expires = "bearer", issuer, c.ID, c.Expires
				want.AppMetadata, want.UserMetadata = compact(tt.ac.AppMetadata), compact(tt.ac.UserMetadata)
				want.Attach(c)
				if !reflect.DeepEqual(*got, want) || c.Kind != tt.kind || c.ID == "" {
					t.Errorf("read back as %+v (%s), want %+v (%s)", *got, c.Kind, want, tt.kind)
				}
			})
		}
	}
}

func metadata(object string) auth.Metadata { return must(auth.NewMetadata(json.RawMessage(object))) }

// compact returns metadata as a token writes it: the same, in the spelling of package json; {} if there is none.
func compact(m auth.Metadata) auth.Metadata {
	var c auth.Metadata
	if err := c.UnmarshalJSON(must(json.Marshal(m))); err != nil {
		panic(err)
	}
	return c
}

func TestLifetime(t *testing.T) {
	minute, hour := time.Minute, time.Hour
	for _, tt := range []struct {
		name     string
		lifetime time.Duration
		expires  time.Duration // of the AuthContext, from now; 0 is never
		want     time.Duration
	}{
		{"the default is a quarter of an hour", 0, 0, 15 * minute},
		{"a lifetime", hour, 0, hour},
		{"an AuthContext that expires later", hour, 2 * hour, hour},
		{"an AuthContext that expires earlier", hour, minute, minute},
		{"whole seconds only", 1500 * time.Millisecond, 0, time.Second},
		{"an AuthContext that expires within a second", hour, 1900 * time.Millisecond, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now := time.Now() // a whole second, as every bubble begins with
				ac := auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "u1"}}
				ac.Expires = map[bool]time.Time{false: now.Add(tt.expires)}[tt.expires == 0]
				s := must(jwtx.NewSigner(jwtx.SignerConfig{Issuer: issuer, Audience: []string{audience}, Keys: secrets, Lifetime: tt.lifetime}))
				got := must(verify(verifierWith(), must(s.Sign(t.Context(), ac))))
				if c, _ := auth.Value[jwtx.Claims](*got); !c.Expires.Equal(now.Add(tt.want)) || !c.IssuedAt.Equal(now) || !got.Expires.Equal(c.Expires) {
					t.Errorf("from %v to %v, want from %v for %v", c.IssuedAt, c.Expires, now, tt.want)
				}
			})
		})
	}
}

// A kms is a crypto.Signer that is not of the standard library, as one before a KMS.
type kms struct {
	public crypto.PublicKey
	sign   func(random io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error)
}

func (k kms) Public() crypto.PublicKey { return k.public }

func (k kms) Sign(random io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	return k.sign(random, message, opts)
}

// remote returns a kms that has the key.
func remote(key crypto.Signer) kms { return kms{key.Public(), key.Sign} }

func TestSignByKMS(t *testing.T) {
	for _, alg := range pairAlgs {
		t.Run(alg, func(t *testing.T) {
			k := must(jwks.NewKey(remote(private[alg].(crypto.Signer)), &jwks.KeyOptions{ID: "kms", Algorithm: alg}))
			keys := must(jwks.NewSet(k))
			token := must(signerWith(keys).Sign(context.Background(), auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "u1"}}))
			checkVisit(t, "what the KMS signed", token, knock(verifierOf(alg, keys), token), passes)
			if header := strings.Split(token, ".")[0]; header != b64(`{"alg":"`+alg+`","typ":"at+jwt","kid":"kms"}`) {
				t.Errorf("header %s", header)
			}
		})
	}
}

// No two tokens are the same, so that one can be revoked.
func TestTokensHaveIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		got := must(verify(verifierWith(), must(signerWith(secrets).Sign(context.Background(),
			auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "u1"}}))))
		seen[got.CredentialID] = true
	}
	if len(seen) != 100 || seen[""] {
		t.Errorf("%d different IDs of 100 tokens", len(seen))
	}
}
