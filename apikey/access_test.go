package apikey_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

var bob = auth.Actor{Type: "user", ID: "bob"}

// as is somebody who logged in, with those scopes.
func as(actor auth.Actor, scopes ...string) auth.AuthContext {
	return auth.AuthContext{Actor: actor, Scheme: "session", Scopes: auth.NewSet(scopes...)}
}

// byKey is a request that came with k.
func byKey(k apikey.Key) auth.AuthContext {
	ac := auth.AuthContext{Actor: auth.Actor{Type: apikey.ActorType, ID: k.ID}, Scheme: "api-key", Scopes: k.Scopes}
	ac.Attach(k)
	return ac
}

// doings are all that somebody can do with a key that is there, by the action that the policy is asked about.
var doings = []struct {
	name   string
	action apikey.Action
	do     func(a *apikey.Access, id string) error
}{
	{"Get", apikey.ActionRead, func(a *apikey.Access, id string) error { return second(a.Get(context.Background(), id)) }},
	{"Update", apikey.ActionUpdate, func(a *apikey.Access, id string) error {
		return second(a.Update(context.Background(), id, retitled("weekly")))
	}},
	{"Disable", apikey.ActionDisable, func(a *apikey.Access, id string) error { return second(a.Disable(context.Background(), id)) }},
	{"Enable", apikey.ActionEnable, func(a *apikey.Access, id string) error { return second(a.Enable(context.Background(), id)) }},
	{"Rotate", apikey.ActionRotate, func(a *apikey.Access, id string) error {
		_, _, err := a.Rotate(context.Background(), id, apikey.Rotation{By: "forged", Overlap: time.Hour})
		return err
	}},
	{"Revoke", apikey.ActionRevoke, func(a *apikey.Access, id string) error {
		return second(a.Revoke(context.Background(), id, apikey.Revocation{By: "forged"}))
	}},
	{"Delete", apikey.ActionDelete, func(a *apikey.Access, id string) error { return a.Delete(context.Background(), id) }},
}

// Who does it is written down, whatever they say.
func TestAccessToOnesOwn(t *testing.T) {
	s := newSite()
	ctx, a := t.Context(), s.As(as(ann, "reports:read"))
	k, text, err := a.Issue(ctx, apikey.Spec{Title: "report", Scopes: auth.NewSet("reports:read"), CreatedBy: "forged"})
	check(t, "issuing", err, nil)
	check(t, "the owner", k.Owner, ann)
	check(t, "who created it", k.CreatedBy, "ann")
	check(t, "a request", s.get("/", "X-API-Key: "+text.Reveal()), passed(k))
	got, err := a.Get(ctx, k.ID)
	check(t, "reading", err, nil)
	check(t, "it", got.ID, k.ID)
	disabled, err := a.Disable(ctx, k.ID)
	check(t, "disabling", err, nil)
	check(t, "who disabled it", disabled.DisabledBy, "user:ann")
	check(t, "enabling", second(a.Enable(ctx, k.ID)), nil)
	next, _, err := a.Rotate(ctx, k.ID, apikey.Rotation{By: "forged"})
	check(t, "rotating", err, nil)
	check(t, "who created the next", next.CreatedBy, "ann")
	check(t, "who revoked it", must(a.Get(ctx, k.ID)).Revocation.By, "ann")
	revoked, err := a.Revoke(ctx, next.ID, apikey.Revocation{By: "forged"})
	check(t, "revoking", err, nil)
	check(t, "who revoked the next", revoked.Revocation.By, "ann")
	check(t, "deleting", a.Delete(ctx, next.ID), nil)
	check(t, "a key for somebody else", status(second3(a.Issue(ctx, apikey.Spec{Title: "report", Owner: bob}))), 403)
}

func second3[A, B any](_ A, _ B, err error) error { return err }

// status returns that of a refusal, 0 for another error and 200 for none.
func status(err error) int {
	var e *auth.Error
	switch {
	case err == nil:
		return 200
	case errors.As(err, &e) && !auth.IsUnavailable(err):
		return e.Status
	}
	return 0
}

