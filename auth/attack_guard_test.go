package auth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
)

func twoAuthorizationFields(t *testing.T) {
	v, key := issue()
	for _, second := range []string{"Bearer " + key, "Bearer x", "Basic " + basic(key+":"), "", "Negotiate x"} {
		check(t, require(auth.Bearer(v, nil), get("Authorization: Bearer "+key, "Authorization: "+second)), malformed(asksBearer+badRequest))
		check(t, require(auth.Bearer(v, nil), get("Authorization: "+second, "Authorization: Bearer "+key)), malformed(asksBearer+badRequest))
		check(t, optional(everyone(v), get("Authorization: Bearer "+key, "Authorization: "+second)).Status, 400)
	}
	check(t, v.asked, 0)
}

func authorizationList(t *testing.T) {
	v, key := issue()
	for _, list := range []string{"Bearer " + key + ", Bearer x", "Bearer x, Bearer " + key, "Bearer " + key + "," + key, "Bearer " + key + ","} {
		check(t, require(auth.Bearer(v, nil), get("Authorization: "+list)), malformed(asksBearer+badRequest))
	}
	check(t, v.asked, 0)
}

func loneScheme(t *testing.T) {
	v, key := issue()
	for _, field := range []string{"Bearer", "Bearer ", "Bearer" + key, "Bearer\t" + key, ""} {
		check(t, require(auth.Bearer(v, nil), get("Authorization: "+field)), malformed(asksBearer+badRequest))
		check(t, optional(auth.Bearer(v, nil), get("Authorization: "+field)), malformed(asksBearer+badRequest))
	}
	check(t, v.asked, 0)
}

func goodCookieBadToken(t *testing.T) {
	v, key := issue()
	r := get("Cookie: __Host-sid="+key, "Authorization: Bearer "+spoiled(key))
	check(t, require(everyone(v), r), unauthorized(asksBearer+badToken))
	check(t, optional(everyone(v), r), unauthorized(asksBearer+badToken))
	check(t, v.asked, 2)
}

func nothingAtAll(t *testing.T) {
	v, _ := issue()
	check(t, optional(everyone(v), get()), asAnonymous.vary())
	check(t, require(everyone(v), get()), unauthorized(asksCookie, asksBearer, asksApiKey, asksHeader))
}

func spoofedFields(t *testing.T) {
	v, key := issue()
	fields := []string{"X-User: admin", "X-Forwarded-User: admin", "X-Forwarded-Email: a@b", "X-Remote-User: admin", "Remote-User: admin",
		"X-Admin-Token: 1", "X-Middleware-Subrequest: middleware", "X-Internal: 1", "X-Auth-Request-User: admin", "X-Original-Url: /public",
		"X-Rewrite-Url: /public", "X-Http-Method-Override: GET", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: example.com",
		"X-Authenticated: true", "X-Skip-Auth: 1", "X-Actor-Id: admin", "X-Scopes: *", "Forwarded: for=127.0.0.1", "Auth-Context: admin"}
	check(t, require(everyone(v), get(fields...)).Status, 401)
	check(t, optional(everyone(v), get(fields...)), asAnonymous.vary())
	check(t, require(everyone(v), get(append(fields, "X-API-Key: "+key)...)), asAlice)
	check(t, require(everyone(v), get(append(fields, "X-API-Key: "+key)...), auth.Scopes("x")).Status, 403)
}

// pathTricks asks for a guarded route by everything that is not its name. What is open is open by the mux's pattern, and by
// nothing in the path, query or fragment.
func pathTricks(t *testing.T) {
	v, _ := issue()
	reached := 0
	mux := http.NewServeMux()
	mux.Handle("/admin/", auth.New(everyone(v), quiet).Require()(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ })))
	mux.HandleFunc("GET /health", func(http.ResponseWriter, *http.Request) {})
	for _, target := range []string{"/admin/", "/admin/?/health", "/admin/health", "/admin/;/health", "/admin/..;/health", "/admin/%2e%2e/health",
		"/admin/..%2fhealth", "//admin/", "/./admin/", "/health/../admin/", "/health/..%2fadmin/", "/health;/admin/", "/admin/%00/health",
		"/ADMIN/", "/%61dmin/", "/admin%2f", "/admin/#/health", "/admin/?path=/health", "/health%2f..%2fadmin/"} {
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS", "TRACE", "health"} {
			mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, target, nil))
		}
	}
	check(t, reached, 0)
}

