package auth

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
)

// A Guard stands before handlers. It asks its scheme who sent a request, its rules whether it may pass, attaches the
// [AuthContext] and calls the handler, or answers the refusal itself. Make one with [New]; it does not change, and many
// goroutines may use it at once.
//
// A guard that stands in the way of a request twice looks at it once. Middleware in between that changes credentials has to
// do so on a copy with a header of its own (http.Request.Clone).
//
// A guard does not recover panics, which is the server's part: the handler is just not called.
type Guard struct {
	scheme  Scheme
	onError ErrorHandler
	log     *slog.Logger // nil is slog.Default
	cookies bool         // some leaf of scheme reads a cookie
	asks    []Challenge  // of all schemes; what is sent with a 401 that brought no challenge
}

// Options are the settings of [New]. The zero value is the default.
type Options struct {
	// ErrorHandler writes the body of a refusal. Default: {"type": …, "message": …} in JSON.
	ErrorHandler ErrorHandler
	// Logger gets each refusal at debug and each failure at error level, without credentials. Default: slog.Default().
	Logger *slog.Logger
}

// New returns a guard that asks scheme. nil opts are fine; a nil scheme panics.
func New(scheme Scheme, opts *Options) *Guard {
	g := &Guard{scheme: mustScheme("New", scheme), onError: writeJSON}
	if opts != nil {
		g.log = opts.Logger
		if opts.ErrorHandler != nil {
			g.onError = opts.ErrorHandler
		}
	}
	leaves(scheme, func(s Scheme) {
		if c, ok := s.(Challenger); ok && c.Challenge().String() != "" {
			g.asks = append(g.asks, c.Challenge())
		}
		if _, ok := s.(*cookie); ok {
			g.cookies = true
		}
	})
	if len(g.asks) == 0 {
		g.asks = []Challenge{Challenge{Scheme: "Credentials"}.With(realm(""))}
	}
	return g
}

// Require returns the middleware that lets a request pass which is authenticated, has an actor, and satisfies all rules.
// Without rules every actor passes, also by a credential that has no scope. An identity that has no actor yet is 401, unless
// [AllowUnregistered] is one of the rules. It panics for a nil rule.
func (g *Guard) Require(rules ...Rule) func(http.Handler) http.Handler {
	rules = mustRules("Require", rules)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v := g.judge(r)
			if e := g.decide(r, v, rules); e != nil {
				g.turnAway(w, r, v, e)
				return
			}
			g.pass(w, r, v, next)
		})
	}
}

// Optional returns the middleware that also lets a request pass without credentials: [FromContext] then finds nothing. An
// identity without an actor passes as well. Credentials that are no good, or could not be checked, are answered as
// [Guard.Require] does.
func (g *Guard) Optional() func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v := g.judge(r)
			if !v.accepted() && !IsNoCredentials(v.err) {
				g.turnAway(w, r, v, g.refused(v))
				return
			}
			g.pass(w, r, v, next)
		})
	}
}

// Check decides as [Guard.Require] does, and leaves the answer to the caller: no header is set and nothing is logged. The
// error is an [*Error], which [Guard.Refuse] can send.
func (g *Guard) Check(r *http.Request, rules ...Rule) (AuthContext, error) {
	v := g.judge(r)
	if e := g.decide(r, v, mustRules("Check", rules)); e != nil {
		return AuthContext{}, e
	}
	return *v.ac.clone(), nil
}

// Refuse answers r with err, read as that of a [Scheme], in the way of this guard: challenges, headers, log and body. It
// is for handlers that turn a request away themselves, such as a log-in whose password is wrong.
func (g *Guard) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	g.refuse(w, r, g.refused(verdict{err: err}))
}

// judge asks the scheme, or finds the answer that this guard had for the same request further out. A request made by
// the program within another's context has a header of its own, and is asked about anew; so is one whose method was
// changed, since a cookie may do less for another.
func (g *Guard) judge(r *http.Request) verdict {
	ctx := r.Context()
	if err := ctx.Err(); err != nil {
		return verdict{err: fmt.Errorf("%w: %w", ErrUnavailable, err)}
	}
	if p, ok := ctx.Value(guardKey{g}).(*passage); ok && p.isFor(r) {
		v := p.verdict
		v.responses = nil // were given further out
		return v
	}
	if ac := fromTest(ctx); ac != nil {
		return verdict{ac: ac}
	}
	v := judge(g.scheme, r)
	if v.accepted() && v.ac.Actor.ID == "" && v.ac.IdentityID == "" && v.ac.CredentialID == "" {
		return v.failed(errNobody)
	}
	return v
}

var errNobody = errors.New("auth: an AuthContext that names neither an actor, nor an identity, nor a credential")

