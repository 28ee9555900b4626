// Command quickstart is a server with one user, who may come with a session cookie, a bearer JWT or an API key. It keeps
// everything in memory and speaks plain HTTP, so it is for this machine only.
//
//	go run ./examples/quickstart
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on; port 0 picks one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx is done, and then lets requests finish.
func run(ctx context.Context, addr string) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	baseURL := "http://" + listener.Addr().String()
	app, err := newApp(baseURL)
	if err != nil {
		return err
	}
	key, err := app.issueKey(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("listening on %s\napi key: %s\n", baseURL, key)
	for _, line := range curls(baseURL, key) {
		fmt.Println(line)
	}
	server := &http.Server{Handler: app.routes(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second}
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

// curls returns a line to paste for each scheme.
func curls(baseURL, key string) []string {
	asJSON := fmt.Sprintf(`-H 'Content-Type: application/json' -d '{"email": "%s", "password": "%s"}' %s/login`,
		demoEmail, demoPassword, baseURL)
	asForm := fmt.Sprintf(`--data-urlencode 'email=%s' --data-urlencode 'password=%s' %s/login`, demoEmail, demoPassword, baseURL)
	return []string{
		fmt.Sprintf(`curl -H 'X-API-Key: %s' %s/me`, key, baseURL),
		fmt.Sprintf(`curl -H "Authorization: Bearer $(curl -s %s | cut -d '"' -f 4)" %s/me`, asJSON, baseURL),
		fmt.Sprintf(`curl -s -b '' -o /dev/null %s --next -b '' %s/me`, asForm, baseURL),
	}
}
