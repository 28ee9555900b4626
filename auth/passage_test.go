package auth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
)

// tokenOf is a scheme that counts how often it is asked for a token of a book.
func tokenOf(n *int) auth.Scheme { return counted(auth.Bearer(users(), nil), n) }

func TestNestedGuards(t *testing.T) {
	token, none := "Authorization: Bearer a11ce", unauthorized(asksBearer)
	tests := []struct {
		name    string
		nest    func(g, other *auth.Guard) door // g asks for a token, other for a key
		request *http.Request
		want    reply
		asked   int // how often g's scheme is
		others  int // how often other's is
	}{
		{"one", func(g, _ *auth.Guard) door { return g.Require() }, get(token), asAlice, 1, 0},
		{"the same again", func(g, _ *auth.Guard) door { return chain(g.Require(), g.Require(), g.Optional()) }, get(token), asAlice, 1, 0},
		{"required inside of optional, with none", func(g, _ *auth.Guard) door { return chain(g.Optional(), g.Require()) }, get(), none, 1, 0},
		{"optional inside of optional, with none", func(g, _ *auth.Guard) door { return chain(g.Optional(), g.Optional()) }, get(), asAnonymous, 1, 0},
		{"rules of both count", func(g, _ *auth.Guard) door { return chain(g.Require(), g.Require(auth.Roles("admin"))) }, get(token), forbidden(), 1, 0},
		{"an inner guard does not lift an outer rule", func(g, _ *auth.Guard) door { return chain(g.Require(auth.Roles("admin")), g.Optional()) }, get(token), forbidden(), 1, 0},
		{"another asks anew", func(g, o *auth.Guard) door { return chain(g.Require(), o.Require()) }, get(token, "X-Key: b0b"), asBob, 1, 1},
		{"another does not trust the outer one", func(g, o *auth.Guard) door { return chain(g.Require(), o.Require()) }, get(token), unauthorized(`ApiKey realm="api", header="X-Key"`), 1, 1},
		{"another finds none where the outer one found somebody", func(g, o *auth.Guard) door { return chain(g.Require(), o.Optional()) }, get(token), asAnonymous.private(), 1, 1},
		{"another between two", func(g, o *auth.Guard) door { return chain(g.Require(), o.Require(), g.Require()) }, get(token, "X-Key: b0b"), asAlice, 1, 1},
		{"Check inside of Require", func(g, _ *auth.Guard) door { return chain(g.Require(), checking(g)) }, get(token), asAlice, 1, 0},
		{"Check of another", func(g, o *auth.Guard) door { return chain(g.Require(), checking(o)) }, get(token), unauthorized(`ApiKey realm="api", header="X-Key"`), 1, 1},
		{"a copy of the request", func(g, _ *auth.Guard) door { return chain(g.Require(), with((*http.Request).WithContext), g.Require()) }, get(token), asAlice, 1, 0},
		{"a deep copy of the request, whose header may have been changed", func(g, _ *auth.Guard) door { return chain(g.Require(), with((*http.Request).Clone), g.Require()) }, get(token), asAlice, 2, 0},
		{"a request of the program's own, with nothing", func(g, _ *auth.Guard) door { return chain(g.Require(), with(fresh()), g.Require()) }, get(token), none, 2, 0},
		{"a request of the program's own, for somebody else", func(g, _ *auth.Guard) door {
			return chain(g.Require(), with(fresh("Authorization: Bearer b0b")), g.Require())
		}, get(token), asBob, 2, 0},
		{"a request of the program's own, for somebody, where nobody was", func(g, _ *auth.Guard) door {
			return chain(g.Optional(), with(fresh("Authorization: Bearer b0b")), g.Require())
		}, get(), asBob, 2, 0},
		{"another method on the way, as by an override", func(g, _ *auth.Guard) door { return chain(g.Require(), with(posting), g.Require()) }, get(token), asAlice, 2, 0},
		{"a context that forgets its cancellation", func(g, _ *auth.Guard) door { return chain(g.Require(), with(detached), g.Require()) }, get(token), asAlice, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked, others int
			g := auth.New(asking{auth.Challenge{Scheme: "Bearer", Params: []auth.Param{{"realm", "api"}}}, tokenOf(&asked)}, quiet)
			other := auth.New(counted(auth.Header("X-Key", users()), &others), quiet)
			check(t, send(tt.nest(g, other), tt.request), tt.want)
			check(t, [2]int{asked, others}, [2]int{tt.asked, tt.others})
		})
	}
}

