package authtest_test

import (
	"net/http"
	"testing"

	"github.com/countersign-go/countersign/auth/authtest"
)

// In a test of a scheme of one's own. What it prints is for go test -v.
func ExampleTestScheme() {
	_ = func(t *testing.T) {
		authtest.TestScheme(t, tickets{ticket}, authtest.Requests{
			Good: with(goodTicket),
			Bad:  map[string]func() *http.Request{"forged": with(badTicket)},
			Down: with(downTicket),
		})
	}
	// Output:
}
