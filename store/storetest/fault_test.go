package storetest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/store/storetest"
)

// shortSlack is enough to find a call that is late.
const shortSlack = 200 * time.Millisecond

// TestFaultyStores shows that the suite demands nothing that a store cannot do while its server fails.
func TestFaultyStores(t *testing.T) {
	s := newServer()
	storetest.TestFaults(t, s.config())
	s.outage.later.Wait()
}

// TestBrokenServers shows that the suite finds each fault, and counts it as what it is.
func TestBrokenServers(t *testing.T) {
	for _, broken := range brokenServers {
		inBubble(t, broken.fault, func(t *testing.T) {
			var counts storetest.FaultCounts
			for range 50 { // what meets what is a matter of chance: few need more than three
				s := newServer()
				broken.breaking(s)
				var err error
				counts, err = storetest.RunFaults(t.Context(), s.config(), s.slack, time.Minute)
				s.outage.later.Wait()
				if broken.counted(counts) > 0 && err != nil {
					return
				}
			}
			t.Errorf("found nothing in fifty runs, the last of which counted %v", counts)
		})
	}
}

// TestFaultsShowNothing has tests that can find nothing.
func TestFaultsShowNothing(t *testing.T) {
	idle := storetest.Fault{Name: "nothing at all", Begin: func() {}, End: func() {}}
	const patient = 3 * time.Second // or a machine that is busy would have calls fail
	for name, tt := range map[string]struct {
		change func(*storetest.FaultConfig)
		want   string
	}{
		"no fault": {func(c *storetest.FaultConfig) { c.Faults = nil }, "without Faults"},
		"no store": {func(c *storetest.FaultConfig) {
			*c = storetest.FaultConfig{Faults: c.Faults, Deadline: c.Deadline}
		}, "without a store"},
		"a fault that nobody meets": {func(c *storetest.FaultConfig) {
			c.Faults, c.Deadline = []storetest.Fault{c.Faults[0], idle}, patient
		}, `no call failed during "nothing at all"`},
		"a server that stays away": {func(c *storetest.FaultConfig) {
			c.Faults[0].End = func() {}
			c.Faults = c.Faults[:1]
		}, "the stores did not answer"},
		"nothing but such a fault": {func(c *storetest.FaultConfig) {
			c.Faults, c.Deadline = []storetest.Fault{idle}, patient
		}, "0 calls failed because of a fault, want 200"},
	} {
		inBubble(t, name, func(t *testing.T) {
			s := newServer()
			config := s.config()
			tt.change(&config)
			_, err := storetest.RunFaults(t.Context(), config, generous, time.Second)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
			s.outage.later.Wait()
		})
	}
}
