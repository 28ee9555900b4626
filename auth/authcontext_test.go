package auth_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
)

type (
	user   struct{ Name string }
	claims struct{ Subject, Audience string }
)

func (c claims) String() string { return c.Subject }

// whole returns a context in which everything is set.
func whole() *auth.AuthContext {
	ac := &auth.AuthContext{
		Actor: auth.Actor{Type: "user", ID: "1"}, IdentityID: "i1", Provider: "emailpass", Issuer: "https://a.example", Scheme: "bearer",
		CredentialID: "c1", SessionID: "s1", Scopes: auth.NewSet("read", "write"), Roles: auth.NewSet("admin"),
		Factors: []auth.Factor{{Method: "pwd", At: time.Unix(1, 0).UTC()}, {Method: "otp", At: time.Unix(2, 0).UTC()}},
		Expires: time.Unix(1<<32, 0).UTC(), AppMetadata: must(auth.NewMetadata(map[string]any{"a": []any{"b"}, "c": map[string]any{"d": "e"}})),
		UserMetadata: must(auth.NewMetadata(map[string]any{"f": "g"})),
	}
	ac.Attach(claims{"1", "api"})
	return ac
}

// scramble changes all that can be reached from ac, and says how much that was.
func scramble(ac *auth.AuthContext) int {
	object, list := map[string]any{}, json.RawMessage{}
	for _, m := range []*auth.Metadata{&ac.AppMetadata, &ac.UserMetadata} {
		_ = m.Decode(&object)
		overwrite(reflect.ValueOf(&object))
		got, _ := m.Get("c").(map[string]any)
		overwrite(reflect.ValueOf(&got))
		list = must(m.MarshalJSON())
		overwrite(reflect.ValueOf(&list))
	}
	for _, s := range []*auth.Set{&ac.Scopes, &ac.Roles} {
		list = must(s.MarshalJSON())
		overwrite(reflect.ValueOf(&list))
		for name := range s.All() {
			overwrite(reflect.ValueOf(&name))
		}
	}
	ac.Attach(claims{"changed", "changed"})
	c, _ := auth.Value[claims](*ac)
	overwrite(reflect.ValueOf(&c))
	factors := ac.Factors
	n := overwrite(reflect.ValueOf(ac))
	_ = append(factors[:0], auth.Factor{Method: "appended"})
	_ = json.Unmarshal([]byte(`{"Factors":[{"Method":"decoded"}],"Scopes":["*"],"Roles":["root"],"AppMetadata":{"a":"decoded"}}`), ac)
	return n
}

// overwrite sets whatever can be set under v, and returns how many strings and numbers that was.
func overwrite(v reflect.Value) (n int) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			n += overwrite(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			n += overwrite(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			n += overwrite(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			n += overwrite(v.MapIndex(key))
			v.SetMapIndex(key, reflect.ValueOf("changed"))
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString("changed")
			n++
		}
	case reflect.Uint8:
		if v.CanSet() {
			v.SetUint('x')
			n++
		}
	}
	return n
}

// A verifier may share what it returns with any number of requests: nothing that somebody does to theirs reaches it.
func TestAuthContextIsOnesOwn(t *testing.T) {
	shared := whole()
	scrambled := 0
	handler := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ac, _ := auth.FromContext(r.Context())
			scrambled += scramble(&ac)
			again, _ := auth.FromContext(r.Context())
			check(t, reflect.DeepEqual(&again, whole()), true)
			next.ServeHTTP(w, r)
		})
	}
	rule := func(_ *http.Request, ac auth.AuthContext) error {
		check(t, reflect.DeepEqual(&ac, whole()), true)
		scrambled += scramble(&ac)
		return nil
	}
	thenDrop := func(_ *http.Request, ac *auth.AuthContext) (*auth.AuthContext, error) {
		scrambled += scramble(ac)
		return whole(), nil
	}
	merged := whole()
	merged.Expires = time.Time{}
	s := always(shared, nil)
	tests := []struct {
		name   string
		scheme auth.Scheme
	}{
		{"a scheme", s},
		{"AnyOf", auth.AnyOf(always(nil, auth.NoCredentials()), s)},
		{"AllOf", auth.AllOf(s, s)},
		{"AllOf that takes over an expiry", auth.AllOf(always(merged, nil), s)},
		{"Then", auth.Then(s, thenDrop)},
		{"a cookie", auth.Cookie("sid", answers(shared, nil), nil)},
		{"Tokens", auth.Header("X-Key", auth.Tokens(answers(shared, nil)))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := auth.New(tt.scheme, quiet)
			for range 2 {
				r := get("Cookie: sid=x", "X-Key: x")
				d := chain(g.Require(rule), handler, g.Optional(), handler, checking(g), handler, g.Require(rule), handler)
				check(t, send(d, r).Passed, "user 1")
				ac := must(g.Check(r, rule))
				scrambled += scramble(&ac)
			}
			check(t, reflect.DeepEqual(shared, whole()), true)
		})
	}
	check(t, scrambled > 500, true)
}

