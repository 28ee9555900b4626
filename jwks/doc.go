// Package jwks holds the keys that sign and verify tokens: it reads them, strictly, and publishes the public ones.
//
// A [Key] is bound to one algorithm, so that no token can choose another for it (RFC 8725, section 3.1). It comes from
//
//   - [NewKey]: a key pair, a public key, or a crypto.Signer before a KMS or an HSM
//   - [NewSecret]: a secret for HS256, HS384 or HS512
//   - [ParsePEM]: what openssl writes
//   - [FromEnvironment]: what JWT_SECRET_KEY, JWKS_CONTENT and the like say
//   - [ParseJWK]: a JSON Web Key (RFC 7517)
//   - [Generate]: a new one
//
// A [Set] is what a verifier and an issuer are given. It is a key source (VerificationKey) and a signing source
// (SigningKey), and does not change. [ParseSet] reads one from a JWK Set document.
//
// A [Ring] is a set whose keys change: the next key is published, then it signs, then the old one is retired, and no good
// token is refused over it. All processes of an issuer share one through a [KeyStore], in which private keys are sealed;
// package store/memory has one for a single process. What makes a rotation safe is checked when a ring is made:
//
//	Lead      ≥ Timeout + Refresh + CacheAge + Leeway   // everybody knows a key before it signs
//	Retention ≥ TokenLifetime + Leeway                  // a key outlives the tokens that it signed
//	Interval  ≥ Lead                                    // one key at most waits for its turn
//	Refresh   ≥ 2 × Timeout                             // a view is renewed before it is too old
//
// [Handler] serves the public keys of a set or a ring, usually at /.well-known/jwks.json.
//
// A [Remote] is the set that another issuer publishes, fetched and kept fresh by itself: for those who only verify. It knows
// where the set is, or asks the issuer's metadata (OpenID Connect Discovery 1.0, RFC 8414).
//
// Every mistake is found when a key or a set is made: keys that are too short, inconsistent, meant for something else, or
// a public key given as a secret. Choosing a key for a token costs one map look-up.
//
// Private and symmetric keys stay inside: a Key prints, logs and encodes as its algorithm and ID, no error text holds any
// part of a key, and what [Handler] serves is made of public halves only. What is private is written by the methods alone
// whose names begin with Private. Three things are left to the program: to keep what it loads keys from as safe, to keep
// the sealing keys of a ring out of its store, and to remember that whoever verifies with a secret can sign.
//
// All types are safe for concurrent use.
package jwks
