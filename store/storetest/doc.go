// Package storetest has what shows that a store can be trusted, ours or a user's: suites for each interface, a suite for
// what happens while a server fails, and a proxy that makes connections fail.
//
// # Which suite
//
//	session.Store, and session.Index if it is one                    TestSessionStore
//	apikey.Store, and apikey.Index and apikey.UseRecorder if it is   TestAPIKeyStore
//	jwtx.RevocationStore                                             TestRevocationStore
//	jwks.KeyStore                                                    TestKeyStore
//	login.Store                                                      TestIdentities
//	login.TokenStore                                                 TestOneTimeTokens
//	login.AttemptStore                                               TestAttempts
//	any of them, on a server                                         TestFaults
//
// Only the last one shows what a store says of an outage: that its error wraps auth.ErrUnavailable.
//
// All others need nothing but a func that opens a store:
//
//	func TestSessions(t *testing.T) {
//		storetest.TestSessionStore(t, func(t testing.TB) session.Store { return open(t).Sessions() })
//	}
//
//	func TestIdentities(t *testing.T) {
//		storetest.TestIdentities(t, func(t testing.TB) login.Store { return open(t).Identities() })
//	}
//
// The func gives each case its store. It may be a new and empty one, or the same again, also one that holds other records:
// all cases make IDs and actors of their own, at random, and leave behind what they made. Only a jwks.KeyStore must be
// empty each time, since it holds one state. What opens a store may use t for its clean-up, and to fail.
//
// Each case reports what is wrong in words: what was done, what came, what should have come, and why that matters. Run the
// suites with -race, and against the real server, several times. A case takes 64 connections at most at once, so a store
// with fewer must make calls wait. Most cases need no more than a moment; those that interrupt calls at many moments make
// about a thousand calls each. A call has five seconds there, waiting for others included: a store that writes all of its
// records anew for each change may need more, above all with -race on a busy machine.
//
// # What fails
//
// [TestFaults] has workers use stores while their server fails, and compares what the stores say then and at the end with
// what was acknowledged. Which faults there are is up to you. A [Proxy] between the store and the server has those of a
// network; those of a server, such as that it is killed, restarted or paused, take whoever started it: a [Fault] is a name
// and two funcs.
//
//	p := storetest.NewProxy(t, server.Addr())
//	s := open(t, p.Addr())
//	storetest.TestFaults(t, storetest.FaultConfig{
//		Sessions: s.Sessions(), APIKeys: s.APIKeys(),
//		Identities: s.Identities(), OneTimeTokens: s.OneTimeTokens(), Attempts: s.Attempts(),
//		Faults: append(p.Faults(),
//			storetest.Fault{Name: "killed", Begin: server.Kill, End: server.Start},
//			storetest.Fault{Name: "paused", Begin: server.Pause, End: server.Continue}),
//	})
//
// A server that is killed must keep what it has acknowledged: one whose setting is to write to its disk once a second
// fails, and rightly so. A fault that no call meets is a failure too. So a store whose connections survive it, or that
// tries again until it succeeds, needs a fault that lasts longer than its patience, or a shorter Deadline.
//
// # What the suites cannot show
//
//   - What many processes do at once: the suites are one. Two stores on one server, opened alike, come close.
//   - Replicas that lag behind, a cluster whose parts do not see each other, a failover: the tests of the store must make
//     these, as Faults or otherwise.
//   - Records that were damaged or written by something else, which are ErrCorrupt: only the store knows how to make one.
//   - Whether an index or a digest gets into an error or a log, or a secret where a server fails; whether Find of an identity
//     takes as long for one that there is as for one that there is not; whether a query is slow when there are many
//     records, and whether what has expired is ever removed.
//   - That there is no mistake. Races and faults are a matter of chance; a suite that passes a hundred times says more than
//     one that passes once.
package storetest
