package jwks

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	varSecretKey = "JWT_SECRET_KEY"
	varPublicKey = "JWT_PUBLIC_KEY"
	varAlgorithm = "JWT_ALGORITHM"
	varKeyID     = "JWT_KEYID"
	varContent   = "JWKS_CONTENT"
	varIssuer    = "JWT_ISSUER"
	varAudience  = "JWT_AUDIENCE"
	varExpiresIn = "JWT_EXPIRES_IN"
)

// variables are those that FromEnvironment reads, and what is wrong with them. One that is empty is among the mistakes and
// has the value "", so that all else can ask for the value only.
type variables struct {
	values   map[string]string
	mistakes []error
}

func readVariables(lookup func(name string) (string, bool)) *variables {
	if lookup == nil {
		lookup = os.LookupEnv
	}
	v := &variables{values: map[string]string{}}
	for _, name := range []string{
		varSecretKey, varPublicKey, varAlgorithm, varKeyID, varContent, varIssuer, varAudience, varExpiresIn,
	} {
		value, ok := lookup(name)
		if !ok {
			continue
		}
		if strings.TrimSpace(value) == "" {
			v.mistake(name, "set, but empty")
			value = ""
		}
		v.values[name] = value
	}
	return v
}

// mistake notes what is wrong with a variable. Nothing of a value may be among args.
func (v *variables) mistake(name, format string, args ...any) {
	v.mistakes = append(v.mistakes, fmt.Errorf("jwks: "+name+": "+format, args...))
}

// has reports whether a variable is set, be it empty.
func (v *variables) has(name string) bool {
	_, ok := v.values[name]
	return ok
}

// ownName returns the name of the variable that ownKey's key is from.
func (v *variables) ownName() string {
	if v.values[varSecretKey] != "" {
		return varSecretKey
	}
	return varPublicKey
}

// ownKey returns the key of JWT_SECRET_KEY or JWT_PUBLIC_KEY, or nil if there is none or it is no good.
func (v *variables) ownKey() *Key {
	id, algorithm := v.keyID(), v.algorithm()
	secret, public := v.values[varSecretKey], v.values[varPublicKey]
	switch {
	case strings.Contains(secret, "-----BEGIN "):
		return v.keyPair(id, algorithm)
	case secret != "":
		return v.sharedSecret(id, algorithm)
	case public != "":
		return v.pemKey(varPublicKey, id, algorithm)
	}
	for _, name := range []string{varAlgorithm, varKeyID} {
		if v.values[name] != "" && !v.has(varSecretKey) && !v.has(varPublicKey) {
			v.mistake(name, "set without %s and %s, the keys that it is about", varSecretKey, varPublicKey)
		}
	}
	return nil
}

func (v *variables) sharedSecret(id, algorithm string) *Key {
	if v.values[varPublicKey] != "" {
		v.mistake(varPublicKey, "set, but %s is a secret (it is not in PEM), to which no public key belongs", varSecretKey)
	}
	if _, ok := digests[algorithm]; !ok && algorithm != "" {
		v.mistake(varAlgorithm+" and "+varSecretKey, "algorithm for key pairs, but a secret: it is not in PEM")
		return nil
	}
	if algorithm == "" {
		algorithm = "HS256"
	}
	k, err := unguessedSecret([]byte(v.values[varSecretKey]), &KeyOptions{ID: id, Algorithm: algorithm})
	if err != nil {
		v.mistake(varSecretKey, "%w", err)
		return nil
	}
	return k
}

func (v *variables) keyPair(id, algorithm string) *Key {
	private := v.pemKey(varSecretKey, id, algorithm)
	if v.values[varPublicKey] == "" {
		return private
	}
	public := v.pemKey(varPublicKey, id, algorithm)
	if private == nil || public == nil {
		return nil
	}
	if !isSameKey(private.verifier(), public.verifier()) {
		v.mistake(varPublicKey, "not the public half of %s", varSecretKey)
		return nil
	}
	return private
}

// pemKey returns the key that a variable holds in PEM: a private one in JWT_SECRET_KEY, a public one in JWT_PUBLIC_KEY.
func (v *variables) pemKey(name, id, algorithm string) *Key {
	both := varAlgorithm + " and " + name
	if _, ok := digests[algorithm]; ok {
		v.mistake(both, "algorithm for secrets, where a key in PEM is due")
		algorithm = ""
	}
	k, err := parsePEM([]byte(v.values[name]), &KeyOptions{ID: id})
	switch {
	case err != nil:
		v.mistake(name, "PEM: %w", err)
		return nil
	case name == varSecretKey && !k.CanSign():
		v.mistake(name, "a public key, which belongs into %s", varPublicKey)
		return nil
	case name == varPublicKey && k.CanSign():
		v.mistake(name, "a private key, which belongs into %s", varSecretKey)
		return nil
	}
	k.algorithm, err = algorithmFor(k.verifier(), algorithm)
	if err != nil {
		v.mistake(both, "%w", err)
		return nil
	}
	return k
}

func (v *variables) keyID() string {
	id := v.values[varKeyID]
	if !isID(id) {
		v.mistake(varKeyID, "over 256 bytes, with control characters, or not UTF-8")
		return ""
	}
	return id
}

func (v *variables) algorithm() string {
	algorithm := v.values[varAlgorithm]
	if algorithm != "" && !slices.Contains(supported, algorithm) {
		v.mistake(varAlgorithm, "none of %s", strings.Join(supported, ", "))
		return ""
	}
	return algorithm
}

func (v *variables) issuer() string {
	if !v.has(varIssuer) {
		return DefaultIssuer
	}
	issuer := v.values[varIssuer]
	if !isPlain(issuer) {
		v.mistake(varIssuer, "white space around it, control characters, or not UTF-8")
	}
	return issuer
}

func (v *variables) audience(issuer string) (audience []string) {
	if !v.has(varAudience) {
		return []string{issuer}
	}
	list := v.values[varAudience]
	if list == "" {
		return nil
	}
	for i, one := range strings.Split(list, ",") {
		one = strings.Trim(one, " ")
		switch {
		case one == "" || !isPlain(one):
			v.mistake(varAudience, "part %d is empty, or has control characters, or is not UTF-8", i+1)
		case slices.Contains(audience, one):
			v.mistake(varAudience, "part %d is there twice", i+1)
		}
		audience = append(audience, one)
	}
	return audience
}

// isPlain reports whether s comes back from a token as it is, and has no white space that nobody sees.
func isPlain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) && strings.TrimSpace(s) == s
}

func (v *variables) lifetime() time.Duration {
	text := v.values[varExpiresIn]
	if text == "" {
		return 0
	}
	lifetime, err := parseLifetime(text)
	if err != nil {
		v.mistake(varExpiresIn, "%w", err)
	}
	return lifetime
}