func (r reply) private() reply { r.Cache = "private"; return r }

// chain returns a door behind a door.
func chain(doors ...door) door {
	return func(next http.Handler) http.Handler {
		for _, d := range slices.Backward(doors) {
			next = d(next)
		}
		return next
	}
}

// checking is a door that asks g with Check.
func checking(g *auth.Guard) door {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := g.Check(r); err != nil {
				g.Refuse(w, r, err)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// with is a door that passes on what change makes of the request.
func with(change func(r *http.Request, ctx context.Context) *http.Request) door {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, change(r, r.Context())) })
	}
}

// fresh makes a request of its own in the context of another.
func fresh(lines ...string) func(*http.Request, context.Context) *http.Request {
	return func(_ *http.Request, ctx context.Context) *http.Request { return get(lines...).WithContext(ctx) }
}

func posting(r *http.Request, ctx context.Context) *http.Request {
	r = r.WithContext(ctx)
	r.Method = "POST"
	return r
}

func detached(r *http.Request, ctx context.Context) *http.Request {
	return r.WithContext(context.WithoutCancel(ctx))
}

// A method that is changed between two guards does not get around the protection against other sites.
func TestNestedGuardsMethodOverride(t *testing.T) {
	g := auth.New(auth.Cookie("sid", users(), nil), quiet)
	r := get("Cookie: sid=a11ce", "Sec-Fetch-Site: cross-site")
	check(t, send(chain(g.Optional(), with(posting), g.Require()), r), crossSite().vary())
}

// An outcome is not found again by a request that happens to be at the address of one that is gone.
func TestNestedGuardsAfterTheRequest(t *testing.T) {
	g := auth.New(auth.Bearer(users(), nil), quiet)
	address := func(r *http.Request) uintptr { return reflect.ValueOf(r.Header).Pointer() }
	contexts := map[uintptr]context.Context{}
	keep := g.Require()(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { contexts[address(r)] = r.Context() }))
	for range 2000 {
		keep.ServeHTTP(httptest.NewRecorder(), get("Authorization: Bearer a11ce"))
	}
	runtime.GC()
	requests := make([]*http.Request, 20000)
	for i := range requests {
		requests[i] = &http.Request{Method: "GET", Header: http.Header{"Authorization": {"Bearer b0b"}}}
	}
	for _, r := range requests {
		if ctx, ok := contexts[address(r)]; ok {
			if ac, err := g.Check(r.WithContext(ctx)); ac.Actor != bob.Actor {
				t.Fatalf("bob's request is one of %v, %v", ac.Actor, err)
			}
		}
	}
}

type ownKey struct{}

// A liar is a context that has the same value for every key.
type liar struct {
	context.Context
	value any
}

func (l liar) Value(any) any { return l.value }

