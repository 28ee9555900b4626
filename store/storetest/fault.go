package storetest

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/session"
)

// A Fault is something that happens to the server of a store, or to the way there, and that can be mended. The methods of a
// [Proxy] return some; whoever can kill, pause or restart a server makes more of them.
type Fault struct {
	// Name is what the fault is called in reports.
	Name string

	// Begin makes it happen, and returns when it does. It is called while calls are under way.
	Begin func()

	// End mends it. It may return before the server answers again.
	End func()
}

// A FaultConfig says what [TestFaults] tests, and by which faults. Stores that are nil are left out.
type FaultConfig struct {
	// Sessions may be a [session.Index] too, and is then tested as one.
	Sessions session.Store

	// APIKeys may be an [apikey.Index] too, and is then asked for the keys of an owner.
	APIKeys apikey.Store

	// Revocations keeps what was revoked.
	Revocations jwtx.RevocationStore

	// Identities keeps who can log in.
	Identities login.Store

	// OneTimeTokens keeps what is good once.
	OneTimeTokens login.TokenStore

	// Attempts counts attempts to log in.
	Attempts login.AttemptStore

	// KeyStore keeps one state, which nobody else may change during the test.
	KeyStore jwks.KeyStore

	// Faults happen one after the other, in this order. There must be one, and each must be such that calls fail while it
	// lasts.
	Faults []Fault

	// Deadline is how long the context of each call lasts. Default: 500 ms.
	Deadline time.Duration

	// Seed makes the workers choose what they chose when this seed was logged; the answers of the stores and the IDs are
	// others all the same. Default: a random one.
	Seed uint64
}

// The limits of a load are generous: they are for what hangs.
type limits struct {
	slack    time.Duration // by how much a call may miss its deadline on a machine that is busy with other things
	recovery time.Duration // for a fault to be met, and for a server to answer again
}

var generous = limits{slack: 5 * time.Second, recovery: time.Minute}

// TestFaults tests what stores do while their server fails. Sixteen workers make calls of all kinds, 2,000 and more, while
// each fault in turn begins, is met by its share of them, and ends; the next one waits until the stores answer again, which
// may take a minute. Each call must return in time, with an answer or an error that wraps [auth.ErrUnavailable]. What was
// acknowledged must be there then and at the end, what was ended must not come back, and what failed must be there
// wholly or not at all: [FaultCounts] says how each can go wrong. The test fails too if fewer than 200 calls fail because
// of a fault, or none because of one of them: then it has shown nothing.
//
// It logs its seed, and all counts on one line.
func TestFaults(t *testing.T, config FaultConfig) FaultCounts {
	t.Helper()
	if config.Seed == 0 {
		config.Seed = rand.Uint64()
	}
	t.Logf("seed %d", config.Seed)
	counts, err := runFaults(t.Context(), config, generous)
	t.Log(counts)
	if err != nil {
		t.Error(err)
	}
	return counts
}

// runFaults is TestFaults within limits, and returns what is wrong.
func runFaults(ctx context.Context, config FaultConfig, within limits) (FaultCounts, error) {
	if config.Deadline == 0 {
		config.Deadline = 500 * time.Millisecond
	}
	l := &load{config: config, limits: within, met: make([]int, len(config.Faults)), chain: newChain()}
	if err := l.run(ctx); err != nil {
		l.complain(err.Error())
	}
	return l.result()
}
