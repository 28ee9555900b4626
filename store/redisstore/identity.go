package redisstore

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"
)

// DeleteIdentity removes the sessions of the identity, see [session.Index], those that cannot be read included. It takes one
// ZRANGE, and one script for each entry of the list, 200 of them sent together: their sessions may be on all servers of a
// cluster. Sessions that have ended are on it too until their EndsBy. It counts as DeleteAll does, and what is created
// meanwhile stays. After an error some may be gone: call it again.
func (s *Sessions) DeleteIdentity(ctx context.Context, identity, except string) (int, error) {
	const verb = "delete identity"
	if err := s.store.begin(ctx, verb); err != nil {
		return 0, err
	}
	if identity == "" {
		return 0, nil // nobody
	}
	ids, err := s.entries(ctx, verb, s.store.identityKey(identity))
	if err != nil {
		return 0, err
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == except })
	removed := 0
	for some := range slices.Chunk(ids, batch) {
		n, err := s.deleteSome(ctx, some, identityName(identity))
		if err != nil {
			return 0, unavailable(verb, err)
		}
		removed += n
	}
	return removed, nil
}

// deleteSome removes those of the sessions that are the identity's, and returns how many these were.
func (s *Sessions) deleteSome(ctx context.Context, ids []string, name string) (removed int, err error) {
	pipe := s.store.client.Pipeline()
	cmds := make([]*redis.Cmd, len(ids))
	for i, id := range ids {
		cmds[i] = pipe.EvalSha(ctx, deleteIdentityScript.Hash(), []string{s.store.sessionKey(id)}, id, s.store.indexPrefix(id), name)
	}
	if _, err := pipe.Exec(ctx); err != nil && !isUnknownScript(err) {
		return 0, err
	}
	for i, id := range ids {
		cmd := cmds[i]
		if isUnknownScript(cmd.Err()) {
			cmd = s.store.run(ctx, deleteIdentityScript, []string{s.store.sessionKey(id)}, id, s.store.indexPrefix(id), name)
		}
		n, err := cmd.Int()
		if err != nil {
			return 0, err
		}
		removed += n
	}
	return removed, nil
}

// isUnknownScript reports whether the server has no script with the digest, such as after a restart.
func isUnknownScript(err error) bool { return redis.HasErrorPrefix(err, "NOSCRIPT") }
