package jwks_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
)

// crowd calls f at the same time as often as a busy server would, and counts what came back.
func crowd(f func(n int) error) (accepted, unknown, unavailable int64) {
	var counts [3]atomic.Int64
	var wg sync.WaitGroup
	for n := range 1000 {
		wg.Go(func() {
			switch err := f(n); {
			case err == nil:
				counts[0].Add(1)
			case auth.IsUnavailable(err):
				counts[2].Add(1)
			case errors.Is(err, auth.ErrInvalidCredentials):
				counts[1].Add(1)
			}
		})
	}
	wg.Wait()
	return counts[0].Load(), counts[1].Load(), counts[2].Load()
}

// checkAsked fails unless the endpoint has been asked so often.
func checkAsked(t *testing.T, e *endpoint, want int) {
	t.Helper()
	if got := e.count(); got != want {
		t.Errorf("the endpoint was asked %d times, want %d", got, want)
	}
}

func TestRemoteFloodOfUnknownKeys(t *testing.T) {
	e := serving(keyNamed("1"))
	bubble(t, e, func(t *testing.T, r *jwks.Remote) {
		for round := 1; round <= 3; round++ {
			afterCooldown()
			for range 3 {
				if _, unknown, _ := crowd(func(n int) error { _, err := find(r, fmt.Sprint("x", n)); return err }); unknown != 1000 {
					t.Errorf("%d of 1000 tokens are of an unknown key", unknown)
				}
			}
			checkAsked(t, e, 1+round)
		}
	})
}

// While somebody waits for an unknown key, and the endpoint hangs, known keys are there at once.
func TestRemoteKnownKeysNeverWait(t *testing.T) {
	e := serving(keyNamed("1"))
	bubble(t, e, func(t *testing.T, r *jwks.Remote) {
		afterCooldown()
		e.hangs(true)
		var waiting sync.WaitGroup
		for n := range 1000 {
			waiting.Go(func() { _, _ = find(r, fmt.Sprint("x", n)) })
		}
		synctest.Wait()
		start := time.Now()
		if accepted, _, _ := crowd(func(int) error { _, err := find(r, "1"); return err }); accepted != 1000 || time.Since(start) != 0 {
			t.Errorf("%d of 1000 tokens of a known key passed, after %v", accepted, time.Since(start))
		}
		checkAsked(t, e, 2)
		waiting.Wait()
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("the others waited for %v", took)
		}
		checkAsked(t, e, 2)
	})
}

func TestRemoteNewKey(t *testing.T) {
	first, second := keyNamed("1"), keyNamed("2")
	e := serving(first)
	bubble(t, e, func(t *testing.T, r *jwks.Remote) {
		afterCooldown()
		e.now(document(setDocument(first, second)))
		if accepted, _, _ := crowd(func(int) error { _, err := find(r, "2"); return err }); accepted != 1000 {
			t.Errorf("%d of 1000 tokens of a new key passed", accepted)
		}
		checkAsked(t, e, 2)
	})
}

// A rotation in the middle of a flood is found at the next attempt that the cooldown allows.
func TestRemoteRotationInAFlood(t *testing.T) {
	e := serving(keyNamed("1"))
	bubble(t, e, func(t *testing.T, r *jwks.Remote) {
		afterCooldown()
		_, _ = find(r, "x") // the flood has just cost an attempt
		e.now(document(setDocument(keyNamed("2"))))
		if _, err := find(r, "2"); !errors.Is(err, auth.ErrInvalidCredentials) {
			t.Errorf("during the cooldown: %v", err)
		}
		checkAsked(t, e, 2)
		afterCooldown()
		for _, kid := range []string{"x", "2", "2"} {
			_, err := find(r, kid)
			if (err == nil) != (kid == "2") {
				t.Errorf("after the cooldown: %s: %v", kid, err)
			}
		}
		checkAsked(t, e, 3)
		if _, err := find(r, "1"); !errors.Is(err, auth.ErrInvalidCredentials) || auth.IsUnavailable(err) {
			t.Errorf("the key that was removed: %v", err)
		}
	})
}

func TestRemoteOutage(t *testing.T) {
	e := serving(keyNamed("1"))
	bubble(t, e, func(t *testing.T, r *jwks.Remote) {
		e.now(nil)
		start := time.Now()
		for time.Since(start) < 61*time.Minute {
			time.Sleep(time.Minute - time.Nanosecond)
			_, err := find(r, "1")
			if inTime := time.Since(start) < time.Hour; (err == nil) != inTime || err != nil && !auth.IsUnavailable(err) {
				t.Fatalf("after %v: %v", time.Since(start), err)
			}
			if _, err = find(r, "2"); time.Since(start) > time.Minute && !auth.IsUnavailable(err) {
				t.Fatalf("another key after %v: %v", time.Since(start), err)
			}
			time.Sleep(time.Nanosecond)
		}
		if asked := e.count(); asked > 1+61*5 || asked < 60 {
			t.Errorf("the endpoint was asked %d times", asked)
		}
		e.now(document(setDocument(keyNamed("1"))))
		time.Sleep(2 * time.Minute)
		if _, err := find(r, "1"); err != nil {
			t.Errorf("it came back: %v", err)
		}
	}, func(c *jwks.RemoteConfig) { c.MaxAge, c.MaxStale = time.Minute, time.Hour })
}

