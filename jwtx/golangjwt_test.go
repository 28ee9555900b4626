package jwtx_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

// strictly are all options of golang-jwt that refuse more, and others.
func strictly(others ...jwt.ParserOption) *jwt.Parser {
	return jwt.NewParser(append(others, jwt.WithValidMethods(slices.Concat(secretAlgs, pairAlgs)), jwt.WithExpirationRequired(),
		jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithIssuedAt(), jwt.WithStrictDecoding())...)
}

// publicKey is the jwt.Keyfunc of the keys that the tests have.
func publicKey(token *jwt.Token) (any, error) {
	alg := token.Method.Alg()
	source := map[bool]jwtx.KeySource{true: secrets, false: pairs}[slices.Contains(secretAlgs, alg)]
	return source.VerificationKey(context.Background(), issuer, alg, alg)
}

// checkGolangJWT has golang-jwt read a token that we began to look at then, and accept. It must accept it too, and read the
// same. It drops the parts of a second, so a token may have expired to it up to a second before; and what it looks at is the
// time when we began, as one may expire in between, with the time since as leeway, as one may become good in between.
func checkGolangJWT(t *testing.T, token string, want jwtx.Claims, began time.Time) {
	t.Helper()
	theirs := jwt.MapClaims{}
	parser := strictly(jwt.WithTimeFunc(func() time.Time { return began }), jwt.WithLeeway(time.Second+time.Since(began)))
	if _, err := parser.ParseWithClaims(token, theirs, publicKey); err != nil {
		t.Fatalf("we accept %s, golang-jwt: %v", token, err)
	}
	iss, _ := theirs.GetIssuer()
	sub, _ := theirs.GetSubject()
	exp, _ := theirs.GetExpirationTime()
	if iss != want.Issuer || sub != want.Subject || exp.Unix() != want.Expires.Unix() {
		t.Fatalf("golang-jwt reads %v, we read %+v", theirs, want)
	}
}

// We accept less than golang-jwt with all its strict options, never more.
func TestGolangJWTAcceptsOurs(t *testing.T) {
	tokens := map[string]string{
		"iat, nbf and parts of a second": hs256(claims("nbf", "1700000000.75", "iat", "1700000000.5", "exp", "4102444800.25")),
		"a list of audiences":            hs256(claims("aud", `["x","`+audience+`"]`)),
		"application/at+jwt":             hs256Head(head("HS256", "typ", `"application/at+jwt"`)),
		"more members": forge("HS256", plus(head("HS256"), `"x":{"y":[1,null]},"x5t":"a"`), plus(claims(),
			`"x":{"y":[1,null]},"":0`)),
		"escapes":     hs256(claims("sub", `"\u0075\u0031"`, "x", `"\ud83d\ude00\/"`)),
		"white space": forge("HS256", " "+head("HS256")+"\n", "\t"+claims()+" "),
	}
	for _, alg := range append(secretAlgs, pairAlgs...) {
		ac := auth.AuthContext{
			Actor: auth.Actor{Type: "user", ID: "<u&1>"}, IdentityID: "i1", SessionID: "s1", Scopes: auth.NewSet("a", "b"), Roles: auth.NewSet("c"),
			AppMetadata: metadata(`{"a":[1,{"b":null}]}`),
		}
		tokens["signed with "+alg] = must(signerWith(setOf(alg)).Sign(context.Background(), ac))
		tokens["forged with "+alg] = forge(alg, head(alg), claims())
	}
	ours := auth.Tokens(onlyFor{verifierWith(), secretAlgs}, must(jwtx.NewVerifier(pairConfig())))
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			ac := must(ours.VerifyToken(context.Background(), auth.Credential{Token: token}))
			c, _ := auth.Value[jwtx.Claims](*ac)
			checkGolangJWT(t, token, c, began)
		})
	}
}

// An onlyFor recognizes the tokens of some algorithms.
type onlyFor struct {
	*jwtx.Verifier
	algs []string
}

func (o onlyFor) Recognizes(token string) bool {
	unverified, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	return err == nil && slices.Contains(o.algs, unverified.Method.Alg())
}
