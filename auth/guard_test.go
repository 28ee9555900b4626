package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// Whoever has hung up is not served, and nobody is asked about them.
func TestGuardCanceled(t *testing.T) {
	asked := 0
	g := auth.New(tokenOf(&asked), quiet)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	for _, ctx := range []context.Context{canceled, late} {
		r := get("Authorization: Bearer a11ce").WithContext(ctx)
		check(t, send(g.Require(), r), unavailable())
		check(t, send(g.Optional(), r), unavailable())
		check(t, send(chain(g.Optional(), g.Require()), r), unavailable())
		_, err := g.Check(r)
		check(t, errors.Is(err, auth.ErrUnavailable), true)
	}
	check(t, asked, 0)
}

// A panic is the server's to recover. The handler is not called, and the next request is like any other.
func TestGuardPanics(t *testing.T) {
	boom := func(r *http.Request) {
		if r.Header.Get("X-Boom") != "" {
			panic("boom")
		}
	}
	scheme := auth.SchemeFunc(func(r *http.Request) (*auth.AuthContext, error) { boom(r); return alice, nil })
	verifier := auth.TokenVerifierFunc(func(context.Context, auth.Credential) (*auth.AuthContext, error) { panic("boom") })
	tests := []struct {
		name    string
		scheme  auth.Scheme
		rule    auth.Rule
		handler func(*http.Request)
		reached int32 // how often the handler is
	}{
		{"a scheme", scheme, auth.AllowUnregistered, func(*http.Request) {}, 1},
		{"a scheme in combinations", auth.AnyOf(auth.Then(auth.AllOf(scheme, always(guest, nil)), counting(new(int)))), auth.AllowUnregistered, func(*http.Request) {}, 1},
		{"a verifier", auth.AnyOf(auth.Header("X-Boom", verifier), always(alice, nil)), auth.AllowUnregistered, func(*http.Request) {}, 1},
		{"a func of Then", auth.Then(always(alice, nil), func(r *http.Request, ac *auth.AuthContext) (*auth.AuthContext, error) { boom(r); return ac, nil }),
			auth.AllowUnregistered, func(*http.Request) {}, 1},
		{"a rule", always(alice, nil), func(r *http.Request, _ auth.AuthContext) error { boom(r); return nil }, func(*http.Request) {}, 1},
		{"a handler", always(alice, nil), auth.AllowUnregistered, boom, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var reached atomic.Int32
			h := auth.New(tt.scheme, quiet).Require(tt.rule)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				reached.Add(1)
				tt.handler(r)
				w.WriteHeader(http.StatusTeapot)
			}))
			server := httptest.NewUnstartedServer(h)
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.Start()
			defer server.Close()
			r := must(http.NewRequest("GET", server.URL, nil))
			r.Header.Set("X-Boom", "1")
			_, err := server.Client().Do(r)
			check(t, err != nil, true)
			response := must(server.Client().Get(server.URL))
			check(t, response.Body.Close(), nil)
			check(t, response.StatusCode, http.StatusTeapot)
			check(t, reached.Load(), tt.reached)
		})
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name   string
		scheme auth.Scheme
		rules  []auth.Rule
		status int
		who    auth.Actor
	}{
		{"good", always(alice, nil), nil, 0, alice.Actor},
		{"good, and the rules say so", always(alice, nil), []auth.Rule{auth.ActorType("user")}, 0, alice.Actor},
		{"good, but a rule says no", always(alice, nil), []auth.Rule{auth.Roles("admin")}, 403, auth.Actor{}},
		{"without an actor", always(guest, nil), nil, 401, auth.Actor{}},
		{"none", always(nil, auth.NoCredentials()), nil, 401, auth.Actor{}},
		{"bad", always(alice, errBad), nil, 401, auth.Actor{}},
		{"unavailable", always(alice, errDown), nil, 503, auth.Actor{}},
		{"a bug", always(nil, nil), nil, 500, auth.Actor{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := auth.New(tt.scheme, quiet)
			ac, err := g.Check(get(), tt.rules...)
			e := &auth.Error{}
			check(t, errors.As(err, &e), tt.status != 0)
			check(t, e.Status, tt.status)
			check(t, ac.Actor, tt.who)
		})
	}
}

