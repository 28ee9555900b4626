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
