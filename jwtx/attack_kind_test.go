package jwtx_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

func refreshAsAccess(t *testing.T) {
	refused(t, map[string]string{
		"typ refresh+jwt": hs256Head(head("HS256", "typ", `"refresh+jwt"`)),
		"opaque":          "rt_abcdefghijklmnop_1_abcdefghijklmnopqrstuvwxyz234567",
		"opaque, dotted":  "rt.abcdefghijklmnop.abcdefghijklmnopqrstuvwxyz234567",
		"typ logout+jwt":  hs256Head(head("HS256", "typ", `"logout+jwt"`)),
		"typ dpop+jwt":    hs256Head(head("HS256", "typ", `"dpop+jwt"`)),
		"typ secevent":    hs256Head(head("HS256", "typ", `"secevent+jwt"`)),
	})
}

func idTokenAsAccess(t *testing.T) {
	id := claims("aud", `"client-1"`, "nonce", `"n"`, "azp", `"client-1"`)
	refused(t, map[string]string{
		"typ JWT":                forge("HS256", head("HS256", "typ", `"JWT"`), id),
		"no typ":                 forge("HS256", head("HS256", "typ", ""), id),
		"typ JWT and our aud":    forge("HS256", head("HS256", "typ", `"JWT"`), claims()),
		"no typ and our aud":     forge("HS256", head("HS256", "typ", ""), claims()),
		"typ at+jwt":             hs256(id),
		"typ id_token+jwt":       forge("HS256", head("HS256", "typ", `"id_token+jwt"`), claims()),
		"our client beside them": hs256(claims("aud", `["client-1","client-2"]`)),
	})
}

// kindsMixed shows a token of each kind to a verifier of each.
func kindsMixed(t *testing.T) {
	all := []jwtx.Kind{jwtx.Access, jwtx.Registration, jwtx.Plain, "refresh+jwt", "invite+jwt", "password-reset+jwt", "verify-email+jwt"}
	for _, is := range all {
		payload := map[bool]string{true: claims("actor_id", "", "auth_identity_id", `"u1"`), false: claims()}[is == jwtx.Registration]
		token := forge("HS256", head("HS256", "typ", strconv.Quote(string(is))), payload)
		for _, wanted := range all {
			got := knock(verifierWith(kinds(wanted)), token, auth.AllowUnregistered)
			want := map[bool]outcome{true: passes, false: invalidToken}[is == wanted]
			checkVisit(t, fmt.Sprintf("%s shown as %s", is, wanted), token, got, want)
		}
		got := knock(verifierWith(kinds(all...)), token, auth.AllowUnregistered)
		checkVisit(t, string(is)+" where all are taken", token, got, passes)
		if c, _ := auth.Value[jwtx.Claims](got.ac); c.Kind != is {
			t.Errorf("a token of kind %s is read as %s", is, c.Kind)
		}
	}
}

func typForms(t *testing.T) {
	all := map[string]string{"missing": ""}
	for _, typ := range []string{"JWT", "jwt", "", "application/jwt", "at+jwt;x=1", "at+jwt ", " at+jwt", "at jwt", "at+jwtx",
		"application/", "application/application/at+jwt", "text/at+jwt", "at",
		"application/at+jwt; charset=utf-8", "/at+jwt", "a\u0442+jwt", "untyped", "x-at+jwt", "at+jwt,JWT"} {
		all[typ] = strconv.Quote(typ)
	}
	for _, value := range []string{"1", "null", "true", `["at+jwt"]`, `{"at+jwt":1}`} {
		all[value] = value
	}
	tokens := map[string]string{}
	for name, value := range all {
		tokens["typ "+name] = hs256Head(head("HS256", "typ", value))
	}
	refused(t, tokens)
	for _, good := range []string{"at+jwt", "application/at+jwt", "AT+JWT", "At+Jwt", "Application/AT+jwt", `\u0061t+jwt`,
		`application\/at+jwt`} {
		token := hs256Head(head("HS256", "typ", `"`+good+`"`))
		checkVisit(t, good, token, knock(verifierWith(), token), passes)
	}
}

