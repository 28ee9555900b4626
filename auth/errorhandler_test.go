package auth_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// styled sends r to a guard of s that answers with h.
func styled(h auth.ErrorHandler, s auth.Scheme, r *http.Request) reply {
	return send(auth.New(s, &auth.Options{ErrorHandler: h, Logger: quiet.Logger}).Require(), r)
}

// An ErrorHandler restyles the body. It cannot lose the rest, however it tries.
func TestErrorHandlerCannotLose(t *testing.T) {
	status := func(status int) auth.ErrorHandler {
		return func(w http.ResponseWriter, _ *http.Request, _ *auth.Error) { w.WriteHeader(status) }
	}
	handlers := []struct {
		name   string
		handle auth.ErrorHandler
		want   string // the body
	}{
		{"writes nothing", func(http.ResponseWriter, *http.Request, *auth.Error) {}, ""},
		{"writes a body only", func(w http.ResponseWriter, _ *http.Request, _ *auth.Error) { _, _ = io.WriteString(w, "no") }, "no"},
		{"writes an empty body", func(w http.ResponseWriter, _ *http.Request, _ *auth.Error) { _, _ = w.Write(nil) }, ""},
		{"writes 200", status(200), ""},
		{"writes 204", status(204), ""},
		{"writes 206", status(206), ""},
		{"writes 101", status(101), ""},
		{"writes 103", status(103), ""},
		{"writes 304", status(304), ""},
		{"writes 600", status(600), ""},
		{"writes 999", status(999), ""},
		{"writes 0", status(0), ""},
		{"writes -1", status(-1), ""},
		{"writes twice", func(w http.ResponseWriter, _ *http.Request, e *auth.Error) {
			w.WriteHeader(e.Status)
			w.WriteHeader(200)
			_, _ = io.WriteString(w, "no")
			w.WriteHeader(200)
		}, "no"},
		{"deletes all fields", func(w http.ResponseWriter, _ *http.Request, _ *auth.Error) { clear(w.Header()) }, ""},
		{"deletes all fields and writes", func(w http.ResponseWriter, _ *http.Request, _ *auth.Error) {
			clear(w.Header())
			_, _ = io.WriteString(w, "no")
		}, "no"},
		{"overwrites the fields", func(w http.ResponseWriter, _ *http.Request, _ *auth.Error) {
			w.Header().Set("WWW-Authenticate", "Evil")
			w.Header().Set("Cache-Control", "public, max-age=60")
		}, ""},
		{"adds to the fields", func(w http.ResponseWriter, _ *http.Request, _ *auth.Error) {
			w.Header().Add("WWW-Authenticate", "Evil")
			w.Header().Add("Cache-Control", "public")
		}, ""},
		{"overwrites the fields once they are sent", func(w http.ResponseWriter, _ *http.Request, e *auth.Error) {
			w.WriteHeader(e.Status)
			clear(w.Header())
			w.Header().Set("Cache-Control", "public")
		}, ""},
		{"changes the error", func(w http.ResponseWriter, _ *http.Request, e *auth.Error) {
			clear(e.Challenges)
			*e = auth.Error{Status: 200}
			w.WriteHeader(e.Status)
		}, ""},
		{"answers with http.Error, which deletes fields", func(w http.ResponseWriter, _ *http.Request, e *auth.Error) {
			http.Error(w, "no", e.Status)
		}, "no"},
		{"answers with a file", func(w http.ResponseWriter, r *http.Request, _ *auth.Error) {
			http.ServeContent(w, r, "a.txt", time.Unix(1, 0), strings.NewReader("file"))
		}, "file"},
		{"answers with a part of a file", func(w http.ResponseWriter, r *http.Request, _ *auth.Error) {
			r.Header.Set("Range", "bytes=1-2")
			http.ServeContent(w, r, "a.txt", time.Unix(1, 0), strings.NewReader("file"))
		}, "il"},
		{"tries what a ResponseWriter may do besides", func(w http.ResponseWriter, _ *http.Request, _ *auth.Error) {
			c := http.NewResponseController(w)
			_, _, err := c.Hijack()
			err = errors.Join(err, c.Flush(), c.EnableFullDuplex())
			_, unwraps := w.(interface{ Unwrap() http.ResponseWriter })
			_, pushes := w.(http.Pusher)
			_, _ = fmt.Fprint(w, strings.Count(err.Error(), http.ErrNotSupported.Error()), unwraps, pushes)
		}, "3 false false"},
	}
	refusals := []struct {
		name string
		err  error
		want reply
	}{
		{"401", auth.NoCredentials(auth.Challenge{Scheme: "A"}, auth.Challenge{Scheme: "B"}), unauthorized("A", "B")},
		{"403", &auth.Error{Status: 403}, forbidden()},
		{"429", &auth.Error{Status: 429, RetryAfter: time.Minute}, refused(429, "", "").retry("60")},
		{"500", errBug, internal()},
		{"503", errDown, unavailable()},
	}
	for _, h := range handlers {
		for _, tt := range refusals {
			t.Run(h.name+"/"+tt.name, func(t *testing.T) {
				tt.want.Body = h.want
				check(t, styled(h.handle, always(nil, tt.err), get()), tt.want)
			})
		}
	}
}

