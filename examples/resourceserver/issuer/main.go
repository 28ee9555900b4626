// Command issuer is an identity provider whose signing key changes every few seconds: it publishes its keys, and mints a
// token for whoever asks. It keeps everything in memory and speaks plain HTTP, so it is for this machine only.
//
//	go run ./examples/resourceserver/issuer
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/store/memory"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "address to listen on; port 0 picks one")
	rotate := flag.Duration("rotate", 3*time.Second, "how long a key signs; at least 1.4s")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *rotate); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx is done.
func run(ctx context.Context, addr string, rotate time.Duration) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	i, err := newIssuer(ctx, "http://"+listener.Addr().String(), rotate)
	if err != nil {
		return err
	}
	defer func() { _ = i.ring.Close() }()
	routes, err := i.routes()
	if err != nil {
		return err
	}
	fmt.Printf("issuer %s\ncurl -X POST %s/token\n", i.url, i.url)
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		shutdown, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return server.Shutdown(shutdown)
	}
}

const (
	audience      = "https://api.example.com"
	tokenLifetime = 5 * time.Second // of a demonstration: minutes are usual
)

// An issuer mints tokens with the keys of a ring.
type issuer struct {
	url             string
	ring            *jwks.Ring
	tokens, leaking *jwtx.Signer
}

// newIssuer returns an issuer whose keys change every so often. Everything is as short as it can be: with the defaults a
// key signs for 30 days, and is published for minutes before.
func newIssuer(ctx context.Context, url string, rotate time.Duration) (*issuer, error) {
	sealing := make([]byte, 32) // a program that keeps its keys elsewhere than in memory keeps this one, too
	rand.Read(sealing)
	ring, err := jwks.NewRing(ctx, jwks.RingConfig{
		Store:         memory.NewKeyStore(),
		SealingKeys:   [][]byte{sealing},
		TokenLifetime: tokenLifetime,
		Interval:      rotate,
		CacheAge:      time.Second,
		Refresh:       200 * time.Millisecond,
		Leeway:        100 * time.Millisecond,
		Timeout:       100 * time.Millisecond,
	})
	if err != nil {
		return nil, err
	}
	i := &issuer{url: url, ring: ring}
	signer := jwtx.SignerConfig{Issuer: url, Audience: []string{audience}, Keys: ring, Lifetime: tokenLifetime}
	if i.tokens, err = jwtx.NewSigner(signer); err != nil {
		return nil, err
	}
	signer.Lifetime = time.Hour
	i.leaking, err = jwtx.NewSigner(signer)
	return i, err
}

func (i *issuer) routes() (http.Handler, error) {
	keys, err := jwks.Handler(i.ring)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/.well-known/jwks.json", keys)
	mux.HandleFunc("GET /.well-known/openid-configuration", i.metadata)
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) { mint(w, r, i.tokens) })
	// A token that lives longer than its key: it shows that keys are retired, and is what TokenLifetime must prevent.
	mux.HandleFunc("POST /token-for-too-long", func(w http.ResponseWriter, r *http.Request) { mint(w, r, i.leaking) })
	return mux, nil
}

// metadata is what a resource server looks for that knows the issuer's URL only (OpenID Connect Discovery 1.0, section 4).
func (i *issuer) metadata(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.url, "jwks_uri": i.url + "/.well-known/jwks.json"})
}

// mint writes a token for the one user that there is. A real issuer asks for a password first.
func mint(w http.ResponseWriter, r *http.Request, s *jwtx.Signer) {
	token, err := s.Sign(r.Context(), auth.AuthContext{
		Actor: auth.Actor{Type: "user", ID: "ada"}, Scopes: auth.NewSet("orders:read"),
	})
	if err != nil {
		log.Print(err)
		http.Error(w, "unavailable", http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprintln(w, token)
}