func healthCheckAgent(t *testing.T) {
	v, _ := issue()
	for _, agent := range []string{"GoogleHC/1.0", "ELB-HealthChecker/2.0", "kube-probe/1.30", "Envoy/HC", ""} {
		check(t, require(everyone(v), get("User-Agent: "+agent)).Status, 401)
	}
}

// corsFields: the guard sets no field of CORS, so the middleware for it stands outside and answers preflights itself.
func corsFields(t *testing.T) {
	v, key := issue()
	for _, origin := range []string{"https://evil.example", "null", "https://example.com"} {
		for _, r := range []*http.Request{
			get("Origin: " + origin), get("Origin: "+origin, "X-API-Key: "+key), request("POST", "Origin: "+origin, "Cookie: __Host-sid="+key),
			request("OPTIONS", "Origin: "+origin, "Access-Control-Request-Method: GET"),
		} {
			for _, d := range []door{auth.New(everyone(v), quiet).Require(), auth.New(everyone(v), quiet).Optional()} {
				w := httptest.NewRecorder()
				d(http.NotFoundHandler()).ServeHTTP(w, r)
				for name := range w.Result().Header {
					check(t, strings.HasPrefix(name, "Access-Control-"), false)
				}
			}
		}
	}
	preflighted := func(next http.Handler) http.Handler { // the order: CORS, then the guard
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "OPTIONS" {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	d := chain(preflighted, auth.New(everyone(v), quiet).Require())
	check(t, send(d, request("OPTIONS")).Status, 204)
	check(t, send(d, get()).Status, 401)
}

// catalogue returns requests none of which has good credentials, and how each is answered.
func catalogue(key string) map[int][]*http.Request {
	bad := spoiled(key)
	return map[int][]*http.Request{
		400: {
			get("Authorization: Bearer"), get("Authorization: "), get("Authorization: Bearer " + key + " "), get("Authorization: Bearer " + key + ", x"),
			get("Authorization: Bearer "+key, "Authorization: Bearer "+key), get("X-API-Key: "+key, "X-API-Key: "+key),
			get("X-API-Key: "+key, "Authorization: Bearer "+key), get("Authorization: Basic"), get("Authorization: Basic a b"),
		},
		401: {
			get(), get("Authorization: Negotiate x"), get("Authorization: Bearer " + bad), get("Authorization: Bearer " + strings.ToUpper(key)),
			get("X-API-Key: "), get("X-API-Key: " + bad), get("X-API-Key: " + key + "," + key), get("X-API-Key: " + long), get("X-API-Key: Bearer " + key),
			get("Authorization: Basic " + basic(bad+":")), get("Authorization: Basic " + basic(key+":x")), get("Authorization: Basic " + basic(":"+key)),
			get("Authorization: Basic " + basic(key)), get("Cookie: __Host-sid=" + bad), get("Cookie: __HOST-sid=" + key), get("Cookie: sid=" + key),
			get("Cookie: __Host-sid="+key, "Authorization: Bearer "+bad), get("Cookie: __Host-sid=" + key + "; a=" + long),
			request("OPTIONS"), request("TRACE"), get("Cookie: __Host-sid=1; __Host-sid=2; __Host-sid=3; __Host-sid=4; __Host-sid=" + key),
		},
		403: {
			request("POST", "Cookie: __Host-sid="+key, "Origin: null"), request("POST", "Cookie: __Host-sid="+key, "Sec-Fetch-Site: cross-site"),
			get("Cookie: __Host-sid="+key, "Upgrade: websocket", "Origin: https://evil.example"),
		},
	}
}

func cachedRefusal(t *testing.T) {
	v, key := issue()
	outer := func(next http.Handler) http.Handler { // what something outside would have
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "public, max-age=86400")
			next.ServeHTTP(w, r)
		})
	}
	for status, requests := range catalogue(key) {
		for _, r := range requests {
			got := send(chain(outer, auth.New(everyone(v), quiet).Require()), r)
			check(t, got.Status, status)
			check(t, got.Cache, "no-store")
		}
	}
}

