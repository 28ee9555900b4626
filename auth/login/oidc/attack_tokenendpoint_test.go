package oidc_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// raw returns a handler with one answer.
func raw(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// goodTokens is what a token endpoint answers with, as far as its form goes.
const goodTokens = `{"access_token":"a","token_type":"Bearer","id_token":"a.b.c"}`

// tokenAnswers are what a token endpoint may say, and what clients are told then.
func tokenAnswers() map[string]struct {
	answer http.HandlerFunc
	want   string
} {
	return map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"10 MiB":        {raw(200, "application/json", `{"a":"`+strings.Repeat("a", 10<<20)+`"}`), unavailable},
		"10 MiB behind": {raw(200, "application/json", goodTokens+strings.Repeat(" ", 10<<20)), unavailable},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusTemporaryRedirect)
		}, unavailable},
		"HTML":                {raw(200, "text/html", goodTokens), unavailable},
		"a form":              {raw(200, "application/x-www-form-urlencoded", "access_token=a&token_type=bearer&id_token=a.b.c"), unavailable},
		"no type":             {raw(200, "", goodTokens), unavailable},
		"no JSON":             {raw(200, "application/json", "access_token=a"), unavailable},
		"nothing":             {raw(200, "application/json", ""), unavailable},
		"204":                 {raw(204, "application/json", ""), unavailable},
		"201":                 {raw(201, "application/json", goodTokens), unavailable},
		"500":                 {raw(500, "application/json", `{"error":"invalid_grant"}`), unavailable},
		"503":                 {raw(503, "text/html", "<h1>down</h1>"), unavailable},
		"429":                 {raw(429, "application/json", `{"error":"invalid_grant"}`), unavailable},
		"403 of a firewall":   {raw(403, "text/html", "<h1>no</h1>"), unavailable},
		"404":                 {raw(404, "application/json", `{}`), unavailable},
		"an empty object":     {raw(200, "application/json", `{}`), unavailable},
		"a list":              {raw(200, "application/json", `[]`), unavailable},
		"no access token":     {raw(200, "application/json", `{"token_type":"Bearer","id_token":"a.b.c"}`), unavailable},
		"no ID token":         {raw(200, "application/json", `{"token_type":"Bearer","access_token":"a"}`), unavailable},
		"an ID token as list": {raw(200, "application/json", `{"token_type":"Bearer","access_token":"a","id_token":["a.b.c"]}`), unavailable},
		"another kind":        {raw(200, "application/json", `{"token_type":"DPoP","access_token":"a","id_token":"a.b.c"}`), unavailable},
		"a member twice":      {raw(400, "application/json", `{"error":"invalid_grant","error":"invalid_grant"}`), unavailable},
		"an encoding": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			raw(400, "application/json", `{"error":"invalid_grant"}`)(w, r)
		}, unavailable},
		"a code that is no go": {raw(400, "application/json", `{"error":"invalid_grant"}`), rejected},
		"said with 200":        {raw(200, "application/json", `{"error":"invalid_grant"}`), rejected},
		"a client that is not": {raw(401, "application/json", `{"error":"invalid_client"}`), "500"},
		"an unknown error":     {raw(400, "application/json", `{"error":"canary"}`), unavailable},
		"hangs":                {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, unavailable},
	}
}

// badTokenEndpoint: the provider is down, whatever is wrong: 503, within 10 seconds and within bounds.
func badTokenEndpoint(t *testing.T) {
	for name, tt := range tokenAnswers() {
		in(t, func(t *testing.T, w world) {
			_ = must(w.start(t.Context(), nil))
			w.token = tt.answer
			start := time.Now()
			got, err := w.visit(t.Context(), w.op)
			check(t, name, verdict(err), tt.want)
			check(t, name, got.EntityID, "")
			check(t, name+": within 10 seconds", time.Since(start) <= 10*time.Second, true)
			check(t, name+": brief", len(err.Error()) < 400 && !strings.Contains(err.Error(), "canary"), true)
			check(t, name+": asked once", w.asked.Load(), 1)
		})
	}
	in(t, func(t *testing.T, w world) {
		w.op.token = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
		defer func() { check(t, "a Transport that panics", recover(), any(http.ErrAbortHandler)) }()
		_, _ = w.visit(t.Context(), w.op)
	})
}
