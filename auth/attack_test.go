package auth_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// TestAttack runs the known attacks on requests, by the IDs of the project's list.
func TestAttack(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T){
		"H001": twoAuthorizationFields,
		"H002": authorizationList,
		"H006": loneScheme,
		"H009": goodCookieBadToken,
		"H010": nothingAtAll,
		"H015": spoofedFields,
		"H017": pathTricks,
		"H018": healthCheckAgent,
		"H020": corsFields,
		"H022": cachedRefusal,
		"H023": panicBeforeAndAfter,
		"H024": neitherContextNorError,
		"H025": handlerAfterRefusal,
		"H028": foreignContextKey,
		"H030": missingClientCertificate,
		"H031": refusalWithoutChallenge,
		"H032": failureText,
		"J063": blanksAroundToken,
		"J090": scopeWithQuote,
		"J091": missingScope,
		"J094": disabledUser,
		"L053": skippedSecondFactor,
		"P002": keyOfOtherLength,
		"P006": disabledOwner,
		"P010": twoKeys,
		"P011": joinedKeys,
		"P012": blanksAroundKey,
		"P014": hugeKey,
		"P015": emptyKey,
		"P016": wordsForNothing,
		"P022": outcomeOfOtherCredentials,
		"P024": storeDown,
		"P025": malformedBasic,
		"S007": prefixInOtherCase,
		"S008": manyCookies,
		"S040": cookieInLogs,
		"S041": signInWithOldCookie,
		"S046": originByHTTP,
		"S047": oddOrigins,
		"S051": crossOriginWebSocket,
		"S053": secureBehindProxy,
	} {
		t.Run(id, attack)
	}
}

// opaque are verifiers of real tokens, by their digest, as stores keep them.
type opaque struct {
	codec  token.Codec
	stored map[string]token.Digest
	asked  int
}

// issue returns a verifier and a token of alice's that it accepts.
func issue() (*opaque, string) {
	codec := must(token.NewCodec("sk"))
	id := token.NewID()
	secret := codec.New(id)
	return &opaque{codec: codec, stored: map[string]token.Digest{id: secret.Digest()}}, secret.Reveal()
}

func (o *opaque) VerifyToken(_ context.Context, c auth.Credential) (*auth.AuthContext, error) {
	o.asked++
	id, err := o.codec.Parse(c.Token)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", auth.ErrInvalidCredentials, err)
	}
	if !o.stored[id].Equal(token.Sum(c.Token)) {
		return nil, fmt.Errorf("%w: key %s", auth.ErrInvalidCredentials, id)
	}
	return alice, nil
}

// spoiled is a token whose last character is another.
func spoiled(text string) string {
	if text, ok := strings.CutSuffix(text, "a"); ok {
		return text + "b"
	}
	return text[:len(text)-1] + "a"
}

// everyone is a scheme that takes a token in every way.
func everyone(v auth.TokenVerifier) auth.Scheme {
	return auth.AnyOf(auth.Cookie("__Host-sid", v, nil), auth.Bearer(v, nil), auth.Basic(v, nil), auth.Header("X-API-Key", v))
}

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

func blanksAroundToken(t *testing.T) {
	v, key := issue()
	for _, blank := range []string{" ", "\t", "\u00a0", "\x00", "\u2028", "\r\n"} {
		for _, text := range []string{key + blank, key + blank + "x", key[:9] + blank + key[9:]} {
			check(t, require(auth.Bearer(v, nil), get("Authorization: Bearer "+text)), malformed(asksBearer+badRequest))
		}
	}
	for _, blank := range []string{"\t", "\u00a0", "\x00"} {
		check(t, require(auth.Bearer(v, nil), get("Authorization: Bearer "+blank+key)), malformed(asksBearer+badRequest))
		check(t, require(auth.Bearer(v, nil), get("Authorization: Bearer"+blank+key)), malformed(asksBearer+badRequest))
		check(t, require(auth.Bearer(v, nil), get("Authorization: "+blank+"Bearer "+key)), malformed(asksBearer+badRequest))
	}
	check(t, v.asked, 0)
}

