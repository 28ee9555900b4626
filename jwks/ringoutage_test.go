package jwks_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
)

// The store is down: what a process may still do ends at its bound, and begins again when the store is back.
func TestOutage(t *testing.T) {
	outages := map[string]fault{
		"it refuses":   refusing,
		"it panics":    panicking,
		"it is absurd": func(context.Context, func() error) error { return auth.ErrInvalidCredentials },
	}
	// Signing, verifying a token of a known key and one of an unknown key, serving.
	steps := []struct {
		age  time.Duration // of the view
		want string
	}{
		{0, "ok ok 401 max-age=300"},
		{refresh, "ok ok 503 max-age=300"},
		{refresh + time.Second, "ok ok 503 max-age=299"},
		{refresh + cacheAge - time.Second, "ok ok 503 max-age=1"},
		{signsFor - 1, "ok ok 503 max-age=0"},
		{signsFor, "503 ok 503 503"}, // which is Refresh + CacheAge here
		{verifies - 1, "503 ok 503 503"},
		{verifies, "503 503 503 503"},
		{365 * 24 * time.Hour, "503 503 503 503"},
	}
	for name, f := range outages {
		for _, step := range steps {
			t.Run(fmt.Sprint(name, ", ", step.age), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newTap()
					c := ringConfig(s)
					c.Interval = jwks.ByHand
					r := newRing(t, c)
					token, unknown := sign(t, r), signed{kid: "unknown", alg: "EdDSA"}
					s.down(f)
					time.Sleep(step.age)
					check(t, "down", outcomes(r, token, unknown)+" "+served(t, r), step.want)
				})
			})
		}
	}
}

func TestOutageEnds(t *testing.T) {
	for name, f := range map[string]fault{"it refuses": refusing, "it hangs": hanging, "it panics": panicking} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTap()
				r := newRing(t, ringConfig(s))
				token := sign(t, r)
				s.down(f)
				for range 29 {
					time.Sleep(time.Minute)
					outcomes(r, token)
				}
				synctest.Wait()
				check(t, "down", outcomes(r, token)+" "+served(t, r), "503 503 503")
				s.down(nil)
				time.Sleep(refresh / 10)
				check(t, "back", outcomes(r, token)+" "+served(t, r), "ok ok max-age=300")
			})
		})
	}
}

// served says what a verifier elsewhere gets.
func served(t *testing.T, r *jwks.Ring) string {
	t.Helper()
	w := httptest.NewRecorder()
	must(jwks.Handler(r)).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code == 200 {
		return fmt.Sprintf("max-age=%d", maxAge(t, w)/time.Second)
	}
	check(t, "Cache-Control", w.Header().Get("Cache-Control"), "no-store")
	check(t, "Retry-After", w.Header().Get("Retry-After"), "10")
	check(t, "body", w.Body.String(), `{"type": "unavailable", "message": "Service Unavailable"}`)
	return fmt.Sprint(w.Code)
}

// While the store does not answer, requests with keys that are known do not wait for it: not each, and not one in each
// cooldown.
func TestOutageIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		r := newRing(t, ringConfig(s))
		token := sign(t, r)
		s.down(hanging)
		time.Sleep(refresh)
		began := time.Now()
		check(t, "the first", outcomes(r, token), "ok ok")
		check(t, "it waited", time.Since(began), 2*time.Second)
		before := s.count("Load")
		for range 60 {
			time.Sleep(time.Second)
			began := time.Now()
			check(t, "another", outcomes(r, token), "ok ok")
			check(t, "it waited", time.Since(began), 0)
		}
		check(t, "loads in a minute", s.count("Load")-before, 60/6)
	})
}

