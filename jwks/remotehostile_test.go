package jwks_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
)

// rawServer answers every connection with the same bytes, whatever they are, and returns where it is.
func rawServer(t *testing.T, answer string) string {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = io.WriteString(c, answer)
			}
			_ = c.Close()
		}
	}()
	return "http://" + l.Addr().String() + "/keys?code=canary"
}

// Package net/http quotes what it cannot read. Of that little gets into an error, which each request may log.
func TestRemoteBriefErrors(t *testing.T) {
	long := strings.Repeat("spam ", 12_000)
	for name, answer := range map[string]string{
		"a status":            "HTTP/1.1 " + strings.Repeat("9", 60_000) + " OK\r\n\r\n",
		"no HTTP":             long,
		"a header":            "HTTP/1.1 200 OK\r\n" + long + "\r\n\r\n",
		"control characters":  "HTTP/1.1 200 OK\r\nX: \x1b[31m\r\n\r\n",
		"a redirect":          "HTTP/1.1 302 Found\r\nLocation: http://[" + long + "\r\n\r\n",
		"a length":            "HTTP/1.1 200 OK\r\nContent-Length: " + long + "\r\n\r\n",
		"an encoding":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + long + "\r\n\r\n",
		"a chunk":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + long + "\r\n",
		"a reason":            "HTTP/1.1 500 " + long + "\r\n\r\n",
		"endless information": strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 50_000),
	} {
		t.Run(name, func(t *testing.T) {
			briefly(t, func(c *jwks.RemoteConfig) { c.URL = rawServer(t, answer) })
		})
	}
}

// A roundTripper is a Transport made of a func.
type roundTripper func(r *http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A Transport is not ours: whatever it does, nothing ends but the attempt.
func TestRemoteOddTransports(t *testing.T) {
	for name, f := range map[string]roundTripper{
		"neither":      func(*http.Request) (*http.Response, error) { return nil, nil },
		"no body":      func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 200}, nil },
		"a long panic": func(*http.Request) (*http.Response, error) { panic(strings.Repeat("spam ", 12_000)) },
		"a goroutine":  func(*http.Request) (*http.Response, error) { runtime.Goexit(); return nil, nil },
		"a status":     func(*http.Request) (*http.Response, error) { return nil, &auth.Error{Status: 403} },
		"bad":          func(*http.Request) (*http.Response, error) { return nil, auth.ErrInvalidCredentials },
		"a client's": func(r *http.Request) (*http.Response, error) {
			return (&http.Client{Transport: &endpoint{}}).Get(r.URL.String())
		},
		"a long string": func(*http.Request) (*http.Response, error) { return nil, errors.New(strings.Repeat("\x00\xff", 9999)) },
	} {
		t.Run(name, func(t *testing.T) {
			briefly(t, func(c *jwks.RemoteConfig) { c.URL, c.Transport = keysURL+"?code=canary", f })
		})
	}
}

// briefly fails unless a Remote that gets no keys says so in a line that has little of the server and nothing of the URL.
func briefly(t *testing.T, change func(c *jwks.RemoteConfig)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var err error
	log := logged(func(log *slog.Logger) {
		c := jwks.RemoteConfig{Issuer: issuerURL, Logger: log}
		change(&c)
		r := must(jwks.NewRemote(c))
		err = r.Ready(ctx)
		_ = r.Close()
	})
	var other *auth.Error
	if !errors.Is(err, auth.ErrUnavailable) || errors.Is(err, auth.ErrInvalidCredentials) || errors.As(err, &other) ||
		ctx.Err() != nil {
		t.Fatalf("%.500v", err)
	}
	for _, text := range []string{err.Error(), strings.TrimSuffix(log, "\n")} {
		if len(text) > 1500 || strings.Contains(text, "canary") || strings.ContainsFunc(text, unicode.IsControl) {
			t.Errorf("%d bytes: %.500q", len(text), text)
		}
	}
	if strings.Count(log, "\n") != 1 {
		t.Errorf("log: %.500s", log)
	}
}

// panics is a log handler that does.
type panics struct{ slog.Handler }

func (panics) Enabled(context.Context, slog.Level) bool  { return true }
func (panics) Handle(context.Context, slog.Record) error { panic("in a log handler") }
func (p panics) WithAttrs([]slog.Attr) slog.Handler      { return p }

// found fails the test unless a key is there.
func found(t *testing.T, r *jwks.Remote, kid string) {
	t.Helper()
	if _, err := find(r, kid); err != nil {
		t.Errorf("key %q: %v", kid, err)
	}
}

// A log handler that panics costs lines of the log, not the program and not the keys.
func TestRemoteLoggerPanics(t *testing.T) {
	e := serving(keyNamed("1"))
	bubble(t, e, func(t *testing.T, r *jwks.Remote) {
		found(t, r, "1")
		e.now(nil)
		time.Sleep(2 * time.Hour)
		found(t, r, "1")
		e.now(document(setDocument(keyNamed("2"))))
		time.Sleep(2 * time.Minute)
		found(t, r, "2")
	}, func(c *jwks.RemoteConfig) { c.Logger = slog.New(panics{}) })
}

