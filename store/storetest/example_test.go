package storetest_test

import (
	"testing"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
	"github.com/countersign-go/countersign/store/storetest"
)

// In a test of your store, write this func as func TestSessions(t *testing.T), and open your store instead of memory's.
func ExampleTestSessionStore() {
	testSessions := func(t *testing.T) {
		storetest.TestSessionStore(t, func(t testing.TB) session.Store {
			return memory.NewSessions(nil)
		})
	}
	_ = testSessions
}

// A store that costs much to open may be opened once: no case gets in the way of another.
func ExampleTestAPIKeyStore() {
	testAPIKeys := func(t *testing.T) {
		s := memory.NewAPIKeys(nil)
		storetest.TestAPIKeyStore(t, func(testing.TB) apikey.Store { return s })
	}
	_ = testAPIKeys
}

// A store for keys holds one state, so each case needs an empty one.
func ExampleTestKeyStore() {
	testKeyStore := func(t *testing.T) {
		storetest.TestKeyStore(t, func(testing.TB) jwks.KeyStore { return memory.NewKeyStore() })
	}
	_ = testKeyStore
}

// A store and its server are both in the hands of the test, with a proxy between them. Here each fault is the proxy's; those
// who can kill, restart or pause the server append faults of their own.
func ExampleTestFaults() {
	testFaults := func(t *testing.T) {
		server := startServer(t) // of your database
		proxy := storetest.NewProxy(t, server.Addr)
		storetest.TestFaults(t, storetest.FaultConfig{
			KeyStore: openKeyStore(t, proxy.Addr()), // your store, and the others that you have
			Faults: append(proxy.Faults(), storetest.Fault{
				Name: "the server is down", Begin: server.Stop, End: server.Start,
			}),
		})
	}
	_ = testFaults
}

// One fault at a time can also be had for a test of one's own.
func ExampleProxy() {
	testLostReply := func(t *testing.T) {
		proxy := storetest.NewProxy(t, startServer(t).Addr)
		s := openKeyStore(t, proxy.Addr())
		lost := proxy.LoseReplies(0)
		lost.Begin()
		if err := s.Swap(t.Context(), 0, []byte("state")); err == nil {
			t.Error("Swap returned nil, though nobody has answered")
		}
		lost.End()
	}
	_ = testLostReply
}