func panicBeforeAndAfter(t *testing.T) {
	var reached atomic.Int32
	boom := auth.SchemeFunc(func(r *http.Request) (*auth.AuthContext, error) {
		if r.URL.Path == "/scheme" {
			panic("boom")
		}
		return nil, auth.NoCredentials()
	})
	server := httptest.NewUnstartedServer(auth.New(auth.AnyOf(boom, always(alice, nil)), quiet).Require()(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			reached.Add(1)
			if r.URL.Path == "/handler" {
				w.Header().Set("Set-Cookie", "half=made")
				panic("boom")
			}
		})))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	defer server.Close()
	visit := func(path string) error {
		response, err := server.Client().Get(server.URL + path)
		if err != nil {
			return err
		}
		return errors.Join(response.Body.Close(), map[bool]error{false: errBug}[response.StatusCode == 200])
	}
	for _, path := range []string{"/handler", "/scheme"} {
		check(t, visit(path) != nil, true)
		check(t, visit("/"), nil)
	}
	check(t, reached.Load(), 3) // not by the request whose scheme panicked
}

func neitherContextNorError(t *testing.T) {
	s := always(nil, nil)
	for _, s := range []auth.Scheme{
		s, auth.AnyOf(s, always(alice, nil)), auth.AllOf(s, always(alice, nil)), auth.AllOf(always(alice, nil), s), auth.Then(s, counting(new(int))),
		auth.Bearer(answers(nil, nil), nil), auth.Header("X-Key", answers(nil, nil)), auth.Cookie("sid", answers(nil, nil), nil),
		auth.Then(always(alice, nil), func(*http.Request, *auth.AuthContext) (*auth.AuthContext, error) { return nil, nil }),
	} {
		r := get("Authorization: Bearer x", "X-Key: x", "Cookie: sid=x")
		check(t, require(s, r, auth.AllowUnregistered), internal())
		check(t, optional(s, r), internal())
	}
}

func handlerAfterRefusal(t *testing.T) {
	v, key := issue()
	g, reached := auth.New(everyone(v), quiet), 0
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ })
	for status, requests := range catalogue(key) {
		for _, r := range requests {
			w := httptest.NewRecorder()
			g.Require(auth.AllowUnregistered)(h).ServeHTTP(w, r)
			check(t, w.Code, status)
			_, err := g.Check(r)
			var e *auth.Error
			check(t, errors.As(err, &e), true)
			check(t, e.Status, status)
		}
	}
	check(t, reached, 0)
}

func foreignContextKey(t *testing.T) {
	v, _ := issue()
	for _, key := range []any{"user", "auth", "auth.AuthContext", "principal", 0, ownKey{}, struct{}{}, auth.AuthContext{}.Actor} {
		ctx := context.WithValue(t.Context(), key, alice)
		check(t, require(everyone(v), get().WithContext(ctx)).Status, 401)
		_, ok := auth.FromContext(ctx)
		check(t, ok, false)
	}
}

// missingClientCertificate has a scheme of the program's own for certificates, and a token beside it.
func missingClientCertificate(t *testing.T) {
	v, key := issue()
	certificate := auth.SchemeFunc(func(r *http.Request) (*auth.AuthContext, error) {
		if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
			return nil, auth.NoCredentials(auth.Challenge{Scheme: "Mutual"})
		}
		return alice, nil
	})
	s := auth.AllOf(certificate, auth.Bearer(v, nil))
	check(t, require(s, get("Authorization: Bearer "+key)), unauthorized("Mutual"))
	check(t, optional(s, get("Authorization: Bearer "+key)), unauthorized("Mutual"))
	check(t, require(certificate, get()), unauthorized("Mutual"))
}

