package apikey_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/memory"
)

// FuzzVerifyToken holds that one text is accepted, and that a read of the store is made for nothing but what package token
// calls a token with our prefix.
func FuzzVerifyToken(f *testing.F) {
	s := newSite()
	k, secret, err := s.Issue(f.Context(), report())
	if err != nil {
		f.Fatal(err)
	}
	good := secret.Reveal()
	for _, seed := range []string{
		good, good + "a", good[:len(good)-1], tampered(good, 10), tampered(good, 50), another("sk", k.ID), another("pk", k.ID), another("sk_live", k.ID),
		"", "sk", "sk_", "sk__", "sk_" + k.ID, "null", "eyJhbGciOiJub25lIn0.e30.", strings.ToUpper(good), "sk_" + good, good + "\n", "\xff",
	} {
		f.Add(seed)
	}
	codec := must(token.NewCodec("sk"))
	f.Fuzz(func(t *testing.T, text string) {
		before := s.store.count("Get")
		ac, err := s.VerifyToken(t.Context(), auth.Credential{Token: text})
		check(t, "accepted", err == nil, text == good)
		check(t, "there is a context", ac != nil, text == good)
		check(t, "the error is a no", err == nil || errors.Is(err, auth.ErrInvalidCredentials), true)
		_, malformed := codec.Parse(text)
		check(t, "reads of the store", s.store.count("Get")-before, map[bool]int{true: 1}[malformed == nil])
		check(t, "it is recognized", s.Recognizes(text), codec.Recognizes(text))
	})
}

// FuzzPublishable holds that a publishable key is asked for by one text only, and that whatever else is sent is a 400.
func FuzzPublishable(f *testing.F) {
	s := newShop(apikey.Config{CacheFor: time.Minute})
	k, secret, err := s.Issue(f.Context(), shop())
	good := must(secret, err).Reveal()
	for _, seed := range []string{good, "", "pk_", good + "a", good + "," + good, "sk" + good[2:], strings.ToUpper(good), another("pk", k.ID), another("sk", k.ID), "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		status := map[bool]int{true: 200, false: 400}[text == good]
		check(t, "the status", s.get("/", "X-Publishable-Api-Key: "+text).Status, status)
	})
}

// FuzzSpec holds that what Issue takes is what a store keeps, and that what it does not take names a field each.
func FuzzSpec(f *testing.F) {
	f.Add("nightly report", "reports:read *", "", `{"a":1}`, "ann", false)
	f.Add("the shop", "", "web", "", "ann", true)
	f.Add("\xff", "a\x00", "\n", "[]", "", true)
	store := memory.NewAPIKeys(nil)
	m := must(apikey.New(apikey.Config{Store: store, Logger: slog.New(slog.DiscardHandler)}))
	f.Fuzz(func(t *testing.T, title, scopes, channel, metadata, owner string, publishable bool) {
		k, _, err := m.Issue(t.Context(), apikey.Spec{
			Kind: map[bool]apikey.Kind{true: apikey.Publishable}[publishable], Title: title, Owner: auth.Actor{Type: "user", ID: owner},
			Scopes: auth.ParseSet(scopes), Channels: auth.NewSet(channel), Metadata: auth.RawMetadata(metadata),
		})
		var invalid *apikey.InvalidError
		check(t, "the error names a field", err == nil || errors.As(err, &invalid) && invalid.Field != "", true)
		check(t, "a store keeps it", err != nil || k.Check() == nil, true)
		check(t, "it is text", utf8.ValidString(text(err)), true)
		if err == nil { // a store that is full would say so of all that follows, and name no field
			check(t, "Delete", store.Delete(t.Context(), k.ID), nil)
		}
	})
}
