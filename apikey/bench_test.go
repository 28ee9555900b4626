package apikey_test

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/memory"
)

// handler is a variable of the package, so that the compiler does not keep its request on the stack.
var handler http.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

// An unread is a ResponseWriter that keeps nothing but a header.
type unread struct{ header http.Header }

func (u *unread) Header() http.Header         { return u.header }
func (u *unread) Write(p []byte) (int, error) { return len(p), nil }
func (u *unread) WriteHeader(int)             {}

// BenchmarkRequest is a request through the whole guard, with memory behind.
func BenchmarkRequest(b *testing.B) {
	for name, cacheFor := range map[string]time.Duration{"not cached": 0, "cached": time.Minute} {
		b.Run(name, func(b *testing.B) {
			benchmarkRequest(b, apikey.Config{Store: memory.NewAPIKeys(nil), CacheFor: cacheFor})
		})
	}
}

func benchmarkRequest(b *testing.B, c apikey.Config) {
	keys := must(apikey.New(c))
	k, secret, err := keys.Issue(b.Context(), report())
	text := must(secret, err).Reveal()
	scheme := auth.AnyOf(auth.Header("X-API-Key", keys), auth.Basic(keys, nil), auth.Bearer(auth.Tokens(fakeJWTs{}, keys), nil))
	door := auth.New(scheme, &auth.Options{Logger: slog.New(slog.DiscardHandler)}).Require(auth.Scopes("reports:read"))(handler)
	for _, bb := range []struct{ name, line string }{
		{"in its own field", "X-API-Key: " + text},
		{"by curl -u", basic(text + ":")},
		{"as a bearer token", "Authorization: Bearer " + text},
		{"junk", "X-API-Key: junk"},
		{"wrong in the last character", "X-API-Key: " + tampered(text, len(text)-1)},
		{"wrong secret", "X-API-Key: " + another("sk", k.ID)},
		{"unknown", "X-API-Key: " + another("sk", token.NewID())},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := request("/", bb.line)
			w := &unread{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				door.ServeHTTP(w, r)
			}
		})
	}
}

func BenchmarkIssue(b *testing.B) {
	keys := must(apikey.New(apikey.Config{Store: memory.NewAPIKeys(&memory.Options{Max: 1 << 30})}))
	b.ReportAllocs()
	for b.Loop() {
		_, secret, err := keys.Issue(b.Context(), report())
		must(secret, err)
	}
}
