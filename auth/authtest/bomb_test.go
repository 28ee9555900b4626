//go:build !race

package authtest_test

import (
	"net/http"
	"testing"

	"github.com/countersign-go/countersign/auth/authtest"
)

// TestBombIsWellFormed is not built with the race detector, with which it takes seconds to unpack all.
func TestBombIsWellFormed(t *testing.T) {
	idp := authtest.NewIssuer(t, memory)
	idp.Fail(authtest.Bomb)
	res, err := (&http.Client{Transport: idp.Transport()}).Get(idp.KeysURL())
	if err != nil {
		t.Fatal(err)
	}
	if got := withoutMiddle(res.Body, len(idp.Keys())-1, 256<<20); got != idp.Keys() || !res.Uncompressed {
		t.Errorf("got %s, unpacked %t", got, res.Uncompressed)
	}
	_ = res.Body.Close()
}
