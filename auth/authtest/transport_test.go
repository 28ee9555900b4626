package authtest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth/authtest"
)

var memory = &authtest.IssuerOptions{InMemory: true}

// In a bubble, whose end would not come if anything were left behind.
func TestTransportInABubble(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault authtest.Fault
		want  string
		after time.Duration
	}{
		{"well at once", authtest.Well, "200 application/jwk-set+json: the document", 0},
		{"down at once", authtest.Down, "no answer", 0},
		{"hanging until the client gives up", authtest.Hanging, "no answer", time.Hour},
		{"huge at once", authtest.Huge, "200 application/jwk-set+json: the document and no end", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				idp := authtest.NewIssuer(t, memory)
				idp.Fail(test.fault)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				start := time.Now()
				got := ask(ctx, idp.Transport(), idp.KeysURL()).seen(idp.Keys())
				if took := time.Since(start); got != test.want || took != test.after {
					t.Errorf("got %s after %v, want %s after %v", got, took, test.want, test.after)
				}
			})
		})
	}
}

func TestTransportIsSlow(t *testing.T) {
	for _, test := range []struct {
		name    string
		timeout time.Duration
		want    error
	}{
		{"to a client with time", time.Hour, nil},
		{"to one with less", 10 * time.Second, context.DeadlineExceeded},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				idp := authtest.NewIssuer(t, memory)
				idp.Fail(authtest.Slow)
				ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
				defer cancel()
				start := time.Now()
				got := ask(ctx, idp.Transport(), idp.KeysURL())
				if took := time.Since(start).Truncate(time.Second); !errors.Is(got.err, test.want) ||
					took != min(test.timeout, time.Duration(len(idp.Keys())+1)*time.Second) || !strings.HasPrefix(idp.Keys(), got.body) {
					t.Errorf("got %+v after %v", got, took)
				}
			})
		})
	}
}

// The timeout of an http.Client counts as it does over a connection.
func TestTransportAndClientTimeout(t *testing.T) {
	for _, fault := range []authtest.Fault{authtest.Hanging, authtest.Slow} {
		synctest.Test(t, func(t *testing.T) {
			idp := authtest.NewIssuer(t, memory)
			idp.Fail(fault)
			start := time.Now()
			got := askBy(t.Context(), &http.Client{Transport: idp.Transport(), Timeout: 5 * time.Second}, "GET", idp.KeysURL())
			var timeout interface{ Timeout() bool }
			if took := time.Since(start); took != 5*time.Second || !errors.As(got.err, &timeout) || !timeout.Timeout() {
				t.Errorf("%s: got %+v after %v", fault, got, took)
			}
		})
	}
}

// Requests can be held, counted, and let go, with another answer than there was when they came.
func TestTransportHoldsRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		idp := authtest.NewIssuer(t, memory)
		idp.Fail(authtest.Hanging)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if got := ask(t.Context(), idp.Transport(), idp.KeysURL()); got.body != idp.Keys() {
					t.Errorf("got %+v", got)
				}
			})
		}
		synctest.Wait()
		if n := idp.KeyRequests(); n != 50 {
			t.Errorf("counted %d", n)
		}
		idp.Rotate()
		idp.Fail(authtest.Well)
		wg.Wait()
	})
}

// Clients that still wait when the test ends are let go.
func TestTransportEndsWithTheTest(t *testing.T) {
	for _, fault := range []authtest.Fault{authtest.Hanging, authtest.Slow} {
		synctest.Test(t, func(t *testing.T) {
			idp := authtest.NewIssuer(t, memory)
			idp.Fail(fault)
			go func() {
				if got := ask(context.Background(), idp.Transport(), idp.KeysURL()); got.err == nil {
					t.Errorf("%s: got %+v", fault, got)
				}
			}()
			synctest.Wait()
		})
	}
}

func TestTransportIsDownAfterTheTest(t *testing.T) {
	var idp *authtest.Issuer
	t.Run("its test", func(t *testing.T) { idp = authtest.NewIssuer(t, memory) })
	if got := ask(t.Context(), idp.Transport(), idp.KeysURL()); got.err == nil {
		t.Errorf("got %+v", got)
	}
}

func TestTransportReachesOnlyTheIssuer(t *testing.T) {
	idp, other := authtest.NewIssuer(t, memory), authtest.NewIssuer(t, memory)
	for _, url := range []string{
		other.KeysURL(),
		strings.Replace(idp.KeysURL(), "https:", "http:", 1),
		strings.Replace(idp.KeysURL(), ".example", ".example:8443", 1),
	} {
		if got := ask(t.Context(), idp.Transport(), url); got.err == nil {
			t.Errorf("%s: got %+v", url, got)
		}
	}
	if idp.KeyRequests() != 0 || idp.URL() == other.URL() {
		t.Errorf("counted %d", idp.KeyRequests())
	}
}

func TestTransportKnowsWhenARequestIsOver(t *testing.T) {
	idp := authtest.NewIssuer(t, memory)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "POST", idp.KeysURL(), strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if res, err := idp.Transport().RoundTrip(r); !errors.Is(err, context.Canceled) || idp.KeyRequests() != 0 {
		t.Errorf("got %v, %v", res, err)
	}
}

func TestTransportEndsABodyWithItsRequest(t *testing.T) {
	idp := authtest.NewIssuer(t, memory)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", idp.KeysURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := idp.Transport().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_, before := io.ReadFull(res.Body, make([]byte, 1))
	cancel()
	if n, err := io.Copy(io.Discard, res.Body); before != nil || n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, then %d bytes, %v", before, n, err)
	}
}
