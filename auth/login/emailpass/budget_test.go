//go:build !race

package emailpass_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth/login/emailpass"
)

// To look for a common password allocates nothing: the list is neither built nor copied.
func TestAllocationBudget(t *testing.T) {
	for _, password := range []string{"password", "zzzzzzzzzzzz", "", strings.Repeat("x", 1024)} {
		check(t, "list", testing.AllocsPerRun(100, func() { emailpass.IsCommon(password) }), 0)
	}
	p := newProvider(nil)
	check(t, "address", testing.AllocsPerRun(100, func() { _, _ = p.EntityID("ann@example.com") }), 0)
	check(t, "address that is too long", testing.AllocsPerRun(100, func() { _, _ = p.EntityID(strings.Repeat("x", 1<<20)) }) <= 1, true)
}

// A hash takes the memory that Params says, and little more; one of a password that is refused takes none.
func TestMemoryBudget(t *testing.T) {
	p := must(emailpass.New(emailpass.Config{}))
	kept := hashOf(p, right)
	check(t, "verify, KiB", allocated(func() { _, _ = p.Verify(ctx, wrong, kept) })>>10 <= 19456+1024, true)
	check(t, "verify 60 KiB, KiB", allocated(func() { _, _ = p.Verify(ctx, strings.Repeat("x", 60<<10), kept) })>>10 <= 19456+1024, true)
	check(t, "refuse, KiB", allocated(func() { _, _ = p.NewIdentity(ctx, "ann@example.com", "short") })>>10 <= 128, true)
}

func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
