package redisstore_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A fakeServer speaks as much of the protocol as a client needs to send it a command, and answers what it is told to.
type fakeServer struct {
	net.Listener
	answer func(command []string) string // as it goes over the wire; "" hangs
	served atomic.Int64                  // how many commands came, but for those that open a connection
}

func newFakeServer(t testing.TB, answer func(command []string) string) *fakeServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	s := &fakeServer{Listener: listener, answer: answer}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s
}

func (s *fakeServer) serve(conn net.Conn) {
	defer conn.Close()
	for r := bufio.NewReader(conn); ; {
		command, err := readCommand(r)
		if err != nil {
			return
		}
		var answer string
		switch strings.ToLower(command[0]) {
		case "hello":
			answer = "-ERR unknown command 'HELLO'\r\n"
		case "client":
			answer = "+OK\r\n"
		default:
			s.served.Add(1)
			answer = s.answer(command)
		}
		if _, err := io.WriteString(conn, answer); err != nil || strings.HasSuffix(answer, cut) {
			return
		}
	}
}

// cut at the end of an answer has the connection closed after it.
const cut = "\x00"

func readCommand(r *bufio.Reader) ([]string, error) {
	n, err := readLength(r)
	command := make([]string, n)
	for i := range command {
		if err != nil {
			return nil, err
		}
		var size int
		if size, err = readLength(r); err != nil {
			return nil, err
		}
		text := make([]byte, size+len("\r\n"))
		_, err = io.ReadFull(r, text)
		command[i] = string(text[:size])
	}
	return command, err
}

func readLength(r *bufio.Reader) (int, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}

// port returns what tells s from others on this machine.
func (s *fakeServer) port() string { return ":" + strconv.Itoa(s.Addr().(*net.TCPAddr).Port) }

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

// client returns a client of s.
func (s *fakeServer) client(t testing.TB) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: s.Addr().String(), ContextTimeoutEnabled: true, DialerRetries: 1})
	t.Cleanup(func() { client.Close() })
	return client
}

// clusterOf returns a client of a cluster whose masters are servers.
func clusterOf(t testing.TB, servers ...*fakeServer) *redis.ClusterClient {
	t.Helper()
	slots := make([]redis.ClusterSlot, len(servers))
	for i, s := range servers {
		slots[i] = redis.ClusterSlot{
			Start: i * 16384 / len(servers), End: (i+1)*16384/len(servers) - 1,
			Nodes: []redis.ClusterNode{{Addr: s.Addr().String()}},
		}
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{
		ClusterSlots:          func(context.Context) ([]redis.ClusterSlot, error) { return slots, nil },
		ContextTimeoutEnabled: true,
	})
	t.Cleanup(func() { client.Close() })
	return client
}

// patience is more than any call needs that has a deadline of a hundredth of it, and less than a client waits without one.
const patience = 4 * time.Second
