package auth_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

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