// A process is cut off while others change the keys: until its bound all that it signs is good elsewhere until it
// expires, and then it signs nothing.
func TestCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, cut := newTap(), newTap()
		cut.KeyStore = s.KeyStore
		r, other := newRing(t, ringConfig(cut)), newRing(t, ringConfig(s))
		elsewhere := &copyOf{t: t, serves: append(serversOf(other), serversOf(other)...)}
		cut.down(refusing)
		check(t, "Rotate", other.Rotate(t.Context()), nil)
		var tokens []signed
		for {
			kid, alg, signer, err := r.SigningKey(t.Context())
			if err != nil {
				check(t, "the end", outcome(err), "503")
				break
			}
			tokens = append(tokens, signed{kid, alg, signer.Public(), time.Now().Add(15 * time.Minute)})
			time.Sleep(time.Second)
		}
		check(t, "how long it signed", len(tokens) >= int(signsFor/time.Second), true)
		for _, token := range tokens {
			time.Sleep(time.Until(token.expires) - 1)
			check(t, "its token", verify(other, token), nil)
			check(t, "its token elsewhere", verify(elsewhere, token), nil)
		}
		cut.down(nil)
		time.Sleep(refresh)
		check(t, "back", sign(t, r).kid, sign(t, other).kid)
	})
}

// While a process changes the keys it says of a kid that it does not know that it cannot tell, not that there is none:
// another may have published it since.
func TestUnknownKidDuringChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, slow := newTap(), newTap()
		slow.KeyStore = s.KeyStore
		r, other := newRing(t, ringConfig(slow)), newRing(t, ringConfig(s))
		old := sign(t, r)
		time.Sleep(time.Hour)
		sign(t, other)
		synctest.Wait()
		time.Sleep(lead) // in which r sees nothing, and the first key has ended
		check(t, "Rotate", other.Rotate(t.Context()), nil)
		time.Sleep(retention)
		slow.on("Swap", func(_ context.Context, call func() error) error {
			time.Sleep(30 * time.Second) // longer than it may, which is all the same here
			return call()
		})
		check(t, "the first key", outcomes(r, old), "ok 401") // which begins its removal
		synctest.Wait()
		check(t, "Revoke", other.Revoke(t.Context(), sign(t, other).kid), nil)
		time.Sleep(10 * time.Second)
		check(t, "the new key", outcome(verify(r, sign(t, other))), "503")
		time.Sleep(refresh)
		check(t, "later", outcome(verify(r, sign(t, other))), "ok")
	})
}

type panickingLogger struct{ slog.Handler }

func (panickingLogger) Handle(context.Context, slog.Record) error { panic("a bug in the logger") }

// A logger that panics is not heard. Otherwise it would end the program, as no request is there to catch it.
func TestLoggerThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		c := ringConfig(s)
		c.Logger = slog.New(panickingLogger{slog.Default().Handler()})
		r := newRing(t, c)
		token := sign(t, r)
		for _, f := range []fault{refusing, panicking, nil} {
			s.down(f)
			time.Sleep(refresh)
			check(t, "requests", outcomes(r, token), "ok ok")
			synctest.Wait()
		}
		check(t, "Rotate", r.Rotate(t.Context()), nil)
		check(t, "Revoke", r.Revoke(t.Context(), token.kid), nil)
		check(t, "tokens", outcomes(r, token), "ok 401")
	})
}

func TestStoreThatIsDownAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, f := range []fault{refusing, hanging} {
			s := newTap()
			s.down(f)
			r, err := jwks.NewRing(t.Context(), ringConfig(s))
			check(t, "NewRing", outcome(err), "503")
			check(t, "the ring", r, nil)
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		r := newRing(t, ringConfig(s))
		token := sign(t, r)
		time.Sleep(refresh / 2)
		s.on("Load", hanging)
		began := time.Now()
		check(t, "a request that begins a refresh", outcomes(r, token), "ok ok")
		check(t, "Close", r.Close(), nil)
		check(t, "Close waited", time.Since(began), 2*time.Second)
		s.on("Load", nil)
		before := s.count("Load")
		time.Sleep(refresh)
		check(t, "after Close", outcomes(r, token), "ok ok")
		check(t, "Rotate", fmt.Sprint(r.Rotate(t.Context())), "jwks: ring: closed")
		check(t, "Revoke", fmt.Sprint(r.Revoke(t.Context(), token.kid)), "jwks: ring: closed")
		check(t, "Close again", r.Close(), nil)
		time.Sleep(verifies)
		check(t, "long after Close", outcomes(r, token), "503 503")
		check(t, "loads", s.count("Load")-before, 0)
	}) // which fails if a goroutine is left
}
