package jwks_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
)

func TestRemoteConfig(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config jwks.RemoteConfig
		want   string
	}{
		{"by discovery", jwks.RemoteConfig{Issuer: issuerURL}, ""},
		{"by URL", jwks.RemoteConfig{Issuer: "anything", URL: keysURL}, ""},
		{"on loopback", jwks.RemoteConfig{Issuer: "x", URL: "http://127.0.0.1:8080/keys"}, ""},
		{"on loopback by name", jwks.RemoteConfig{Issuer: "x", URL: "http://localhost/keys"}, ""},
		{"on loopback, IPv6", jwks.RemoteConfig{Issuer: "x", URL: "http://[::1]:80/keys"}, ""},
		{"no issuer", jwks.RemoteConfig{URL: keysURL}, "jwks: remote: no Issuer"},
		{"nothing", jwks.RemoteConfig{}, "jwks: remote: no Issuer"},
		{"plain HTTP", jwks.RemoteConfig{Issuer: "x", URL: "http://login.example.com/keys"},
			"jwks: remote: URL: URL that is neither https nor http on loopback"},
		{"loopback in a name", jwks.RemoteConfig{Issuer: "x", URL: "http://127.0.0.1.example.com/keys"},
			"jwks: remote: URL: URL that is neither https nor http on loopback"},
		{"a file", jwks.RemoteConfig{Issuer: "x", URL: "file:///keys"}, "jwks: remote: URL: no absolute URL"},
		{"a path", jwks.RemoteConfig{Issuer: "x", URL: "/keys"}, "jwks: remote: URL: no absolute URL"},
		{"a password", jwks.RemoteConfig{Issuer: "x", URL: "https://me:canary@login.example.com/"},
			"jwks: remote: URL: URL with a password or a fragment"},
		{"an issuer that is no URL", jwks.RemoteConfig{Issuer: "me"},
			"jwks: remote: no URL, and Issuer cannot be asked for it: no absolute URL"},
		{"an issuer with a query", jwks.RemoteConfig{Issuer: issuerURL + "?x"},
			"jwks: remote: no URL, and Issuer cannot be asked for it: URL with a query"},
		{"a MaxAge that the cooldown exceeds", jwks.RemoteConfig{Issuer: "x", URL: keysURL, MaxAge: 23 * time.Second},
			"jwks: remote: MaxAge is less than two cooldowns of a minute divided by RequestsPerMinute"},
		{"hosts", jwks.RemoteConfig{Issuer: issuerURL, KeyHosts: []string{"keys.example.com", "[::1]:8443"}}, ""},
		{"hosts that are none", jwks.RemoteConfig{Issuer: issuerURL, KeyHosts: []string{"https://keys.example.com", "x/y", ""}},
			"jwks: remote: KeyHosts: \"https://keys.example.com\" is no host\njwks: remote: KeyHosts: \"x/y\" is no host\n" +
				"jwks: remote: KeyHosts: \"\" is no host"},
		{"everything at once", jwks.RemoteConfig{MaxAge: 48 * time.Hour, MaxStale: time.Hour, Timeout: -1, RequestsPerMinute: -1},
			"jwks: remote: no Issuer\njwks: remote: MaxAge is not between 1s and 24h0m0s\njwks: remote: MaxStale is less than MaxAge\n" +
				"jwks: remote: Timeout is negative\njwks: remote: RequestsPerMinute is not between 1 and 600"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.config.Transport, tt.config.Logger = &endpoint{}, slog.New(slog.DiscardHandler)
			r, err := jwks.NewRemote(tt.config)
			if r != nil {
				defer func() { _ = r.Close() }()
			}
			if got := fmt.Sprint(err); got != tt.want && (tt.want != "" || err != nil) {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// Keys belong to their issuer, and to their algorithm.
func TestRemoteVerificationKey(t *testing.T) {
	e := serving(keyNamed("1"), must(jwks.Generate("ES256", &jwks.KeyOptions{ID: "2"})), must(jwks.Generate("ES256", &jwks.KeyOptions{ID: "3"})))
	for _, allow := range []bool{false, true} {
		bubble(t, e, func(t *testing.T, r *jwks.Remote) {
			for _, tt := range []struct {
				name, iss, alg, kid string
				want                bool
			}{
				{"a key", issuerURL, "EdDSA", "1", true},
				{"another", issuerURL, "ES256", "3", true},
				{"of another issuer", issuerURL + "/", "EdDSA", "1", false},
				{"of no issuer", "", "EdDSA", "1", false},
				{"for another algorithm", issuerURL, "ES256", "1", false},
				{"for none", issuerURL, "none", "1", false},
				{"in another case", issuerURL, "eddsa", "1", false},
				{"no kid, one key", issuerURL, "EdDSA", "", allow},
				{"no kid, two keys", issuerURL, "ES256", "", false},
				{"no kid, no key", issuerURL, "RS256", "", false},
			} {
				_, err := r.VerificationKey(t.Context(), tt.iss, tt.alg, tt.kid)
				if (err == nil) != tt.want || err != nil && (!errors.Is(err, auth.ErrInvalidCredentials) || auth.IsUnavailable(err)) {
					t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
				}
			}
		}, func(c *jwks.RemoteConfig) { c.AllowNoKeyID = allow })
	}
	checkAsked(t, e, 2) // nothing of this was worth a request
}

// Without NewRemote nobody knows whose keys these should be: that is an outage, and no "no".
func TestRemoteThatWasNotMade(t *testing.T) {
	for name, r := range map[string]*jwks.Remote{"nil": nil, "the zero value": {}} {
		_, err := r.VerificationKey(t.Context(), issuerURL, "EdDSA", "1")
		_, found := r.LocalKeys(r)(issuerURL, "EdDSA", "1")
		ready := r.Ready(t.Context())
		if outcome(err) != "503" || found || outcome(ready) != "503" || outcome(r.Stats().Err) != "503" || r.Close() != nil {
			t.Errorf("%s: %v, %v, %v, %+v", name, err, found, ready, r.Stats())
		}
	}
}

// A key that is of no use does not spoil the rest.
func TestRemoteIgnores(t *testing.T) {
	other := keyText(keyNamed("bad"))
	for _, tt := range []struct{ name, key, reason string }{
		{"a secret", octText, "private or symmetric"},
		{"a private key", strings.Replace(string(ed25519JWK), "{", `{"kid":"bad",`, 1), "private or symmetric"},
		{"a secret beside a public key", strings.Replace(other, "{", `{"k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY",`, 1), "private or symmetric"},
		{"for encryption", strings.Replace(other, `"use":"sig"`, `"use":"enc"`, 1), "use other than"},
		{"for encryption by key_ops", strings.Replace(other, "{", `{"key_ops":["encrypt"],`, 1), "key_ops"},
		{"of an unknown type", `{"kty":"XYZ","kid":"bad"}`, "not supported"},
		{"not on its curve", `{"kty":"EC","crv":"P-256","kid":"bad","x":"AAAA","y":"AAAA"}`, "malformed public key"},
		{"a kid that is a number", strings.Replace(other, `"kid":"bad"`, `"kid":1`, 1), `member "kid"`},
		{"a member twice", strings.Replace(other, "{", `{"kid":"good",`, 1), "twice"},
		{"no object", `"bad"`, "not one JSON object"},
		{"one kid twice", other + "," + strings.Replace(other, "{", `{"x5t":"a",`, 1), "several keys have it"},
	} {
		t.Run(tt.name, func(t *testing.T) { ignores(t, tt.key, tt.reason) })
	}
}

const octText = `{"kty":"oct","kid":"bad","alg":"HS256","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}`

// keyText returns the public JWK of a key.
func keyText(k *jwks.Key) string { return string(must(k.PublicJWK())) }

// ignores fails unless a key whose kid is "bad" is not used and reported, and one beside it is used.
func ignores(t *testing.T, key, reason string) {
	t.Helper()
	e := &endpoint{answer: document(`{"keys":[` + key + `,` + keyText(keyNamed("good")) + `]}`)}
	log := logged(func(log *slog.Logger) {
		bubble(t, e, func(t *testing.T, r *jwks.Remote) {
			if _, err := find(r, "good"); err != nil {
				t.Errorf("the good key: %v", err)
			}
			for _, alg := range []string{"EdDSA", "ES256", "HS256", "RS256"} {
				if key, err := r.VerificationKey(t.Context(), issuerURL, alg, "bad"); !errors.Is(err, auth.ErrInvalidCredentials) {
					t.Errorf("the bad key: %v, %v", key, err)
				}
			}
			if s := r.Stats(); s.Keys != 1 || s.Ignored == 0 {
				t.Errorf("%+v", s)
			}
		}, func(c *jwks.RemoteConfig) { c.Logger = log })
	})
	if !strings.Contains(log, "key ignored") || !strings.Contains(strings.ReplaceAll(log, `\`, ""), reason) {
		t.Errorf("log: %s, want %s", log, reason)
	}
}

// The set is fetched before it gets old, by itself, and as the server says within reason.
func TestRemoteRefreshesAhead(t *testing.T) {
	for _, tt := range []struct {
		name, cacheControl string
		least, most        time.Duration
	}{
		{"no word of it", "", 42 * time.Minute, 48 * time.Minute},
		{"shorter", "public, max-age=600", 7 * time.Minute, 8 * time.Minute},
		{"shorter, but old already", "max-age=900\nAge: 300", 7 * time.Minute, 8 * time.Minute},
		{"older than that", "max-age=900\nAge: 3000", 42 * time.Second, 48 * time.Second},
		{"longer", "max-age=1000000000", 42 * time.Minute, 48 * time.Minute},
		{"much longer", "max-age=99999999999999999999", 42 * time.Minute, 48 * time.Minute},
		{"quoted, in another case", `Max-Age="600"`, 7 * time.Minute, 8 * time.Minute},
		{"at once", "max-age=0", 42 * time.Second, 48 * time.Second},
		{"not at all", "no-store", 42 * time.Second, 48 * time.Second},
		{"negative", "max-age=-5", 42 * time.Minute, 48 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := setDocument(keyNamed("1"))
			e := &endpoint{answer: func(w http.ResponseWriter, r *http.Request) {
				cacheControl, age, _ := strings.Cut(tt.cacheControl, "\nAge: ")
				w.Header().Set("Cache-Control", cacheControl)
				w.Header().Set("Age", age)
				document(text)(w, r)
			}}
			bubble(t, e, func(t *testing.T, _ *jwks.Remote) {
				time.Sleep(tt.least - time.Second)
				checkAsked(t, e, 1)
				time.Sleep(tt.most - tt.least + 2*time.Second)
				checkAsked(t, e, 2)
			})
		})
	}
}

// A set that has not changed is not sent again.
func TestRemoteETag(t *testing.T) {
	e := &endpoint{answer: must(jwks.Handler(must(jwks.NewSet(keyNamed("1"))))).ServeHTTP}
	bubble(t, e, func(t *testing.T, r *jwks.Remote) {
		for range 3 {
			time.Sleep(time.Hour)
		}
		if e.last().Header.Get("If-None-Match") == "" || time.Since(r.Stats().Fetched) > time.Hour {
			t.Errorf("%v, %+v", e.last().Header, r.Stats())
		}
		if _, err := find(r, "1"); err != nil {
			t.Error(err)
		}
	})
}

// What is said about an address is no part of an error or a log line: there may be a key in it.
func TestRemoteKeepsItsURL(t *testing.T) {
	log := logged(func(log *slog.Logger) {
		bubble(t, &endpoint{}, func(t *testing.T, r *jwks.Remote) {
			if err := r.Ready(t.Context()); err == nil || strings.Contains(err.Error(), "canary") {
				t.Error(err)
			}
		}, func(c *jwks.RemoteConfig) { c.URL, c.Logger = keysURL+"?code=canary", log })
	})
	if log == "" || strings.Contains(log, "canary") {
		t.Errorf("log: %s", log)
	}
}

// Another key under the same kid takes its place, and somebody is told.
func TestRemoteReplaced(t *testing.T) {
	first, second := keyNamed("1"), keyNamed("1")
	e := serving(first)
	log := logged(func(log *slog.Logger) {
		bubble(t, e, func(t *testing.T, r *jwks.Remote) {
			before := must(find(r, "1"))
			e.now(document(setDocument(second)))
			time.Sleep(time.Hour)
			if after := must(find(r, "1")); fmt.Sprint(before) == fmt.Sprint(after) {
				t.Error("the old key is still there")
			}
		}, func(c *jwks.RemoteConfig) { c.Logger = log })
	})
	if !strings.Contains(log, "another key under the same kid") {
		t.Errorf("log: %s", log)
	}
}

func TestRemoteDiscovery(t *testing.T) {
	const path = "https://login.example.com/tenant/1"
	metadata := func(issuer, keys string) http.HandlerFunc {
		return document(fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q,"userinfo_endpoint":"https://x"}`, issuer, keys))
	}
	const openid, oauth = "/tenant/1/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/tenant/1"
	for _, tt := range []struct {
		name  string
		hosts []string
		pages map[string]http.HandlerFunc
		asked []string
		want  string
	}{
		{"OpenID Connect", nil, map[string]http.HandlerFunc{openid: metadata(path, keysURL)}, []string{openid, "/keys"}, ""},
		{"RFC 8414", nil, map[string]http.HandlerFunc{oauth: metadata(path, keysURL)}, []string{openid, oauth, "/keys"}, ""},
		{"on another host that is allowed", []string{"keys.example.com"},
			map[string]http.HandlerFunc{openid: metadata(path, "https://keys.example.com/keys")}, []string{openid, "/keys"}, ""},
		{"on the same host, in capitals", nil, map[string]http.HandlerFunc{openid: metadata(path, "https://LOGIN.example.com/keys")},
			[]string{openid, "/keys"}, ""},
		{"on another host", nil, map[string]http.HandlerFunc{openid: metadata(path, "https://keys.example.com/keys")},
			[]string{openid}, "neither the issuer's nor one of KeyHosts"},
		{"on another port", nil, map[string]http.HandlerFunc{openid: metadata(path, "https://login.example.com:8443/keys")},
			[]string{openid}, "neither the issuer's nor one of KeyHosts"},
		{"of another issuer", nil, map[string]http.HandlerFunc{openid: metadata(issuerURL, keysURL)}, []string{openid}, "another issuer"},
		{"of an issuer with a slash", nil, map[string]http.HandlerFunc{openid: metadata(path+"/", keysURL)}, []string{openid}, "slash at the end"},
		{"of no issuer", nil, map[string]http.HandlerFunc{openid: document(`{"jwks_uri":"` + keysURL + `"}`)}, []string{openid}, "another issuer"},
		{"of an Issuer", nil, map[string]http.HandlerFunc{openid: document(`{"Issuer":"` + path + `","jwks_uri":"` + keysURL + `"}`)},
			[]string{openid}, "another issuer"},
		{"without encryption", nil, map[string]http.HandlerFunc{openid: metadata(path, "http://login.example.com/keys")},
			[]string{openid}, "neither https nor"},
		{"without keys", nil, map[string]http.HandlerFunc{openid: document(`{"issuer":"` + path + `"}`)}, []string{openid}, "jwks_uri"},
		{"no JSON", nil, map[string]http.HandlerFunc{openid: document("<html>")}, []string{openid}, "not one JSON object"},
		{"nothing", nil, nil, []string{openid, oauth}, "status 404"},
		{"no keys there", nil, map[string]http.HandlerFunc{openid: metadata(path, issuerURL+"/gone")}, []string{openid, "/gone"}, "status 404"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			keys := document(setDocument(keyNamed("1")))
			e := &endpoint{answer: func(w http.ResponseWriter, r *http.Request) {
				if page := tt.pages[r.URL.Path]; page != nil {
					page(w, r)
				} else if r.URL.Path == "/keys" {
					keys(w, r)
				} else {
					w.WriteHeader(http.StatusNotFound)
				}
			}}
			bubble(t, e, func(t *testing.T, r *jwks.Remote) {
				err := r.Ready(t.Context())
				if (err == nil) != (tt.want == "") || !strings.Contains(fmt.Sprint(err), tt.want) {
					t.Errorf("%v, want %q", err, tt.want)
				}
				var asked []string
				for _, r := range e.asked {
					asked = append(asked, r.URL.Path)
				}
				if !slices.Equal(asked, tt.asked) {
					t.Errorf("asked for %v, want %v", asked, tt.asked)
				}
			}, func(c *jwks.RemoteConfig) { c.Issuer, c.URL, c.KeyHosts = path, "", tt.hosts })
		})
	}
}

// Metadata is read once, and again when the keys have moved.
func TestRemoteKeysMove(t *testing.T) {
	var place atomic.Value
	place.Store("/keys")
	e := &endpoint{}
	e.now(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			_, _ = fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, issuerURL, issuerURL+place.Load().(string))
		case place.Load():
			document(setDocument(keyNamed("1")))(w, r)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	bubble(t, e, func(t *testing.T, r *jwks.Remote) {
		time.Sleep(time.Hour)
		checkAsked(t, e, 3) // metadata, keys, keys
		place.Store("/elsewhere")
		time.Sleep(time.Hour)
		if err := r.Stats().Err; err != nil || r.Ready(t.Context()) != nil {
			t.Errorf("%v, asked %d times", err, e.count())
		}
	}, func(c *jwks.RemoteConfig) { c.URL = "" })
}

func TestRemoteReady(t *testing.T) {
	e := serving(keyNamed("1"))
	synctest.Test(t, func(t *testing.T) {
		r := remoteAt(t, e)
		if err := r.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		if s := r.Stats(); s.Fetches != 1 || s.Failures != 0 || s.Keys != 1 || s.Ignored != 0 || !s.Fetched.Equal(time.Now()) || s.Err != nil {
			t.Errorf("%+v", s)
		}
		_ = r.Close()
	})
}
