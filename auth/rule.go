package auth

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Rule says whether a request that is authenticated may pass. It returns nil, an [*Error], which is its "no", or any
// other error, which means that it could not find out: that is 503 if it wraps [ErrUnavailable], else 500.
//
// The challenges of a "no" may leave their Scheme empty: the guard fills in that of the credentials which came.
//
// A rule is called by many goroutines at once. r is the request as it arrived, ac a copy for the rules.
type Rule func(r *http.Request, ac AuthContext) error

// AllowUnregistered is a rule that lets an identity without an actor pass, such as one that is about to create its
// actor. It counts only when it is handed to the guard itself, not inside of [All] or [Any].
func AllowUnregistered(*http.Request, AuthContext) error { return nil }

func isAllowUnregistered(rule Rule) bool {
	return reflect.ValueOf(rule).Pointer() == reflect.ValueOf(AllowUnregistered).Pointer()
}

// ActorType returns a rule that wants the actor's type to be one of those. It panics without any.
func ActorType(anyOf ...string) Rule {
	types := mustNames("ActorType", anyOf)
	return func(_ *http.Request, ac AuthContext) error {
		if types.Has(ac.Actor.Type) {
			return nil
		}
		return &Error{Status: http.StatusForbidden, Err: errors.New("auth: actor type " + strconv.Quote(ac.Actor.Type))}
	}
}

// Roles returns a rule that wants the actor to have one of the roles. It panics without any.
func Roles(anyOf ...string) Rule {
	roles := mustNames("Roles", anyOf)
	return func(_ *http.Request, ac AuthContext) error {
		for role := range roles.All() {
			if ac.Roles.Has(role) {
				return nil
			}
		}
		return &Error{Status: http.StatusForbidden, Err: errors.New("auth: none of the roles " + roles.String())}
	}
}

// Scopes returns a rule that wants the credential to be good for all of the scopes, see [AuthContext.Allows]. Its
// refusal has error="insufficient_scope" and names them (RFC 6750, section 3.1). It panics without any, and for one that
// is not a scope-token (RFC 6749, section 3.3).
func Scopes(allOf ...string) Rule {
	scopes := mustNames("Scopes", allOf)
	for scope := range scopes.All() {
		if !IsScope(scope) {
			panic("auth: Scopes: not a scope: " + strconv.Quote(scope))
		}
	}
	asks := Challenge{Params: []Param{{"error", "insufficient_scope"}, {"scope", scopes.String()}}}
	return func(_ *http.Request, ac AuthContext) error {
		for scope := range scopes.All() {
			if !ac.Allows(scope) {
				return &Error{
					Status:     http.StatusForbidden,
					Challenges: []Challenge{asks},
					Err:        errors.New("auth: scope " + scope + " is missing"),
				}
			}
		}
		return nil
	}
}

// IsScope reports whether s is a scope-token (RFC 6749, section 3.3): visible ASCII without quotes and backslashes.
func IsScope(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' || c == '"' || c == '\\' })
}

// Fresh returns a rule for sensitive actions: presence must have been proven within max, by one of the methods if any are
// named. Its refusal is 401 with error="insufficient_user_authentication" and max_age (RFC 9470, section 3), upon which a
// client lets its user log in again. An API key proves no presence and can never be fresh: [ActorType] in front of this rule
// tells it so with 403. Fresh panics if max is shorter than a second.
func Fresh(max time.Duration, methods ...string) Rule {
	if max < time.Second {
		panic("auth: Fresh: max is shorter than a second")
	}
	methods = slices.Clone(methods)
	asks := Challenge{Params: []Param{
		{"error", "insufficient_user_authentication"},
		{"error_description", "A more recent authentication is required"},
		{"max_age", strconv.Itoa(int(max / time.Second))},
	}}
	return func(_ *http.Request, ac AuthContext) error {
		now := time.Now()
		for _, f := range ac.Factors {
			age := now.Sub(f.At)
			// A clock elsewhere may be ahead by a little; a factor from further ahead has proven nothing yet.
			if !f.At.IsZero() && age <= max && age >= -time.Minute && (len(methods) == 0 || slices.Contains(methods, f.Method)) {
				return nil
			}
		}
		return &Error{
			Status:     http.StatusUnauthorized,
			Message:    "A more recent authentication is required",
			Challenges: []Challenge{asks},
			Err:        fmt.Errorf("auth: none of %d factors is fresh enough", len(ac.Factors)),
		}
	}
}

// All returns a rule that wants every one of rules, in order. It panics for a nil one.
func All(rules ...Rule) Rule {
	rules = mustRules("All", rules)
	return func(r *http.Request, ac AuthContext) error {
		for _, rule := range rules {
			if err := rule(r, ac); err != nil {
				return err
			}
		}
		return nil
	}
}

// Any returns a rule that wants one of rules, asked in order. Its "no" is that of the first. An error that is not a "no"
// ends it: what could not be found out is not made up for by another rule. Any panics without rules, and for a nil one.
func Any(rules ...Rule) Rule {
	rules = mustRules("Any", rules)
	if len(rules) == 0 {
		panic("auth: Any: no rule")
	}
	return func(r *http.Request, ac AuthContext) error {
		var no error
		for _, rule := range rules {
			err := rule(r, ac)
			if err == nil || !isNo(err) {
				return err
			}
			if no == nil {
				no = err
			}
		}
		return no
	}
}

// isNo reports whether a rule's error is an answer, and not a failure to find one.
func isNo(err error) bool {
	e := ownError(err)
	return e != nil && e.Status >= 400 && e.Status < 500 && !IsUnavailable(err)
}

func mustNames(caller string, names []string) Set {
	set := NewSet(names...)
	if set.Len() == 0 {
		panic("auth: " + caller + ": no name")
	}
	return set
}

func mustRules(caller string, rules []Rule) []Rule {
	for _, rule := range rules {
		if rule == nil {
			panic("auth: " + caller + ": nil Rule")
		}
	}
	return slices.Clone(rules)
}
