package session_test

import (
	"context"
	"errors"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/session"
)

var _ login.Sessions = (*session.Manager)(nil)

// The packages fit together and know nothing of each other.
func TestManagerIsWhereLoginsLiveOn(t *testing.T) {
	for dir, other := range map[string]string{".": "/auth/login", "../auth/login": "/session"} {
		files := must(filepath.Glob(filepath.Join(dir, "*.go")))
		check(t, dir+" has files", len(files) > 0, true)
		for _, path := range files {
			for _, spec := range must(parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)).Imports {
				imported := strings.HasSuffix(strings.Trim(spec.Path.Value, `"`), "countersign"+other)
				check(t, path+" imports "+other, imported && !strings.HasSuffix(path, "_test.go"), false)
			}
		}
	}
}

// What somebody may become between two tokens.
func asBob(who *auth.AuthContext)    { who.Actor = bob }
func asNobody(who *auth.AuthContext) { who.Actor.ID = "" }
func asOwner(who *auth.AuthContext)  { who.Roles = auth.NewSet("owner") }
func asOther(who *auth.AuthContext)  { who.IdentityID = "another" }

// refreshAs asks for another access token for who admit makes of the session's.
func (b *browser) refreshAs(admit func(*auth.AuthContext)) reply {
	b.site.admit = admit
	return b.post("/refreshaccess/" + b.id)
}

// sessionIn returns the ID of the session that an access token is for.
func sessionIn(access string) string {
	id, _, _ := strings.Cut(access, " ")
	return id
}

func TestStartAccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(nil)
		b, visitor := s.logIn(), s.visit()
		s.login.Actor.ID = ""
		for _, cookie := range []string{b.cookie, visitor.cookie, "__Host-sid=x"} {
			got := s.send(request("POST", "/startaccess", "Cookie: "+cookie, "Origin: https://evil.example"))
			check(t, "the answer", got.Status, 200)
			check(t, "the cookies set", got.SetCookie, "")
			rec := must(s.store.inner.Get(t.Context(), sessionIn(got.Body), time.Now()))
			check(t, "the token", got.Body, must(minted(t.Context(), auth.AuthContext{
				SessionID: rec.ID, Roles: s.login.Roles, Expires: time.Now().Add(24 * time.Hour).UTC(),
			})))
			check(t, "the login", text(rec.Login), text(s.login))
		}
		check(t, "the cookie's session", b.get("/me"), passed("user ann"))
		check(t, "the visitor's", visitor.get("/current").Body, visitor.id)
		check(t, "sessions made", s.store.count("Create"), 5)
	})
}

func TestStartAccessIsRefused(t *testing.T) {
	tests := []struct {
		name   string
		change func(*session.Config)
		who    auth.AuthContext
		want   string
	}{
		{"without a Minter", func(c *session.Config) { c.Minter = nil }, auth.AuthContext{Actor: ann}, "session: a Manager without a Minter has no access tokens"},
		{"to nobody", nil, auth.AuthContext{Actor: auth.Actor{Type: "user"}}, "session: a Login with neither an actor nor an identity"},
		{"by the Minter", func(c *session.Config) {
			c.Minter = session.MinterFunc(func(context.Context, auth.AuthContext) (string, error) { return "half", errors.New("no key") })
		}, auth.AuthContext{Actor: ann}, "session: access token: no key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(tt.change)
			access, err := s.StartAccess(request("POST", "/"), tt.who)
			check(t, "the error", told(err), tt.want)
			check(t, "the token", access, "")
			check(t, "sessions", len(must(s.List(t.Context(), ann))), 0)
			access, err = s.RefreshAccess(nil, request("POST", "/"), tt.who)
			check(t, "a refresh is refused", err != nil, true)
			check(t, "its token", access, "")
		})
	}
}

// text is all that a login says.
func text(l session.Login) string {
	rec := session.Record{Login: l}
	return must(minted(context.Background(), auth.AuthContext{Actor: l.Actor, Roles: l.Roles})) + l.IdentityID + l.Provider + l.Scopes.String() +
		methods(rec) + l.Factors[0].At.UTC().String() + string(must(l.AppMetadata.MarshalJSON())) + string(must(l.UserMetadata.MarshalJSON()))
}

