package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// A roundRobin sends each request to the next server, as a load balancer does.
type roundRobin struct {
	servers []*url.URL
	sent    atomic.Uint64
}

func (b *roundRobin) RoundTrip(r *http.Request) (*http.Response, error) {
	server := b.servers[(b.sent.Add(1)-1)%uint64(len(b.servers))]
	r = r.Clone(r.Context()) // what was given stays as it is
	r.URL.Scheme, r.URL.Host = server.Scheme, server.Host
	return http.DefaultTransport.RoundTrip(r)
}

// steps are requests of two browsers, and what each must be answered with.
var steps = []struct {
	browser, method, path string
	status                int
}{
	{"laptop", "POST", "/login", http.StatusOK},
	{"laptop", "GET", "/me", http.StatusOK},
	{"phone", "POST", "/login", http.StatusOK},
	{"phone", "GET", "/me", http.StatusOK},
	{"laptop", "GET", "/sessions", http.StatusOK},
	{"phone", "GET", "/sessions", http.StatusOK},
	{"laptop", "POST", "/logout-everywhere", http.StatusOK},
	{"phone", "GET", "/me", http.StatusUnauthorized}, // its cookie is still there, and the laptop's is not
	{"laptop", "GET", "/me", http.StatusUnauthorized},
}

// visit takes the steps, each at the next server, until one goes wrong.
func visit(ctx context.Context, servers []string, password string) error {
	balancer, browsers := &roundRobin{}, map[string]*http.Client{}
	for _, server := range servers {
		u, err := url.Parse(server)
		if err != nil {
			return err
		}
		balancer.servers = append(balancer.servers, u)
	}
	for _, s := range steps {
		if browsers[s.browser] == nil {
			jar, _ := cookiejar.New(nil) // does not fail without options
			browsers[s.browser] = &http.Client{Transport: balancer, Jar: jar, Timeout: 10 * time.Second}
		}
		form := url.Values{}
		if s.path == "/login" {
			form.Set("password", password)
		}
		r, err := http.NewRequestWithContext(ctx, s.method, servers[0]+s.path, strings.NewReader(form.Encode()))
		if err != nil {
			return err
		}
		r.Header = http.Header{"User-Agent": {s.browser}, "Content-Type": {"application/x-www-form-urlencoded"}}
		answer, err := browsers[s.browser].Do(r)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
		_ = answer.Body.Close()
		fmt.Printf("process %s  %-6s %-4s %-18s %d %s\n", answer.Header.Get("Served-By"), s.browser, s.method, s.path,
			answer.StatusCode, strings.TrimSpace(string(body)))
		if err == nil && answer.StatusCode != s.status {
			err = fmt.Errorf("%s %s is not answered with %d", s.method, s.path, s.status)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
