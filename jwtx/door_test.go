package jwtx_test

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

// An outcome is one of the answers of the list of attacks.
type outcome struct {
	status                int
	challenge, body       string
	cacheControl, waiting string // Retry-After
}

var (
	passes       = outcome{200, "", "", "private", ""}
	invalidToken = outcome{401, `Bearer realm="api", error="invalid_token"`, `{"type":"unauthorized","message":"Unauthorized"}`, "no-store", ""}
	malformed    = outcome{400, `Bearer realm="api", error="invalid_request"`,
		`{"type":"invalid_request","message":"Malformed or repeated credentials"}`, "no-store", ""}
	noRead = outcome{403, `Bearer realm="api", error="insufficient_scope", scope="read"`,
		`{"type":"forbidden","message":"Forbidden"}`, "no-store", ""}
	unavailable = outcome{503, "", `{"type":"unavailable","message":"Service Unavailable"}`, "no-store", "5"}
	internal    = outcome{500, "", `{"type":"internal","message":"Internal Server Error"}`, "no-store", ""}
	badField    = outcome{401, `ApiKey realm="api", header="X-Token", error="invalid_token"`, invalidToken.body, "no-store", ""}
)

// A visit is one request to a guarded handler, and what came of it.
type visit struct {
	outcome
	handled int // how often the handler was called
	ac      auth.AuthContext
	log     string
}

// knock sends a token to a handler behind auth.Bearer.
func knock(v auth.TokenVerifier, token string, rules ...auth.Rule) visit {
	return visitWith(auth.Bearer(v, nil), "Authorization", "Bearer "+token, rules...)
}

func visitWith(scheme auth.Scheme, field, value string, rules ...auth.Rule) visit {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var got visit
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got.handled++
		got.ac, _ = auth.FromContext(r.Context())
	})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header[field] = []string{value}
	w := httptest.NewRecorder()
	auth.New(scheme, &auth.Options{Logger: logger}).Require(rules...)(handler).ServeHTTP(w, r)
	h := w.Result().Header
	got.outcome = outcome{
		w.Code, strings.Join(h["Www-Authenticate"], "; "), strings.TrimSpace(w.Body.String()), h.Get("Cache-Control"), h.Get("Retry-After"),
	}
	got.log = log.String()
	return got
}

// checkVisit holds a visit against the outcome that it should have, and looks for the token in the log and the body.
func checkVisit(t *testing.T, name, token string, got visit, want outcome) {
	t.Helper()
	if got.outcome != want {
		t.Errorf("%s: answered with %+v, want %+v; log: %s", name, got.outcome, want, got.log)
	}
	if (got.handled == 1) != (want == passes) || got.handled > 1 {
		t.Errorf("%s: the handler was called %d times", name, got.handled)
	}
	if (got.log == "") != (want == passes) {
		t.Errorf("%s: log %q", name, got.log)
	}
	if part := partOf(token, got.log+got.body); part != "" {
		t.Errorf("%s: %q of the token is in log or body: %s%s", name, part, got.log, got.body)
	}
}

// partOf returns a piece of a token, or of what its header says, that is in text.
func partOf(token, text string) string {
	const piece = 14
	token = token[:min(len(token), 16<<10)]
	header, _, _ := strings.Cut(token, ".")
	decoded, _ := base64.RawURLEncoding.DecodeString(header)
	for _, part := range append(strings.Split(token, "."), string(decoded)) {
		for i := 0; i+piece <= len(part); i++ {
			if strings.Contains(text, part[i:i+piece]) {
				return part[i : i+piece]
			}
		}
	}
	return ""
}

// refused sends tokens, by what is wrong with them, to a verifier of secrets and to one of key pairs. Both must answer
// with 401 and invalid_token.
func refused(t *testing.T, tokens map[string]string) {
	t.Helper()
	for sort, config := range map[string]jwtx.Config{"secrets": secretConfig(), "key pairs": pairConfig()} {
		v := must(jwtx.NewVerifier(config))
		for name, token := range tokens {
			checkVisit(t, name+", to "+sort, token, knock(v, token), invalidToken)
		}
	}
}

// payloads and headers make tokens of payloads and headers, by what is wrong with those. The rest of the token is good.
func payloads(all map[string]string) map[string]string { return each(all, hs256) }

func headers(all map[string]string) map[string]string { return each(all, hs256Head) }

func each(all map[string]string, token func(string) string) map[string]string {
	tokens := map[string]string{}
	for name, text := range all {
		tokens[name] = token(text)
	}
	return tokens
}

// TestDoor shows that the tokens of these tests pass when nothing is wrong with them, so that whatever refuses one of
// them has seen what is.
func TestDoor(t *testing.T) {
	for _, alg := range append(secretAlgs, pairAlgs...) {
		t.Run(alg, func(t *testing.T) {
			c := pairConfig()
			c.Algorithms, c.Keys = []string{alg}, setOf(alg)
			token := forge(alg, head(alg), claims())
			got := knock(must(jwtx.NewVerifier(c)), token)
			checkVisit(t, "a good token", token, got, passes)
			if want := (auth.Actor{Type: "user", ID: "u1"}); got.ac.Actor != want {
				t.Errorf("actor %v, want %v", got.ac.Actor, want)
			}
		})
	}
}
