package jwks_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/jwks"
)

const (
	issuerURL = "https://login.example.com"
	keysURL   = issuerURL + "/keys"
)

// An endpoint answers requests without a network, so that tests can run in a synctest bubble, and counts them.
type endpoint struct {
	mu     sync.Mutex
	answer http.HandlerFunc
	hang   bool // until the client gives up
	asked  []*http.Request
}

// serving returns an endpoint with the public halves of keys.
func serving(keys ...*jwks.Key) *endpoint { return &endpoint{answer: document(setDocument(keys...))} }

func setDocument(keys ...*jwks.Key) string {
	w := httptest.NewRecorder()
	must(jwks.Handler(must(jwks.NewSet(keys...)))).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	return w.Body.String()
}

func document(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// RoundTrip answers r.
func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	e.mu.Lock()
	e.asked = append(e.asked, r)
	answer, hang := e.answer, e.hang
	e.mu.Unlock()
	if hang {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if answer == nil {
		return nil, errors.New("connection refused")
	}
	w := httptest.NewRecorder()
	answer(w, r)
	return w.Result(), nil
}

// now makes the endpoint answer with something else: nil is not at all.
func (e *endpoint) now(answer http.HandlerFunc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = answer
}

func (e *endpoint) hangs(hang bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.hang = hang
}

func (e *endpoint) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.asked)
}

func (e *endpoint) last() *http.Request {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked[len(e.asked)-1]
}

var discardLogger = slog.New(slog.DiscardHandler)

// keyNamed returns a new key with an ID.
func keyNamed(id string) *jwks.Key { return must(jwks.Generate("EdDSA", &jwks.KeyOptions{ID: id})) }

// remoteAt returns the Remote of an endpoint, which is closed when the test ends.
func remoteAt(t testing.TB, e *endpoint, changes ...func(c *jwks.RemoteConfig)) *jwks.Remote {
	c := jwks.RemoteConfig{Issuer: issuerURL, URL: keysURL, Transport: e, Logger: discardLogger}
	for _, change := range changes {
		change(&c)
	}
	r := must(jwks.NewRemote(c))
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// find looks for a key of the issuer.
func find(r *jwks.Remote, kid string) (crypto.PublicKey, error) {
	return r.VerificationKey(context.Background(), issuerURL, "EdDSA", kid)
}

// bubble runs a test with a Remote in a time of its own. A goroutine that is left at its end fails the test.
func bubble(t *testing.T, e *endpoint, f func(t *testing.T, r *jwks.Remote), changes ...func(c *jwks.RemoteConfig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := remoteAt(t, e, changes...)
		synctest.Wait()
		f(t, r)
		_ = r.Close()
	})
}

// logged returns what a Remote logged while f ran, as text.
func logged(f func(log *slog.Logger)) string {
	var b lockedBuffer
	f(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})))
	return b.String()
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// afterCooldown passes the time in which an unknown kid is not asked for again.
func afterCooldown() { time.Sleep(12 * time.Second) }
