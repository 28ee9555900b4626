package apikey_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
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
	codec := must(token.NewCodec(apikey.DefaultPrefix))
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
