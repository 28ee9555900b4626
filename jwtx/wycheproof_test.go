package jwtx_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
)

// A joseGroup is some cases and the key that they are for, or the key set.
type joseGroup struct {
	Public, Private json.RawMessage // one of them at least
	Tests           []joseCase
}

// A joseCase is a token, signed or encrypted, labelled as good or not.
type joseCase struct {
	ID       int `json:"tcId"`
	Comment  string
	JWS, JWE json.RawMessage
	Result   string
}

// corrected are the labels of json_web_signature_test.json that are not followed: what is right instead, and why. The four
// tokens of RFC 7520 are accepted with keys for the algorithms that the RFC has, see TestRFC.
var corrected = map[int]struct {
	accepted bool
	reason   string
}{
	346: {false, "the key is for PS256 and the token for PS384, but a key is bound to one algorithm (RFC 8725, section 3.1)"},
	347: {false, "the key is for ES521, which is no algorithm"},
	350: {false, "as 346"},
	351: {false, "as 347"},
	367: {true, "called badly padded, but byte for byte the valid 357"},
	370: {true, "called badly padded, but byte for byte the valid 357"},
	372: {false, "a question mark in the header, which is no base64url (RFC 7515, section 5.2)"},
	373: {false, "a question mark in the payload, which is no base64url (RFC 7515, section 5.2)"},
}

// What the three files hold.
const (
	signedCases    = 476
	encryptedCases = 34
)

// A tally counts what became of cases.
type tally struct{ cases, accepted, refused, refusedKeys, corrected, unsupported int }

func (a tally) plus(b tally) tally {
	return tally{
		a.cases + b.cases, a.accepted + b.accepted, a.refused + b.refused, a.refusedKeys + b.refusedKeys,
		a.corrected + b.corrected, a.unsupported + b.unsupported,
	}
}

func (a tally) String() string {
	return fmt.Sprintf("%d cases: %d accepted, %d refused, %d of them with their key; "+
		"%d labels corrected, %d labelled as good but not supported", a.cases, a.accepted,
		a.refused, a.refusedKeys, a.corrected, a.unsupported)
}

// TestWycheproof holds keys, and what is checked of a token before its claims, against Wycheproof's vectors for JOSE: their
// payloads are no claims.
func TestWycheproof(t *testing.T) {
	vectors := wycheproof(t)
	var allSigned, allEncrypted tally
	for _, file := range []string{"json_web_signature_test.json", "json_web_key_test.json", "json_web_crypto_test.json"} {
		var content struct{ TestGroups []joseGroup }
		readVectors(t, vectors, file, &content)
		var signed, encrypted tally
		for _, group := range content.TestGroups {
			keys := group.keys()
			for _, c := range group.Tests {
				if c.JWE == nil {
					signed = signed.plus(c.checkSigned(t, file, keys))
				} else {
					encrypted = encrypted.plus(c.checkEncrypted(t, file, keys))
				}
			}
		}
		t.Log(file, "signed:", signed)
		allSigned, allEncrypted = allSigned.plus(signed), allEncrypted.plus(encrypted)
	}
	t.Log("all that are signed:", allSigned)
	t.Log("all that are encrypted:", allEncrypted)
	if allSigned.cases != signedCases || allSigned.corrected != len(corrected) || allEncrypted.cases != encryptedCases {
		t.Errorf("want %d signed, %d of them corrected, and %d encrypted", signedCases, len(corrected), encryptedCases)
	}
}

// keys returns what a verifier is given of a group, the public half where there is one, or nil if it is refused.
func (g joseGroup) keys() *jwks.Set {
	text := g.Public
	if text == nil {
		text = g.Private
	}
	if bytes.Contains(text, []byte(`"keys"`)) {
		set, _ := jwks.ParseSet(text)
		return set
	}
	key, err := jwks.ParseJWK(text)
	if err != nil {
		return nil
	}
	return must(jwks.NewSet(key))
}

// checkSigned fails unless a token is accepted or refused as its label says, or what corrects it.
func (c joseCase) checkSigned(t *testing.T, file string, keys *jwks.Set) tally {
	t.Helper()
	want, result := c.Result == "valid", tally{cases: 1}
	if correction, ok := corrected[c.ID]; ok && file == "json_web_signature_test.json" {
		if want == correction.accepted {
			t.Errorf("%s %d: the label needs no correction any more", file, c.ID)
		}
		t.Logf("%s %d: accepted: %t, against its label: %s", file, c.ID, correction.accepted, correction.reason)
		want, result.corrected = correction.accepted, 1
	}
	accepted := c.accepted(t, file, c.JWS, keys)
	if accepted != want {
		t.Errorf("%s %d, %s: accepted: %t, want %t", file, c.ID, c.Comment, accepted, want)
	}
	return result.plus(outcomeOf(accepted, keys))
}

// checkEncrypted fails if a token is accepted: there is no decryption here, though the label may be that it is good.
func (c joseCase) checkEncrypted(t *testing.T, file string, keys *jwks.Set) tally {
	t.Helper()
	result := tally{cases: 1}
	if c.Result == "valid" {
		result.unsupported = 1
	}
	accepted := c.accepted(t, file, c.JWE, keys)
	if accepted {
		t.Errorf("%s %d, %s: an encrypted token is accepted", file, c.ID, c.Comment)
	}
	return result.plus(outcomeOf(accepted, keys))
}

func outcomeOf(accepted bool, keys *jwks.Set) tally {
	switch {
	case accepted:
		return tally{accepted: 1}
	case keys == nil:
		return tally{refused: 1, refusedKeys: 1}
	}
	return tally{refused: 1}
}

// accepted reports whether any verifier accepts a token: one of all algorithms with secrets, or one of all others. It fails
// if a verifier does anything but accept what the token says, or refuse it.
func (c joseCase) accepted(t *testing.T, file string, text json.RawMessage, keys *jwks.Set) bool {
	t.Helper()
	if keys == nil {
		keys = &jwks.Set{} // which has no key
	}
	token := string(text) // the JSON serialization is an object
	_ = json.Unmarshal(text, &token)
	accepted := false
	for _, algs := range [][]string{secretAlgs, pairAlgs} {
		v := verifierWith(kinds(jwtx.Untyped, jwtx.Plain), func(c *jwtx.Config) { c.Algorithms, c.Keys = algs, keys })
		payload, err := v.Signed(context.Background(), token)
		want := ""
		if err == nil {
			accepted, want = true, string(must(base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])))
		} else if !errors.Is(err, auth.ErrInvalidCredentials) || auth.IsUnavailable(err) {
			t.Errorf("%s %d: %v", file, c.ID, err)
		}
		if payload != want {
			t.Errorf("%s %d: payload %q, want %q", file, c.ID, payload, want)
		}
	}
	return accepted
}
