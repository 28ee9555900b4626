package jwks_test

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/store/memory"
)

var (
	sealA = bytes.Repeat([]byte("a"), 32)
	sealB = bytes.Repeat([]byte("b"), 32)

	errRefused = errors.New("connection refused")
)

// A tap is a store whose calls are counted, and with which something can be made to happen at each of them.
type tap struct {
	*memory.KeyStore
	mu     sync.Mutex
	counts map[string]int
	faults map[string]fault
}

// A fault is what happens at a call of the store, which it makes or not.
type fault func(ctx context.Context, call func() error) error

func newTap() *tap {
	return &tap{KeyStore: memory.NewKeyStore(), counts: map[string]int{}, faults: map[string]fault{}}
}

// on has f happen at each call of verb from now on; nil heals it.
func (s *tap) on(verb string, f fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[verb] = f
}

// down has f happen at each call.
func (s *tap) down(f fault) {
	s.on("Load", f)
	s.on("Swap", f)
}

// once has f happen at the next call of verb.
func (s *tap) once(verb string, f fault) {
	s.on(verb, func(ctx context.Context, call func() error) error {
		s.on(verb, nil)
		return f(ctx, call)
	})
}

func (s *tap) count(verb string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[verb]
}

func (s *tap) do(ctx context.Context, verb string, call func() error) error {
	s.mu.Lock()
	s.counts[verb]++
	f := s.faults[verb]
	s.mu.Unlock()
	if f == nil {
		return call()
	}
	return f(ctx, call)
}

func (s *tap) Load(ctx context.Context) (state []byte, version int64, err error) {
	err = s.do(ctx, "Load", func() (err error) {
		state, version, err = s.KeyStore.Load(ctx)
		return err
	})
	return state, version, err
}

func (s *tap) Swap(ctx context.Context, oldVersion int64, state []byte) error {
	return s.do(ctx, "Swap", func() error { return s.KeyStore.Swap(ctx, oldVersion, state) })
}

// refusing fails without making the call.
func refusing(context.Context, func() error) error { return errRefused }

// losing makes the call, and fails.
func losing(_ context.Context, call func() error) error { return errors.Join(errRefused, call()) }

// hanging fails when its time is up, without making the call.
func hanging(ctx context.Context, _ func() error) error {
	<-ctx.Done()
	return ctx.Err()
}

// panicking is what a store must not do.
func panicking(context.Context, func() error) error { panic("a bug in the store") }

// state returns what is kept, member by member.
func (s *tap) state() map[string]any {
	raw, _, err := s.KeyStore.Load(context.Background())
	var members map[string]any
	if err := errors.Join(err, json.Unmarshal(raw, &members)); err != nil {
		panic(err)
	}
	return members
}

// tamper changes what is kept behind everybody's back.
func (s *tap) tamper(change func(keys []any) []any) {
	members := s.state()
	members["keys"] = change(members["keys"].([]any))
	s.write(must(json.Marshal(members)))
}

func (s *tap) write(raw []byte) {
	_, version, err := s.KeyStore.Load(context.Background())
	if err := errors.Join(err, s.KeyStore.Swap(context.Background(), version, raw)); err != nil {
		panic(err)
	}
}

// keyIDs returns the IDs of the keys that are kept.
func (s *tap) keyIDs() (ids []string) {
	for _, k := range s.state()["keys"].([]any) {
		ids = append(ids, k.(map[string]any)["kid"].(string))
	}
	return ids
}

// ringConfig is for tokens of 15 minutes and a new key in each hour. A view is good for 6 minutes to sign, and for 22 to
// verify.
func ringConfig(s jwks.KeyStore) jwks.RingConfig {
	return jwks.RingConfig{
		Store: s, SealingKeys: [][]byte{sealA}, TokenLifetime: 15 * time.Minute, Interval: time.Hour,
		Logger: slog.New(slog.DiscardHandler),
	}
}

const (
	lead      = 7*time.Minute + 2*time.Second
	retention = 16 * time.Minute
	signsFor  = 6 * time.Minute
	verifies  = 22 * time.Minute
	refresh   = time.Minute
	cacheAge  = 5 * time.Minute
)

func newRing(t *testing.T, c jwks.RingConfig) *jwks.Ring {
	t.Helper()
	r, err := jwks.NewRing(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// A signed is what a token says of its key.
type signed struct {
	kid, alg string
	public   crypto.PublicKey
	expires  time.Time
}

// sign stands for signing a token as long as the ring allows.
func sign(t *testing.T, r *jwks.Ring) signed {
	t.Helper()
	kid, alg, s, err := r.SigningKey(context.Background())
	if err != nil {
		t.Fatalf("%v: no key signs: %v", time.Now(), err)
	}
	return signed{kid, alg, s.Public(), time.Now().Add(15 * time.Minute)}
}

// A source is what verifies.
type source interface {
	VerificationKey(ctx context.Context, iss, alg, kid string) (crypto.PublicKey, error)
}

// verify returns why a token is refused.
func verify(s source, token signed) error {
	key, err := s.VerificationKey(context.Background(), "", token.alg, token.kid)
	if err == nil && !key.(interface{ Equal(crypto.PublicKey) bool }).Equal(token.public) {
		return errors.New("another key of that ID")
	}
	return err
}

// outcome says in a word what err means to a request.
func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, auth.ErrUnavailable):
		return "503"
	case errors.Is(err, auth.ErrInvalidCredentials):
		return "401"
	}
	return "500"
}

// outcomes says what a request gets that signs, and those that bring tokens.
func outcomes(r *jwks.Ring, tokens ...signed) string {
	_, _, _, err := r.SigningKey(context.Background())
	all := []string{outcome(err)}
	for _, token := range tokens {
		all = append(all, outcome(verify(r, token)))
	}
	return strings.Join(all, " ")
}

func check[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// A copyOf is a verifier elsewhere, that keeps what a ring serves for as long as it may, and never looks in between.
type copyOf struct {
	t       *testing.T
	serves  []http.Handler // one of them is asked, in turn
	set     *jwks.Set
	expires time.Time
}

func (c *copyOf) VerificationKey(ctx context.Context, iss, alg, kid string) (crypto.PublicKey, error) {
	if !time.Now().Before(c.expires) {
		c.serves = append(c.serves[1:], c.serves[0])
		w := httptest.NewRecorder()
		c.serves[0].ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		c.set = must(jwks.ParseSet(w.Body.Bytes()))
		c.expires = time.Now().Add(maxAge(c.t, w))
	}
	return c.set.VerificationKey(ctx, iss, alg, kid)
}

func maxAge(t *testing.T, w *httptest.ResponseRecorder) time.Duration {
	t.Helper()
	text, ok := strings.CutPrefix(w.Header().Get("Cache-Control"), "public, max-age=")
	seconds, err := strconv.Atoi(text)
	if !ok || err != nil {
		t.Fatalf("%d, Cache-Control %q", w.Code, w.Header().Get("Cache-Control"))
	}
	return time.Duration(seconds) * time.Second
}

func serversOf(rings ...*jwks.Ring) (serves []http.Handler) {
	for _, r := range rings {
		serves = append(serves, must(jwks.Handler(r)))
	}
	return serves
}
