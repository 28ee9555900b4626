package oidc_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/authtest"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/oidc"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/auth/wire"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func check[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

const (
	clientID     = "shop"
	clientSecret = "hunter2 of the shop"
	callbackURL  = "https://shop.example/callback"
	otherURL     = "https://shop.example/admin/callback?of=admin"
)

var discardLogger = slog.New(slog.DiscardHandler)

// object is a JSON object; a member that is nil is left out where one is changed by another.
type object = map[string]any

// An op is an OpenID provider in memory: an [authtest.Issuer], with an authorization endpoint, a token endpoint and a userinfo
// endpoint that do what OpenID Connect Core 1.0 asks of them, unless a test says otherwise. It is an [http.RoundTripper].
type op struct {
	*authtest.Issuer

	metadata, header, claims, answer object // changes of what is said
	userInfo                         http.HandlerFunc
	token                            http.HandlerFunc // in the place of the good one
	ignoresPKCE                      bool

	asked   atomic.Int64 // how often the token endpoint was
	oldKeys atomic.Int64 // how often the usual place of the keys was

	mu     sync.Mutex
	person string                // who logs in from now on: a sub
	codes  map[string]url.Values // of the requests that they were given for, with who logged in
	last   *http.Request         // that the token endpoint was asked by, its form parsed
}

func newOP(t testing.TB) *op {
	return &op{
		Issuer: authtest.NewIssuer(t, &authtest.IssuerOptions{InMemory: true, Audience: clientID}),
		person: "user-1", codes: map[string]url.Values{},
	}
}

// RoundTrip answers a request of the client.
func (o *op) RoundTrip(r *http.Request) (*http.Response, error) {
	handler := http.HandlerFunc(nil)
	switch path := strings.TrimPrefix(r.URL.String(), o.URL()); path {
	case "/token":
		o.asked.Add(1)
		if handler = o.token; handler == nil {
			handler = o.redeem
		}
	case "/userinfo":
		handler = o.userInfo
	}
	if handler != nil {
		return serve(handler, r)
	}
	if r.URL.String() == o.KeysURL() {
		o.oldKeys.Add(1)
	}
	res, err := o.Issuer.Transport().RoundTrip(r)
	if err != nil || res.StatusCode != http.StatusOK || !strings.HasSuffix(r.URL.Path, "/openid-configuration") || o.metadata == nil {
		return res, err
	}
	defer res.Body.Close()
	members := object{}
	if err := json.NewDecoder(res.Body).Decode(&members); err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(strings.NewReader(text(changed(members, o.metadata))))
	return res, nil
}

// serve answers r by a handler, unless the client gives up before.
func serve(handler http.HandlerFunc, r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	handler(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

func changed(members, changes object) object {
	members = maps.Clone(members)
	maps.Copy(members, changes)
	maps.DeleteFunc(members, func(_ string, v any) bool { return v == nil })
	return members
}

func text(v any) string { return string(must(json.Marshal(v))) }

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text(v))
}

// answering returns a handler with one answer.
func answering(status int, v any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, status, v) }
}

// logIn is what somebody does on the pages of the provider: it returns what the browser brings back.
func (o *op) logIn(location string) url.Values {
	asked := must(url.Parse(location)).Query()
	code := rand.Text()
	o.mu.Lock()
	asked.Set("person", o.person)
	o.codes[code] = asked
	o.mu.Unlock()
	return url.Values{"code": {code}, "state": {asked.Get("state")}}
}

// redeem is the token endpoint.
func (o *op) redeem(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		writeJSON(w, http.StatusBadRequest, object{"error": "invalid_request"})
		return
	}
	o.mu.Lock()
	asked, known := o.codes[r.PostForm.Get("code")]
	delete(o.codes, r.PostForm.Get("code"))
	o.last = r
	o.mu.Unlock()
	digest := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	proven := base64.RawURLEncoding.EncodeToString(digest[:]) == asked.Get("code_challenge") && asked.Get("code_challenge_method") == "S256"
	if !known || r.PostForm.Get("redirect_uri") != asked.Get("redirect_uri") || !proven && !o.ignoresPKCE {
		writeJSON(w, http.StatusBadRequest, object{"error": "invalid_grant", "error_description": "<b>canary</b>"})
		return
	}
	access := rand.Text()
	claims := object{"sub": asked.Get("person"), "nonce": asked.Get("nonce"), "at_hash": atHash(access)}
	maps.Copy(claims, o.claims)
	header := object{"typ": "JWT"}
	maps.Copy(header, o.header)
	writeJSON(w, http.StatusOK, changed(object{
		"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": o.TokenWith(header, claims),
		"refresh_token": "canary of a refresh token",
	}, o.answer))
}