// An ErrorHandler may send a client elsewhere. It cannot make one refusal another, such as an outage a 401.
func TestErrorHandlerStatus(t *testing.T) {
	challenge := auth.NoCredentials(auth.Challenge{Scheme: "A"})
	tests := []struct {
		name   string
		err    error
		status int
		want   int
	}{
		{"a redirection", challenge, 303, 303},
		{"another redirection", &auth.Error{Status: 403}, 307, 307},
		{"not changed, which is no redirection", challenge, 304, 401},
		{"404 for 401", challenge, 404, 401},
		{"401 for 403, without a challenge", &auth.Error{Status: 403}, 401, 403},
		{"401 for an outage", errDown, 401, 503},
		{"503 for a bug", errBug, 503, 500},
		{"200 for a bug", errBug, 200, 500},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := styled(func(w http.ResponseWriter, _ *http.Request, _ *auth.Error) { w.WriteHeader(tt.status) }, always(nil, tt.err), get())
			check(t, got.Status, tt.want)
			check(t, got.Cache, "no-store")
		})
	}
}

// A time that the error names stays; where it names none the handler may.
func TestErrorHandlerRetryAfter(t *testing.T) {
	later := func(w http.ResponseWriter, _ *http.Request, _ *auth.Error) { w.Header().Set("Retry-After", "99") }
	check(t, styled(later, always(nil, errDown), get()).Retry, "5")
	check(t, styled(later, always(nil, &auth.Error{Status: 429, RetryAfter: time.Minute}), get()).Retry, "60")
	check(t, styled(later, always(nil, &auth.Error{Status: 429}), get()).Retry, "99")
}

// What was set for the answer that is not given does not stay for the refusal.
func TestErrorHandlerStaleFields(t *testing.T) {
	stale := http.Header{"Content-Length": {"100"}, "Etag": {`"a"`}, "Last-Modified": {"x"},
		"Www-Authenticate": {"Old"}, "Cache-Control": {"public"}, "X-Request-Id": {"1"}}
	w := httptest.NewRecorder()
	set(stale).ServeHTTP(w, nil)
	auth.New(always(nil, errBad), quiet).Require()(nil).ServeHTTP(w, get())
	h := w.Result().Header
	check(t, len(h["Content-Length"])+len(h["Etag"])+len(h["Last-Modified"]), 0)
	check(t, h.Get("WWW-Authenticate"), `Credentials realm="api", error="invalid_token"`)
	check(t, h.Get("Cache-Control"), "no-store")
	check(t, h.Get("X-Request-Id"), "1")
	check(t, h.Get("Content-Type"), "application/json")
	check(t, h.Get("X-Content-Type-Options"), "nosniff")
}

func TestRetryAfter(t *testing.T) {
	tests := []struct {
		after time.Duration
		want  string
	}{
		{0, ""}, {-time.Second, ""}, {1, "1"}, {time.Second, "1"}, {time.Second + 1, "2"}, {time.Hour, "3600"},
		{math.MaxInt64, "9223372037"},
	}
	for _, tt := range tests {
		t.Run(tt.after.String(), func(t *testing.T) {
			check(t, require(always(nil, &auth.Error{Status: 429, RetryAfter: tt.after}), get()).Retry, tt.want)
		})
	}
}

