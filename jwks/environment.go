package jwks

import (
	"errors"
	"slices"
	"strconv"
	"time"
)

// An Environment is what the environment of a process says about tokens, as an issuer and a verifier want it. These are
// the variables:
//
//   - JWT_SECRET_KEY: the secret, byte for byte, for HS256, HS384 and HS512, or else a private key in PEM. It signs.
//   - JWT_PUBLIC_KEY: a public key in PEM. Beside a private key it must be that one's; alone it verifies, and nothing signs.
//   - JWT_ALGORITHM: the algorithm of these two; HS256 for a secret and the usual one for PEM, as in [KeyOptions].
//   - JWT_KEYID: their kid; the thumbprint for PEM, none for a secret.
//   - JWKS_CONTENT: a JWK Set document, as for [ParseSet]. Alone, the first of its keys that can sign does; beside
//     JWT_SECRET_KEY or JWT_PUBLIC_KEY its keys only verify, as the former ones do during a rotation.
//   - JWT_ISSUER: the iss of the tokens; default: [DefaultIssuer], which is enough for an application that verifies its own.
//   - JWT_AUDIENCE: their aud, several separated by commas; default: the iss.
//   - JWT_EXPIRES_IN: how long they are good, from one second to 365 days: a whole number and s, m, h, d or w, also
//     spelt out as in "15 minutes". It has no other form: 3600 would be seconds to some and milliseconds to others.
//
// There is no default for a key. A variable that is set but empty is a mistake, as it is what remains of a value that was
// lost on its way; so are JWT_ALGORITHM and JWT_KEYID without a key that they are about, since those of a document name
// their own. PEM may have its line ends spelt \n (see [ParsePEM]).
//
// A program whose keys are in a [Ring] has no use for this: without a key in the environment it is an error. An environment
// with a public key only has nothing to sign with, which a signer finds out when it is asked to.
//
// Printed, logged or encoded, an Environment shows nothing of its keys.
type Environment struct {
	Keys       *Set          // the keys, at least one; whether one signs, SigningKey tells
	Algorithms []string      // of the keys, each once; either all for secrets or none
	Issuer     string        // not empty
	Audience   []string      // not empty
	Lifetime   time.Duration // zero if not set
}

// DefaultIssuer is the Issuer of an [Environment] that names none.
const DefaultIssuer = "countersign"

// FromEnvironment returns what the variables of [Environment] say. lookup returns the value of a variable and whether it is
// set; nil is [os.LookupEnv]. A program that has defaults for some gives a lookup that returns them.
//
// The error names every mistake with its variable, all at once, and quotes no value or part of one, nor the IDs in a
// document: any of them might be a secret in the wrong place.
func FromEnvironment(lookup func(name string) (string, bool)) (*Environment, error) {
	v := readVariables(lookup)
	e := &Environment{Keys: v.keys(), Issuer: v.issuer(), Lifetime: v.lifetime()}
	e.Audience = v.audience(e.Issuer)
	if err := errors.Join(v.mistakes...); err != nil {
		return nil, err
	}
	for _, k := range e.Keys.keys {
		if !slices.Contains(e.Algorithms, k.algorithm) {
			e.Algorithms = append(e.Algorithms, k.algorithm)
		}
	}
	return e, nil
}

// keys returns the set of all keys, or nil if there was a mistake.
func (v *variables) keys() *Set {
	own, others := v.ownKey(), v.documentKeys()
	if !v.has(varSecretKey) && !v.has(varPublicKey) && !v.has(varContent) {
		v.mistake(varSecretKey, "not set, nor are %s and %s: there is no default", varPublicKey, varContent)
	}
	v.checkTogether(own, others)
	if len(v.mistakes) > 0 {
		return nil
	}
	keys := others
	if own != nil {
		keys = []*Key{own}
		for _, k := range others {
			keys = append(keys, &Key{id: k.id, algorithm: k.algorithm, verifier: k.verifier}) // without its signer
		}
	}
	set, err := NewSet(keys...)
	if err != nil {
		v.mistakes = append(v.mistakes, err)
	}
	return set
}

// checkTogether finds what is wrong with keys that are each good: no two may be confused, a secret beside a public key would
// be one copy away from being published, and of more keys than ParseSet reads verifiers would refuse all. own and some of the
// others may be nil.
func (v *variables) checkTogether(own *Key, others []*Key) {
	several := len(others) > 1 || len(others) == 1 && own != nil
	holders := map[string]string{} // by ID
	kinds := map[bool]bool{}       // secrets or not
	if own != nil {
		holders[own.id] = "that of " + v.ownName()
		_, secret := own.secret()
		kinds[secret] = true
		if several && own.id == "" {
			v.mistake(varKeyID, "not set: beside other keys, those of %s, a secret needs an ID", varContent)
		}
	}
	for i, k := range others {
		if k == nil {
			continue
		}
		switch {
		case several && k.id == "":
			v.mistake(varContent, "key %d without kid, but not the only key", i)
		case holders[k.id] != "":
			v.mistake(varContent, "key %d with the kid of another, %s", i, holders[k.id])
		default:
			holders[k.id] = "key " + strconv.Itoa(i)
		}
		_, secret := k.secret()
		kinds[secret] = true
	}
	if own != nil && len(others) >= maxKeys {
		v.mistake(varContent, "more than %d keys, counting that of %s", maxKeys, v.ownName())
	}
	if len(kinds) > 1 {
		v.mistake(varContent, "secrets beside public keys, counting %s and %s", varSecretKey, varPublicKey)
	}
}

// documentKeys returns the keys of JWKS_CONTENT in their order, nil for each that is no good.
func (v *variables) documentKeys() []*Key {
	content := v.values[varContent]
	if content == "" {
		return nil
	}
	documents, err := readSet([]byte(content))
	if err != nil {
		v.mistake(varContent, "%w", err)
		return nil
	}
	if len(documents) == 0 {
		v.mistake(varContent, "set without a key")
	}
	keys := make([]*Key, len(documents))
	for i, document := range documents {
		k, err := parseJWK(document)
		if err != nil {
			v.mistake(varContent, "key %d: %w", i, err)
			continue
		}
		if secret, ok := k.secret(); ok {
			if err := checkGuessable(secret); err != nil {
				v.mistake(varContent, "key %d: %w", i, err)
				continue
			}
		}
		keys[i] = k
	}
	return keys
}