// What is another's is not there, to whoever it is that asks; nor does a refusal tell whether there is such a key.
func TestAccessToAnothers(t *testing.T) {
	s := newSite()
	k, _ := s.issue(t, nil)
	bobs, _ := s.issue(t, func(spec *apikey.Spec) { spec.Owner = bob })
	forged := as(auth.Actor{Type: apikey.ActorType, ID: k.ID}, "*")
	forged.Scheme = "api-key"
	tests := []struct {
		name string
		by   auth.AuthContext
		want [2]error // for Get, and for whatever changes something: nil is a 403
	}{
		{"another user with all scopes", as(bob, "*"), [2]error{apikey.ErrNotFound, apikey.ErrNotFound}},
		{"another type with the same ID", as(auth.Actor{Type: "customer", ID: "ann"}, "*"), [2]error{apikey.ErrNotFound, apikey.ErrNotFound}},
		{"a key of another", byKey(bobs), [2]error{apikey.ErrNotFound, apikey.ErrNotFound}},
		{"something that says it is a key of ann's", forged, [2]error{apikey.ErrNotFound, apikey.ErrNotFound}},
		{"an actor without an ID", as(auth.Actor{Type: "user"}, "*"), [2]error{apikey.ErrNotFound, nil}},
		{"an actor without a type", as(auth.Actor{ID: "ann"}, "*"), [2]error{apikey.ErrNotFound, nil}},
		{"nobody", auth.AuthContext{}, [2]error{apikey.ErrNotFound, nil}},
	}
	for _, tt := range tests {
		for _, doing := range doings {
			t.Run(tt.name+": "+doing.name, func(t *testing.T) {
				writes := s.store.count("Replace") + s.store.count("Create") + s.store.count("Delete")
				got, unknown := doing.do(s.As(tt.by), k.ID), doing.do(s.As(tt.by), token.NewID())
				want := tt.want[map[bool]int{false: 1}[doing.name == "Get"]]
				check(t, "there is no key: "+text(got), errors.Is(got, apikey.ErrNotFound), want != nil)
				check(t, "it is forbidden", status(got) == 403, want == nil)
				check(t, "it is as for an unknown key", text(got), text(unknown))
				check(t, "writes", s.store.count("Replace")+s.store.count("Create")+s.store.count("Delete"), writes)
			})
		}
	}
}

// Nobody makes a key that can do more than they can themselves, be it a new one or one in the place of another.
func TestScopesThatAreGivenAway(t *testing.T) {
	tests := []struct {
		name, by, key string
		status        int
	}{
		{"the same", "a b", "a b", 200},
		{"fewer", "a b", "a", 200},
		{"none", "", "", 200},
		{"more", "a", "a b", 403},
		{"others", "a", "b", 403},
		{"some, of somebody who has none", "", "a", 403},
		{"everything, of somebody who has some", "a b", "*", 403},
		{"everything, of somebody who has everything", "*", "*", 200},
		{"some, of somebody who has everything", "*", "a b", 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, ctx := newSite(), t.Context()
			spec := apikey.Spec{Title: "report", Owner: ann, Scopes: auth.ParseSet(tt.key)}
			existing, _, err := s.Issue(ctx, spec)
			check(t, "issuing", err, nil)
			by := as(ann)
			by.Scopes = auth.ParseSet(tt.by)
			k, secret, err := s.As(by).Issue(ctx, apikey.Spec{Title: "report", Scopes: auth.ParseSet(tt.key)})
			check(t, "creating", status(err), tt.status)
			check(t, "there is a text", secret.Reveal() != "", tt.status == 200)
			check(t, "the owner is ann", k.Owner == ann, tt.status == 200)
			_, _, err = s.As(by).Rotate(ctx, existing.ID, apikey.Rotation{})
			check(t, "rotating", status(err), tt.status)
			check(t, "a publishable key", status(second3(s.As(by).Issue(ctx, apikey.Spec{Title: "shop", Kind: apikey.Publishable}))), 200)
		})
	}
}

// Whoever has disabled a key in an emergency is not overruled by its owner.
func TestWhoEnables(t *testing.T) {
	tests := []struct {
		name   string
		by     auth.AuthContext // who has disabled it
		status int
	}{
		{"the owner", as(ann), 200},
		{"the owner, by a key", byKey(apikey.Key{ID: "k", Owner: ann, Scopes: auth.NewSet("*")}), 200},
		{"somebody else", as(bob), 403},
		{"somebody of another type with the same ID", as(auth.Actor{Type: "admin", ID: "ann"}), 403},
		{"somebody with a long ID", as(auth.Actor{Type: "admin", ID: strings.Repeat("x", 256)}), 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite()
			k, _ := s.issue(t, nil)
			check(t, "disabling", second(s.unchecked().As(tt.by).Disable(t.Context(), k.ID)), nil)
			for _, by := range []auth.AuthContext{as(ann), byKey(apikey.Key{ID: "k", Owner: ann, Scopes: auth.NewSet("*")})} {
				check(t, "enabling by the owner", status(second(s.As(by).Enable(t.Context(), k.ID))), tt.status)
			}
			check(t, "it works", must(s.Get(t.Context(), k.ID)).DisabledAt.IsZero(), tt.status == 200)
		})
	}
}