func TestRemoteStartsWhileTheEndpointIsDown(t *testing.T) {
	e := &endpoint{}
	synctest.Test(t, func(t *testing.T) {
		e.hangs(true)
		start := time.Now()
		r := remoteAt(t, e)
		if time.Since(start) != 0 {
			t.Error("the constructor waits")
		}
		if _, err := find(r, "1"); !auth.IsUnavailable(err) || time.Since(start) != 5*time.Second {
			t.Errorf("%v, after %v", err, time.Since(start))
		}
		if err := r.Ready(t.Context()); !auth.IsUnavailable(err) {
			t.Errorf("ready: %v", err)
		}
		e.hangs(false)
		e.now(document(setDocument(keyNamed("1"))))
		time.Sleep(time.Minute) // nobody asks
		if _, err := find(r, "1"); err != nil || r.Ready(t.Context()) != nil {
			t.Errorf("it came up: %v", err)
		}
		_ = r.Close()
	})
}

// Who waits may go, and whoever else waits gets the key.
func TestRemoteCallerGoes(t *testing.T) {
	second := keyNamed("2")
	e := serving(keyNamed("1"))
	bubble(t, e, func(t *testing.T, r *jwks.Remote) {
		afterCooldown()
		e.now(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(2 * time.Second)
			document(setDocument(second))(w, r)
		})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := r.VerificationKey(ctx, issuerURL, "EdDSA", "2"); !auth.IsUnavailable(err) || !errors.Is(err, context.Canceled) {
				t.Errorf("who left: %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if _, err := find(r, "2"); err != nil {
				t.Errorf("who stayed: %v", err)
			}
		})
		cancel()
		wg.Wait()
		checkAsked(t, e, 2)
	})
}

// Whatever the endpoint answers, the last good set stays.
func TestRemoteBadAnswers(t *testing.T) {
	good := setDocument(keyNamed("2"))
	for name, answer := range map[string]http.HandlerFunc{
		"nothing":             nil,
		"{}":                  document(`{}`),
		"no keys":             document(`{"keys":[]}`),
		"null":                document(`{"keys":null}`),
		"keys that are none":  document(`{"keys":{}}`),
		"KEYS":                document(`{"KEYS":` + strings.TrimPrefix(good, `{"keys":`)),
		"keys twice":          document(strings.TrimSuffix(strings.TrimSpace(good), "}") + `,"keys":[]}`),
		"trailing garbage":    document(good + "x"),
		"a set behind it":     document(good + good),
		"HTML":                document("<!doctype html><title>Log in</title>"),
		"empty":               document(""),
		"cut off":             document(good[:len(good)-2]),
		"only secrets":        document(`{"keys":[{"kty":"oct","kid":"2","alg":"HS256","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}]}`),
		"too many keys":       document(`{"keys":[` + strings.TrimSuffix(strings.Repeat(`{},`, 101), ",") + `]}`),
		"over 512 KiB":        document(good + strings.Repeat(" ", 512<<10)),
		"500":                 status(500),
		"429":                 status(429),
		"404":                 status(404),
		"204":                 status(204),
		"304, though nothing": status(304),
		"compressed": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			document(good)(w, r)
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, issuerURL+"/elsewhere", http.StatusFound)
		},
		"a panic": func(http.ResponseWriter, *http.Request) { panic("in a transport") },
	} {
		t.Run(name, func(t *testing.T) { keepsLastSet(t, answer) })
	}
}

// keepsLastSet fails unless a bad answer is of no consequence but that nobody knows of new keys.
func keepsLastSet(t *testing.T, answer http.HandlerFunc) {
	t.Helper()
	e := serving(keyNamed("1"))
	log := logged(func(log *slog.Logger) {
		bubble(t, e, func(t *testing.T, r *jwks.Remote) {
			e.now(answer)
			afterCooldown()
			if _, err := find(r, "2"); !auth.IsUnavailable(err) {
				t.Errorf("a key that nobody can ask for: %v", err)
			}
			checkAsked(t, e, 2)
			if _, err := find(r, "1"); err != nil {
				t.Errorf("a known key: %v", err)
			}
			if s := r.Stats(); s.Fetches != 2 || s.Failures != 1 || s.Err == nil || s.Keys != 1 {
				t.Errorf("%+v", s)
			}
		}, func(c *jwks.RemoteConfig) { c.Logger = log })
	})
	if !strings.Contains(log, "keys cannot be fetched") {
		t.Errorf("log: %s", log)
	}
}

// After Close nothing is asked any more, and what is known stays good for a while.
func TestRemoteClose(t *testing.T) {
	e := serving(keyNamed("1"))
	bubble(t, e, func(t *testing.T, r *jwks.Remote) {
		afterCooldown()
		e.hangs(true)
		go func() { _, _ = find(r, "2") }()
		synctest.Wait()
		start := time.Now()
		if err := errors.Join(r.Close(), r.Close()); err != nil || time.Since(start) != 0 {
			t.Errorf("closed after %v: %v", time.Since(start), err)
		}
		if _, err := find(r, "1"); err != nil {
			t.Errorf("a known key: %v", err)
		}
		if _, err := find(r, "2"); !auth.IsUnavailable(err) {
			t.Errorf("an unknown one: %v", err)
		}
		time.Sleep(48 * time.Hour)
		checkAsked(t, e, 2)
		if _, err := find(r, "1"); !auth.IsUnavailable(err) {
			t.Errorf("a known key, much later: %v", err)
		}
	})
}
