// Package redisstore keeps what is hot on Redis or Valkey, so that many processes share it: sessions and revocations of
// tokens. It is a module of its own. The server is one, a master behind Sentinels, or a cluster.
//
//	client := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: addrs, ContextTimeoutEnabled: true})
//	store, err := redisstore.New(client, nil)
//	err = store.Check(ctx)
//	sessions, err := session.New(session.Config{Store: store.Sessions(), Keys: [][]byte{key}})
//	revocations, err := jwtx.NewRevocations(jwtx.RevocationsConfig{Store: store.Revocations(), MaxLifetime: day})
//
// [New] refuses a client that would break what is promised, [Store.Check] a server. It passes the suites of package
// store/storetest.
//
// # The server
//
// Whoever can write to it can be anybody: let nobody but the servers of the application reach it, and use TLS on the way.
// It needs
//
//   - maxmemory-policy noeviction. Any other one ends sessions and forgets revocations when memory is short. With this one
//     a server that is full refuses logins, and Check says if it is not set. A session takes about 1 KB, its metadata
//     aside: some 750 bytes for the record, and up to 200 for the list of its actor. A revocation takes 200 bytes.
//   - appendonly yes, or Check says so. Without it, a restart ends all sessions and makes tokens good again that were
//     revoked; with snapshots alone, it also brings back sessions that have ended since the last one. With appendfsync
//     always, nothing that was answered is lost in a crash. With everysec, the default, it may be the last two seconds or
//     so, and a logout, or a revocation, among them is undone.
//   - patience with replicas. They learn of changes after the answer, so a failover may lose the last ones: a logout, or a
//     revocation, is undone then. min-replicas-to-write and min-replicas-max-lag bound how much, for they stop a master that
//     is cut off from its replicas; the command WAIT, which this package does not send, would not rule it out either. Where
//     that is too much, keep lifetimes short, or keep sessions in a database that waits for its copies.
//
// Redis 6.0 or newer and Valkey 7.2 or newer have all that is used: scripts in Lua whose effects are replicated, GET, SET
// with PX, GETRANGE, EXISTS, DEL, MGET, PTTL, PEXPIRE, TIME, ZADD, ZREM, ZRANGE, ZRANGEBYSCORE, EVAL, EVALSHA, and INFO for
// Check. The client adds HELLO, AUTH, SELECT, CLIENT, and in a cluster CLUSTER and ASKING. A user for it:
//
//	ACL SETUSER countersign on >PASSWORD resetchannels ~countersign:* -@all +get +set +getrange +exists +del +mget +pttl
//	  +pexpire +time +zadd +zrem +zrange +zrangebyscore +eval +evalsha +info +hello +auth +select +client +ping
//	  +cluster|slots +cluster|shards +cluster|nodes +asking
//
// # What is where
//
//	countersign:{PLACE}s:ID      a session: a string, a line of five words and a JSON object
//	countersign:{PLACE}a:ACTOR   the sessions of an actor: a sorted set, the ID by when the server drops it, in milliseconds
//	countersign:r:KEY            a revocation: a string, up to when and until when, in microseconds since 1970
//
// PLACE is the first four characters of the ID, which are the same for all sessions of an actor; so a cluster has them and
// their list on one server. ACTOR is the SHA-256 of type, NUL and ID: printf 'user\0ann' | sha256sum. Each key goes by
// itself a minute after its time, for clocks may differ. There are no secrets in it that anybody accepts, but names and
// metadata. To end a session by hand, delete its key.
//
// # What is promised
//
//   - A call whose context is done sends nothing. A deadline ends a call in the middle. A context that is cancelled before
//     its deadline is noticed between commands, and else at the deadline or after the ReadTimeout of the client, whichever
//     is first.
//   - An outage wraps [auth.ErrUnavailable]. What is damaged, of a later release, or not ours is [session.ErrCorrupt] and
//     stays there; a checksum tells.
//   - Where the server dropped a session, or the list of an actor's, against its orders, nobody sees another's, and nothing
//     that has ended comes back. A session that is missing from the list is entered at its next renewal.
//   - While a cluster moves keys to another server, Get and Delete work, and other calls that touch these keys may be
//     outages for that moment.
//   - There is no goroutine and nothing to close but the client.
//   - While a server is gone, the client dials several times before a call fails: DialerRetries in its options bounds that.
package redisstore
