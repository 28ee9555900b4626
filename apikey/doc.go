// Package apikey issues, verifies, rotates and revokes the keys that machines carry, and the publishable keys that name a
// shop or a client.
//
// A [Manager] does all of it over a [Store]; package store/memory has one for a single process. A manager is an
// auth.TokenVerifier of secret keys, so a key travels wherever the program wants it:
//
//	keys, err := apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil), Environment: "live"})
//	key, secret, err := keys.Issue(ctx, apikey.Spec{Title: "nightly report", Owner: owner, Scopes: auth.NewSet("reports:read")})
//	guard := auth.New(auth.Header("X-API-Key", keys), nil)
//
// Which method for which job:
//
//   - [Manager.Issue] makes a key, [Manager.Rotate] one in the place of another, beside which it may work for a while.
//   - [Manager.VerifyToken] says whom a secret key stands for; [Manager.Publishable] wants a publishable one of a request.
//   - [Manager.Get] and [Manager.Find] show keys, [Manager.Update] changes their title, metadata and channels.
//   - [Manager.Disable] and [Manager.Enable] turn a key off and on; [Manager.Revoke] ends it for good, now or later;
//     [Manager.Delete] forgets one that was revoked.
//   - Somebody is disabled: Config.Allowed refuses their secret keys, and [Manager.Find] with an Owner finds all that are
//     theirs, to revoke each of them for good.
//   - [Manager.As] does all that as somebody may: what the methods of the manager do, they do whoever asks. [NewHandler] is
//     the HTTP API to it, package auth/console has pages.
//
// # What is promised
//
//   - The text of a secret key is returned once, by Issue and Rotate; the store keeps a digest. See package auth/token for its
//     form. A publishable key is no secret, and the store keeps its text.
//   - Neither kind is ever taken for the other, nor a key of one environment for one of another, also where they share a store.
//   - Verifying a key is one read of the store and no password hash. Junk, and what is for another environment, is turned away
//     before that read.
//   - A key grants its scopes and nothing else: an empty set grants nothing, "*" everything. It has no roles. Where
//     Config.Allowed says what its owner may do, it grants nothing beyond that.
//   - A revocation holds from the next request on, and cannot be undone, whatever else happens to the key at the same time; one
//     that could not be stored is an error. With a cache, other processes may need Config.CacheFor to notice.
//   - Where two rotate a key at once, one gets its successor. Where a reply of the store is lost there is one successor too.
//     Where the store then does not say at all what became of it, there is an error and no successor, and the key may be revoked.
//   - When and from where a key was used last is written together with the uses of other keys, off the path of requests; a
//     write that fails is tried again, and [Manager.Close] writes what is left.
//   - Whoever tries many keys can be told to wait, by Config.MaxMisses, without a look into the store for each.
//   - A store that does not answer is auth.ErrUnavailable, never a "no" and never a pass.
//
// # Whose keys, and what for
//
// By default, [OwnKeys], everybody does what they like with their own keys and does not see those of others, and no key has
// scopes that whoever makes it does not have; a key itself does so only if it has the scope "*". A [Policy] says otherwise; it
// can fall back on that one:
//
//	func policy(ctx context.Context, by auth.AuthContext, action apikey.Action, k apikey.Key) error {
//		if by.Roles.Has("admin") && action != apikey.ActionCreate && action != apikey.ActionRotate {
//			return nil // sees and ends all keys, and gets the text of none
//		}
//		return apikey.OwnKeys(ctx, by, action, k)
//	}
//
// Config.Allowed looks up what an owner may do now, so that a key does not outlive the account or the rights of its owner:
//
//	func allowed(ctx context.Context, owner auth.Actor) (auth.Set, error) {
//		user, err := users.Get(ctx, owner.ID)
//		switch {
//		case errors.Is(err, sql.ErrNoRows), err == nil && user.Disabled:
//			return auth.Set{}, auth.ErrInvalidCredentials // the key is refused with 401
//		case err != nil:
//			return auth.Set{}, err // nobody knows: 503
//		}
//		return user.Scopes, nil
//	}
//
// # Cache
//
// Config.CacheFor, one minute at most, saves the read. Keys are cached by the digest of their whole text, 10,000 at most: with
// one more the one that was cached first is dropped. Refusals are not cached. What this process does to a key drops it at
// once, and where the store does not say whether that was written, keeps it out until a later change of the key tells;
// expiry, scheduled revocations and the owner's state are looked at on each request. Where each process has a manager of its
// own, a revocation by one holds in the others after CacheFor at most.
//
// # Finding keys that leaked
//
// The text of a key is [Prefix_]sk[_Environment]_ID_SECRET, with pk for a publishable one, in lower case. This finds those of
// all configurations:
//
//	(?:[a-z0-9]+_)*[sp]k_(?:[a-z0-9]+_)*[a-z2-7]{24}_[a-z2-7]{51}[aq][a-z2-7]{5}\b
//
// A prefix and an environment stand where the two groups are, and without them there is nothing. For the Prefix "acme" and the
// Environment "live" it is
//
//	acme_[sp]k_live_[a-z2-7]{24}_[a-z2-7]{51}[aq][a-z2-7]{5}\b
//
// A scanner that shall find secret keys only has s for [sp]. The last five characters are a checksum of all that is before
// them, see token.Codec.Parse, so a match can be told from text that merely looks like a key.
package apikey
