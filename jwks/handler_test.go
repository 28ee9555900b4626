package jwks_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/jwks"
)

func TestHandler(t *testing.T) {
	h := must(jwks.Handler(several()))
	body := string(publish(t, several()))
	first := httptest.NewRecorder()
	h.ServeHTTP(first, httptest.NewRequest("GET", "/", nil))
	etag := first.Header().Get("ETag")
	if strings.HasPrefix(etag, "W/") || len(etag) < 20 {
		t.Fatalf("ETag %s, want a strong one", etag)
	}
	const jwkSet, problem = "application/jwk-set+json", "application/json"
	tests := []struct {
		name, method, ifNoneMatch string
		status                    int
		contentType, cache, body  string
	}{
		{"a first GET", "GET", "", 200, jwkSet, "public, max-age=300", body},
		{"a HEAD", "HEAD", "", 200, jwkSet, "public, max-age=300", ""},
		{"a GET of what has not changed", "GET", etag, 304, "", "public, max-age=300", ""},
		{"a GET of one of several versions", "GET", `"a", W/` + etag, 304, "", "public, max-age=300", ""},
		{"a GET of any version", "GET", "*", 304, "", "public, max-age=300", ""},
		{"a GET of what has changed", "GET", `"another"`, 200, jwkSet, "public, max-age=300", body},
		{"a HEAD of what has not changed", "HEAD", etag, 304, "", "public, max-age=300", ""},
		{"a POST", "POST", "", 405, problem, "no-store", `{"type": "not_allowed", "message": "Method Not Allowed"}`},
		{"an OPTIONS", "OPTIONS", etag, 405, problem, "no-store", `{"type": "not_allowed", "message": "Method Not Allowed"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "/.well-known/jwks.json", nil)
			r.Header.Set("If-None-Match", tt.ifNoneMatch)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			got := w.Header()
			if w.Code != tt.status || w.Body.String() != tt.body {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, tt.status, tt.body)
			}
			if got.Get("Content-Type") != tt.contentType || got.Get("Cache-Control") != tt.cache || got.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("header %v", got)
			}
			if wantETag := tt.status < 400; (got.Get("ETag") == etag) != wantETag {
				t.Errorf("ETag %q", got.Get("ETag"))
			}
			if length := got.Get("Content-Length"); tt.status == 200 && length != strconv.Itoa(len(body)) {
				t.Errorf("Content-Length %q, want %d", length, len(body))
			}
			if allow := got.Get("Allow"); (allow == "GET, HEAD") != (tt.status == 405) {
				t.Errorf("Allow %q", allow)
			}
		})
	}
}

func TestHandlerRefuses(t *testing.T) {
	for name, set := range map[string]*jwks.Set{"nil": nil, "the zero set": {}, "secrets": must(jwks.NewSet(secretNamed("")))} {
		if h, err := jwks.Handler(set); h != nil || err == nil || !strings.HasPrefix(err.Error(), "jwks: ") {
			t.Errorf("%s: %v, %v", name, h, err)
		}
	}
}

// published returns what the handler for a set serves, member by member.
func published(t *testing.T, s *jwks.Set) []map[string]string {
	t.Helper()
	var document struct{ Keys []map[string]string }
	if err := json.Unmarshal(publish(t, s), &document); err != nil {
		t.Fatal(err)
	}
	return document.Keys
}

func TestPublishedMembers(t *testing.T) {
	tests := []struct {
		key     any
		alg     string
		members []string
	}{
		{rsaKey, "RS256", []string{"e", "kty", "n"}},
		{ecKey, "ES256", []string{"crv", "kty", "x", "y"}},
		{p384Key, "ES384", []string{"crv", "kty", "x", "y"}},
		{p521Key, "ES512", []string{"crv", "kty", "x", "y"}},
		{ed25519Key, "EdDSA", []string{"crv", "kty", "x"}},
		{remote{ecKey}, "ES256", []string{"crv", "kty", "x", "y"}},
	}
	for _, tt := range tests {
		t.Run(tt.alg, func(t *testing.T) {
			keys := published(t, must(jwks.NewSet(named(tt.key, "<k>", ""))))
			if len(keys) != 1 {
				t.Fatalf("%d keys", len(keys))
			}
			k := keys[0]
			if k["kid"] != "<k>" || k["alg"] != tt.alg || k["use"] != "sig" {
				t.Errorf("published %v", k)
			}
			var members []string
			for name := range k {
				members = append(members, name)
			}
			slices.Sort(members)
			want := append([]string{"alg", "kid", "use"}, tt.members...)
			slices.Sort(want)
			if !slices.Equal(members, want) {
				t.Errorf("members %v, want %v", members, want)
			}
		})
	}
}

// A coordinate with leading zeroes keeps its length (RFC 7518, section 6.2.1.2): 66 bytes on P-521, whose first is 0 or 1.
func TestPublishedCoordinatesArePadded(t *testing.T) {
	for range 50 {
		k := published(t, must(jwks.NewSet(must(jwks.Generate("ES512", nil)))))[0]
		if len(k["x"]) != 88 || len(k["y"]) != 88 {
			t.Fatalf("coordinates of %d and %d characters, want 88", len(k["x"]), len(k["y"]))
		}
	}
}

func BenchmarkHandler(b *testing.B) {
	h := must(jwks.Handler(several()))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}

// publishedBy returns what the handler for p serves, member by member.
func publishedBy(t *testing.T, p jwks.Publisher) []map[string]string {
	t.Helper()
	w := httptest.NewRecorder()
	must(jwks.Handler(p)).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	var document struct{ Keys []map[string]string }
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil || w.Code != 200 {
		t.Fatal(w.Code, err)
	}
	return document.Keys
}
