// Command api is a resource server: it accepts the tokens of an issuer of which it knows nothing but the URL.
//
//	go run ./examples/resourceserver/api -issuer http://127.0.0.1:9000
package main

import (
	"context"
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
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on; port 0 picks one")
	issuer := flag.String("issuer", "http://127.0.0.1:9000", "URL of the issuer")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *issuer); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx is done.
func run(ctx context.Context, addr, issuer string) error {
	// An issuer whose keys live for days needs none of these settings but its URL.
	keys, err := jwks.NewRemote(jwks.RemoteConfig{Issuer: issuer, MaxAge: time.Second, RequestsPerMinute: 300})
	if err != nil {
		return err
	}
	defer func() { _ = keys.Close() }()
	routes, err := routesFor(issuer, keys)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	url := "http://" + listener.Addr().String()
	fmt.Printf("listening on %s\ncurl -H \"Authorization: Bearer $(curl -s -X POST %s/token)\" %s/orders\n", url, issuer, url)
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

// routesFor guards the one resource that there is. The tokens are those of a jwtx.Signer, which say who the actor is; those
// of other issuers need an ActorType or Identify.
func routesFor(issuer string, keys *jwks.Remote) (http.Handler, error) {
	verifier, err := jwtx.NewVerifier(jwtx.Config{
		Issuer:     issuer,
		Audience:   []string{"https://api.example.com"},
		Algorithms: []string{"EdDSA"},
		Kinds:      []jwtx.Kind{jwtx.Access},
		Keys:       keys,
		CacheSize:  1000,
	})
	if err != nil {
		return nil, err
	}
	guard := auth.New(auth.Bearer(verifier, nil), nil)
	mux := http.NewServeMux()
	mux.Handle("GET /orders", guard.Require(auth.Scopes("orders:read"))(http.HandlerFunc(orders)))
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, r *http.Request) {
		if keys.Ready(r.Context()) != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	return mux, nil
}

func orders(w http.ResponseWriter, r *http.Request) {
	who, _ := auth.FromContext(r.Context())
	_, _ = fmt.Fprintf(w, "no orders of %s\n", who.Actor.ID)
}