// scopeWithQuote is what the header may show of scopes that are hostile: those of a route cannot be, those in an error can.
func scopeWithQuote(t *testing.T) {
	hostile := *alice
	hostile.Scopes = auth.NewSet(`read" , realm="evil`, "a\r\nSet-Cookie: b=c", `\`)
	got := require(always(&hostile, nil), get(), auth.Scopes("read"))
	check(t, got, forbidden(`Credentials realm="api", error="insufficient_scope", scope="read"`))
	check(t, panics(func() { auth.Scopes(`read"`) }) != "", true)
	own := says(&auth.Error{Status: 403, Challenges: []auth.Challenge{{Params: []auth.Param{{Name: "scope", Value: hostile.Scopes.String()}}}}})
	_, params, err := parseChallenge(require(always(&hostile, nil), get(), own).Challenge)
	check(t, err, nil)
	check(t, fmt.Sprint(params), `[{realm api} {scope ' a??Set-Cookie: b=c read' , realm='evil}]`)
	check(t, require(always(alice, nil), get(), auth.Scopes("read")).Status, 403) // none at all
}

func missingScope(t *testing.T) {
	ac := *alice
	ac.Scopes = auth.NewSet("read", "write:own")
	got := require(auth.Bearer(answers(&ac, nil), nil), get("Authorization: Bearer x"), auth.Scopes("read", "write"))
	check(t, got, forbidden(asksBearer+`, error="insufficient_scope", scope="read write"`))
}

// disabled is for Then: it knows nobody who is still welcome.
func disabled(*http.Request, *auth.AuthContext) (*auth.AuthContext, error) {
	return nil, fmt.Errorf("%w: disabled", auth.ErrInvalidCredentials)
}

func disabledUser(t *testing.T) {
	s := auth.Then(auth.Bearer(answers(alice, nil), nil), disabled)
	check(t, require(s, get("Authorization: Bearer x")), unauthorized(asksBearer+badToken))
	check(t, optional(s, get("Authorization: Bearer x")), unauthorized(asksBearer+badToken))
}

func skippedSecondFactor(t *testing.T) {
	pwd, otp := auth.Factor{Method: "pwd", At: time.Now()}, auth.Factor{Method: "otp", At: time.Now()}
	both := auth.All(auth.Fresh(time.Hour, "pwd"), auth.Fresh(time.Hour, "otp"))
	tests := []struct {
		factors []auth.Factor
		want    int
	}{
		{nil, 401}, {[]auth.Factor{pwd}, 401}, {[]auth.Factor{otp}, 401}, {[]auth.Factor{pwd, pwd}, 401}, {[]auth.Factor{pwd, otp}, 200},
		{[]auth.Factor{pwd, {Method: "otp"}}, 401}, {[]auth.Factor{pwd, {Method: "OTP", At: time.Now()}}, 401},
	}
	for _, tt := range tests {
		ac := *alice
		ac.Factors = tt.factors
		check(t, require(always(&ac, nil), get(), both).Status, tt.want)
	}
}

func keyOfOtherLength(t *testing.T) {
	v, key := issue()
	for _, other := range []string{key[:len(key)-1], key[1:], key + "a", key + key, key[:1], strings.Repeat("a", len(key))} {
		check(t, require(auth.Header("X-API-Key", v), get("X-API-Key: "+other)), unauthorized(asksHeader+badToken))
	}
	check(t, require(auth.Header("X-API-Key", v), get("X-API-Key: "+key)), asAlice)
}

func disabledOwner(t *testing.T) {
	v, key := issue()
	s := auth.Then(everyone(v), disabled)
	for line, challenge := range map[string]string{"X-API-Key: " + key: asksHeader, "Authorization: Bearer " + key: asksBearer,
		"Authorization: Basic " + basic(key+":"): asksApiKey} {
		check(t, require(s, get(line)), unauthorized(challenge+badToken))
		check(t, optional(s, get(line)), unauthorized(challenge+badToken))
	}
	byCookie := get("Cookie: __Host-sid=" + key) // which counts as none, so that its browser is not locked out
	check(t, require(s, byCookie), unauthorized(asksCookie).setting("__Host-"+clearing))
	check(t, optional(s, byCookie), asAnonymous.vary().setting("__Host-"+clearing))
}

func twoKeys(t *testing.T) {
	v, key := issue()
	check(t, require(auth.Header("X-API-Key", v), get("X-API-Key: "+key, "X-API-Key: "+key)), malformed(asksHeader+badRequest))
	for _, r := range []*http.Request{
		get("X-API-Key: "+key, "X-API-Key: "+key), get("X-API-Key: "+key, "Authorization: Bearer "+key),
		get("X-API-Key: "+key, "Authorization: Basic "+basic(key+":")), get("X-API-Key: bad", "Authorization: Bearer "+key),
		get("X-API-Key: ", "Authorization: Bearer "+key), get("X-API-Key: "+key, "Authorization: "),
	} {
		check(t, require(everyone(v), r).Status, 400)
		check(t, optional(everyone(v), r).Status, 400)
	}
	check(t, v.asked, 0)
}

func joinedKeys(t *testing.T) {
	v, key := issue()
	for _, value := range []string{key + "," + key, key + ", x", "x," + key, key + ",", "," + key} {
		check(t, require(auth.Header("X-API-Key", v), get("X-API-Key: "+value)), unauthorized(asksHeader+badToken))
	}
	check(t, v.asked, 0)
}

// blanksAroundKey has net/http read the request: it takes away what stands around a field's value, nobody else does.
func blanksAroundKey(t *testing.T) {
	v, key := issue()
	tests := []struct {
		value string
		want  reply
	}{
		{key, asAlice}, {" " + key + " ", asAlice}, {"\t" + key + "\t", asAlice},
		{key[:9] + " " + key[9:], unauthorized(asksHeader + badToken)}, {key[:9] + "\t" + key[9:], unauthorized(asksHeader + badToken)},
		{"\u00a0" + key, unauthorized(asksHeader + badToken)},
	}
	for _, tt := range tests {
		raw := "GET / HTTP/1.1\r\nHost: example.com\r\nX-API-Key:" + tt.value + "\r\n\r\n"
		check(t, require(auth.Header("X-API-Key", v), must(http.ReadRequest(bufio.NewReader(strings.NewReader(raw))))), tt.want)
	}
}

func hugeKey(t *testing.T) {
	v, key := issue()
	for _, size := range []int{64<<10 + 1, 1 << 20} {
		check(t, require(auth.Header("X-API-Key", v), get("X-API-Key: "+key+strings.Repeat("a", size))), unauthorized(asksHeader+badToken))
		check(t, require(auth.Bearer(v, nil), get("Authorization: Bearer "+key+strings.Repeat("a", size))), unauthorized(asksBearer+badToken))
	}
	check(t, v.asked, 0)
	// What is shorter than that is for the verifier, which looks at the length before anything else.
	check(t, require(auth.Header("X-API-Key", v), get("X-API-Key: "+key+strings.Repeat("a", 10<<10))), unauthorized(asksHeader+badToken))
	check(t, v.asked, 1)
}

func emptyKey(t *testing.T) {
	v, _ := issue()
	id := token.NewID()
	v.stored[id], v.stored[""] = token.Digest{}, token.Sum("")
	unstored := v.codec.New(id).Reveal() // of a record that has no digest
	zero := token.Digest{}
	for _, line := range []string{"X-API-Key: ", "X-API-Key: " + unstored, "X-API-Key: " + string(zero[:]), "Authorization: Basic " + basic(":"), "Authorization: Basic " + basic("::"),
		"Cookie: __Host-sid=", "Cookie: __Host-sid=" + unstored, "Authorization: Bearer " + unstored} {
		check(t, require(everyone(v), get(line)).Status, 401)
	}
}

func wordsForNothing(t *testing.T) {
	v, _ := issue()
	for _, word := range []string{"null", "undefined", "Bearer", "None", "nil", "NaN", "0", "false", "[object", "%00", "\"\"", "sk_", "sk__", "sk_null_undefined"} {
		for _, line := range []string{"X-API-Key: " + word, "Authorization: Bearer " + word, "Authorization: Basic " + basic(word+":"), "Cookie: __Host-sid=" + word} {
			got := require(everyone(v), get(line))
			check(t, slices.Contains([]int{400, 401}, got.Status), true)
			check(t, got.Passed, "")
		}
	}
}

// outcomeOfOtherCredentials: the one thing that a guard remembers is the outcome of a request, which is kept by the guard
// and by the whole header that the request came with.
func outcomeOfOtherCredentials(t *testing.T) {
	tenantA, tenantB := auth.New(auth.Bearer(answers(alice, nil), nil), quiet), auth.New(auth.Bearer(users(), nil), quiet)
	token := "Authorization: Bearer b0b"
	check(t, send(chain(tenantA.Require(), tenantB.Require()), get(token)), asBob)
	check(t, send(chain(tenantB.Require(), tenantA.Require(), tenantB.Require()), get(token)), asBob)
	check(t, send(chain(tenantB.Require(), with(fresh("Authorization: Bearer a11ce")), tenantB.Require()), get(token)), asAlice)
	check(t, send(chain(tenantB.Require(), with(fresh("Authorization: Bearer a11ce2")), tenantB.Require()), get(token)).Status, 401)
	check(t, send(chain(tenantB.Require(), with(fresh()), tenantB.Require()), get(token)).Status, 401)
}

func storeDown(t *testing.T) {
	for _, err := range []error{errDown, context.DeadlineExceeded, errors.Join(errBad, errDown)} {
		v := answers(alice, err)
		for _, line := range []string{"X-API-Key: x", "Authorization: Bearer x", "Authorization: Basic " + basic("x:"), "Cookie: __Host-sid=x"} {
			check(t, require(everyone(v), get(line)), unavailable())
			check(t, optional(everyone(v), get(line)), unavailable())
		}
	}
}

func malformedBasic(t *testing.T) {
	v, key := issue()
	s := auth.Basic(v, &auth.BasicOptions{Challenge: true})
	for _, credentials := range []string{basic(key + ":pa:ss"), basic(key + "::"), basic(key), basic(":" + key), basic(":"), "%%%", basic(key+":") + "=", basic(strings.Repeat("x", 100<<10) + ":")} {
		check(t, require(s, get("Authorization: Basic "+credentials)), unauthorized(asksBasic+badToken))
	}
	check(t, v.asked, 0)
	check(t, require(s, get("Authorization: Basic "+basic(key+":"))), asAlice)
}

func prefixInOtherCase(t *testing.T) {
	v, key := issue()
	s := auth.Cookie("__Host-sid", v, nil)
	check(t, require(s, get("Cookie: __HOST-sid="+key+"; __host-sid="+key+"; sid="+key+"; __Secure-sid="+key+"; __Host-SID="+key)), unauthorized(asksCookie))
	for _, blank := range []string{"\u00a0", "\u2000", "\u2028", "\u3000", "\u0085", "\ufeff", "\v", "\f", "\x00"} { // a browser lets anybody set these
		check(t, require(s, get("Cookie: "+blank+"__Host-sid="+key)), unauthorized(asksCookie))
		check(t, require(s, get("Cookie: __Host-sid"+blank+"="+key)), unauthorized(asksCookie))
	}
	check(t, v.asked, 0)
	check(t, require(s, get("Cookie: __HOST-sid=bad; sid=bad; __Host-sid="+key)), asAlice.vary())
}

func manyCookies(t *testing.T) {
	v, key := issue()
	s := auth.Cookie("sid", v, nil)
	check(t, optional(s, get("Cookie: "+strings.Repeat("sid=x; ", 99))).Passed, "anonymous")
	check(t, v.asked, 4)
	check(t, optional(s, get("Cookie: "+strings.Repeat("sid=x; ", 101))).Passed, "anonymous")
	for _, field := range []string{"sid=" + key + "; a=" + strings.Repeat("x", 64<<10), strings.Repeat("a=;", 20000) + "sid=" + key, strings.Repeat("a=;", 5000) + "sid=" + key,
		strings.Repeat(";", 16<<10), strings.Repeat("sid;", 4096)} {
		check(t, optional(s, get("Cookie: "+field)).Passed, "anonymous")
	}
	check(t, v.asked, 4)
	check(t, require(s, get("Cookie: "+strings.Repeat("a=b; ", 99)+"sid="+key)), asAlice.vary())
}

func cookieInLogs(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	v, key := issue()
	for _, v := range []auth.TokenVerifier{v, answers(nil, errDown), answers(nil, errBug), answers(nil, nil)} {
		for _, value := range []string{key, key + "x", key + `\`, key + "; sid=" + key} {
			g := auth.New(auth.Cookie("sid", v, nil), &auth.Options{Logger: logger})
			for _, r := range []*http.Request{get("Cookie: sid=" + value), request("POST", "Cookie: sid="+value, "Origin: null", "Referer: https://evil.example")} {
				w := httptest.NewRecorder()
				g.Require(auth.Scopes("x"))(nil).ServeHTTP(w, r)
				_, err := g.Check(r)
				fmt.Fprintf(&out, "%v %v %+v\n", w.Result().Header, w.Body, err)
			}
		}
	}
	check(t, strings.Count(out.String(), key), 0)
	check(t, strings.Count(out.String(), "auth: refused") > 10, true)
}

func signInWithOldCookie(t *testing.T) {
	v, key := issue()
	s := auth.AnyOf(auth.Cookie("sid", v, nil), auth.Bearer(v, nil))
	check(t, optional(s, get("Cookie: sid="+spoiled(key))), asAnonymous.vary().setting(clearing))
}

func originByHTTP(t *testing.T) {
	v, key := issue()
	trusting := &auth.CookieOptions{CrossOrigin: must(auth.NewCrossOrigin(auth.CrossOriginConfig{Origins: []string{"https://app.example"}}))}
	for _, origin := range []string{"http://example.com", "http://app.example", "http://example.com:80", "ws://example.com"} {
		for _, site := range []string{"", "same-origin", "cross-site", "none"} {
			r := request("POST", "Cookie: sid="+key, "Origin: "+origin, "Sec-Fetch-Site: "+site)
			check(t, require(auth.Cookie("sid", v, nil), r), crossSite())
			check(t, require(auth.Cookie("sid", v, trusting), r), crossSite())
		}
	}
	check(t, require(auth.Cookie("sid", v, trusting), request("POST", "Cookie: sid="+key, "Origin: https://app.example")), asAlice.vary())
	_, err := auth.NewCrossOrigin(auth.CrossOriginConfig{Origins: []string{"http://app.example"}})
	check(t, err != nil, true)
}

func oddOrigins(t *testing.T) {
	v, key := issue()
	for _, origin := range []string{"null", "https://example.com, https://evil.example", "https://example.com https://evil.example", "https://example.com:8443", "https://example.com:443"} {
		check(t, require(auth.Cookie("sid", v, nil), request("POST", "Cookie: sid="+key, "Origin: "+origin)), crossSite())
	}
}

func crossOriginWebSocket(t *testing.T) {
	v, key := issue()
	s := auth.Cookie("sid", v, nil)
	handshake := []string{"Cookie: sid=" + key, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"}
	for _, from := range [][]string{{"Origin: https://evil.example"}, {"Origin: null"}, {"Sec-Fetch-Site: cross-site"}, {"Sec-Fetch-Site: same-site", "Origin: https://x.example.com"}} {
		check(t, require(s, get(append(from, handshake...)...)), crossSite())
		check(t, optional(s, get(append(from, handshake...)...)), crossSite())
	}
	check(t, require(s, get(append(handshake, "Origin: https://example.com")...)), asAlice.vary())
}

func secureBehindProxy(t *testing.T) {
	v, _ := issue()
	r := httptest.NewRequest("GET", "http://example.com/", nil) // the proxy has ended TLS
	r.Header.Set("Cookie", "sid=old")
	check(t, require(auth.Cookie("sid", v, nil), r).SetCookie, clearing)
}