func TestRefreshAccess(t *testing.T) {
	names := func(v any) auth.Metadata { return must(auth.NewMetadata(v)) }
	const same, moved, changed, refused = "same", "moved", "changed", "refused"
	tests := []struct {
		name  string
		admit func(*auth.AuthContext)
		want  string
	}{
		{"as they were", func(*auth.AuthContext) {}, same},
		{"by another credential", func(who *auth.AuthContext) { who.Scheme, who.CredentialID, who.Expires = "api-key", "k", time.Now() }, same},
		{"with other factors", func(who *auth.AuthContext) { who.Factors = append(who.Factors, auth.Factor{Method: "otp"}) }, same},
		{"by another provider", func(who *auth.AuthContext) { who.Provider = "google" }, same},
		{"with metadata that is written otherwise", func(who *auth.AuthContext) {
			who.AppMetadata = auth.RawMetadata(`{ "user_id" : "\u0037" }`)
		}, same},
		{"with other scopes", func(who *auth.AuthContext) { who.Scopes = auth.NewSet("orders:read") }, changed},
		{"with one scope that looks like two", func(who *auth.AuthContext) { who.Scopes = auth.NewSet("orders:read orders:write") }, changed},
		{"with other roles", asOwner, changed},
		{"with other roles, other factors and by another provider", func(who *auth.AuthContext) {
			asOwner(who)
			who.Provider, who.Factors = "google", append(who.Factors, auth.Factor{Method: "otp"})
		}, changed},
		{"without roles", func(who *auth.AuthContext) { who.Roles = auth.Set{} }, changed},
		{"with other app metadata", func(who *auth.AuthContext) { who.AppMetadata = names(map[string]any{"user_id": 7}) }, changed},
		{"with other user metadata", func(who *auth.AuthContext) { who.UserMetadata = auth.Metadata{} }, changed},
		{"as another actor", asBob, moved},
		{"as another type of actor", func(who *auth.AuthContext) { who.Actor.Type = "customer" }, moved},
		{"without an actor", asNobody, moved},
		{"as another identity", asOther, refused},
		{"as no identity", func(who *auth.AuthContext) { who.IdentityID = "" }, refused},
		{"for no session", func(who *auth.AuthContext) { who.SessionID = "" }, refused},
		{"for an ID that is none", func(who *auth.AuthContext) { who.SessionID = "../" + who.SessionID }, refused},
	}
	carriers := []struct {
		name    string
		cookie  func(s *site, b *browser) string // the Cookie field
		carried bool
	}{
		{"the cookie", func(_ *site, b *browser) string { return b.cookie }, true},
		{"the cookie beside a bad one", func(_ *site, b *browser) string { return "__Host-sid=x; " + b.cookie }, true},
		{"no cookie", func(*site, *browser) string { return "a=b" }, false},
		{"a cookie that is dead", func(_ *site, b *browser) string { old := b.cookie; b.post("/rotate"); return old }, false},
		{"the cookie of another session", func(s *site, _ *browser) string { return s.logIn().cookie }, false},
		{"a visitor's cookie", func(s *site, _ *browser) string { return s.visit().cookie }, false},
	}
	for _, tt := range tests {
		for _, c := range carriers {
			t.Run(tt.name+", with "+c.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newSite(nil)
					b := s.logIn()
					cookie := c.cookie(s, b)
					before := must(s.store.inner.Get(t.Context(), b.id, time.Now()))
					time.Sleep(time.Second) // in which nothing is due to be renewed
					s.admit = tt.admit
					got := s.send(request("POST", "/refreshaccess/"+b.id, "Cookie: "+cookie))
					want := s.who(sessionIn(got.Body))
					want.Expires = before.EndsBy
					check(t, "the answer", got.Status, map[bool]int{true: 401, false: 200}[tt.want == refused])
					check(t, "the token", got.Status != 200 || got.Body == must(minted(t.Context(), want)), true)
					check(t, "the ID stays", sessionIn(got.Body) == b.id, tt.want == same || tt.want == changed)
					check(t, "a cookie is set", got.SetCookie != "", c.carried && (tt.want == changed || tt.want == moved))
					check(t, "the session has ended", must(s.Ended(t.Context(), b.id)), tt.want == moved)
					check(t, "the cookie before is good", b.get("/me").Status == 200, tt.want == same || tt.want == refused)
					next := *b
					next.keep(got.SetCookie)
					check(t, "the new one is", next.get("/page").Body == want.Actor.Type+" "+want.Actor.ID, got.SetCookie != "" || tt.want == same || tt.want == refused)
					after := must(s.store.inner.Get(t.Context(), map[bool]string{true: b.id, false: sessionIn(got.Body)}[tt.want == refused], time.Now()))
					check(t, "the factors", methods(after), "pwd")
					check(t, "the provider", after.Login.Provider, "emailpass")
					check(t, "it began", after.Created, before.Created)
					check(t, "it ends", after.EndsBy, before.EndsBy)
					check(t, "it was written", after.Renewed.After(before.Renewed), tt.want == changed || tt.want == moved)
				})
			})
		}
	}
}