// Nothing that a program puts into a context is taken for an outcome.
func TestContextIsNotTrusted(t *testing.T) {
	var stolen context.Context
	guard := auth.New(auth.Bearer(users(), nil), quiet)
	guard.Require()(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { stolen = r.Context() })).
		ServeHTTP(httptest.NewRecorder(), get("Authorization: Bearer a11ce"))
	background := context.Background()
	value := func(key, value any) context.Context { return context.WithValue(background, key, value) }
	tests := []struct {
		name string
		ctx  context.Context
	}{
		{"a string", value("auth", alice)},
		{"the type's name", value("auth.AuthContext", *alice)},
		{"the key's name", value("auth.contextKey", alice)},
		{"a type of its own", value(ownKey{}, alice)},
		{"an empty struct", value(struct{}{}, alice)},
		{"a struct like a guard's key", value(struct{ g *auth.Guard }{guard}, alice)},
		{"the guard", value(guard, alice)},
		{"the type", value(reflect.TypeFor[auth.AuthContext](), *alice)},
		{"a context as the key", value(auth.Actor{}, alice)},
		{"a pointer for every key", liar{background, alice}},
		{"a value for every key", liar{background, *alice}},
		{"nothing for every key", liar{background, nil}},
		{"itself for every key", liar{background, background}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, send(guard.Require(), get().WithContext(tt.ctx)), unauthorized(asksBearer))
			check(t, send(guard.Optional(), get().WithContext(tt.ctx)), asAnonymous)
			check(t, send(guard.Require(), get("Authorization: Bearer b0b").WithContext(tt.ctx)), asBob)
			_, found := auth.FromContext(tt.ctx)
			check(t, found, false)
		})
	}
	// The context of another request is its own: who it was from is not who this one is from.
	for _, ctx := range []context.Context{stolen, context.WithoutCancel(stolen), value(ownKey{}, stolen)} {
		check(t, send(guard.Require(), get().WithContext(ctx)), unauthorized(asksBearer))
		check(t, send(guard.Require(), get("Authorization: Bearer b0b").WithContext(ctx)), asBob)
		check(t, send(guard.Optional(), get().WithContext(ctx)), asAnonymous)
	}
}

func TestFromContext(t *testing.T) {
	tests := []struct {
		name    string
		nest    func(g, other *auth.Guard) door
		request *http.Request
		want    string
	}{
		{"no guard", func(_, _ *auth.Guard) door { return chain() }, get("X-Key: a11ce"), "anonymous"},
		{"the innermost one decides", func(g, o *auth.Guard) door { return chain(g.Require(), o.Require()) }, get("X-Key: a11ce", "X-Other: b0b"), "user bob"},
		{"the innermost one decides that it is nobody", func(g, o *auth.Guard) door { return chain(g.Require(), o.Optional()) }, get("X-Key: a11ce"), "anonymous"},
		{"an outer one that found nobody", func(g, o *auth.Guard) door { return chain(g.Optional(), o.Require()) }, get("X-Other: b0b"), "user bob"},
		{"through contexts of the program", func(g, _ *auth.Guard) door { return chain(g.Require(), with(detached), with(valued)) }, get("X-Key: a11ce"), "user alice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, other := auth.New(auth.Header("X-Key", users()), quiet), auth.New(auth.Header("X-Other", users()), quiet)
			check(t, send(tt.nest(g, other), tt.request).Passed, tt.want)
		})
	}
	_, ok := auth.FromContext(context.Background())
	check(t, ok, false)
}

func valued(r *http.Request, ctx context.Context) *http.Request {
	return r.WithContext(context.WithValue(ctx, ownKey{}, "x"))
}

// The context that a handler gets is still the request's: it ends with it, and its values are there.
func TestContextOfHandler(t *testing.T) {
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), ownKey{}, "x"))
	var got, child context.Context
	var stop context.CancelFunc
	h := auth.New(always(alice, nil), quiet).Require()(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r.Context()
		child, stop = context.WithCancel(got)
	}))
	h.ServeHTTP(httptest.NewRecorder(), get().WithContext(ctx))
	defer stop()
	check(t, got.Value(ownKey{}), any("x"))
	check(t, got.Err(), nil)
	cancel()
	check(t, got.Err(), context.Canceled)
	check(t, child.Err(), context.Canceled)
}

// A context is printed more often than one thinks. It must not print the request's header along.
func TestContextIsPrinted(t *testing.T) {
	const hidden = "s3cr3t0fAl1ce"
	v := answers(alice, nil)
	g := auth.New(auth.AnyOf(auth.Bearer(v, nil), auth.Cookie("sid", v, nil)), quiet)
	for _, r := range []*http.Request{get("Authorization: Bearer " + hidden), get("Cookie: sid=" + hidden)} {
		g.Require()(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			child, stop := context.WithCancel(context.WithValue(r.Context(), ownKey{}, "x"))
			defer stop()
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
				text := fmt.Sprintf(verb+verb+verb, r.Context(), child, struct{ Context context.Context }{r.Context()})
				seen := strings.Contains(text, hidden) || strings.Contains(text, fmt.Sprintf("%x", hidden))
				check(t, fmt.Sprintf("%s: %t", verb, seen), verb+": false")
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	}
}
