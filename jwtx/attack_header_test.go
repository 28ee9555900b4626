package jwtx_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

// kids makes tokens with a kid each.
func kids(all ...string) map[string]string {
	tokens := map[string]string{}
	for _, kid := range all {
		tokens[kid] = hs256Head(head("HS256", "kid", strconv.Quote(kid)))
		tokens[kid+", of a pair"] = forge("EdDSA", head("EdDSA", "kid", strconv.Quote(kid)), claims())
		tokens[kid+", empty secret"] = signed("HS256", b64(head("HS256", "kid", strconv.Quote(kid)))+"."+b64(claims()), []byte{})
	}
	return tokens
}

func kidPath(t *testing.T) {
	refused(t, kids("../../../../dev/null", "/proc/sys/kernel/random/uuid", "file:///etc/passwd", "HS256/../HS256", "./HS256",
		"https://attacker.example/k"))
}

// kidQuery also has a key source that repeats the kid in its error.
func kidQuery(t *testing.T) {
	tokens := kids("' UNION SELECT 'k'--", "HS256' OR '1'='1", "HS256'--", `HS256" OR ""="`, "$(sleep 10)", "HS256|id", "%00HS256")
	refused(t, tokens)
	talks := sourceFunc(func(_ context.Context, _, _, kid string) (crypto.PublicKey, error) {
		return nil, fmt.Errorf("SELECT key WHERE kid=%s: %w", kid, auth.ErrInvalidCredentials)
	})
	v := verifierWith(func(c *jwtx.Config) { c.Keys = talks })
	token := tokens["' UNION SELECT 'k'--"]
	got := knock(v, token)
	checkVisit(t, "a source that repeats it", token, got, invalidToken)
	if strings.Contains(got.log, "SELECT") {
		t.Errorf("log %s", got.log)
	}
}

// A counter is an http.RoundTripper that nobody should call.
type counter struct{ calls atomic.Int32 }

func (c *counter) RoundTrip(*http.Request) (*http.Response, error) {
	c.calls.Add(1)
	return nil, errors.New("no network in tests")
}

// offline replaces the default transport for one test, at the end of which it must not have been used.
func offline(t *testing.T) {
	was, transport := http.DefaultTransport, &counter{}
	http.DefaultTransport = transport
	t.Cleanup(func() {
		http.DefaultTransport = was
		if n := transport.calls.Load(); n != 0 {
			t.Errorf("%d requests went out", n)
		}
	})
}

func kidUnknown(t *testing.T) {
	offline(t)
	refused(t, kids("unknown", "HS256 ", "hs256", "HS2560", "\u0397S256"))
	asked := 0
	counting := sourceFunc(func(ctx context.Context, iss, alg, kid string) (crypto.PublicKey, error) {
		asked++
		return secrets.VerificationKey(ctx, iss, alg, kid)
	})
	token := kids("unknown")["unknown"]
	checkVisit(t, "counted", token, knock(verifierOf("HS256", counting), token), invalidToken)
	if asked != 1 {
		t.Errorf("the source was asked %d times", asked)
	}
}

func noKidOneKey(t *testing.T) {
	one, none := hs256Head(head("HS256", "kid", "")), hs256Head(head("HS256", "kid", "null"))
	checkVisit(t, "one key", one, knock(verifierOf("HS256", setOf("HS256")), one), passes)
	checkVisit(t, "three keys", one, knock(verifierOf("HS256", secrets), one), invalidToken)
	checkVisit(t, "kid is null", none, knock(verifierOf("HS256", setOf("HS256")), none), invalidToken)
}

func keyElsewhere(t *testing.T) {
	offline(t)
	all := map[string]string{}
	for _, name := range []string{"x5u", "jku"} {
		for _, to := range []string{"https://attacker.example/k", "http://127.0.0.1:1/", "http://169.254.169.254/", "//attacker.example", ""} {
			all[name+" to "+to] = head("HS256", name, strconv.Quote(to))
		}
		all[name+" is null"] = head("HS256", name, "null")
	}
	refused(t, headers(all))
}

func keyInHeader(t *testing.T) {
	offline(t)
	attacker := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	point := must(attacker.PublicKey.Bytes())
	coordinate := base64.RawURLEncoding.EncodeToString
	jwk := fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"y":%q}`, coordinate(point[1:33]), coordinate(point[33:]))
	tokens := map[string]string{}
	for _, kid := range []string{`"ES256"`, `"attacker"`, ""} {
		for name, value := range map[string]string{"jwk": jwk, "JWK": jwk, "x5c": `["MIIB"]`, "x5t#s256": `"AAAA"`, "none": ""} {
			input := b64(head("ES256", "kid", kid, name, value)) + "." + b64(claims())
			tokens[name+" with kid "+kid] = signed("ES256", input, attacker)
			tokens[name+" with kid "+kid+" and the right signature"] = forge("ES256", head("ES256", name, value), claims())
		}
		delete(tokens, "none with kid "+kid+" and the right signature")
	}
	refused(t, tokens)
}

func secretInHeader(t *testing.T) {
	jwk := fmt.Sprintf(`{"kty":"oct","k":%q}`, b64("attacker's secret of thirty-two bytes"))
	input := b64(head("HS256", "jwk", jwk)) + "." + b64(claims())
	refused(t, map[string]string{
		"its secret": signed("HS256", input, []byte("attacker's secret of thirty-two bytes")),
		"our secret": signed("HS256", input, secret),
	})
}

func crit(t *testing.T) {
	all := map[string]string{"b64 with crit": head("HS256", "b64", "true", "crit", `["b64"]`)}
	for _, value := range []string{`["exp"]`, `["unknown"]`, `[]`, `"exp"`, `["absent"]`, `["b64"]`, `[1]`, `null`, `{}`, `true`,
		`""`, `["alg"]`, `["exp","exp"]`} {
		all["crit "+value] = head("HS256", "crit", value)
		all["crit "+value+" with exp"] = head("HS256", "exp", future, "crit", value)
		all["CRIT "+value] = head("HS256", "CRIT", value)
	}
	for _, value := range []string{`"false"`, `0`, `null`, `[]`} {
		all["b64 "+value] = head("HS256", "b64", value, "crit", `["b64"]`)
	}
	refused(t, headers(all))
}

func b64False(t *testing.T) {
	with := head("HS256", "b64", "false", "crit", `["b64"]`)
	tokens := headers(map[string]string{
		"with crit": with, "without crit": head("HS256", "b64", "false"),
		"true": head("HS256", "b64", "true"), "B64": head("HS256", "B64", "false"),
	})
	tokens["signed as it is"] = b64(with) + "." + b64(claims()) + "." + lastOf(signed("HS256", b64(with)+"."+claims(), secret))
	refused(t, tokens)
}

func zip(t *testing.T) {
	refused(t, headers(map[string]string{
		"DEF": head("HS256", "zip", `"DEF"`), "GZIP": head("HS256", "zip", `"GZIP"`), "empty": head("HS256", "zip", `""`),
		"null": head("HS256", "zip", `null`), "ZIP": head("HS256", "ZIP", `"DEF"`), "enc": head("HS256", "enc", `"A128GCM"`),
	}))
}