// A refresh counts as a use, which is written once in a renewal interval, and never takes a session beyond its lifetime.
func TestRefreshAccessIsAUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSite(func(c *session.Config) { c.Lifetime = 45 * time.Minute }).logIn()
		begun := time.Now().UTC()
		record := func() session.Record { return must(b.site.store.inner.Get(t.Context(), b.id, time.Now())) }
		time.Sleep(time.Minute - time.Microsecond)
		b.post("/refreshaccess/" + b.id)
		check(t, "within the renewal interval", record().Renewed, begun)
		time.Sleep(20 * time.Minute)
		b.post("/refreshaccess/" + b.id)
		check(t, "the use", record().Renewed, time.Now().UTC())
		check(t, "the idle timeout begins anew", record().Expires, begun.Add(45*time.Minute))
		time.Sleep(20 * time.Minute)
		b.id = sessionIn(b.refreshAs(asBob).Body)
		check(t, "that of another actor ends with the lifetime", record().EndsBy, begun.Add(45*time.Minute))
		time.Sleep(4*time.Minute + time.Microsecond)
		check(t, "afterwards", b.post("/refreshaccess/"+b.id).Status, 401)
		check(t, "the cookie", b.get("/me").Status, 401)
	})
}

// A page of another site neither refreshes by a cookie that is good nor has one set. Where there is none, it is the
// access token that it would need.
func TestRefreshAccessFromAnotherSite(t *testing.T) {
	tests := []struct {
		name   string
		cookie func(b *browser) string
		origin string
		status int
	}{
		{"with the cookie", func(b *browser) string { return b.cookie }, "https://evil.example", 403},
		{"with the cookie and another", func(b *browser) string { return b.site.logIn().cookie + "; " + b.cookie }, "https://evil.example", 403},
		{"with the cookie, from our own page", func(b *browser) string { return b.cookie }, "https://example.com", 200},
		{"with a cookie that is dead", func(b *browser) string { old := b.cookie; b.post("/rotate"); return old }, "https://evil.example", 200},
		{"with the cookie of another session", func(b *browser) string { return b.site.logIn().cookie }, "https://evil.example", 200},
		{"without a cookie", func(*browser) string { return "a=b" }, "https://evil.example", 200},
	}
	for _, tt := range tests {
		for name, admit := range map[string]func(*auth.AuthContext){"as they were": func(*auth.AuthContext) {}, "as somebody else": asBob} {
			t.Run(tt.name+", "+name, func(t *testing.T) {
				b := newSite(nil).logIn()
				b.site.admit = admit
				cookie := tt.cookie(b)
				writes := b.site.store.count("Create") + b.site.store.count("Replace")
				got := b.site.send(request("POST", "/refreshaccess/"+b.id, "Cookie: "+cookie, "Origin: "+tt.origin))
				check(t, "the answer", got.Status, tt.status)
				check(t, "a cookie is set", got.SetCookie != "", tt.origin == "https://example.com" && name == "as somebody else")
				check(t, "something is written", b.site.store.count("Create")+b.site.store.count("Replace") > writes, tt.status == 200 && name == "as somebody else")
			})
		}
	}
}

