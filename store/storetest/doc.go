// Package storetest has the suites that a store must pass, ours or a user's.
//
//	func TestSessions(t *testing.T) {
//		storetest.TestSessionStore(t, func(t testing.TB) session.Store { return open(t) })
//	}
//
// The func gives each case its store. It may be a new and empty one, or the same again, also one that holds other records:
// all cases make IDs and actors of their own, at random, and leave behind what they made. What opens a store may use t for
// its clean-up, and to fail.
//
// Each case reports what is wrong in words: what was done, what came, what should have come, and why that matters. Run the
// suites with -race, and against the real server, several times. A case takes 64 connections at most at once, and no store
// needs more than a moment for it.
//
// The suites look at a store from outside, through its interface. What they cannot do is left to the tests of the store:
// a server that goes away in the middle of a call, a context that is done in the middle of one, many processes.
package storetest
