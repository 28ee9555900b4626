// Package jwtx verifies and signs JSON Web Tokens (RFC 7519), strictly.
//
// A [Verifier] is an auth.TokenVerifier: give it to auth.Bearer. Its [Config] names what it accepts, and leaving out
// issuer, audience, algorithms, kinds or keys is an error. A [Signer] makes tokens that say what an auth.AuthContext says.
// Package jwks has keys for both.
//
//	verifier, err := jwtx.NewVerifier(jwtx.Config{
//		Issuer:     "https://login.example.com",
//		Audience:   []string{"https://api.example.com"},
//		Algorithms: []string{"EdDSA"},
//		Kinds:      []jwtx.Kind{jwtx.Access},
//		Keys:       keys,
//	})
//	guard := auth.New(auth.Bearer(verifier, nil), nil)
//
// # What is verified
//
// Signatures are checked by golang-jwt's signing methods; everything around them is stricter. Before any cryptography the
// token's size and form are checked, and its header: each member once and spelled exactly, an accepted algorithm that fits
// the key, an accepted [Kind]; nothing that changes how the token is read (crit, b64, zip, enc, cty), and no key that the
// token brings along. After the signature the claims are read in one pass: exact names and types, no claim twice, UTF-8
// without surrogates. iss, aud, exp and sub must be there and right; nbf and iat must not lie ahead. An [Access] token also
// needs client_id, iat and jti (RFC 9068, section 2.2). A token that is bound to a key (cnf, RFC 7800) is refused. Then
// [Config].Revoked is asked. Clients are told "invalid_token" whatever it was; [ReasonOf] tells the operator, and so does
// the guard's log at debug level.
//
// [NewIssuers] puts several verifiers behind one door, for tokens of several issuers. [Config].CacheSize remembers verified
// tokens, which then cost a digest of their signature instead of checking it.
//
// # Revocation
//
// A token is good until it expires, unless [Config].Revoked says otherwise. [Revocations] does: it ends one token by its
// jti, all tokens of a session by sid, or all that an actor was issued before now, from the next request on and in all
// processes that share its [RevocationStore]. Package store/memory has one.
//
//	revocations, err := jwtx.NewRevocations(jwtx.RevocationsConfig{Store: store, MaxLifetime: 15 * time.Minute})
//	…, Revoked: revocations.Revoked
//
// The tokens of one's own sessions need none of it: see [Config].Revoked.
//
// A store that does not answer is 503, when asking and when revoking: then nobody was logged out. Tokens that could outlive
// the memory of their revocation are refused: those without iat, and those that live longer than MaxLifetime.
//
// # Our own tokens
//
// A [Signer] writes actor_id, actor_type, auth_identity_id, auth_provider, scope, roles, app_metadata, user_metadata, sid,
// and the factors as amr with auth_time, the latest of their times, and amr_times, those of each where they differ; a
// [Verifier] reads them back. sub is the actor's ID, or the identity's while there is no actor: such a token is of the kind
// [Registration], and passes only where that kind is accepted.
//
// # Tokens of other issuers
//
// Set [Config].ActorType or [Config].Identify, and Kinds to what the typ of their tokens says: [Access] for at+jwt, [Plain]
// for JWT, which many issuers write unless told otherwise, and into ID tokens too; [Untyped] for none. Of these only Access
// tokens need client_id, iat and jti; [Config].AllowIncomplete is for issuers that leave one out. Issuer is compared
// exactly, with the slash at its end if there is one. Scopes in another claim than scope are for Identify. A token without
// aud is never accepted.
package jwtx