// What happens between the reading and the writing of a refresh, or is lost on the way back: nobody has two sessions, none
// comes back, and who gets an error can ask again.
func TestRefreshAccessIsOvertaken(t *testing.T) {
	ends := func(b *browser) { must(0, b.site.store.inner.Delete(context.Background(), b.id)) }
	renewed := func(b *browser) {
		rec := must(b.site.store.inner.Get(context.Background(), b.id, time.Now()))
		must(0, b.site.store.inner.Replace(context.Background(), rec, time.Now()))
	}
	moved := func(b *browser) { other := *b; other.refreshAs(asBob) }
	unchanged := func(*auth.AuthContext) {}
	tests := []struct {
		name    string
		admit   func(*auth.AuthContext)
		arrange func(b *browser)
		status  int
		anns    int
		bobs    int
	}{
		{"by the end", asBob, func(b *browser) { b.site.store.once("Replace", first(func() { ends(b) })) }, 401, 0, 0},
		{"by the end, before it is read", asBob, func(b *browser) { b.site.store.once("Get", first(func() { ends(b) })) }, 401, 0, 0},
		{"by the end, before the other session", asBob, func(b *browser) { b.site.store.once("Create", first(func() { ends(b) })) }, 401, 0, 0},
		{"by the end, as the other session is there", asBob, func(b *browser) { b.site.store.once("Create", afterwards(func() { ends(b) })) }, 401, 0, 0},
		{"by the end, with other roles", asOwner, func(b *browser) { b.site.store.once("Replace", first(func() { ends(b) })) }, 401, 0, 0},
		{"by the end, as it is renewed", unchanged, func(b *browser) { b.site.store.once("Replace", first(func() { ends(b) })) }, 401, 0, 0},
		{"by a use", asBob, func(b *browser) { b.site.store.once("Replace", first(func() { renewed(b) })) }, 200, 0, 1},
		{"by a use, with other roles", asOwner, func(b *browser) { b.site.store.once("Replace", first(func() { renewed(b) })) }, 200, 1, 0},
		{"by a use, as it is renewed", unchanged, func(b *browser) { b.site.store.once("Replace", first(func() { renewed(b) })) }, 200, 1, 0},
		{"by another that does the same", asBob, func(b *browser) { b.site.store.once("Replace", first(func() { moved(b) })) }, 401, 0, 1},
		{"by another that does the same earlier", asBob, func(b *browser) { b.site.store.once("Get", afterwards(func() { moved(b) })) }, 401, 0, 1},
		{"by another that does more", unchanged, func(b *browser) { b.site.store.once("Replace", first(func() { moved(b); b.site.admit = unchanged })) }, 401, 0, 1},
		{"by a lost answer", asBob, func(b *browser) { b.site.store.once("Replace", losing(errRefused)) }, 200, 0, 1},
		{"by a lost answer about the other session", asBob, func(b *browser) { b.site.store.once("Create", losing(errRefused)) }, 200, 0, 1},
		{"by a lost answer, with other roles", asOwner, func(b *browser) { b.site.store.once("Replace", losing(session.ErrConflict)) }, 200, 1, 0},
		{"by an outage", asBob, func(b *browser) { b.site.store.once("Replace", answering(errRefused)) }, 503, 1, 0},
		{"by an outage, with other roles", asOwner, func(b *browser) { b.site.store.once("Replace", answering(errRefused)) }, 503, 1, 0},
		{"by a renewal that fails, which refuses nobody", unchanged, func(b *browser) { b.site.store.once("Replace", answering(errRefused)) }, 200, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newSite(nil).logIn()
				time.Sleep(time.Minute) // a renewal is due
				tt.arrange(b)
				got := b.refreshAs(tt.admit)
				check(t, "the answer", got.Status, tt.status)
				check(t, "a cookie is set by what was not done", got.SetCookie != "" && tt.status != 200, false)
				check(t, "sessions", len(must(b.site.List(t.Context(), ann))), tt.anns)
				check(t, "sessions of the other actor", len(must(b.site.List(t.Context(), bob))), tt.bobs)
			})
		})
	}
}