// unchecked returns a manager of the same keys that lets everybody do everything.
func (s *site) unchecked() *apikey.Manager {
	return must(apikey.New(apikey.Config{Store: s.store, Policy: deskPolicy}))
}

// Nor is whoever disables a key that its owner, or who has got hold of the owner's session, has disabled already. Among
// others than the owner it is the first who has disabled it.
func TestWhoDisablesAKeyThatIsDisabled(t *testing.T) {
	key, anns := byKey(apikey.Key{ID: "k", Owner: ann, Scopes: auth.NewSet("*")}), "user:ann"
	tests := []struct {
		name          string
		first, second auth.AuthContext
		want          string // who has disabled it
		taken         bool   // by the second
		status        int    // of the owner, who enables it
	}{
		{"the owner, and somebody else", as(ann), as(bob), "user:bob", true, 403},
		{"the owner by a key, and somebody else", key, as(bob), "user:bob", true, 403},
		{"the owner, and somebody of another type with the same ID", as(ann), as(auth.Actor{Type: "admin", ID: "ann"}), "admin:ann", true, 403},
		{"the owner twice", as(ann), as(ann), anns, false, 200},
		{"the owner, and then by a key", as(ann), key, anns, false, 200},
		{"somebody else, and the owner", as(bob), as(ann), "user:bob", false, 403},
		{"somebody else, and the owner by a key", as(bob), key, "user:bob", false, 403},
		{"two others", as(bob), as(auth.Actor{Type: "user", ID: "cid"}), "user:bob", false, 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite()
				k, text := s.issue(t, nil)
				admin := s.unchecked()
				check(t, "the first", second(admin.As(tt.first).Disable(t.Context(), k.ID)), nil)
				time.Sleep(time.Second)
				got, err := admin.As(tt.second).Disable(t.Context(), k.ID)
				check(t, "the second", err, nil)
				check(t, "who has disabled it", got.DisabledBy, tt.want)
				check(t, "when", got.DisabledAt, k.CreatedAt.Add(map[bool]time.Duration{true: time.Second}[tt.taken]))
				check(t, "writes", s.store.count("Replace"), map[bool]int{false: 1, true: 2}[tt.taken])
				check(t, "what is kept", must(s.Get(t.Context(), k.ID)).DisabledBy, tt.want)
				check(t, "enabling by the owner", status(second(s.As(as(ann)).Enable(t.Context(), k.ID))), tt.status)
				check(t, "it works", s.get("/", "X-API-Key: "+text).Status == 200, tt.status == 200)
			})
		})
	}
}

// Of a key that is disabled and does not tell by whom, as another program may leave it, it is the same.
func TestDisabledByNobody(t *testing.T) {
	s := newSite()
	k, _ := s.issue(t, nil)
	k.DisabledAt = k.CreatedAt
	check(t, "disabling it", s.store.Replace(t.Context(), k), nil)
	check(t, "by the owner", must(s.As(as(ann)).Disable(t.Context(), k.ID)).DisabledBy, "")
	check(t, "by somebody else", must(s.unchecked().As(as(bob)).Disable(t.Context(), k.ID)).DisabledBy, "user:bob")
	check(t, "enabling by the owner", status(second(s.As(as(ann)).Enable(t.Context(), k.ID))), 403)
}

// It does not matter whose write comes first, nor does the owner get in by enabling the key meanwhile.
func TestDisabledMeanwhile(t *testing.T) {
	owner := func(s *site, id string) error { return second(s.As(as(ann)).Disable(context.Background(), id)) }
	other := func(s *site, id string) error {
		return second(s.unchecked().As(as(bob)).Disable(context.Background(), id))
	}
	enable := func(s *site, id string) error { return second(s.As(as(ann)).Enable(context.Background(), id)) }
	tests := []struct {
		name          string
		before        []func(s *site, id string) error
		outer, within func(s *site, id string) error
		status        int // of the outer
	}{
		{"the owner while somebody else does", nil, other, owner, 200},
		{"somebody else while the owner does", nil, owner, other, 200},
		{"somebody else while the owner enables it", []func(s *site, id string) error{owner}, enable, other, 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite()
			k, _ := s.issue(t, nil)
			for _, do := range tt.before {
				check(t, "before", do(s, k.ID), nil)
			}
			s.store.once("Replace", first(func() { check(t, "within", tt.within(s, k.ID), nil) }))
			check(t, "the outer", status(tt.outer(s, k.ID)), tt.status)
			check(t, "who has disabled it", must(s.Get(t.Context(), k.ID)).DisabledBy, "user:bob")
			check(t, "enabling by the owner", status(enable(s, k.ID)), 403)
		})
	}
}

