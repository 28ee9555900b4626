package jwtx_test

import (
	"context"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

func nobody(context.Context, jwtx.Claims) (*auth.AuthContext, error) {
	return nil, auth.ErrInvalidCredentials
}

func TestConfig(t *testing.T) {
	const mixed = "jwtx: Algorithms mix secrets (HS*) with public keys"
	for _, tt := range []struct {
		name   string
		change func(c *jwtx.Config)
		want   string // "" is no error
	}{
		{"what is required", func(*jwtx.Config) {}, ""},
		{"no issuer", func(c *jwtx.Config) { c.Issuer = "" }, "jwtx: no Issuer"},
		{"no audience", func(c *jwtx.Config) { c.Audience = nil }, "jwtx: no Audience, or an empty one"},
		{"an empty audience", func(c *jwtx.Config) { c.Audience = []string{"a", ""} }, "jwtx: no Audience, or an empty one"},
		{"no algorithms", func(c *jwtx.Config) { c.Algorithms = nil }, "jwtx: no Algorithms"},
		{"none", func(c *jwtx.Config) { c.Algorithms = []string{"none"} }, `jwtx: algorithm "none" is not supported`},
		{"an empty algorithm", func(c *jwtx.Config) { c.Algorithms = []string{""} }, `jwtx: algorithm "" is not supported`},
		{"an algorithm in other case", func(c *jwtx.Config) { c.Algorithms = []string{"hs256"} }, `jwtx: algorithm "hs256" is not supported`},
		{"an algorithm for encryption", func(c *jwtx.Config) { c.Algorithms = []string{"HS256", "dir"} }, `jwtx: algorithm "dir" is not supported`},
		{"secrets with RSA", func(c *jwtx.Config) { c.Algorithms = []string{"HS256", "RS256"} }, mixed},
		{"Ed25519 with secrets", func(c *jwtx.Config) { c.Algorithms = []string{"EdDSA", "ES256", "HS512"} }, mixed},
		{"all that have public keys", func(c *jwtx.Config) { c.Algorithms = pairAlgs }, ""},
		{"no kinds", func(c *jwtx.Config) { c.Kinds = nil }, "jwtx: no Kinds, or an empty one"},
		{"an empty kind", func(c *jwtx.Config) { c.Kinds = []jwtx.Kind{jwtx.Access, ""} }, "jwtx: no Kinds, or an empty one"},
		{"our kind in other case", func(c *jwtx.Config) { c.Kinds = []jwtx.Kind{"AT+JWT"} },
			`jwtx: the kind "AT+JWT", which has to be written in another way`},
		{"registration in other case, as an actor", func(c *jwtx.Config) { c.ActorType, c.Kinds = "user", []jwtx.Kind{"Registration+jwt"} },
			`jwtx: the kind "Registration+jwt", which has to be written in another way`},
		{"a kind with what is cut off", func(c *jwtx.Config) { c.Kinds = []jwtx.Kind{"Application/at+jwt"} },
			`jwtx: the kind "Application/at+jwt", which has to be written in another way`},
		{"a kind of the application's own", func(c *jwtx.Config) { c.Kinds = []jwtx.Kind{"Invite+jwt"} }, ""},
		{"no keys", func(c *jwtx.Config) { c.Keys = nil }, "jwtx: no Keys"},
		{"two ways to identify", func(c *jwtx.Config) { c.ActorType, c.Identify = "user", nobody }, "jwtx: both ActorType and Identify"},
		{"an actor for those who have none", func(c *jwtx.Config) { c.ActorType, c.Kinds = "user", []jwtx.Kind{jwtx.Registration} },
			"jwtx: ActorType with Registration, whose sub is no actor"},
		{"one way to identify", func(c *jwtx.Config) { c.Identify = nobody }, ""},
		{"a negative leeway", func(c *jwtx.Config) { c.Leeway = -1 }, "jwtx: Leeway is not between 0 and 10m0s"},
		{"a leeway that is too long", func(c *jwtx.Config) { c.Leeway = 10*time.Minute + 1 }, "jwtx: Leeway is not between 0 and 10m0s"},
		{"the longest leeway", func(c *jwtx.Config) { c.Leeway = 10 * time.Minute }, ""},
		{"a negative bound", func(c *jwtx.Config) { c.MaxBytes = -1 }, "jwtx: MaxBytes is not between 0 and 65536"},
		{"a bound that is too wide", func(c *jwtx.Config) { c.MaxBytes = 65537 }, "jwtx: MaxBytes is not between 0 and 65536"},
		{"the widest bound", func(c *jwtx.Config) { c.MaxBytes = 65536 }, ""},
		{"a negative timeout", func(c *jwtx.Config) { c.Timeout = -1 }, "jwtx: Timeout is negative"},
		{"nothing", func(c *jwtx.Config) { *c = jwtx.Config{} },
			"jwtx: no Issuer\njwtx: no Audience, or an empty one\njwtx: no Algorithms\njwtx: no Kinds, or an empty one\njwtx: no Keys"},
		{"everything wrong", func(c *jwtx.Config) {
			*c = jwtx.Config{
				Audience: []string{""}, Algorithms: []string{"none", "HS256", "RS256"}, Kinds: []jwtx.Kind{""},
				ActorType: "user", Identify: nobody, Leeway: -1, MaxBytes: -1, Timeout: -1,
			}
		}, "jwtx: no Issuer\njwtx: no Audience, or an empty one\n" + `jwtx: algorithm "none" is not supported` + "\n" + mixed +
			"\njwtx: no Kinds, or an empty one\njwtx: no Keys\njwtx: both ActorType and Identify\n" +
			"jwtx: Leeway is not between 0 and 10m0s\njwtx: MaxBytes is not between 0 and 65536\njwtx: Timeout is negative"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := secretConfig()
			tt.change(&c)
			v, err := jwtx.NewVerifier(c)
			if got := textOf(err); got != tt.want || (v == nil) != (tt.want != "") {
				t.Errorf("%v, %q, want %q", v, got, tt.want)
			}
		})
	}
}

// The program may go on using what it configured a verifier with.
func TestVerifierKeepsItsConfig(t *testing.T) {
	c := secretConfig()
	c.Audience, c.Algorithms, c.Kinds = []string{audience}, []string{"HS256"}, []jwtx.Kind{jwtx.Access}
	v := must(jwtx.NewVerifier(c))
	c.Audience[0], c.Algorithms[0], c.Kinds[0] = "changed", "HS384", "changed"
	token := hs256(claims())
	checkVisit(t, "what was configured", token, knock(v, token), passes)
	for name, other := range map[string]string{
		"the changed audience": hs256(claims("aud", `"changed"`)), "the changed kind": hs256Head(head("HS256", "typ", `"changed"`)),
		"the changed algorithm": forge("HS384", head("HS384"), claims()),
	} {
		checkVisit(t, name, other, knock(v, other), invalidToken)
	}
}

func TestRecognizes(t *testing.T) {
	v := verifierWith()
	for _, tt := range []struct {
		name, token string
		want        bool
	}{
		{"a token", hs256(claims()), true},
		{"three parts", "a.b.c", true},
		{"an opaque token", "sk_abcdefgh_abcdefgh", false},
		{"two parts", "a.b", false},
		{"five parts", "a.b.c.d.e", false},
		{"nothing", "", false},
	} {
		if got := v.Recognizes(tt.token); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