// What Check returns is what Refuse sends: nothing is lost between the two.
func TestRefuse(t *testing.T) {
	g := auth.New(auth.AnyOf(auth.Bearer(users(), nil), auth.Cookie("sid", users(), nil)), quiet)
	for _, r := range []*http.Request{
		get(), get("Authorization: Bearer bad"), get("Authorization: Bearer"), request("POST", "Cookie: sid=a11ce", "Origin: null"),
	} {
		check(t, send(checking(g), r), send(g.Require(), r))
	}
	tests := []struct {
		name string
		err  error
		want reply
	}{
		{"a wrong password", errBad, unauthorized(asksBearer, asksCookie)},
		{"none", auth.NoCredentials(), unauthorized(asksBearer, asksCookie)},
		{"403", &auth.Error{Status: 403}, forbidden()},
		{"401 with a challenge without a scheme", &auth.Error{Status: 401, Challenges: []auth.Challenge{{Params: []auth.Param{{"a", "b"}}}}}, unauthorized(asksBearer + `, a="b"`)},
		{"unavailable", errDown, unavailable()},
		{"unknown", errBug, internal()},
		{"nil", nil, internal()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			refuse := func(http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.Refuse(w, r, tt.err) })
			}
			check(t, send(refuse, get()), tt.want)
		})
	}
}

func TestLog(t *testing.T) {
	tests := []struct {
		name  string
		err   error
		want  string // level, status, pattern and error
		ended bool   // the client hung up
	}{
		{"none", auth.NoCredentials(), "DEBUG 401 GET /a/{token} auth: no credentials", false},
		{"invalid", errBad, "DEBUG 401 GET /a/{token} auth: invalid credentials: revoked", false},
		{"403", &auth.Error{Status: 403, Message: "for the client", Err: errBug}, "DEBUG 403 GET /a/{token} boom", false},
		{"without a cause", &auth.Error{Status: 403, Message: "for the client"}, "DEBUG 403 GET /a/{token} for the client", false},
		{"without anything", &auth.Error{Status: 404}, "DEBUG 404 GET /a/{token} Not Found", false},
		{"unavailable", errDown, "ERROR 503 GET /a/{token} store: auth: unavailable", false},
		{"an unknown error", errBug, "ERROR 500 GET /a/{token} boom", false},
		{"a bug", nil, "ERROR 500 GET /a/{token} auth: neither an AuthContext nor an error was returned", false},
		{"unavailable to one who hung up", nil, "DEBUG 503 GET /a/{token} auth: unavailable: context canceled", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			logger := slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))
			mux := http.NewServeMux()
			mux.Handle("GET /a/{token}", auth.New(always(nil, tt.err), &auth.Options{Logger: logger}).Require()(nil))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			map[bool]func(){true: cancel, false: func() {}}[tt.ended]()
			mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/a/s3cret", nil).WithContext(ctx))
			var record struct {
				Level, Msg, Pattern, Error string
				Status                     int
			}
			check(t, json.Unmarshal(b.Bytes(), &record), nil)
			check(t, fmt.Sprint(record.Level, " ", record.Status, " ", record.Pattern, " ", record.Error), tt.want)
			check(t, record.Msg, "auth: refused")
		})
	}
}

// Without a Logger the default one is used, and what passes is not logged.
func TestLogDefault(t *testing.T) {
	var b bytes.Buffer
	before := slog.Default()
	defer slog.SetDefault(before)
	g := auth.New(always(nil, errBug), &auth.Options{})
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, nil)))
	send(g.Require(), get())
	check(t, strings.Count(b.String(), "\n"), 1)
	send(auth.New(always(alice, nil), nil).Require(), get())
	send(auth.New(always(nil, auth.NoCredentials()), nil).Optional(), get())
	check(t, strings.Count(b.String(), "\n"), 1)
}