func TestProblem(t *testing.T) {
	type problem struct {
		Type, Title, Detail string
		Status              int
	}
	tests := []struct {
		name string
		err  error
		want problem
	}{
		{"none", auth.NoCredentials(), problem{"about:blank", "Unauthorized", "", 401}},
		{"with a message", &auth.Error{Status: 403, Type: "x", Message: "Not you", Err: errBug}, problem{"about:blank", "Forbidden", "Not you", 403}},
		{"a failure", errBug, problem{"about:blank", "Internal Server Error", "", 500}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			auth.New(always(nil, tt.err), &auth.Options{ErrorHandler: auth.Problem, Logger: quiet.Logger}).Require()(nil).ServeHTTP(w, get())
			var got problem
			check(t, json.Unmarshal(w.Body.Bytes(), &got), nil)
			check(t, got, tt.want)
			check(t, w.Code, tt.want.Status)
			check(t, w.Result().Header.Get("Content-Type"), "application/problem+json")
			check(t, w.Result().Header.Get("Cache-Control"), "no-store")
		})
	}
}

func TestRedirect(t *testing.T) {
	none := auth.NoCredentials(auth.Challenge{Scheme: "Cookie"})
	tests := []struct {
		name     string
		err      error
		request  *http.Request
		status   int
		location string
	}{
		{"a browser that navigates", none, get("Sec-Fetch-Mode: navigate"), 303, "/login?a=b"},
		{"a browser that posts a form", none, request("POST", "Sec-Fetch-Mode: navigate"), 303, "/login?a=b"},
		{"a script", none, get("Sec-Fetch-Mode: cors"), 401, ""},
		{"no browser", none, get(), 401, ""},
		{"something that accepts HTML", none, get("Accept: text/html"), 401, ""},
		{"a browser that may not", &auth.Error{Status: 403}, get("Sec-Fetch-Mode: navigate"), 403, ""},
		{"a browser while something is down", errDown, get("Sec-Fetch-Mode: navigate"), 503, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			auth.New(always(nil, tt.err), &auth.Options{ErrorHandler: auth.Redirect("/login?a=b"), Logger: quiet.Logger}).Require()(nil).ServeHTTP(w, tt.request)
			h := w.Result().Header
			check(t, w.Code, tt.status)
			check(t, h.Get("Location"), tt.location)
			check(t, h.Get("Cache-Control"), "no-store")
			check(t, w.Code == 303, w.Body.Len() == 0)
		})
	}
}

// A page is told to log in again, and its old cookie is cleared on the way.
func TestRedirectClearsCookie(t *testing.T) {
	got := styled(auth.Redirect("/login"), auth.Cookie("sid", users(), nil), get("Cookie: sid=old", "Sec-Fetch-Mode: navigate"))
	check(t, got, reply{Status: 303, Challenge: asksCookie, Cache: "no-store", SetCookie: clearing})
}

// HEAD is answered as GET is, without the body.
func TestHead(t *testing.T) {
	guard := auth.New(auth.Bearer(users(), nil), quiet)
	server := httptest.NewServer(guard.Require()(http.NotFoundHandler()))
	defer server.Close()
	response := must(server.Client().Head(server.URL))
	body := must(io.ReadAll(response.Body))
	check(t, response.StatusCode, 401)
	check(t, response.Header.Get("WWW-Authenticate"), asksBearer)
	check(t, response.Header.Get("Cache-Control"), "no-store")
	check(t, len(body), 0)
}

// Middleware that keeps the fields until the end, such as http.TimeoutHandler, does not let a handler lose them either.
func TestErrorHandlerCannotLoseBufferedFields(t *testing.T) {
	late := func(w http.ResponseWriter, _ *http.Request, _ *auth.Error) {
		_, _ = io.WriteString(w, "no")
		w.Header().Del("WWW-Authenticate")
		w.Header().Set("Cache-Control", "public, max-age=60")
	}
	g := auth.New(auth.Bearer(users(), nil), &auth.Options{ErrorHandler: late, Logger: quiet.Logger})
	w := httptest.NewRecorder()
	http.TimeoutHandler(g.Require()(http.NotFoundHandler()), time.Minute, "").ServeHTTP(w, get())
	check(t, w.Header().Get("WWW-Authenticate"), `Bearer realm="api"`)
	check(t, w.Header().Get("Cache-Control"), "no-store")
}
