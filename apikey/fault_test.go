package apikey_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
)

// calls are all calls that the manager's methods make of a store.
var calls = []struct {
	name string
	verb string
	by   func(k apikey.Key, text string) *http.Request
}{
	{"a request", "Get", func(_ apikey.Key, text string) *http.Request { return request("/", "X-API-Key: "+text) }},
	{"a request by curl -u", "Get", func(_ apikey.Key, text string) *http.Request { return request("/", basic(text+":")) }},
	{"a request with a bearer token", "Get", func(_ apikey.Key, text string) *http.Request {
		return request("/", "Authorization: Bearer "+text)
	}},
	{"a request that needs no key", "Get", func(_ apikey.Key, text string) *http.Request { return request("/page", "X-API-Key: "+text) }},
	{"a request with an unknown key", "Get", func(k apikey.Key, _ string) *http.Request {
		return request("/", "X-API-Key: "+another("sk", k.ID))
	}},
	{"Issue", "Create", func(apikey.Key, string) *http.Request { return request("/issue") }},
	{"Find", "Find", func(apikey.Key, string) *http.Request { return request("/list") }},
	{"Revoke, reading", "Get", func(k apikey.Key, _ string) *http.Request { return request("/revoke/" + k.ID) }},
	{"Revoke, replacing", "Replace", func(k apikey.Key, _ string) *http.Request { return request("/revoke/" + k.ID) }},
	{"Update, reading", "Get", func(k apikey.Key, _ string) *http.Request { return request("/update/" + k.ID) }},
	{"Update, replacing", "Replace", func(k apikey.Key, _ string) *http.Request { return request("/update/" + k.ID) }},
	{"Disable, reading", "Get", func(k apikey.Key, _ string) *http.Request { return request("/disable/" + k.ID) }},
	{"Disable, replacing", "Replace", func(k apikey.Key, _ string) *http.Request { return request("/disable/" + k.ID) }},
	{"Rotate, reading", "Get", func(k apikey.Key, _ string) *http.Request { return request("/rotate/" + k.ID) }},
	{"Rotate, creating", "Create", func(k apikey.Key, _ string) *http.Request { return request("/rotate/" + k.ID) }},
	{"Rotate, replacing", "Replace", func(k apikey.Key, _ string) *http.Request { return request("/rotate/" + k.ID) }},
}

// Whatever the store does not answer is 503 in time: nobody passes, and nobody is told that his key is bad.
func TestOutage(t *testing.T) {
	tests := []struct {
		name  string
		fault fault
	}{
		{"the store fails", answering(errRefused)},
		{"the store hangs", hanging},
		{"the store was refused by another that it asked", answering(fmt.Errorf("vault: %w", auth.ErrInvalidCredentials))},
		{"the store wraps a refusal", answering(&auth.Error{Status: 401, Err: auth.ErrInvalidCredentials})},
		{"the store says no credentials", answering(auth.NoCredentials())},
		{"the store is full", answering(fmt.Errorf("full: %w", auth.ErrUnavailable))},
		{"one half has no such key, the other is down", answering(errors.Join(apikey.ErrNotFound, auth.ErrUnavailable))},
	}
	for _, tt := range tests {
		for _, call := range calls {
			t.Run(call.name+": "+tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newSite()
					k, text := s.issue(t, nil)
					s.store.on(call.verb, tt.fault)
					start := time.Now()
					check(t, "the answer", s.send(call.by(k, text)), unavailable)
					check(t, "handlers called", s.calls.Load(), 0)
					check(t, "it took too long", time.Since(start) > 3*time.Second, false)
					check(t, "failures logged", strings.Count(s.log.String(), "level=ERROR msg=\"auth: refused\" status=503"), 1)
				})
			})
		}
	}
}

// Where the answer of a read is lost, nobody can tell; where that of a write is lost, a look tells that it was written.
func TestLostReplies(t *testing.T) {
	for _, call := range calls {
		t.Run(call.name, func(t *testing.T) {
			s := newSite()
			k, text := s.issue(t, nil)
			s.store.on(call.verb, losing(errRefused))
			status := map[bool]int{true: 503, false: 200}[call.verb == "Get" || call.verb == "Find"]
			check(t, "the answer", s.send(call.by(k, text)).Status, status)
		})
	}
}

// A client that hangs up is not told that its key is bad, and nothing is done by halves.
func TestClientLeaves(t *testing.T) {
	for _, call := range calls {
		t.Run(call.name, func(t *testing.T) {
			s := newSite()
			k, text := s.issue(t, nil)
			ctx, leave := context.WithCancel(t.Context())
			s.store.once(call.verb, first(leave))
			check(t, "the answer", s.send(call.by(k, text).WithContext(ctx)), unavailable)
			check(t, "logged as an error", strings.Contains(s.log.String(), "level=ERROR"), false)
			check(t, "a request", s.get("/", "X-API-Key: "+text), passed(k))
			check(t, "keys", s.get("/list").Body, "1")
		})
	}
}