// A Minter that fails leaves all as it was, and no session that nobody has.
func TestRefreshAccessWithAMinterThatFails(t *testing.T) {
	for name, admit := range map[string]func(*auth.AuthContext){"as they were": func(*auth.AuthContext) {}, "with other roles": asOwner, "as somebody else": asBob} {
		for _, wrapped := range []error{errRefused, session.ErrNotFound, session.ErrConflict, auth.ErrInvalidCredentials} {
			t.Run(name+", "+wrapped.Error(), func(t *testing.T) {
				asked := 0
				b := newSite(func(c *session.Config) {
					c.Minter = session.MinterFunc(func(context.Context, auth.AuthContext) (string, error) { asked++; return "half", wrapped })
				}).logIn()
				who := b.site.who(b.id)
				admit(&who)
				access, err := b.site.RefreshAccess(nil, request("POST", "/", "Cookie: "+b.cookie), who)
				check(t, "the error", told(err), "session: access token: "+wrapped.Error())
				check(t, "the token", access, "")
				check(t, "asked", asked, 1)
				check(t, "the cookie", b.get("/me"), passed("user ann"))
				check(t, "sessions of the other actor", len(must(b.site.List(t.Context(), bob))), 0)
			})
		}
	}
}

// Many tabs in front of two processes refresh at once, as an identity got an actor, or a role: one of them moves the session,
// and no session is there twice.
func TestRefreshAccessStorm(t *testing.T) {
	for range 10 {
		for name, admit := range map[string]func(*auth.AuthContext){"an actor": asBob, "a role": asOwner} {
			b := newSite(func(c *session.Config) { c.RenewInterval = 1 }).logIn()
			other := newSite(func(c *session.Config) { c.Store, c.RenewInterval = b.site.store, 1 })
			b.site.admit, other.admit = admit, admit
			replies := make([]reply, 32)
			var wg sync.WaitGroup
			for i := range replies {
				s := []*site{b.site, other}[i%2]
				cookie := []string{"a=b", b.cookie}[i/2%2]
				wg.Go(func() { replies[i] = s.send(request("POST", "/refreshaccess/"+b.id, "Cookie: "+cookie)) })
			}
			wg.Wait()
			count := map[int]int{}
			cookies := []string{}
			for _, got := range replies {
				count[got.Status]++
				if got.SetCookie != "" {
					cookies = append(cookies, got.SetCookie)
				}
			}
			check(t, name+": tokens", count[200], map[string]int{"an actor": 1, "a role": 32}[name])
			check(t, name+": refused", count[401], 32-count[200])
			check(t, name+": cookies, of which one would be dead", len(cookies) > 1, false)
			for _, cookie := range cookies {
				b.keep(cookie)
				check(t, name+": the cookie", b.get("/me").Status, 200)
			}
			check(t, name+": sessions", len(must(b.site.List(t.Context(), bob)))+len(must(b.site.List(t.Context(), ann))), 1)
		}
	}
}

// All sessions of an identity end while one of them gets another actor: none is left, under whatever actor.
func TestEndIdentityAgainstRefreshAccess(t *testing.T) {
	left := 0
	for range 1000 {
		b := newResurrection()
		b.site.admit = asBob
		var wg sync.WaitGroup
		wg.Go(func() { b.site.send(request("POST", "/refreshaccess/"+b.id, "Cookie: "+b.cookie)) })
		wg.Go(func() { must(b.site.EndIdentity(context.Background(), b.site.login.IdentityID, "")) })
		wg.Wait()
		left += len(must(b.site.List(t.Context(), bob))) + len(must(b.site.List(t.Context(), ann)))
	}
	check(t, "sessions that are left", left, 0)
}
