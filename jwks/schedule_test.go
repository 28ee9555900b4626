package jwks_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/jwks"
)

func TestSchedule(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return begin.Add(time.Duration(minutes) * time.Minute) }
	c := jwks.RingConfig{
		Lead: 10 * time.Minute, Interval: 100 * time.Minute, Retention: 30 * time.Minute,
		TokenLifetime: 20 * time.Minute, Leeway: 2 * time.Minute,
	}
	byHand := c
	byHand.Interval = jwks.ByHand
	key := func(id string, from int) jwks.TestTerm { return jwks.TestTerm{ID: id, SignsFrom: at(from)} }
	bad := func(id string, from int) jwks.TestTerm {
		return jwks.TestTerm{ID: id, SignsFrom: at(from), Unreadable: true}
	}
	a, b, d := key("a", 0), key("b", 100), key("d", 200)
	type keys = []jwks.TestTerm
	tests := []struct {
		name   string
		config jwks.RingConfig
		keys   keys
		now    time.Time
		signer string
		gone   string
		add    string
	}{
		{"no key", c, nil, at(0), "", "", "replace"},
		{"the first key at once", c, keys{a}, at(0), "a", "", ""},
		{"the first key right before the next is due", c, keys{a}, at(90).Add(-1), "a", "", ""},
		{"the next is due", c, keys{a}, at(90), "a", "", "publish"},
		{"the next is due for a year", c, keys{a}, at(365 * 24 * 60), "a", "", "publish"},
		{"the next would be due, but changes are by hand", byHand, keys{a}, at(365 * 24 * 60), "a", "", ""},
		{"the next waits", c, keys{a, b}, at(95), "a", "", ""},
		{"the next right before its turn", c, keys{a, b}, at(100).Add(-1), "a", "", ""},
		{"the next at its turn", c, keys{a, b}, at(100), "b", "", ""},
		{"the order in which they are kept does not matter", c, keys{d, b, a}, at(100), "b", "", ""},
		{"the first right before its removal", c, keys{a, b}, at(130).Add(-1), "b", "", ""},
		{"the first at its removal", c, keys{a, b}, at(130), "b", "a", ""},
		{"two at their removal", c, keys{a, b, d}, at(230), "d", "a b", ""},
		{"two that sign from the same time: all choose the same", c, keys{key("z", 0), key("m", 0)}, at(1), "z", "", ""},
		{"by a clock that is before the first", c, keys{a}, at(-1), "a", "", ""},
		{"by a clock that is before all", c, keys{a, b, d}, at(-500), "a", "", ""},
		{"by a clock that was set back to where the key before signed", c, keys{a, b}, at(50), "a", "", ""},
		{"a key by hand waits, and ends the one before early", c, keys{a, key("h", 40)}, at(35), "a", "", ""},
		{"after a key by hand the interval begins anew", c, keys{a, key("h", 40)}, at(129), "h", "a", ""},
		{"after a key by hand the next is due", c, keys{key("h", 40)}, at(130), "h", "", "publish"},
		{"a key of a clock far ahead does not count as waiting", c, keys{a, key("x", 5000)}, at(90), "a", "", "publish"},
		{"a key of a clock that is ahead by leeway does", c, keys{a, key("x", 102)}, at(90), "a", "", ""},

		{"the only key cannot be read", c, keys{bad("a", 0)}, at(50), "", "", "replace"},
		{"the key whose turn it is cannot be read, the one before can sign on", c, keys{a, bad("b", 100)}, at(108), "a", "", "publish"},
		{"and has no time left", c, keys{a, bad("b", 100)}, at(108).Add(1), "", "", "replace"},
		{"and is removed", c, keys{a, bad("b", 100)}, at(130), "", "a", "replace"},
		{"the two before cannot be read either", c, keys{bad("a", 0), bad("b", 100), bad("d", 105)}, at(106), "", "", "replace"},
		{"the one before the one before can sign on", c, keys{key("a", 99), bad("b", 100), bad("d", 101)}, at(102), "a", "", ""},
		{"the next one cannot be read, so it does not count as waiting", c, keys{a, bad("b", 100)}, at(95), "a", "", "publish"},
		{"a key that cannot be read takes its turn and is removed", c, keys{bad("a", 0), b}, at(130), "b", "a", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var gone []string
			if tt.gone != "" {
				gone = strings.Fields(tt.gone)
			}
			got := jwks.PlanOf(tt.config, tt.keys, tt.now)
			if got.Signer != tt.signer || got.Add != tt.add || !slices.Equal(got.Gone, gone) {
				t.Errorf("%+v, want signer %q, gone %v, add %q", got, tt.signer, gone, tt.add)
			}
		})
	}
}