// A store that panics opens no door, and the next request is fine.
func TestStoreThatPanics(t *testing.T) {
	for _, call := range calls {
		t.Run(call.name, func(t *testing.T) {
			s := newSite()
			k, text := s.issue(t, nil)
			s.store.once(call.verb, first(func() { panic("boom") }))
			check(t, "the panic", panics(func() { s.send(call.by(k, text)) }), "boom")
			check(t, "handlers called", s.calls.Load(), 0)
			check(t, "a request", s.get("/", "X-API-Key: "+text), passed(k))
		})
	}
}

// The answer to the creation is lost, or the ID is taken.
func TestLostReplyToIssue(t *testing.T) {
	tests := []struct {
		name   string
		fault  fault
		status int
		keys   string // that there are afterwards
	}{
		{"lost, and the driver sent it twice", losing(apikey.ErrExists), 200, "1"},
		{"an ID that is taken", answering(apikey.ErrExists), 200, "1"},
		{"lost, as a failure", losing(errRefused), 200, "1"},
		{"a failure", answering(errRefused), 503, "0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite()
			s.store.once("Create", tt.fault)
			check(t, "the answer", s.get("/issue").Status, tt.status)
			check(t, "keys", s.get("/list").Body, tt.keys)
		})
	}
	s := newSite()
	s.store.on("Create", answering(apikey.ErrExists))
	check(t, "IDs that are always taken", s.get("/issue"), unavailable)
	check(t, "attempts", s.store.count("Create"), 4)
}

// Where nobody can tell whether a key was made, it is removed: nobody has its text.
func TestIssueThatNobodyCanTellOf(t *testing.T) {
	s := newSite()
	s.store.once("Create", func(_ context.Context, call func() error) error {
		s.store.on("Get", answering(errRefused))
		return errors.Join(call(), errRefused)
	})
	check(t, "the answer", s.get("/issue"), unavailable)
	check(t, "removals", s.store.count("Delete"), 1)
	check(t, "keys", s.get("/list").Body, "0")
}

// After a creation that was sent twice, the text that Issue returns is the one that works.
func TestIssueAfterALostReply(t *testing.T) {
	s := newSite()
	s.store.once("Create", losing(apikey.ErrExists))
	k, text := s.issue(t, nil)
	check(t, "a request", s.get("/", "X-API-Key: "+text), passed(k))
}

// A store that answers with something else than was asked for lets nobody in.
func TestStoreThatAnswersAmiss(t *testing.T) {
	tests := []struct {
		name   string
		change func(k *apikey.Key)
		status int
	}{
		{"the key", func(*apikey.Key) {}, 200},
		{"a key without a digest", func(k *apikey.Key) { k.Digest = [32]byte{} }, 401},
		{"another one's key", func(k *apikey.Key) { k.ID = k.ID[1:] + k.ID[:1] }, 401},
		{"a key with another digest", func(k *apikey.Key) { k.Digest[0]++ }, 401},
		{"a key whose digest differs in the last bit", func(k *apikey.Key) { k.Digest[31] ^= 1 }, 401},
		{"a key that has expired", func(k *apikey.Key) { k.ExpiresAt = time.Now() }, 401},
		{"a key without a kind", func(k *apikey.Key) { k.Kind = "" }, 401},
		{"a publishable key", func(k *apikey.Key) { k.Kind = apikey.Publishable }, 401},
		{"a key of another environment", func(k *apikey.Key) { k.Environment = "live" }, 401},
		{"a key that is disabled", func(k *apikey.Key) { k.DisabledAt = time.Now() }, 401},
		{"a key that is revoked", func(k *apikey.Key) { k.Revocation.At = time.Now() }, 401},
		{"an empty key", func(k *apikey.Key) { *k = apikey.Key{} }, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite()
			k, text := s.issue(t, nil)
			tt.change(&k)
			keys := must(apikey.New(apikey.Config{Store: liar{s.store, k}}))
			_, err := auth.New(auth.Header("X-API-Key", keys), nil).Check(request("/", "X-API-Key: "+text))
			var e *auth.Error
			check(t, "refused", errors.As(err, &e), tt.status != 200)
			check(t, "passed", err == nil, tt.status == 200)
		})
	}
}

// A liar is a store that answers every Get with one key.
type liar struct {
	apikey.Store
	key apikey.Key
}

func (l liar) Get(context.Context, string) (apikey.Key, error) { return l.key, nil }

// A key that cannot be made out is none, and the operator is told.
func TestCorruptKey(t *testing.T) {
	s := newSite()
	k, text := s.issue(t, nil)
	s.store.on("Get", func(context.Context, func() error) error { return fmt.Errorf("decode: %w", apikey.ErrCorrupt) })
	check(t, "a request", s.get("/", "X-API-Key: "+text).Status, 401)
	check(t, "revoking", errors.Is(revoke(t.Context(), s.Manager, k.ID, "ann"), apikey.ErrNotFound), true)
	check(t, "the operator is told", strings.Contains(s.log.String(), "level=ERROR msg=\"apikey: corrupt key\" key="+k.ID), true)
}
