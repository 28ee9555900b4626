// Command cluster shows that many server processes may share the sessions of one database: who logs in at one is known at
// the others, and who is logged out at one is refused by the others from the very next request on. This starts two
// processes over one SQLite file, visits them in turns, prints what they answer, and ends:
//
//	go -C examples/cluster run .
//
// Or start processes by hand, each with the same two variables. The database may also be postgres://… or mysql://DSN:
//
//	export SESSION_KEY=$(openssl rand -hex 32) DEMO_PASSWORD=…
//	go -C examples/cluster run . -addr localhost:8081 -database sqlite:/tmp/cluster.db
//	go -C examples/cluster run . http://localhost:8081 http://localhost:8082 # visits them
//
// One cookie is good at both ports, since cookies do not know ports (RFC 6265, section 8.5). The servers speak plain HTTP,
// so they are for this machine only.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/countersign-go/countersign/session"
)

func main() {
	addr := flag.String("addr", "", "serve at this address; port 0 picks one")
	database := flag.String("database", "", "postgres://…, mysql://DSN or sqlite:PATH")
	prefix := flag.String("prefix", "cluster_", "what the names of the tables begin with")
	renew := flag.Duration("renew", session.DefaultRenewInterval, "how often a session in use is written, at most")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch {
	case *addr != "":
		err = runServer(ctx, *addr, *database, *prefix, *renew)
	case flag.NArg() > 0:
		err = visit(ctx, flag.Args(), os.Getenv("DEMO_PASSWORD"))
	default:
		err = demonstrate(ctx)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// demonstrate runs this program twice, with one database, and visits both.
func demonstrate(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "cluster")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	key, password := make([]byte, 32), rand.Text()
	rand.Read(key)
	var urls []string
	for range 2 {
		ctx, stop := context.WithCancel(ctx)
		database := "sqlite:" + filepath.Join(dir, "demo.db")
		server := exec.CommandContext(ctx, os.Args[0], "-addr", "localhost:0", "-database", database)
		server.Env = append(os.Environ(), "SESSION_KEY="+hex.EncodeToString(key), "DEMO_PASSWORD="+password)
		server.Stderr = os.Stderr
		server.Cancel = func() error { return server.Process.Signal(os.Interrupt) }
		server.WaitDelay = 10 * time.Second
		stdout, err := server.StdoutPipe()
		if err == nil {
			err = server.Start()
		}
		defer func() { stop(); _ = server.Wait() }()
		if err != nil {
			return err
		}
		line, err := bufio.NewReader(stdout).ReadString('\n')
		if err != nil {
			return fmt.Errorf("a server that does not start: %w", err)
		}
		fmt.Print(line)
		urls = append(urls, strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:]))
	}
	return visit(ctx, urls, password)
}
