package jwtx_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
)

// The payloads of the examples.
const (
	joe   = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"
	bilbo = "It\u2019s a dangerous business, Frodo, going out your door. You step onto the road, and if you don't keep your " +
		"feet, there\u2019s no knowing where you might be swept off to."
)

const bilboID = `"kid":"bilbo.baggins@hobbiton.example"`

// An rfcExample is a JWS in compact serialization.
type rfcExample struct {
	name, key, alg             string // a file, and what its key is for: most of them do not say
	header, payload, signature string
}

func (e rfcExample) token() string { return b64(e.header) + "." + b64(e.payload) + "." + e.signature }

// rfcExamples are those of RFC 7515, appendix A; RFC 7520, section 4; RFC 8037, appendix A. No key of theirs is one that we
// refuse. Left out are RFC 7515, A.6 and A.7, and RFC 7520, 4.5 to 4.8: detached content, which is not carried by a token,
// and the JSON serializations, which are not accepted (TestAttack/J060).
var rfcExamples = []rfcExample{
	{"RFC 7515, A.1", "testdata/rfc7515-a1-oct.json", "HS256", "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}", joe,
		"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
	{"RFC 7515, A.2", "testdata/rfc7515-a2-rsa.json", "RS256", `{"alg":"RS256"}`, joe,
		"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CU" +
			"Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOL" +
			"n6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVm" +
			"tVrBp0igcN_IoypGlUPQGe77Rw"},
	{"RFC 7515, A.3", "../jwks/testdata/rfc7515-a3-ec.json", "ES256", `{"alg":"ES256"}`, joe,
		"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
	{"RFC 7515, A.4", "testdata/rfc7515-a4-ec.json", "ES512", `{"alg":"ES512"}`, "Payload",
		"AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2Y" +
			"BJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"},
	{"RFC 7520, 4.1", "testdata/rfc7520-3.3-rsa.json", "RS256", `{"alg":"RS256",` + bilboID + `}`, bilbo,
		"MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDk" +
			"oBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is" +
			"9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9" +
			"ipH84ogoree7vjbU5y18kDquDg"},
	{"RFC 7520, 4.2", "testdata/rfc7520-3.3-rsa.json", "PS384", `{"alg":"PS384",` + bilboID + `}`, bilbo,
		"cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OL" +
			"PpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d" +
			"9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJU" +
			"AfmWjwZ6oD4ifKo8DYM-X72Eaw"},
	{"RFC 7520, 4.3", "testdata/rfc7520-3.1-ec.json", "ES512", `{"alg":"ES512",` + bilboID + `}`, bilbo,
		"AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnA" +
			"MDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2"},
	{"RFC 7520, 4.4", "testdata/rfc7520-3.5-oct.json", "HS256",
		`{"alg":"HS256","kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037"}`, bilbo, "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0"},
	{"RFC 8037, A.4", "../jwks/testdata/rfc8037-a1-ed25519.json", "EdDSA", `{"alg":"EdDSA"}`, "Example of Ed25519 signing",
		"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
}

// verifier returns the verifier of the key of an example, which it gives its algorithm.
func (e rfcExample) verifier() *jwtx.Verifier {
	var members map[string]any
	if err := json.Unmarshal(must(os.ReadFile(e.key)), &members); err != nil {
		panic(err)
	}
	members["alg"] = e.alg
	keys := must(jwks.NewSet(must(jwks.ParseJWK(must(json.Marshal(members))))))
	return verifierWith(kinds(jwtx.Untyped, jwtx.Plain), func(c *jwtx.Config) { c.Algorithms, c.Keys = []string{e.alg}, keys })
}

// TestRFC holds what is checked of a token before its claims against the examples of the RFCs. With a byte changed they are
// refused, and so is RFC 7515, A.5, which is not signed.
func TestRFC(t *testing.T) {
	unsecured := b64(`{"alg":"none"}`) + "." + b64(joe) + "."
	for _, e := range rfcExamples {
		t.Run(e.name, func(t *testing.T) {
			v, token := e.verifier(), e.token()
			if payload, err := v.Signed(context.Background(), token); payload != e.payload || err != nil {
				t.Errorf("%s: payload %q, %v", token, payload, err)
			}
			checkNotSigned(t, v, unsecured)
			checkNotSigned(t, v, changed(token, len(token)-1))
			for i := 0; i < len(token); i += 16 {
				checkNotSigned(t, v, changed(token, i))
			}
		})
	}
}

// changed returns a token with another character at i, one that a token may have.
func changed(token string, i int) string {
	other := byte('A')
	if token[i] == other {
		other = 'B'
	}
	return token[:i] + string(other) + token[i+1:]
}

func checkNotSigned(t *testing.T, v *jwtx.Verifier, token string) {
	t.Helper()
	payload, err := v.Signed(context.Background(), token)
	if payload != "" || !errors.Is(err, auth.ErrInvalidCredentials) || auth.IsUnavailable(err) {
		t.Errorf("%s: payload %q, %v", token, payload, err)
	}
}