// What Then changes is the request's, what it returns is nobody else's either.
func TestThenOwnsItsCopy(t *testing.T) {
	shared, n := whole(), 0
	then := auth.Then(always(shared, nil), func(r *http.Request, ac *auth.AuthContext) (*auth.AuthContext, error) {
		n++
		ac.Factors[0].Method = fmt.Sprint("then", n)
		ac.Roles = auth.NewSet("clerk")
		ac.Attach(&user{fmt.Sprint("user", n)})
		return ac, nil
	})
	for i := range 3 {
		ac := must(auth.New(then, nil).Check(get()))
		u, _ := auth.Value[*user](ac)
		check(t, fmt.Sprint(ac.Factors[0].Method, ac.Roles, u.Name), fmt.Sprintf("then%dclerkuser%d", i+1, i+1))
	}
	check(t, reflect.DeepEqual(shared, whole()), true)
}

func TestValue(t *testing.T) {
	var empty auth.AuthContext
	ac := *whole()
	ac.Attach(user{"value"})
	ac.Attach(&user{"first"})
	before := ac
	ac.Attach(&user{"second"})
	ac.Attach(nil)
	one := func(v any, ok bool) string { return fmt.Sprintf("%+v %t", v, ok) }
	tests := []struct{ name, got, want string }{
		{"the exact type", one(auth.Value[claims](ac)), "1 true"},
		{"another type", one(auth.Value[int](ac)), "0 false"},
		{"a pointer and a value are different types", one(auth.Value[user](ac)), "{Name:value} true"},
		{"the last of a type", one(auth.Value[*user](ac)), "&{Name:second} true"},
		{"a copy from before has what was there then", one(auth.Value[*user](before)), "&{Name:first} true"},
		{"an interface", one(auth.Value[fmt.Stringer](ac)), "1 true"},
		{"an interface that nothing implements", one(auth.Value[error](ac)), "<nil> false"},
		{"anything: the last that is something", one(auth.Value[any](ac)), "&{Name:second} true"},
		{"nothing was attached", one(auth.Value[claims](empty)), " false"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, tt.got, tt.want) })
	}
}

func TestAllows(t *testing.T) {
	tests := []struct {
		name   string
		scopes auth.Set
		scope  string
		want   bool
	}{
		{"it", auth.NewSet("read"), "read", true},
		{"another", auth.NewSet("read"), "write", false},
		{"a star is everything", auth.NewSet("read", "*"), "write", true},
		{"none is nothing", auth.Set{}, "read", false},
		{"none is not even the empty one", auth.Set{}, "", false},
		{"a star in a name is no wildcard", auth.NewSet("orders:*"), "orders:read", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, auth.AuthContext{Scopes: tt.scopes}.Allows(tt.scope), tt.want) })
	}
}

// A context survives JSON, but for what was attached.
func TestAuthContextJSON(t *testing.T) {
	var got auth.AuthContext
	check(t, json.Unmarshal(must(json.Marshal(whole())), &got), nil)
	got.Attach(claims{"1", "api"})
	check(t, reflect.DeepEqual(&got, whole()), true)
}
