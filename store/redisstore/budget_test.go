//go:build !race

package redisstore_test

import (
	"testing"

	"github.com/countersign-go/countersign/store/redisstore"
)

// What reading a record costs beside the client. Most of it is the record itself.
func TestAllocationBudgetDecode(t *testing.T) {
	rec := loggedIn(ann)
	text := encode(t, rec)
	allocations := testing.AllocsPerRun(1000, func() {
		if _, err := redisstore.Decode(text, rec.ID); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > 48 {
		t.Errorf("decode: %v allocations, want 48 at most", allocations)
	}
}
