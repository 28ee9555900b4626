package oidc_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth/authtest"
	"github.com/countersign-go/countersign/auth/login/oidc"
)

// Metadata that are no good are a provider that is down, and a log-in that comes some seconds after they were mended succeeds.
func TestDiscoveryFaults(t *testing.T) {
	for _, fault := range []authtest.Fault{
		authtest.Down, authtest.Hanging, authtest.Slow, authtest.ServerError, authtest.Limited, authtest.NoContent, authtest.NotModified,
		authtest.Redirecting, authtest.NotJSON, authtest.WrongType, authtest.EmptyObject, authtest.EmptySet, authtest.Truncated,
		authtest.Huge, authtest.Bomb, authtest.WrongIssuer, authtest.OtherHost,
	} {
		t.Run(string(fault), func(t *testing.T) {
			in(t, func(t *testing.T, w world) {
				w.FailDiscovery(fault)
				start := time.Now()
				location, err := w.start(t.Context(), nil)
				check(t, "error", verdict(err), unavailable)
				check(t, "location", location, "")
				check(t, "states", len(w.states), 0)
				check(t, "within 10 seconds", time.Since(start) <= 10*time.Second, true)
				w.Fail(authtest.Well)
				time.Sleep(5 * time.Second)
				_, err = w.visit(t.Context(), w.op)
				check(t, "mended", verdict(err), "ok")
			})
		})
	}
}

// TestMetadata: what is said in metadata that are otherwise good.
func TestMetadata(t *testing.T) {
	const issuer = "https://login.example.com"
	for name, tt := range map[string]struct {
		change object
		want   string
	}{
		"good":                        {object{}, "ok"},
		"a slash more":                {object{"issuer": issuer + "/"}, unavailable},
		"another case":                {object{"issuer": "https://LOGIN.example.com"}, unavailable},
		"no issuer":                   {object{"issuer": nil}, unavailable},
		"an issuer that is a list":    {object{"issuer": []string{issuer}}, unavailable},
		"no authorization endpoint":   {object{"authorization_endpoint": nil}, unavailable},
		"plain HTTP":                  {object{"authorization_endpoint": "http://login.example.com/authorize"}, unavailable},
		"a script":                    {object{"authorization_endpoint": "javascript:alert(1)"}, unavailable},
		"a fragment":                  {object{"authorization_endpoint": issuer + "/authorize#"}, unavailable},
		"a line":                      {object{"authorization_endpoint": issuer + "/authorize\r\nSet-Cookie: a=b"}, unavailable},
		"a long URL":                  {object{"authorization_endpoint": issuer + "/" + strings.Repeat("a", 2<<10)}, unavailable},
		"no token endpoint":           {object{"token_endpoint": nil}, unavailable},
		"a token endpoint elsewhere":  {object{"token_endpoint": "https://evil.example/token"}, unavailable},
		"a user before the host":      {object{"token_endpoint": "https://login.example.com@evil.example/token"}, unavailable},
		"another port":                {object{"token_endpoint": issuer + ":8443/token"}, unavailable},
		"a host that is named":        {object{"token_endpoint": "https://tokens.example/token"}, "ok"},
		"no keys":                     {object{"jwks_uri": nil}, unavailable},
		"keys elsewhere":              {object{"jwks_uri": "https://evil.example/jwks"}, unavailable},
		"userinfo elsewhere, unasked": {object{"userinfo_endpoint": "https://evil.example/userinfo"}, "ok"},
		"methods of another type":     {object{"token_endpoint_auth_methods_supported": "client_secret_basic"}, unavailable},
		"no method that is known":     {object{"token_endpoint_auth_methods_supported": []string{"private_key_jwt"}}, unavailable},
		"no PKCE":                     {object{"code_challenge_methods_supported": []string{"plain"}}, "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			good := object{
				"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token",
				"jwks_uri": issuer + "/jwks",
			}
			synctest.Test(t, func(t *testing.T) {
				c := goodConfig(t)
				c.Hosts = []string{"tokens.example"}
				c.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
					return serve(answering(http.StatusOK, changed(good, tt.change)), r)
				})
				p := must(oidc.New(c))
				defer func() { check(t, "Close", p.Close(), nil) }()
				_, err := newBrowser(p).start(t.Context(), nil)
				check(t, "error", verdict(err), tt.want)
			})
		})
	}
}

