package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// redirectFields are those by which other software is told where to go.
var redirectFields = []string{
	"return_to", "redirect_uri", "redirect", "redirect_url", "redirectUrl", "next", "url", "target", "rurl", "dest", "destination",
	"continue", "returnUrl", "return", "goto", "checkout_url", "RelayState", "post_logout_redirect_uri", "callbackUrl", "callback",
	"callback-url", "Callback_URL", "location", "to", "out", "view", "image_url", "go", "success_url", "request_uri", "issuer", "scope",
	"client_id", "response_mode", "response_type", "nonce", "code_challenge", "prompt",
}

// leadsNowhere fails unless a value in any field leaves the Location as it is, and is refused as a callback_url.
func leadsNowhere(t *testing.T, values []string) {
	t.Helper()
	in(t, func(t *testing.T, w world) {
		for _, value := range values {
			fields := url.Values{}
			for _, name := range redirectFields {
				fields.Set(name, value)
			}
			location := must(url.Parse(must(w.start(t.Context(), fields))))
			check(t, value, location.Scheme+"://"+location.Host+location.Path, w.URL()+"/authorize")
			check(t, value, location.Query().Get("redirect_uri"), callbackURL)
			for _, name := range []string{"client_id", "scope", "response_type"} {
				check(t, name, len(location.Query()[name]), 1)
			}
			check(t, value, strings.Contains(location.RawQuery, url.QueryEscape(value)) && len(value) > 9, false)

			got, err := w.start(t.Context(), url.Values{"callback_url": {value}})
			check(t, value, verdict(err), "400 Invalid request: Field 'callback_url' is not one of those that are allowed")
			check(t, value, got, "")

			// And what the browser brings back leads nowhere either.
			outcome, err := w.visit(t.Context(), w.op, func(v url.Values) {
				for _, name := range redirectFields {
					v.Set(name, value)
				}
			})
			check(t, value, verdict(err), "ok")
			check(t, value, outcome.Location, "")
		}
	})
}

func otherRedirects(t *testing.T) {
	values := []string{
		"//evil.example", `/\evil.example`, `\\evil.example`, "https:evil.example", "https:/evil.example", "%2f%2fevil.example",
		"/\t/evil.example", "https://shop.example@evil.example", "https://shop.example.evil.example", "https://evil.example#shop.example",
		"https://evil.example?shop.example", "https://shop.example%2eevil.example", "///evil.example", "////evil.example",
		"/%09/evil.example", "/%5cevil.example", "//evil%E3%80%82example", "//evil。example", "https://[::ffff:10.0.0.1]/",
		"http://2130706433/", "https://shop.example:@evil.example", "https://shop.example\x00.evil.example", ".evil.example",
		"//%E2%80%AEevil.example", "https://evil.example/https://shop.example/callback", "https://evil.example\\.shop.example",
		"http://shop.example/callback", "https://shop.example/callback/../../evil", "https://shop.example/callback%2f..",
		"https://shop.example;evil.example", "https://evil.example/%0d%0a", "〱evil.example", "https://shop。example/callback",
	}
	for _, prefix := range []string{"", "/", "//", "/./", "/../", `/\/`, "@", "https://", "http:", "///", "x:"} {
		for _, suffix := range []string{"", "/", "/%2e%2e", "/..;/", "?", "#", "\\", "%00", " ", "//", ";@shop.example", "/callback"} {
			values = append(values, prefix+"evil.example"+suffix)
		}
	}
	leadsNowhere(t, values)
}

func scriptRedirects(t *testing.T) {
	leadsNowhere(t, []string{
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "java\nscript:alert(1)", "\x01javascript:alert(1)",
		"javascript://shop.example/%0aalert(1)", "javascript:%61lert(1)", "&#106;avascript:alert(1)", "vbscript:msgbox(1)",
		"data:text/html,<script>alert(1)</script>", "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", "blob:https://evil.example/1",
		"file:///etc/passwd", "/\r\nSet-Cookie: a=b", "/%0d%0aSet-Cookie:%20a=b", "/%0aLocation:%20//evil.example", "https://shop.example/\r\n\r\n<html>",
		"/%E5%98%8A%E5%98%8DSet-Cookie:a=b", "view-source:https://shop.example", "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>",
	})
}

// reflection: of an error that the browser brings, and of one that the token endpoint answers with, nothing is repeated: not to
// the client, and not in the log.
func reflection(t *testing.T) {
	const canary = "<script>canary</script>"
	in(t, func(t *testing.T, w world) {
		for _, code := range []string{"access_denied", "login_required", "server_error", canary} {
			_, err := w.visit(t.Context(), w.op, func(v url.Values) {
				v.Set("error", code)
				v.Set("error_description", canary)
				v.Set("error_uri", "javascript:"+canary)
			})
			check(t, code, verdict(err), rejected)
			check(t, err.Error(), strings.Contains(err.Error(), "canary"), false)
		}
		check(t, "codes exchanged", w.asked.Load(), 0)
		for _, code := range []string{"invalid_grant", "invalid_client", "slow_down", canary} {
			w.token = answering(http.StatusBadRequest, object{"error": code, "error_description": canary, "error_uri": canary})
			_, err := w.visit(t.Context(), w.op)
			check(t, err.Error(), strings.Contains(err.Error(), "canary"), false)
		}
	})
}