// A key manages the keys of its owner only if it is for everything: one that leaks must not end the others, nor tell of
// them.
func TestKeysThatManageKeys(t *testing.T) {
	tests := []struct {
		scopes string
		may    bool
	}{
		{"*", true},
		{"* a", true},
		{"a", false},
		{"api-keys", false},
		{"", false},
	}
	for _, tt := range tests {
		for _, doing := range doings {
			t.Run(doing.name+" by a key for "+tt.scopes, func(t *testing.T) {
				s, ctx := newSite(), t.Context()
				holder, _ := s.issue(t, func(spec *apikey.Spec) { spec.Scopes = auth.ParseSet(tt.scopes) })
				other, _ := s.issue(t, func(spec *apikey.Spec) { spec.Scopes = auth.ParseSet(tt.scopes) })
				by := s.As(byKey(holder))
				err := doing.do(by, other.ID)
				check(t, "the key is there: "+text(err), !errors.Is(err, apikey.ErrNotFound), tt.may)
				keys, _, err := by.Find(ctx, apikey.Query{})
				check(t, "it may list", err == nil && len(keys) > 0, tt.may)
				check(t, "it may create", second3(by.Issue(ctx, apikey.Spec{Title: "report"})) == nil, tt.may)
			})
		}
	}
}

// What may be read but not done is 403, in the words of the policy; what it cannot find out is not done either.
func TestPolicy(t *testing.T) {
	policies := map[string]struct {
		answer error
		want   func(err error) bool
	}{
		"yes":         {nil, func(err error) bool { return err == nil }},
		"no":          {&auth.Error{Status: 403, Message: "Ask the admin"}, func(err error) bool { return status(err) == 403 }},
		"step up":     {&auth.Error{Status: 401}, func(err error) bool { return status(err) == 401 }},
		"down":        {errRefused, func(err error) bool { return errors.Is(err, errRefused) }},
		"no and down": {errors.Join(&auth.Error{Status: 403}, auth.ErrUnavailable), auth.IsUnavailable},
		"a conflict":  {apikey.ErrConflict, func(err error) bool { return errors.Is(err, apikey.ErrConflict) }},
	}
	for name, policy := range policies {
		for _, doing := range doings[1:] {
			t.Run(name+": "+doing.name, func(t *testing.T) {
				s := newSiteOf(apikey.Config{Policy: func(_ context.Context, by auth.AuthContext, action apikey.Action, k apikey.Key) error {
					check(t, "who", by.Actor, bob)
					check(t, "the owner", k.Owner, ann)
					return map[bool]error{true: policy.answer}[action == doing.action]
				}})
				k, _ := s.issue(t, nil)
				check(t, "spoiling it", doing.action != apikey.ActionDelete || revoke(t.Context(), s.Manager, k.ID, "ann") == nil, true)
				writes := s.store.count("Replace") + s.store.count("Delete") + s.store.count("Create")
				err := doing.do(s.As(as(bob)), k.ID)
				check(t, "the answer: "+text(err), policy.want(err), true)
				check(t, "something was written", s.store.count("Replace")+s.store.count("Delete")+s.store.count("Create") > writes,
					policy.answer == nil && doing.name != "Enable")
			})
		}
		t.Run(name+": reading", func(t *testing.T) {
			s := newSiteOf(apikey.Config{Policy: func(context.Context, auth.AuthContext, apikey.Action, apikey.Key) error { return policy.answer }})
			k, _ := s.issue(t, nil)
			_, err := s.As(as(bob)).Get(t.Context(), k.ID)
			check(t, "the answer: "+text(err), policy.want(err) || name == "no" && errors.Is(err, apikey.ErrNotFound), true)
			check(t, "creating", policy.want(second3(s.As(as(bob)).Issue(t.Context(), report()))), true)
		})
	}
}