// A roundTripper is a Transport made of a func.
type roundTripper func(r *http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// However many want the metadata, they are fetched once, and whoever gives up takes them away from nobody.
func TestDiscoveryOnce(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		w.FailDiscovery(authtest.Hanging)
		impatient, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			_, err := w.start(impatient, nil)
			check(t, "who gave up", verdict(err), unavailable)
		})
		synctest.Wait()
		for range 50 {
			all.Go(func() {
				_, err := w.start(t.Context(), nil)
				check(t, "who waited", verdict(err), "ok")
			})
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		w.FailDiscovery(authtest.Well)
		all.Wait()
		check(t, "requests", w.DiscoveryRequests(), 1)
	})
}

// After a failure nobody is asked for some seconds.
func TestDiscoveryCooldown(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		w.FailDiscovery(authtest.ServerError)
		for i := range 20 {
			_, err := w.start(t.Context(), nil)
			check(t, "error", verdict(err), unavailable)
			check(t, "requests", w.DiscoveryRequests(), int64(1+i/5))
			time.Sleep(time.Second)
		}
	})
}

// Metadata are fetched anew after an hour, while they are used on; an outage of less than a day is not noticed.
func TestDiscoveryOutage(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		_, err := w.start(t.Context(), nil)
		check(t, "at first", verdict(err), "ok")
		time.Sleep(59 * time.Minute)
		_, err = w.start(t.Context(), nil)
		check(t, "fresh", verdict(err), "ok")
		check(t, "requests", w.DiscoveryRequests(), 1)
		w.FailDiscovery(authtest.Hanging)
		time.Sleep(time.Minute)
		before := time.Now()
		_, err = w.start(t.Context(), nil)
		check(t, "renewed in the background", verdict(err), "ok")
		check(t, "nobody waits", time.Since(before), 0)
		synctest.Wait()
		check(t, "requests", w.DiscoveryRequests(), 2)
		time.Sleep(22 * time.Hour)
		_, err = w.start(t.Context(), nil)
		check(t, "an outage", verdict(err), "ok")
		time.Sleep(time.Hour)
		_, err = w.start(t.Context(), nil)
		check(t, "too old", verdict(err), unavailable)
		w.FailDiscovery(authtest.Well)
		time.Sleep(15 * time.Second)
		_, err = w.visit(t.Context(), w.op)
		check(t, "mended", verdict(err), "ok")
	})
}

// Keys that are where they were are not fetched anew because the metadata are.
func TestDiscoveryRenews(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		_, err := w.visit(t.Context(), w.op)
		check(t, "at first", verdict(err), "ok")
		time.Sleep(time.Hour)
		synctest.Wait()
		keys := w.KeyRequests()
		_, err = w.visit(t.Context(), w.op)
		check(t, "an hour later", verdict(err), "ok")
		synctest.Wait()
		check(t, "requests for metadata", w.DiscoveryRequests(), 2)
		check(t, "requests for keys", w.KeyRequests(), keys)
	})
}

// Keys that are elsewhere now are found there, and endpoints too.
func TestDiscoveryMoves(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		_, err := w.visit(t.Context(), w.op)
		check(t, "at first", verdict(err), "ok")
		w.metadata = object{
			"jwks_uri": strings.TrimSuffix(w.KeysURL(), "/jwks") + "/elsewhere/jwks", "authorization_endpoint": w.URL() + "/new",
		}
		w.Rotate()
		w.Retire()
		time.Sleep(time.Hour)
		_, err = w.start(t.Context(), nil)
		check(t, "renews", verdict(err), "ok")
		synctest.Wait()
		location := must(w.start(t.Context(), nil))
		check(t, location, strings.HasPrefix(location, w.URL()+"/new?"), true)
		_, err = w.finish(t.Context(), w.logIn(location))
		check(t, "by the new key", verdict(err), "ok")
		asked := w.oldKeys.Load()
		time.Sleep(20 * time.Hour)
		check(t, "nobody asks for the old keys any more", w.oldKeys.Load(), asked)
	})
}