// refusalWithoutChallenge is a property: whatever scheme, outcome, rule and ErrorHandler, a 401 has a challenge that parses.
func refusalWithoutChallenge(t *testing.T) {
	errs := []error{auth.NoCredentials(), auth.NoCredentials(auth.Challenge{}), auth.NoCredentials(auth.Challenge{Scheme: "a b"}), errBad, errDown, errBug, nil,
		&auth.Error{Status: 401}, &auth.Error{Status: 401, Challenges: []auth.Challenge{{}, {Scheme: "\n"}}}, &auth.Error{Status: 400}, &auth.Error{Status: 403},
		&auth.Error{Status: 404}, &auth.Error{Status: 429}, &auth.Error{Status: 500}, &auth.Error{Status: 503}, &auth.Error{Status: 200}}
	rules := []auth.Rule{auth.Roles("x"), auth.Scopes("x"), auth.Fresh(time.Minute), auth.AllowUnregistered}
	for _, err := range errs {
		rules = append(rules, says(err))
	}
	handlers := []auth.ErrorHandler{nil, auth.Problem, auth.Redirect("/login"),
		func(w http.ResponseWriter, _ *http.Request, _ *auth.Error) { clear(w.Header()) },
		func(w http.ResponseWriter, _ *http.Request, _ *auth.Error) {
			http.Error(w, "no", http.StatusUnauthorized)
		},
		func(w http.ResponseWriter, _ *http.Request, _ *auth.Error) { w.WriteHeader(http.StatusOK) },
		func(w http.ResponseWriter, _ *http.Request, e *auth.Error) {
			e.Challenges = nil
			w.WriteHeader(e.Status)
		},
	}
	requests := []*http.Request{get(), get("Authorization: Bearer x"), get("Authorization: Bearer"), get("X-Key: x"), get("Cookie: sid=x"),
		request("POST", "Cookie: sid=x", "Origin: null"), get("Authorization: Bearer x", "X-Key: x"), get("Cookie: sid=x", "Sec-Fetch-Mode: navigate")}
	seen := map[int]int{}
	for _, err := range errs {
		for _, ac := range []*auth.AuthContext{nil, guest, alice} {
			s, v := always(ac, err), answers(ac, err)
			cookie, bearer, key := auth.Cookie("sid", v, nil), auth.Bearer(v, nil), auth.Header("X-Key", v)
			then := func(*http.Request, *auth.AuthContext) (*auth.AuthContext, error) { return ac, err }
			for i, s := range []auth.Scheme{s, asking{auth.Challenge{}, s}, asking{auth.Challenge{Scheme: "a\nb"}, s}, cookie, bearer, key, auth.AnyOf(s), auth.AnyOf(cookie, bearer, key),
				auth.AllOf(s, bearer), auth.AllOf(bearer, s, cookie), auth.Then(always(guest, nil), then), auth.AnyOf(auth.Then(bearer, then), s)} {
				g := auth.New(s, &auth.Options{ErrorHandler: handlers[i%len(handlers)], Logger: quiet.Logger})
				styled := auth.New(s, &auth.Options{ErrorHandler: handlers[(i+3)%len(handlers)], Logger: quiet.Logger})
				for _, r := range requests {
					for _, d := range []door{g.Require(), g.Optional(), styled.Require(rules[i%len(rules)]), styled.Require(auth.AllowUnregistered, rules[(i+7)%len(rules)]),
						chain(g.Optional(), styled.Require(rules[(i+13)%len(rules)])), checking(styled)} {
						w := httptest.NewRecorder()
						d(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
						seen[w.Code]++
						challenges := w.Result().Header["Www-Authenticate"]
						if w.Code == 401 && len(challenges) == 0 {
							t.Fatalf("401 without a challenge: scheme %d, context %v, error %v, request %v", i, ac, err, r.Header)
						}
						for _, c := range challenges {
							if _, _, err := parseChallenge(c); err != nil {
								t.Fatalf("challenge %q: %v", c, err)
							}
						}
					}
				}
			}
		}
	}
	for _, status := range []int{200, 303, 400, 401, 403, 404, 429, 500, 503} {
		check(t, seen[status] > 0, true)
	}
}

func failureText(t *testing.T) {
	_, key := issue()
	hidden := []string{key, "hunter2", "postgres://", "goroutine", "guard.go", "pq:"}
	err := fmt.Errorf("pq: connect postgres://app:hunter2@db/app with %s: goroutine 1 at guard.go", key)
	for _, err := range []error{err, fmt.Errorf("%w: %w", auth.ErrUnavailable, err), &auth.Error{Status: 403, Err: err}, fmt.Errorf("%w: %w", auth.ErrInvalidCredentials, err)} {
		for _, handler := range []auth.ErrorHandler{nil, auth.Problem, auth.Redirect("/login")} {
			g := auth.New(auth.Header("X-API-Key", answers(nil, err)), &auth.Options{ErrorHandler: handler, Logger: quiet.Logger})
			w := httptest.NewRecorder()
			g.Require()(nil).ServeHTTP(w, get("X-API-Key: "+key))
			text := fmt.Sprint(w.Result().Header, w.Body)
			for _, h := range hidden {
				check(t, strings.Contains(text, h), false)
			}
		}
	}
}