func atHash(access string) string {
	digest := sha256.Sum256([]byte(access))
	return base64.RawURLEncoding.EncodeToString(digest[:16])
}

func atHash384(access string) string {
	digest := sha512.Sum384([]byte(access))
	return base64.RawURLEncoding.EncodeToString(digest[:24])
}

func atHash512(access string) string {
	digest := sha512.Sum512([]byte(access))
	return base64.RawURLEncoding.EncodeToString(digest[:32])
}

// A browser is where somebody logs in, with the states that a Service would keep for it.
type browser struct {
	*oidc.Provider
	mu     sync.Mutex
	states map[string]auth.Metadata
	taken  int // how often a state was asked for
}

func newBrowser(p *oidc.Provider) *browser {
	return &browser{Provider: p, states: map[string]auth.Metadata{}}
}

// A fields is a [oidc.Request] of a browser.
type fields struct {
	*browser
	values url.Values
}

// Text returns a field, and refuses what a Service refuses.
func (f fields) Text(name string) (string, error) {
	if len(f.values[name]) > 1 {
		return "", wire.Invalid("Invalid request: Field '%s' must be a string", name)
	}
	return f.values.Get(name), nil
}

func (f fields) KeepState(_ context.Context, data auth.Metadata) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	state := rand.Text()
	f.states[state] = data
	return state, nil
}

func (f fields) TakeState(_ context.Context, state string) (auth.Metadata, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.taken++
	data, ok := f.states[state]
	if !ok {
		return auth.Metadata{}, login.Reject("Invalid state")
	}
	delete(f.states, state)
	return data, nil
}

// start returns where the browser has to go.
func (b *browser) start(ctx context.Context, values url.Values) (string, error) {
	outcome, err := b.Begin(ctx, fields{b, values})
	return outcome.Location, err
}

// finish returns whom the provider vouches for.
func (b *browser) finish(ctx context.Context, values url.Values) (login.Outcome, error) {
	return b.End(ctx, fields{b, values})
}

// visit logs in at o, with changes of what the browser brings back.
func (b *browser) visit(ctx context.Context, o *op, changes ...func(url.Values)) (login.Outcome, error) {
	location, err := b.start(ctx, nil)
	if err != nil {
		return login.Outcome{}, err
	}
	answer := o.logIn(location)
	for _, change := range changes {
		change(answer)
	}
	return b.finish(ctx, answer)
}

func configOf(o *op) oidc.Config {
	return oidc.Config{
		Issuer: o.URL(), ClientID: clientID, ClientSecret: token.NewSecret(clientSecret), CallbackURLs: []string{callbackURL, otherURL},
		Algorithms: []string{"ES256"}, Transport: o, Logger: discardLogger,
	}
}

// A world is an op and a browser whose provider is its client, in a time of its own.
type world struct {
	*op
	*browser
}

// in runs a test in a world. A goroutine that is left at its end fails the test.
func in(t *testing.T, f func(t *testing.T, w world), changes ...func(c *oidc.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := newOP(t)
		c := configOf(o)
		for _, change := range changes {
			change(&c)
		}
		p := must(oidc.New(c))
		defer func() { check(t, "Close", p.Close(), nil) }()
		f(t, world{o, newBrowser(p)})
	})
}

// verdict returns what an error is to a client: the status and the message.
func verdict(err error) string {
	var own *auth.Error
	switch {
	case err == nil:
		return "ok"
	case auth.IsUnavailable(err):
		return "503"
	case errors.As(err, &own) && (own.Status == http.StatusUnauthorized) == errors.Is(err, auth.ErrInvalidCredentials):
		return fmt.Sprintf("%d %s", own.Status, own.Message)
	}
	return "500"
}

const (
	rejected    = "401 The provider did not confirm the log-in"
	unverified  = "401 The provider has not verified the e-mail address"
	stale       = "401 Invalid state"
	unavailable = "503"
)