// Keys that cannot be had are a provider that is down.
func TestKeysFaults(t *testing.T) {
	for _, fault := range []authtest.Fault{authtest.Down, authtest.Hanging, authtest.Redirecting, authtest.EmptySet, authtest.Huge} {
		t.Run(string(fault), func(t *testing.T) {
			in(t, func(t *testing.T, w world) {
				w.Fail(fault)
				_, err := w.visit(t.Context(), w.op)
				check(t, "error", verdict(err), unavailable)
				w.Fail(authtest.Well)
				time.Sleep(2 * time.Minute)
				_, err = w.visit(t.Context(), w.op)
				check(t, "mended", verdict(err), "ok")
			})
		})
	}
}

// A key may change while people log in, and may have no kid if it is the only one (OpenID Connect Core 1.0, section 10.1).
func TestKeysChange(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		_, err := w.visit(t.Context(), w.op)
		check(t, "the first key", verdict(err), "ok")
		w.header = object{"kid": nil}
		_, err = w.visit(t.Context(), w.op)
		check(t, "no kid", verdict(err), "ok")
		w.header = nil
		w.Rotate()
		time.Sleep(time.Minute)
		_, err = w.visit(t.Context(), w.op)
		check(t, "the second key", verdict(err), "ok")
		w.header = object{"kid": nil}
		_, err = w.visit(t.Context(), w.op)
		check(t, "no kid, and two keys", verdict(err), rejected)
	})
}

// A Transport is not ours: whatever it does, nothing ends but the attempt, and what it says does not get far.
func TestOddTransports(t *testing.T) {
	long := strings.Repeat("spam\x1b[31m\n", 10_000)
	for name, f := range map[string]roundTripper{
		"neither":     func(*http.Request) (*http.Response, error) { return nil, nil },
		"no body":     func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 200}, nil },
		"a panic":     func(*http.Request) (*http.Response, error) { panic(long) },
		"a goroutine": func(*http.Request) (*http.Response, error) { runtime.Goexit(); return nil, nil },
		"a long text": func(*http.Request) (*http.Response, error) { return nil, errors.New(long) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				c := goodConfig(t)
				c.Transport, c.Logger = f, slog.New(slog.NewTextHandler(&log, nil))
				p := must(oidc.New(c))
				_, err := newBrowser(p).start(t.Context(), nil)
				check(t, "error", verdict(err), unavailable)
				check(t, "Close", p.Close(), nil)
				check(t, "lines", strings.Count(log.String(), "\n"), 1)
				for _, text := range []string{err.Error(), log.String()} {
					check(t, text, len(text) < 1000 && !strings.Contains(text, "\x1b"), true)
				}
			})
		})
	}
}

// After Close nobody is asked any more, and what waits is told.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOP(t)
		p := must(oidc.New(configOf(o)))
		b := newBrowser(p)
		o.FailDiscovery(authtest.Hanging)
		var all sync.WaitGroup
		all.Go(func() {
			_, err := b.start(t.Context(), nil)
			check(t, "waiting", verdict(err), unavailable)
		})
		synctest.Wait()
		check(t, "Close", p.Close(), nil)
		all.Wait()
		o.Fail(authtest.Well)
		time.Sleep(time.Minute)
		_, err := b.start(t.Context(), nil)
		check(t, "closed", verdict(err), unavailable)
		check(t, "requests", o.DiscoveryRequests(), 1)

		p = must(oidc.New(configOf(o)))
		_, err = newBrowser(p).start(t.Context(), nil)
		check(t, "open", verdict(err), "ok")
		synctest.Wait()
		keys := o.KeyRequests()
		check(t, "Close with keys", p.Close(), nil)
		time.Sleep(20 * time.Hour)
		check(t, "nobody asks for keys any more", o.KeyRequests(), keys)

		p = must(oidc.New(configOf(o)))
		check(t, "Close before it is used", p.Close(), nil)
		_, err = newBrowser(p).start(t.Context(), nil)
		check(t, "closed", verdict(err), unavailable)
		check(t, "requests", o.DiscoveryRequests(), 2)
	})
}

// A log handler that panics costs lines of the log.
func TestLoggerPanics(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		w.FailDiscovery(authtest.Down)
		_, err := w.start(t.Context(), nil)
		check(t, "error", verdict(err), unavailable)
	}, func(c *oidc.Config) { c.Logger = slog.New(panics{slog.DiscardHandler}) })
}

// panics is a log handler that does.
type panics struct{ slog.Handler }

func (panics) Enabled(context.Context, slog.Level) bool  { return true }
func (panics) Handle(context.Context, slog.Record) error { panic("in a log handler") }