// The policy is asked about the key as it would be, and nobody gets in by changing what it looks at.
func TestPolicySeesTheChange(t *testing.T) {
	team := func(name string) auth.Metadata { return auth.RawMetadata(`{"team":"` + name + `"}`) }
	s := newSiteOf(apikey.Config{Policy: func(_ context.Context, _ auth.AuthContext, action apikey.Action, k apikey.Key) error {
		no := &auth.Error{Status: 403}
		return map[bool]error{true: no}[action != apikey.ActionRead && k.Metadata.Get("team") != "a"]
	}})
	by, ctx := s.As(as(bob)), t.Context()
	mine, _ := s.issue(t, func(spec *apikey.Spec) { spec.Metadata = team("a") })
	others, _ := s.issue(t, func(spec *apikey.Spec) { spec.Metadata = team("b") })
	give, take := team("b"), team("a")
	check(t, "giving it away", status(second(by.Update(ctx, mine.ID, apikey.Change{Metadata: &give}))), 403)
	check(t, "taking another's", status(second(by.Update(ctx, others.ID, apikey.Change{Metadata: &take}))), 403)
	check(t, "one's own", status(second(by.Update(ctx, mine.ID, retitled("weekly")))), 200)
	s.store.once("Replace", first(func() { _, _ = s.Update(ctx, mine.ID, apikey.Change{Metadata: &give}) }))
	check(t, "one's own, which becomes another's meanwhile", status(second(by.Update(ctx, mine.ID, retitled("daily")))), 403)
	check(t, "creating for another", status(second3(by.Issue(ctx, report()))), 403)
	var asked apikey.Key
	s = newSiteOf(apikey.Config{Policy: func(_ context.Context, _ auth.AuthContext, _ apikey.Action, k apikey.Key) error {
		asked = k
		return nil
	}})
	k, _ := s.issue(t, nil)
	_, _, err := s.As(as(bob)).Rotate(ctx, k.ID, apikey.Rotation{})
	check(t, "rotating", err, nil)
	check(t, "what the policy was asked about", asked.ID+asked.Replaces+asked.CreatedBy, k.ID+"bob")
}

// Who may list everybody's keys does; who may not gets their own, and never everybody's.
func TestAccessFind(t *testing.T) {
	everybody := func(context.Context, auth.AuthContext, apikey.Action, apikey.Key) error { return nil }
	nobody := func(context.Context, auth.AuthContext, apikey.Action, apikey.Key) error {
		return &auth.Error{Status: 403}
	}
	broken := func(context.Context, auth.AuthContext, apikey.Action, apikey.Key) error { return errRefused }
	tests := []struct {
		name   string
		policy apikey.Policy
		by     auth.AuthContext
		owner  auth.Actor
		want   string
	}{
		{"one's own, unasked", nil, as(ann), auth.Actor{}, "2"},
		{"one's own", nil, as(ann), ann, "2"},
		{"one's own, by a key", nil, byKey(apikey.Key{ID: "k", Owner: ann, Scopes: auth.NewSet("*")}), auth.Actor{}, "2"},
		{"one's own, by a key for something else", nil, byKey(apikey.Key{ID: "k", Owner: ann, Scopes: auth.NewSet("a")}), auth.Actor{}, "403"},
		{"those of somebody who has none", nil, as(auth.Actor{Type: "user", ID: "cid"}), auth.Actor{}, "0"},
		{"another's", nil, as(bob), ann, "403"},
		{"nobody's, unasked", nil, auth.AuthContext{}, auth.Actor{}, "403"},
		{"those of an actor without an ID", nil, as(auth.Actor{Type: "user"}), auth.Actor{}, "403"},
		{"those of a key that is not attached", nil, auth.AuthContext{Scheme: "api-key", Actor: ann}, auth.Actor{}, "403"},
		{"everybody's", everybody, as(bob), auth.Actor{}, "3"},
		{"another's, who may", everybody, as(bob), ann, "2"},
		{"one's own, who may not list any", nobody, as(bob), auth.Actor{}, "403"},
		{"everybody's, while the policy is down", broken, as(bob), auth.Actor{}, "500"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSiteOf(apikey.Config{Policy: tt.policy})
			s.issue(t, nil)
			s.issue(t, nil)
			s.issue(t, func(spec *apikey.Spec) { spec.Owner = bob })
			keys, total, err := s.As(tt.by).Find(t.Context(), apikey.Query{Owner: tt.owner})
			got := map[bool]string{true: fmt.Sprint(len(keys)), false: fmt.Sprint(status(err))}[err == nil]
			check(t, "the answer", got, tt.want)
			check(t, "the total", total, len(keys))
		})
	}
}

// What no key can hold is not looked for.
func TestFindWhatCannotBe(t *testing.T) {
	s := newSite()
	s.issue(t, nil)
	for _, q := range []apikey.Query{{Text: "a\x00"}, {Title: "\xff"}, {IDs: []string{"\x00"}}, {Owner: auth.Actor{Type: "\x00"}}, {Kind: "\xff"}} {
		keys, total, err := s.Find(t.Context(), q)
		check(t, "keys", len(keys)+total, 0)
		check(t, "the error", err, nil)
	}
	check(t, "calls of the store", s.store.count("Find"), 0)
}
