package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/authtest"
)

func TestSignature(t *testing.T) {
	now := time.Now()
	authtest.TestScheme(t, secrets, authtest.Requests{
		Good: func() *http.Request { return newRequest("/orders?page=2", "warehouse", now) },
		Bad: map[string]func() *http.Request{
			"an old one":        func() *http.Request { return newRequest("/orders", "warehouse", now.Add(-time.Hour)) },
			"one from ahead":    func() *http.Request { return newRequest("/orders", "warehouse", now.Add(time.Hour)) },
			"an unknown client": func() *http.Request { return newRequest("/orders", "stranger", now) },
			"another query":     func() *http.Request { return changed(func(r *http.Request) { r.URL.RawQuery = "page=3" }) },
			"another method":    func() *http.Request { return changed(func(r *http.Request) { r.Method = http.MethodDelete }) },
			"another host":      func() *http.Request { return changed(func(r *http.Request) { r.Host = "other.example" }) },
			"another client": func() *http.Request {
				return changed(func(r *http.Request) { r.Header.Set("Authorization", "Signature :0:") })
			},
		},
	})
}

// changed returns a request that was changed after it was signed.
func changed(change func(r *http.Request)) *http.Request {
	r := newRequest("/orders?page=2", "warehouse", time.Now())
	change(r)
	return r
}

func TestSignatureBesideOthers(t *testing.T) {
	guard := auth.New(auth.AnyOf(secrets, auth.SchemeFunc(func(*http.Request) (*auth.AuthContext, error) {
		return nil, auth.NoCredentials(auth.Challenge{Scheme: "Other"})
	})), nil)
	if _, err := guard.Check(newRequest("/orders", "warehouse", time.Now())); err != nil {
		t.Error(err)
	}
}