func ctyNested(t *testing.T) {
	inner := hs256(claims())
	refused(t, map[string]string{
		"JWT":           forge("HS256", head("HS256", "cty", `"JWT"`), inner),
		"JWT of claims": hs256Head(head("HS256", "cty", `"JWT"`)), "jwt": hs256Head(head("HS256", "cty", `"jwt"`)),
		"CTY":  hs256Head(head("HS256", "CTY", `"JWT"`)),
		"json": hs256Head(head("HS256", "cty", `"json"`)), "null": hs256Head(head("HS256", "cty", "null")), "no cty": hs256(inner),
		"a string": hs256(`"` + inner + `"`),
	})
}

// A Kind beside the constants, and what a verifier makes of typ.
func TestKind(t *testing.T) {
	for _, tt := range []struct {
		name  string
		kinds []jwtx.Kind
		typ   string // text of the value
		want  jwtx.Kind
	}{
		{"JWT where that is taken", []jwtx.Kind{jwtx.Plain}, `"JWT"`, jwtx.Plain},
		{"jwt in small letters", []jwtx.Kind{jwtx.Plain}, `"jwt"`, jwtx.Plain},
		{"application/jwt", []jwtx.Kind{jwtx.Plain}, `"application/jwt"`, jwtx.Plain},
		{"no typ where that is taken", []jwtx.Kind{jwtx.Untyped}, "", jwtx.Untyped},
		{"no typ beside others", []jwtx.Kind{jwtx.Access, jwtx.Untyped}, "", jwtx.Untyped},
		{"untyped is not a typ", []jwtx.Kind{jwtx.Untyped}, `"untyped"`, ""},
		{"an empty typ is a typ", []jwtx.Kind{jwtx.Untyped}, `""`, ""},
		{"a typ that is null is no missing one", []jwtx.Kind{jwtx.Untyped}, `null`, ""},
		{"any typ where none is wanted", []jwtx.Kind{jwtx.Untyped}, `"at+jwt"`, ""},
		{"no typ where one is wanted", []jwtx.Kind{jwtx.Access, jwtx.Plain}, "", ""},
		{"a kind of the application", []jwtx.Kind{"invite+jwt"}, `"INVITE+jwt"`, "invite+jwt"},
		{"a kind that is not ASCII in the token", []jwtx.Kind{"desk+jwt"}, "\"de\u017f\u212a+jwt\"", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ac, _ := verify(verifierWith(kinds(tt.kinds...)), hs256Head(head("HS256", "typ", tt.typ)))
			if got := kindOf(ac); got != tt.want {
				t.Errorf("kind %q, want %q", got, tt.want)
			}
		})
	}
}

// kindOf returns the kind of an accepted token, "" for none.
func kindOf(ac *auth.AuthContext) jwtx.Kind {
	if ac == nil {
		return ""
	}
	c, _ := auth.Value[jwtx.Claims](*ac)
	return c.Kind
}

// A registration token names an identity, which must not pass for an actor, whatever the verifier makes of sub.
func TestRegistrationIsNoActor(t *testing.T) {
	token := must(signerWith(secrets).Sign(context.Background(), auth.AuthContext{Actor: auth.Actor{Type: "user"}, IdentityID: "i1"}))
	got := knock(verifierWith(kinds(jwtx.Access, jwtx.Registration)), token)
	if got.handled != 0 || got.status != 401 {
		t.Errorf("without AllowUnregistered: %+v", got)
	}
	got = knock(verifierWith(kinds(jwtx.Access, jwtx.Registration)), token, auth.AllowUnregistered)
	if got.handled != 1 || got.ac.Actor.ID != "" || got.ac.IdentityID != "i1" {
		t.Errorf("with AllowUnregistered: %+v", got)
	}
}
