package jwtx_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
)

// checkInvalid wants the answer of a verifier to a token that is no good: nothing else, and no part of the token.
func checkInvalid(t *testing.T, name string, ac *auth.AuthContext, err error) {
	t.Helper()
	if ac != nil || !errors.Is(err, auth.ErrInvalidCredentials) || errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("%s: %v, %v, want auth.ErrInvalidCredentials", name, ac, err)
	}
}

// spoiled puts a text before, into, and after each part of a good token, and instead of a character of each.
func spoiled(text string) map[string]string {
	token := hs256(claims())
	parts := strings.Split(token, ".")
	first, second := len(parts[0]), len(parts[0])+1+len(parts[1])
	tokens := map[string]string{}
	for place, i := range map[string]int{
		"in front": 0, "in the header": 5, "after the header": first, "before the payload": first + 1, "in the payload": first + 9,
		"after the payload": second, "before the signature": second + 1, "in the signature": second + 9, "at the end": len(token),
	} {
		tokens[text+" "+place] = token[:i] + text + token[i:]
	}
	for place, i := range map[string]int{"of the header": 5, "of the payload": first + 9, "of the signature": second + 9,
		"that is last": len(token) - 1} {
		tokens[text+" for a character "+place] = token[:i] + text + token[i+1:]
	}
	return tokens
}

func lineBreaks(t *testing.T) {
	for _, text := range []string{"\n", "\r", "\r\n", "\n\n"} {
		fields(t, spoiled(text))
	}
}

func blanks(t *testing.T) {
	for _, text := range []string{"\t", "\u00a0", "\x00", "\u2028", "\u200b", "\ufeff", "\x0b"} {
		fields(t, spoiled(text))
	}
	token := hs256(claims())
	parts := strings.Split(token, ".")
	fields(t, map[string]string{"blank after": token + " ", "blank in": parts[0] + " ." + parts[1] + "." + parts[2],
		"comma": token + "," + token})
}

// padding at the end is a bearer token still, and so are + and /.
func padding(t *testing.T) {
	token := hs256(claims())
	parts := strings.Split(token, ".")
	refused(t, map[string]string{"one at the end": token + "=", "two at the end": token + "==", "three at the end": token + "==="})
	fields(t, map[string]string{
		"after the header":  parts[0] + "=." + parts[1] + "." + parts[2],
		"after the payload": parts[0] + "." + parts[1] + "=." + parts[2],
		"after both":        parts[0] + "==." + parts[1] + "==." + parts[2] + "==",
	})
	padded := func(text string) string { // with blanks, so that there is something to pad
		return base64.URLEncoding.EncodeToString([]byte(text + strings.Repeat(" ", 4-len(text)%3)))
	}
	for name, input := range map[string]string{
		"a padded header":  padded(head("HS256")) + "." + b64(claims()),
		"a padded payload": b64(head("HS256")) + "." + padded(claims()),
		"padded both":      padded(head("HS256")) + "." + padded(claims()),
	} {
		ac, err := verify(verifierWith(), signed("HS256", input, secret))
		checkInvalid(t, name, ac, err)
	}
}

func otherAlphabet(t *testing.T) {
	tokens := map[string]string{}
	for _, text := range []string{"+", "/", "~"} {
		for name, token := range spoiled(text) {
			tokens[name] = token
		}
	}
	// The same bytes in the other alphabet: both have characters that differ.
	token := hs256(claims("x", `"???>>>~~~"`))
	other := strings.NewReplacer("-", "+", "_", "/").Replace(token)
	if other == token {
		t.Fatal("there is nothing to replace")
	}
	tokens["all of it"] = other
	refused(t, tokens)
	refused(t, nonCanonical())
}

// nonCanonical returns good tokens whose parts have another last character that decodes to the same bytes.
func nonCanonical() map[string]string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	tokens := map[string]string{}
	for _, pad := range []string{"", " ", "  "} {
		header, payload := b64(head("HS256")+pad), b64(claims()+pad)
		respell := func(part string) string {
			return part[:len(part)-1] + string(alphabet[strings.IndexByte(alphabet, part[len(part)-1])^1])
		}
		token := signed("HS256", header+"."+payload, secret)
		tokens["signature"+pad] = respell(token)
		tokens["header"+pad] = signed("HS256", respell(header)+"."+payload, secret)
		tokens["payload"+pad] = signed("HS256", header+"."+respell(payload), secret)
	}
	return tokens
}

func wrongCharacter(t *testing.T) {
	for _, text := range []string{"?", "#", "%", "%2e", "!", "$", "&", "'", "(", "*", ";", ":", "@", "[", "\\", "^", "`", "{", "|",
		"\"", "<", "\u00e9", "\x7f", "\xff"} {
		fields(t, spoiled(text))
	}
}
