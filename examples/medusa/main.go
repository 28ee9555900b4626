// Command medusa is the server of a shop that the npm client @medusajs/js-sdk can talk to, unmodified and in all its modes:
// JWT, session cookie and API key. Customers register by themselves, administrators are invited. It keeps everything in memory,
// prints its mail instead of sending it and speaks plain HTTP, so it is for this machine only.
//
//	go run ./examples/medusa -addr localhost:9000 -alg RS256 -origin http://localhost:8000
//
// A page of that origin is a client such as
//
//	const sdk = new Medusa({ baseUrl: "http://localhost:9000", publishableKey: "pk_…", auth: { type: "session" } })
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// A config is what the command line says.
type config struct {
	addr      string
	algorithm string
	origin    string
}

func main() {
	var c config
	flag.StringVar(&c.addr, "addr", "localhost:9000", "host and port to listen on; port 0 picks one")
	flag.StringVar(&c.algorithm, "alg", "HS256", "what signs access tokens: HS256, RS256, ES256 or EdDSA")
	flag.StringVar(&c.origin, "origin", "http://localhost:8000", "whose pages may call this server with cookies")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, c, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx is done, and then lets requests finish. What it prints to out is for scripts to read.
func run(ctx context.Context, c config, out io.Writer) error {
	listener, err := net.Listen("tcp", c.addr)
	if err != nil {
		return err
	}
	baseURL, err := urlOf(c.addr, listener)
	if err != nil {
		return err
	}
	mail := newMailer(out)
	app, err := newApp(c, baseURL, mail)
	if err != nil {
		return err
	}
	first, err := app.seed(ctx)
	if err != nil {
		return err
	}
	mail.printf("listening on %s\nadmin: %s %s\nsecret key: %s\npublishable key: %s\n",
		baseURL, adminEmail, first.password, first.secretKey, first.publishableKey)
	server := &http.Server{
		Handler:           app.routes(c.origin),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
		shutdown, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err = errors.Join(server.Shutdown(shutdown), app.keys.Close(shutdown))
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// urlOf returns where the listener is reached. The host is the one that was asked for: to a browser, localhost and 127.0.0.1
// are two sites, and no cookie of the one goes to pages of the other.
func urlOf(addr string, listener net.Listener) (string, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	if host == "" {
		host = "localhost"
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("http://%s", net.JoinHostPort(host, port)), nil
}
