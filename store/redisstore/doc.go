// Package redisstore keeps what is hot on Redis or Valkey, so that many processes share it: sessions, revocations of tokens,
// one-time tokens and attempts to log in. It is a module of its own. The server is one, a master behind Sentinels, or a
// cluster.
//
//	client := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: addrs, ContextTimeoutEnabled: true})
//	store, err := redisstore.New(client, nil)
//	err = store.Check(ctx)
//	sessions, err := session.New(session.Config{Store: store.Sessions(), Keys: [][]byte{key}})
//	revocations, err := jwtx.NewRevocations(jwtx.RevocationsConfig{Store: store.Revocations(), MaxLifetime: day})
//	logins, err := login.New(login.Config{Tokens: store.OneTimeTokens(), Attempts: store.Attempts(), …})
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
//     a server that is full refuses logins, and Check says if it is not set. A session takes about 1.3 KB, its metadata
//     aside: some 950 bytes for the record, and up to 200 each for the lists of its actor and its identity. A revocation
//     takes 200 bytes, attempts as much, and a one-time token 250 and its data.
//   - appendonly yes, or Check says so. Without it, a restart ends all sessions and makes tokens good again that were
//     revoked; with snapshots alone, it also brings back sessions that have ended since the last one, and one-time tokens
//     that were used up. With appendfsync always, nothing that was answered is lost in a crash. With everysec, the default,
//     it may be the last two seconds or so, and a logout, a revocation, or the use of a token, among them is undone.
//   - patience with replicas. They learn of changes after the answer, so a failover may lose the last ones: a logout, a
//     revocation, or the use of a token, is undone then. min-replicas-to-write and min-replicas-max-lag bound how much, for
//     they stop a master that is cut off from its replicas; the command WAIT, which this package does not send, would not rule
//     it out either. Where that is too much, keep lifetimes short, or keep these in a database that waits for its copies.
//
// Redis 6.0 or newer and Valkey 7.2 or newer have all that is used: scripts in Lua whose effects are replicated, GET, SET
// with PX, GETRANGE, EXISTS, DEL, MGET, PTTL, PEXPIRE, TIME, ZADD, ZREM, ZRANGE, ZRANGEBYSCORE, ZSCORE, EVAL, EVALSHA, and
// INFO for Check. The client adds HELLO, AUTH, SELECT, CLIENT, and in a cluster CLUSTER and ASKING. A user for it:
//
//	ACL SETUSER countersign on >PASSWORD resetchannels ~countersign:* -@all +get +set +getrange +exists +del +mget +pttl
//	  +pexpire +time +zadd +zrem +zrange +zrangebyscore +zscore +eval +evalsha +info +hello +auth +select +client +ping
//	  +cluster|slots +cluster|shards +cluster|nodes +asking
//
// # What is where
//
//	countersign:{PLACE}s:ID      a session: a string, a line of seven words and a JSON object
//	countersign:{PLACE}a:ACTOR   the sessions of an actor: a sorted set, the ID by when the server drops it, in milliseconds
//	countersign:i:IDENTITY       the sessions of an identity, likewise, by when the server drops them at the latest
//	countersign:r:KEY            a revocation: a string, up to when and until when, in microseconds since 1970
//	countersign:t:ID             a one-time token: a string, a line of four words and its data
//	countersign:n:KEY            attempts: a string, a line of six words
//
// PLACE is the first four characters of the ID, which are the same for all sessions of an actor; so a cluster has them and
// their list on one server. ACTOR is the SHA-256 of type, NUL and ID: printf 'user\0ann' | sha256sum. Each key goes by itself
// a minute after its time, for clocks may differ. There are no secrets in it that anybody accepts, but names and metadata. To
// end a session by hand, delete its key.
//
// IDENTITY is the SHA-256 of the identity's ID, whose sessions may be of any actor, or of none: a cluster has its list on any
// of its servers. So a log-in with an identity takes two commands, first for the entry, then for the session. Nothing else
// takes more: a renewal does not touch the list, and a session that ends leaves its entry there until its EndsBy, where it
// stands for nothing.
//
// # What is promised
//
//   - A call whose context is done sends nothing. A deadline ends a call in the middle. A context that is cancelled before
//     its deadline is noticed between commands, and else at the deadline or after the ReadTimeout of the client, whichever
//     is first.
//   - An outage wraps [auth.ErrUnavailable]. What is damaged, of a later release, or not ours is [session.ErrCorrupt] or
//     [login.ErrCorrupt] and stays there; a checksum tells. Of many who use one token up exactly one gets it: it is one script.
//   - Where the server dropped a session, or the list of an actor's, against its orders, nobody sees another's, and nothing
//     that has ended comes back. A session that is missing from the list is entered at its next renewal; from that of its
//     identity, which is not written then, it stays missing.
//   - While a cluster moves keys to another server, Get and Delete work, and other calls that touch these keys may be
//     outages for that moment.
//   - There is no goroutine and nothing to close but the client.
//   - While a server is gone, the client dials several times before a call fails: DialerRetries in its options bounds that.
package redisstore
