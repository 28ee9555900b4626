package jwtx_test

import (
	"context"
	"crypto"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

// unread is a key source that must not be asked: whatever is refused before any cryptography is refused before it.
func unread(t *testing.T) jwtx.KeySource {
	return sourceFunc(func(context.Context, string, string, string) (crypto.PublicKey, error) {
		t.Error("a key was looked up")
		return secret, nil
	})
}

// cheap has a verifier refuse a token, and fails if that allocates more than a few small things.
func cheap(t *testing.T, name, token string) {
	t.Helper()
	const runs, most = 20, 16 << 10
	v := verifierOf("HS256", unread(t))
	checkVisit(t, name, token, knock(v, token), asBearer(token))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		_, _ = verify(v, token)
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / runs; each > most {
		t.Errorf("%s: refusing it allocates %d bytes", name, each)
	}
	if allocs := testing.AllocsPerRun(runs, func() { _, _ = verify(v, token) }); allocs > 10 {
		t.Errorf("%s: refusing it allocates %v times", name, allocs)
	}
}

// sized returns a good token of a size, or a byte more.
func sized(size int) string {
	filler := (size-len(hs256(claims("x", `""`))))*3/4 - 1
	token := ""
	for ; len(token) < size; filler++ {
		token = hs256(claims("x", `"`+strings.Repeat("x", filler)+`"`))
	}
	return token
}

func oversized(t *testing.T) {
	fits := sized(jwtx.DefaultMaxBytes - 3)
	checkVisit(t, "8 KiB", fits, knock(verifierWith(), fits), passes)
	cheap(t, "8 KiB and a byte", sized(jwtx.DefaultMaxBytes+1))
	for _, size := range []int{64 << 10, 1 << 20, 16 << 20} {
		cheap(t, fmt.Sprint(size, " bytes"), b64(head("HS256"))+"."+strings.Repeat("A", size)+"."+lastOf(fits))
		cheap(t, fmt.Sprint(size, " dots"), strings.Repeat(".", size))
	}
	for most, want := range map[int]outcome{len(fits): passes, len(fits) - 1: invalidToken} {
		v := verifierWith(func(c *jwtx.Config) { c.MaxBytes = most })
		checkVisit(t, fmt.Sprint("at most ", most), fits, knock(v, fits), want)
	}
}

func segments(t *testing.T) {
	token := hs256(claims())
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	refused(t, map[string]string{
		"one": header, "two": header + "." + payload, "header and signature": header + "." + signature, "four": token + "." + signature,
		"leading dot": "." + token, "trailing dot": token + ".", "two dots": header + ".." + signature,
		"four, empty": header + "." + payload + ".." + signature,
		"no header":   "." + payload + "." + signature, "dots alone": "..", "a dot": ".", "five": token + "..",
		"swapped": payload + "." + header + "." + signature,
		"twice":   token + "." + token, "header twice": header + "." + header + "." + signature,
	})
}

// jwe returns a token of five parts.
func jwe(header, inner string) string {
	return strings.Join([]string{b64(header), b64("encrypted key"), b64("iv iv iv iv "), b64(inner), b64("authentication t")}, ".")
}

func encrypted(t *testing.T) {
	inner := unsigned("none")
	cheap(t, "around an unsigned one", jwe(`{"alg":"dir","enc":"A128GCM","cty":"JWT"}`, inner))
	refused(t, map[string]string{
		"JWE": jwe(`{"alg":"RSA-OAEP","enc":"A256GCM"}`, claims()), "alg none inside": jwe(head("HS256"), inner),
		"good header": jwe(head("HS256"), claims()),
		"three parts": forge("HS256", head("dir", "enc", `"A128GCM"`), claims()), "enc beside HS256": hs256Head(head("HS256", "enc", `"A128GCM"`)),
	})
}

func encryptedBomb(t *testing.T) {
	bomb := strings.Repeat("\x00\x00\xff\xff", 1<<10)
	cheap(t, "five parts", jwe(`{"alg":"dir","enc":"A128GCM","zip":"DEF"}`, bomb))
	cheap(t, "three parts", forge("HS256", head("HS256", "zip", `"DEF"`), bomb))
}

func encryptedPassword(t *testing.T) {
	header := `{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2s":"c2FsdA","p2c":1000000000}`
	cheap(t, "five parts", jwe(header, claims()))
	cheap(t, "three parts", forge("HS256", header, claims()))
}

// asBearer returns the answer to a bearer token that is none: it is invalid, but one that is not visible ASCII makes the
// field malformed.
func asBearer(token string) outcome {
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' || r == ',' }) && !strings.Contains(token, "{") {
		return malformed
	}
	return invalidToken
}

// fields sends what is no token to the verifier itself, in a field of its own, and as a bearer token.
func fields(t *testing.T, tokens map[string]string) {
	t.Helper()
	v := verifierWith()
	for name, token := range tokens {
		ac, err := verify(v, token)
		checkInvalid(t, name, ac, err)
		checkVisit(t, name+" in X-Token", token, visitWith(auth.Header("X-Token", v), "X-Token", token), badField)
		checkVisit(t, name+" as bearer", token, knock(v, token), asBearer(token))
	}
}

func jsonSerialization(t *testing.T) {
	parts := strings.Split(hs256(claims()), ".")
	flat := fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, parts[0], parts[1], parts[2])
	general := fmt.Sprintf(`{"payload":%q,"signatures":[{"protected":%q,"signature":%q}]}`, parts[1], parts[0], parts[2])
	fields(t, map[string]string{"flattened": flat, "general": general, "payload as it is": parts[0] + "." + claims() + "." + parts[2]})
}

func polyglot(t *testing.T) {
	token := hs256(claims())
	parts := strings.Split(token, ".")
	fields(t, map[string]string{
		"JSON in the header": `{"protected":"` + parts[0] + `","x":"` + "." + parts[1] + "." + parts[2] + `"}`,
		"JSON in front":      `{"payload":"` + parts[1] + `"}` + token,
		"JSON behind":        token + `{"payload":"` + parts[1] + `"}`,
		"CVE-2022-39227": `{" ` + parts[0] + "." + b64(claims("sub",
			`"admin"`)) + "." + `":"","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
	})
}
