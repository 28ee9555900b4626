// Package apikey issues, verifies and revokes the keys that machines carry.
//
// A [Manager] does all of it over a [Store]; package store/memory has one for a single process. A manager is an
// auth.TokenVerifier, so a key travels wherever the program wants it:
//
//	keys, err := apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil)})
//	key, secret, err := keys.Issue(ctx, apikey.Spec{Title: "nightly report", Owner: owner, Scopes: auth.NewSet("reports:read")})
//	guard := auth.New(auth.Header("X-API-Key", keys), nil)
//
// What is promised:
//
//   - The text of a key is returned once, by [Manager.Issue]; the store keeps a digest. See package auth/token for its form.
//   - Verifying a key is one read of the store and no password hash. Junk is turned away before that read.
//   - A key grants its scopes and nothing else: an empty set grants nothing, "*" everything. It has no roles.
//   - A revocation holds from the next request on; one that could not be stored is an error.
//   - When and from where a key was used last is written together with the uses of other keys, off the path of requests; a
//     write that fails is tried again, and [Manager.Close] writes what is left.
//   - A store that does not answer is auth.ErrUnavailable, never a "no" and never a pass.
package apikey