// The time to ask again comes for the timer and for requests at once. That is still one attempt.
func TestRemoteTimerAndRequests(t *testing.T) {
	for range 200 {
		e := &endpoint{}
		bubble(t, e, func(t *testing.T, r *jwks.Remote) {
			time.Sleep(time.Minute)
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() { _, _ = find(r, "1") })
			}
			wg.Wait()
			synctest.Wait()
			checkAsked(t, e, 2)
		}, func(c *jwks.RemoteConfig) { c.RequestsPerMinute = 1 })
	}
}

// Nobody can be asked any more, so nobody says that there is no such key.
func TestRemoteClosedWhileWell(t *testing.T) {
	bubble(t, serving(keyNamed("1")), func(t *testing.T, r *jwks.Remote) {
		afterCooldown()
		_ = r.Close()
		found(t, r, "1")
		if _, err := find(r, "2"); !auth.IsUnavailable(err) || errors.Is(err, auth.ErrInvalidCredentials) {
			t.Errorf("an unknown key: %v", err)
		}
	})
}

// A set is fetched anew before it may not be used any more, however short the times are.
func TestRemoteShortest(t *testing.T) {
	bubble(t, serving(keyNamed("1")), func(t *testing.T, r *jwks.Remote) {
		for range 600 {
			time.Sleep(100 * time.Millisecond)
			found(t, r, "1")
		}
	}, func(c *jwks.RemoteConfig) { c.MaxAge, c.MaxStale = 24*time.Second, 24*time.Second })
}

// A server that fails over the ETag that it gave is asked without it.
func TestRemoteETagThatFails(t *testing.T) {
	text := setDocument(keyNamed("1"))
	e := &endpoint{answer: func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusRequestHeaderFieldsTooLarge)
			return
		}
		w.Header().Set("ETag", `"`+strings.Repeat("x", 10_000)+`"`)
		document(text)(w, r)
	}}
	bubble(t, e, func(t *testing.T, r *jwks.Remote) {
		for range 30 {
			time.Sleep(time.Hour)
			found(t, r, "1")
		}
	})
}

// That nothing has changed does not change how long that is so, unless it is said (RFC 9111, section 4.3.4).
func TestRemoteMaxAgeStays(t *testing.T) {
	text := setDocument(keyNamed("1"))
	e := &endpoint{answer: func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == "" {
			w.Header().Set("Cache-Control", "max-age=60")
		}
		numbered(text)(w, r)
	}}
	bubble(t, e, func(t *testing.T, _ *jwks.Remote) {
		time.Sleep(5 * time.Minute)
		if asked := e.count(); asked < 6 {
			t.Errorf("the endpoint was asked %d times in 5 minutes", asked)
		}
	})
}

// A set of nothing but bad keys changes nothing, and the log says what is bad.
func TestRemoteNamesBadKeys(t *testing.T) {
	log := logged(func(log *slog.Logger) {
		bubble(t, &endpoint{answer: document(`{"keys":[` + octText + `]}`)}, func(*testing.T, *jwks.Remote) {},
			func(c *jwks.RemoteConfig) { c.Logger = log })
	})
	if !strings.Contains(log, "no key that can be used") || !strings.Contains(log, "private or symmetric") {
		t.Errorf("log: %s", log)
	}
}

// A site is an issuer whose metadata says where its keys are.
func site(place string, pages map[string]http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch page := pages[r.URL.Path]; {
		case r.URL.Path == "/.well-known/openid-configuration" && place != "":
			_, _ = fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, issuerURL, issuerURL+place)
		case page != nil:
			page(w, r)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}
}

// numbered serves a set, of which it says no more than that it is the first.
func numbered(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		document(text)(w, r)
	}
}

func TestRemoteSiteChanges(t *testing.T) {
	first, second := numbered(setDocument(keyNamed("1"))), numbered(setDocument(keyNamed("2")))
	for _, tt := range []struct {
		name    string
		between http.HandlerFunc // for a while
		after   http.HandlerFunc
		kid     string
	}{
		{"the keys move", nil, site("/new", map[string]http.HandlerFunc{"/new": second}), "2"},
		{"the keys move at once", site("/new", map[string]http.HandlerFunc{"/new": second}),
			site("/new", map[string]http.HandlerFunc{"/new": second}), "2"},
		{"the keys move, and the old ones stay", nil,
			site("/new", map[string]http.HandlerFunc{"/keys": first, "/new": second}), "2"},
		{"the old ones stay, without an outage", site("/new", map[string]http.HandlerFunc{"/keys": first, "/new": second}),
			site("/new", map[string]http.HandlerFunc{"/keys": first, "/new": second}), "2"},
		{"the metadata does not come back", nil, site("", map[string]http.HandlerFunc{"/keys": second}), "2"},
		{"the metadata is spoilt", nil, site(".evil.example/keys", map[string]http.HandlerFunc{"/keys": first}), "1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := &endpoint{answer: site("/keys", map[string]http.HandlerFunc{"/keys": first})}
			bubble(t, e, func(t *testing.T, r *jwks.Remote) {
				found(t, r, "1")
				e.now(tt.between)
				time.Sleep(2 * time.Hour)
				e.now(tt.after)
				time.Sleep(24 * time.Hour)
				found(t, r, tt.kid)
			}, func(c *jwks.RemoteConfig) { c.URL = "" })
		})
	}
}
