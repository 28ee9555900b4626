package storetest

import (
	"context"
	"slices"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/session"
)

// The cases by name, and the records that must leave no field out.
var (
	SessionCases = byName(slices.Concat(sessionCases,
		through(func(s session.Store) indexed { return s.(indexed) }, indexCases)))
	APIKeyCases = byName(slices.Concat(keyCases,
		through(func(s apikey.Store) findable { return s.(findable) }, findCases)))
	UseCases      = byName(useCases)
	KeyStoreCases = byName(keyStoreCases)
	IdentityCases = byName(identityCases)
	TokenCases    = byName(oneTimeTokenCases)
	AttemptCases  = byName(attemptCases)
	FullSession   = fullSession
	FullKey       = fullKey
	FullIdentity  = fullIdentity
	NewToken      = newToken
)

func byName[S any](cases []testCase[S]) map[string]func(context.Context, S) error {
	checks := map[string]func(context.Context, S) error{}
	for _, c := range cases {
		checks[c.name] = c.check
	}
	return checks
}

// RunFaults is [TestFaults] without a test, and within other limits.
func RunFaults(ctx context.Context, config FaultConfig, slack, recovery time.Duration) (FaultCounts, error) {
	return runFaults(ctx, config, limits{slack, recovery})
}