// TestSecretsStayInside sends a secret in every way to every scheme, has the verifier answer in every way, and looks for
// the secret in all that comes out.
func TestSecretsStayInside(t *testing.T) {
	const hidden = "s3cr3t0fAl1ce"
	forbidden := []string{hidden, basic(hidden)[:16], basic("x:" + hidden)[4:18], basic(hidden + ":")[:16]}
	requests := append(bearing(hidden), get("Authorization: Bearer "+hidden+long), get("X-Key: "+hidden+long), get("Cookie: sid="+hidden+long))
	level := &slog.HandlerOptions{Level: slog.LevelDebug}
	tests := []struct {
		name string
		ac   *auth.AuthContext
		err  error
	}{
		{"good", alice, nil}, {"without an actor", guest, nil}, {"nothing", nil, nil}, {"none", nil, auth.NoCredentials()},
		{"invalid", nil, errBad}, {"unavailable", nil, errDown}, {"unknown", nil, errBug},
		{"429", nil, &auth.Error{Status: 429, Err: errBad}}, {"no status", nil, &auth.Error{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			v := auth.Tokens(answers(tt.ac, tt.err))
			cookie, bearer, key := auth.Cookie("sid", v, nil), auth.Bearer(v, nil), auth.Header("X-Key", v)
			text := &auth.Options{Logger: slog.New(slog.NewTextHandler(&out, level))}
			json := &auth.Options{Logger: slog.New(slog.NewJSONHandler(&out, level)), ErrorHandler: auth.Problem}
			for _, g := range []*auth.Guard{
				auth.New(cookie, text), auth.New(bearer, json), auth.New(key, json), auth.New(auth.Basic(v, nil), text),
				auth.New(auth.Basic(v, &auth.BasicOptions{Lenient: true, Challenge: true}), json),
				auth.New(auth.AnyOf(cookie, bearer, key), text), auth.New(auth.AllOf(key, cookie), text),
			} {
				for _, r := range requests {
					w := httptest.NewRecorder()
					g.Optional()(g.Require(auth.Scopes("x"))(nil)).ServeHTTP(w, r)
					_, err := g.Check(r)
					fmt.Fprintf(&out, "%v %v %v %+v %#v\n", w.Result().Header, w.Body, err, err, err)
				}
			}
			for _, f := range forbidden {
				check(t, strings.Count(out.String(), f), 0)
			}
		})
	}
}

// bearing returns requests that carry a secret wherever one is looked for, in forms that are good and bad.
func bearing(secret string) (all []*http.Request) {
	for _, value := range []string{"%s", "", " %s", "%s, %s", "%s x", "%s\x00", `"%s`, `%s\`, "%sé", "x:%s", "x; sid=%s"} {
		value = strings.ReplaceAll(value, "%s", secret)
		for _, line := range []string{
			"Authorization: Bearer " + value, "Authorization: " + value, "Authorization: Basic " + value, "Authorization: Basic " + basic(value),
			"Authorization: Basic " + basic(value+":"), "X-Key: " + value, "Cookie: sid=" + value,
		} {
			all = append(all, get(line), get(line, line), request("POST", line, "Origin: null"))
		}
	}
	return all
}

// Many requests at once, each of which changes what it can.
func TestGuardConcurrent(t *testing.T) {
	shared := &auth.AuthContext{Actor: alice.Actor, Factors: []auth.Factor{{Method: "pwd"}}, Scopes: auth.NewSet("a", "b"), AppMetadata: must(auth.NewMetadata(map[string]any{"a": 1}))}
	v := answers(shared, nil)
	s := auth.Then(auth.AllOf(auth.AnyOf(auth.Cookie("sid", v, nil), auth.Bearer(v, nil)), always(shared, nil)),
		func(_ *http.Request, ac *auth.AuthContext) (*auth.AuthContext, error) {
			ac.Factors[0].Method = "then"
			ac.Attach(ac)
			return ac, nil
		})
	change := func(_ *http.Request, ac auth.AuthContext) error {
		ac.Factors[0].Method = "rule"
		return nil
	}
	g := auth.New(s, quiet)
	h := g.Optional()(g.Require(change, auth.Scopes("a"))(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		ac, _ := auth.FromContext(r.Context())
		ac.Factors[0].Method = "handler"
		ac.Attach(1)
	})))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 100 {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, get([]string{"Cookie: sid=x", "Authorization: Bearer x"}[i%2]))
				check(t, w.Code, 200)
			}
		})
	}
	wg.Wait()
	check(t, shared.Factors[0].Method, "pwd")
}
