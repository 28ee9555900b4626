package jwtx_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

// foreign returns the payload of another issuer's access token.
func foreign(changes ...string) string {
	return claims(append([]string{"actor_id", "", "actor_type", "", "sub", `"248289761001"`}, changes...)...)
}

// The sub of another issuer's token is the ID of an actor of the configured type. Its roles are not taken over.
func TestActorType(t *testing.T) {
	v := verifierWith(actorType("customer"), kinds(jwtx.Access))
	token := hs256(foreign("scope", `"read write"`, "roles", `["admin"]`, "amr", `["pwd"]`, "auth_time", "1700000000"))
	got := must(verify(v, token))
	c, _ := auth.Value[jwtx.Claims](*got)
	want := auth.AuthContext{
		Actor: auth.Actor{Type: "customer", ID: "248289761001"}, Issuer: issuer, Scheme: "bearer", CredentialID: "t1", SessionID: "s1",
		Scopes:  auth.NewSet("read", "write"),
		Factors: []auth.Factor{{Method: "pwd", At: time.Unix(1700000000, 0).UTC()}}, Expires: time.Unix(4102444800, 0).UTC(),
	}
	want.Attach(c)
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("%+v, want %+v", *got, want)
	}
}

// What only our own tokens may say is not taken from another issuer.
func TestActorTypeIgnoresOwnClaims(t *testing.T) {
	token := hs256(foreign("actor_id", `"admin"`, "actor_type", `"admin"`, "auth_identity_id", `"i1"`, "auth_provider", `"x"`,
		"app_metadata", `{"admin":true}`, "user_metadata", "1", "roles", `{"admin":true}`))
	got := must(verify(verifierWith(actorType("customer")), token))
	if want := (auth.Actor{Type: "customer", ID: "248289761001"}); got.Actor != want || got.IdentityID+got.Provider != "" || !got.AppMetadata.IsZero() {
		t.Errorf("%+v, want %v", *got, want)
	}
	checkVisit(t, "without ActorType", token, knock(verifierWith(), token), invalidToken)
}

// Identify leaves empty what the token says.
func TestIdentifyIsFilledIn(t *testing.T) {
	exp := time.Unix(4102444800, 0).UTC()
	actor := auth.Actor{Type: "user", ID: "7"}
	for _, tt := range []struct {
		name string
		ac   auth.AuthContext
		want auth.AuthContext
	}{
		{"an actor alone", auth.AuthContext{Actor: actor},
			auth.AuthContext{Actor: actor, Scheme: "bearer", Issuer: issuer, CredentialID: "t1", SessionID: "s1", Expires: exp}},
		{"everything", auth.AuthContext{Actor: actor, Scheme: "partner", Issuer: "i", CredentialID: "c", SessionID: "s",
			Expires: exp.Add(-time.Hour), Scopes: auth.NewSet("a")},
			auth.AuthContext{Actor: actor, Scheme: "partner", Issuer: "i", CredentialID: "c", SessionID: "s",
				Expires: exp.Add(-time.Hour), Scopes: auth.NewSet("a")}},
		{"a later expiry than the token's", auth.AuthContext{Actor: actor, Expires: exp.Add(time.Hour)},
			auth.AuthContext{Actor: actor, Scheme: "bearer", Issuer: issuer, CredentialID: "t1", SessionID: "s1", Expires: exp}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var told jwtx.Claims
			v := verifierWith(func(c *jwtx.Config) {
				c.Identify = func(_ context.Context, c jwtx.Claims) (*auth.AuthContext, error) {
					told = c
					ac := tt.ac
					return &ac, nil
				}
			})
			got := must(verify(v, hs256(foreign("scope", `"not taken"`))))
			want := tt.want
			want.Attach(told)
			if !reflect.DeepEqual(*got, want) || told.Subject != "248289761001" {
				t.Errorf("%+v, want %+v; Identify was told of %q", *got, want, told.Subject)
			}
		})
	}
}

// Users are often cached: what Identify returns twice must not carry anything from one token to another.
func TestIdentifyMayReturnTheSame(t *testing.T) {
	cached := &auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "7"}}
	v := verifierWith(func(c *jwtx.Config) {
		c.Identify = func(context.Context, jwtx.Claims) (*auth.AuthContext, error) { return cached, nil }
	})
	first := *must(verify(v, hs256(foreign("jti", `"t1"`, "sid", `"s1"`, "exp", "4102444000"))))
	second := *must(verify(v, hs256(foreign("jti", `"t2"`, "sid", `"s2"`, "exp", future))))
	want := auth.AuthContext{Actor: cached.Actor, Scheme: "bearer", Issuer: issuer, CredentialID: "t2", SessionID: "s2",
		Expires: time.Unix(4102444800, 0).UTC()}
	c, _ := auth.Value[jwtx.Claims](second)
	want.Attach(c)
	if !reflect.DeepEqual(second, want) {
		t.Errorf("the second token is %s of session %s until %v; the first was %s", second.CredentialID, second.SessionID,
			second.Expires, first.CredentialID)
	}
	if !reflect.DeepEqual(*cached, auth.AuthContext{Actor: cached.Actor}) {
		t.Errorf("what Identify returned was changed to %+v", *cached)
	}
}

var errDown = errors.New("does not answer")

// An AuthContext without an answer is a bug, an error is read as that of a verifier.
func TestIdentifyErrors(t *testing.T) {
	token := hs256(claims())
	for _, tt := range []struct {
		name string
		ac   *auth.AuthContext
		err  error
		want outcome
	}{
		{"nothing", nil, nil, internal},
		{"an unknown error", nil, errDown, internal},
		{"an error and an AuthContext", &auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "u1"}}, errDown, internal},
		{"a no", nil, fmt.Errorf("no such user: %w", auth.ErrInvalidCredentials), invalidToken},
		{"an outage", nil, fmt.Errorf("users: %w", auth.ErrUnavailable), unavailable},
		{"an outage and a no", nil, fmt.Errorf("%w: %w", auth.ErrInvalidCredentials, auth.ErrUnavailable), unavailable},
		{"a deadline", nil, context.DeadlineExceeded, unavailable},
		{"no credentials", nil, auth.NoCredentials(), invalidToken},
		{"an answer of its own", nil, &auth.Error{Status: 403}, outcome{403, "", noRead.body, "no-store", ""}},
		{"nobody", &auth.AuthContext{}, nil, internal},
		{"an identity without an actor", &auth.AuthContext{IdentityID: "i1"}, nil,
			outcome{401, invalidToken.challenge + `, error_description="An actor is required"`, invalidToken.body, "no-store", ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := verifierWith(func(c *jwtx.Config) {
				c.Identify = func(context.Context, jwtx.Claims) (*auth.AuthContext, error) { return tt.ac, tt.err }
			})
			checkVisit(t, tt.name, token, knock(v, token), tt.want)
		})
	}
}
