package jwtx_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

func scopeForms(t *testing.T) {
	many := strings.Repeat("s1234 ", 10_000)
	for name, tt := range map[string]struct {
		scope string
		want  outcome
	}{
		"missing": {"", noRead}, "a string": {`"read"`, passes}, "one of a string": {`"write read"`, passes},
		"a list": {`["write","read"]`, passes}, "everything": {`"*"`, passes},
		"empty": {`""`, noRead}, "an empty list": {`[]`, noRead}, "another": {`"write"`, noRead}, "in other case": {`"READ"`, noRead},
		"a prefix": {`"rea"`, noRead}, "more": {`"read:all"`, noRead},
		"a quote": {`"rea\"d"`, noRead}, "a quote beside": {`"read x\"y"`, passes}, "joined in a list": {`["write read"]`, noRead},
		"commas": {`"write,read"`, noRead}, "no-break space": {"\"write\u00a0read\"", noRead},
		"challenge": {`"x\", error=\"none"`, noRead}, "10,000": {`"` + many + `read"`, invalidToken}, "a number": {`1`, invalidToken},
		"null": {`null`, invalidToken}, "an object": {`{"read":true}`, invalidToken},
		"a list of lists": {`[["read"]]`, invalidToken}, "a list with a number": {`["read",1]`, invalidToken},
		"a tab": {`"write\tread"`, invalidToken}, "a line break": {`"read\r\nX-Admin: 1"`, invalidToken},
	} {
		token := hs256(claims("scope", tt.scope))
		checkVisit(t, name, token, knock(verifierWith(), token, auth.Scopes("read")), tt.want)
	}
}

func scopeMissing(t *testing.T) {
	token := must(signerWith(secrets).Sign(context.Background(), auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "u1"},
		Scopes: auth.NewSet("write", "admin")}))
	checkVisit(t, "a right token", token, knock(verifierWith(), token, auth.Scopes("write")), passes)
	checkVisit(t, "without the scope", token, knock(verifierWith(), token, auth.Scopes("read")), noRead)
}

// revocationDown asks the list of revoked tokens, which does not answer; not even with a no.
func revocationDown(t *testing.T) {
	token := hs256(claims())
	for _, err := range []error{errors.New("connection refused"), auth.ErrInvalidCredentials, auth.ErrUnavailable,
		context.Canceled, auth.NoCredentials(), &auth.Error{Status: 401}} {
		for _, revoked := range []bool{false, true} {
			v := verifierWith(func(c *jwtx.Config) {
				c.Revoked = func(context.Context, jwtx.Revocable) (bool, error) { return revoked, err }
			})
			checkVisit(t, fmt.Sprint(err, revoked), token, knock(v, token), unavailable)
		}
	}
}

func userDisabled(t *testing.T) {
	token := hs256(claims())
	disabled := map[string]bool{}
	then := auth.Then(auth.Bearer(verifierWith(), nil), func(_ *http.Request, ac *auth.AuthContext) (*auth.AuthContext, error) {
		if disabled[ac.Actor.ID] {
			return nil, fmt.Errorf("%w: the user is disabled", auth.ErrInvalidCredentials)
		}
		return ac, nil
	})
	revoked := auth.Bearer(verifierWith(func(c *jwtx.Config) {
		c.Revoked = func(_ context.Context, r jwtx.Revocable) (bool, error) { return disabled[r.Actor.ID], nil }
	}), nil)
	for name, scheme := range map[string]auth.Scheme{"with Then": then, "with Revoked": revoked} {
		delete(disabled, "u1")
		checkVisit(t, name+", before", token, visitWith(scheme, "Authorization", "Bearer "+token), passes)
		disabled["u1"] = true
		checkVisit(t, name+", after", token, visitWith(scheme, "Authorization", "Bearer "+token), invalidToken)
	}
}

// identifyEmail trusts an address that the issuer says it has verified.
func identifyEmail(_ context.Context, c jwtx.Claims) (*auth.AuthContext, error) {
	ac := &auth.AuthContext{Actor: auth.Actor{Type: "user", ID: c.Subject}}
	var verified bool
	if ok, err := c.Get("email_verified", &verified); ok && err == nil && verified {
		ac.Roles = auth.NewSet("verified")
	}
	return ac, nil
}

func emailVerified(t *testing.T) {
	v := verifierWith(func(c *jwtx.Config) { c.Identify = identifyEmail })
	for _, value := range []string{`"true"`, "1", `"false"`, "", "null", "false", "[true]", `{"true":true}`, `"TRUE"`, "1.0", "0", "true"} {
		got := knock(v, hs256(claims("email_verified", value)))
		if want := value == "true"; got.handled != 1 || got.ac.Roles.Has("verified") != want {
			t.Errorf("email_verified %s: verified is %v, want %v; %+v", value, !want, want, got.outcome)
		}
	}
}

// keySourceFails has a source that answers with nothing, and one that panics: the door stays shut, the server lives on.
func keySourceFails(t *testing.T) {
	token := hs256(claims())
	checkVisit(t, "nil, nil", token, knock(verifierOf("HS256", always(nil, nil)), token), unavailable)

	var handled atomic.Int32
	source := sourceFunc(func(ctx context.Context, iss, alg, kid string) (crypto.PublicKey, error) {
		if kid == "panics" {
			panic("nil map")
		}
		return secrets.VerificationKey(ctx, iss, alg, kid)
	})
	guard := auth.New(auth.Bearer(verifierOf("HS256", source), nil), nil)
	server := httptest.NewUnstartedServer(guard.Require()(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { handled.Add(1) })))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	defer server.Close()
	ask := func(token string) (*http.Response, error) {
		r := must(http.NewRequest(http.MethodGet, server.URL, nil))
		r.Header.Set("Authorization", "Bearer "+token)
		return server.Client().Do(r)
	}
	if _, err := ask(hs256Head(head("HS256", "kid", `"panics"`))); err == nil || handled.Load() != 0 {
		t.Errorf("a panic was answered, %d requests were handled", handled.Load())
	}
	answer := must(ask(token))
	if _ = answer.Body.Close(); answer.StatusCode != http.StatusOK || handled.Load() != 1 {
		t.Errorf("after the panic: %s, %d requests were handled", answer.Status, handled.Load())
	}
}

func noInsecureOption(t *testing.T) {
	insecure := regexp.MustCompile(`(?i)insecure|skip|disable|danger|unsafe|noverify|nocheck|allownone`)
	for _, config := range []any{jwtx.Config{}, jwtx.SignerConfig{}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(config)) {
			if insecure.MatchString(field.Name) {
				t.Errorf("%T.%s", config, field.Name)
			}
		}
	}
	for _, file := range must(filepath.Glob("*.go")) {
		syntax := must(parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution))
		ast.Inspect(syntax, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && id.IsExported() && insecure.MatchString(id.Name) && !strings.HasSuffix(file, "_test.go") {
				t.Errorf("%s: %s", file, id.Name)
			}
			return true
		})
	}
}
