// Command customscheme guards a handler with a scheme of its own, calls it as a client and prints the answers. The scheme
// is in signature.go, the suite that it passes in the test.
//
//	go run ./examples/customscheme
package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"

	"github.com/countersign-go/countersign/auth"
)

var secrets = signature{"warehouse": []byte("a secret of 32 bytes that you made")}

func main() {
	guard := auth.New(secrets, nil)
	orders := guard.Require()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ac, _ := auth.FromContext(r.Context())
		fmt.Fprintf(w, "orders for %s %s", ac.Actor.Type, ac.Actor.ID)
	}))
	signed := newRequest("/orders?page=2", "warehouse", time.Now())
	changed := newRequest("/orders?page=2", "warehouse", time.Now())
	changed.URL.RawQuery = "page=3"
	for _, r := range []*http.Request{signed, changed} {
		w := httptest.NewRecorder()
		orders.ServeHTTP(w, r)
		fmt.Println(r.URL, w.Code, w.Body)
	}
}

// newRequest returns a request that client has signed.
func newRequest(target, client string, at time.Time) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	seconds := strconv.FormatInt(at.Unix(), 10)
	r.Header.Set("Authorization", "Signature "+client+":"+seconds+":"+sign(secrets[client], client, seconds, r))
	return r
}