// decide returns the refusal of a verdict that is not good enough for a route with rules.
func (g *Guard) decide(r *http.Request, v verdict, rules []Rule) *Error {
	if !v.accepted() {
		return g.refused(v)
	}
	if v.ac.Actor.ID == "" && !containsAllowUnregistered(rules) {
		return g.complete(&Error{
			Status:     http.StatusUnauthorized,
			Challenges: []Challenge{{Params: []Param{invalidToken, {"error_description", "An actor is required"}}}},
			Err:        fmt.Errorf("%w: an identity without an actor", ErrInvalidCredentials),
		}, v)
	}
	for _, rule := range rules {
		if err := rule(r, *v.ac.clone()); err != nil { // what a rule does to it stays within the rule
			return g.complete(ruleRefusal(err), v)
		}
	}
	return nil
}

func containsAllowUnregistered(rules []Rule) bool {
	for _, rule := range rules {
		if isAllowUnregistered(rule) {
			return true
		}
	}
	return false
}

func (g *Guard) refused(v verdict) *Error { return g.complete(refusal(v.err), v) }

// complete returns a copy of e whose challenges can be sent: with the scheme of the credentials that came where they
// name none, and with at least one if it is a 401 (RFC 9110, section 15.5.2).
func (g *Guard) complete(e *Error, v verdict) *Error {
	c := *e
	c.Challenges = nil
	if c.Status == http.StatusServiceUnavailable && c.RetryAfter <= 0 {
		c.RetryAfter = retryAfter
	}
	for _, challenge := range e.Challenges {
		if challenge.Scheme == "" {
			challenge = g.challengeFor(v).With(challenge.Params...)
		} else {
			challenge = challenge.With() // a copy, since the error handler gets it
		}
		if challenge.String() != "" {
			c.Challenges = append(c.Challenges, challenge)
		}
	}
	if len(c.Challenges) > 0 || c.Status != http.StatusUnauthorized {
		return &c
	}
	if v.by != nil && !IsNoCredentials(v.err) {
		c.Challenges = []Challenge{g.challengeFor(v).With(invalidToken)}
		return &c
	}
	for _, challenge := range g.asks {
		c.Challenges = append(c.Challenges, challenge.With())
	}
	return &c
}

// challengeFor returns the challenge of the scheme that decided.
func (g *Guard) challengeFor(v verdict) Challenge {
	if c, ok := v.by.(Challenger); ok && c.Challenge().String() != "" {
		return c.Challenge()
	}
	return g.asks[0]
}

// pass calls next with the verdict attached.
func (g *Guard) pass(w http.ResponseWriter, r *http.Request, v verdict, next http.Handler) {
	h := w.Header()
	v.respond(h, r)
	v.responses = nil
	p := &passage{Context: r.Context(), guard: g, method: r.Method, header: r.Header, verdict: v}
	if v.ac != nil {
		p.keepPrivate(h)
	}
	if v.ambient || (v.ac == nil && g.cookies) {
		varyByCookie(h)
	}
	next.ServeHTTP(w, r.WithContext(p))
}

// keepPrivate keeps the answer out of shared caches, which know that of requests with Authorization only (RFC 9111,
// section 3.5). The handler may say otherwise.
func (p *passage) keepPrivate(h http.Header) {
	if !lists(h["Cache-Control"], "private") && !lists(h["Cache-Control"], "no-store") {
		p.cacheControl[0] = "private"
		h["Cache-Control"] = p.cacheControl[:]
	}
}

func varyByCookie(h http.Header) {
	if !lists(h["Vary"], "Cookie") && !lists(h["Vary"], "*") {
		h.Add("Vary", "Cookie")
	}
}

// lists reports whether name is a member of the list that the fields are, in any case.
func lists(fields []string, name string) bool {
	for _, field := range fields {
		for member := range strings.SplitSeq(field, ",") {
			if strings.EqualFold(strings.TrimSpace(member), name) {
				return true
			}
		}
	}
	return false
}

// turnAway answers a refusal at the door.
func (g *Guard) turnAway(w http.ResponseWriter, r *http.Request, v verdict, e *Error) {
	v.respond(w.Header(), r)
	g.refuse(w, r, e)
}

func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, e *Error) {
	level := slog.LevelDebug
	if e.Status >= http.StatusInternalServerError && r.Context().Err() == nil {
		level = slog.LevelError
	}
	log := g.log
	if log == nil {
		log = slog.Default()
	}
	e.Type, e.Message = e.kind(), e.message()
	cause := e.Err
	if cause == nil {
		cause = errors.New(e.Message)
	}
	// The pattern, not the path: paths may hold reset tokens and the like.
	log.LogAttrs(r.Context(), level, "auth: refused",
		slog.Int("status", e.Status), slog.String("pattern", r.Pattern), slog.Any("error", cause))
	locked := lock(w, e)
	g.onError(locked, r, e)
	locked.finish()
}
