package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"sync"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/store/memory"
	"github.com/countersign-go/countersign/store/storetest"
)

// A keyServer is a small server with a key store, which outlives its stops.
type keyServer struct {
	Addr string

	t     testing.TB
	rpc   *rpc.Server
	mu    sync.Mutex
	ln    net.Listener
	conns []net.Conn
}

// KeyState is what goes over the wire.
type KeyState struct {
	State   []byte
	Version int64
}

// KeyService is what the server does.
type KeyService struct{ store *memory.KeyStore }

// Load reads the state.
func (s *KeyService) Load(_ struct{}, held *KeyState) (err error) {
	held.State, held.Version, err = s.store.Load(context.Background())
	return err
}

// Swap writes it.
func (s *KeyService) Swap(next KeyState, _ *struct{}) error {
	return s.store.Swap(context.Background(), next.Version, next.State)
}

func startServer(t testing.TB) *keyServer {
	t.Helper()
	s := &keyServer{Addr: "127.0.0.1:0", t: t, rpc: rpc.NewServer()}
	if err := s.rpc.RegisterName("Keys", &KeyService{memory.NewKeyStore()}); err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// Start listens, at the address where it did before, which another process may have been given for a moment.
func (s *keyServer) Start() {
	ln, err := net.Listen("tcp", s.Addr)
	for range 100 {
		if err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
		ln, err = net.Listen("tcp", s.Addr)
	}
	if err != nil {
		s.t.Error(err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ln, s.Addr = ln, ln.Addr().String()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			go s.rpc.ServeConn(conn)
		}
	}()
}

// Stop cuts all connections.
func (s *keyServer) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.ln.Close()
	for _, conn := range s.conns {
		_ = conn.Close()
	}
	s.conns = nil
}

// A remoteKeyStore makes a connection for each call.
type remoteKeyStore struct{ addr string }

func openKeyStore(_ testing.TB, addr string) jwks.KeyStore { return remoteKeyStore{addr} }

func (s remoteKeyStore) Load(ctx context.Context) ([]byte, int64, error) {
	var held KeyState
	if err := s.call(ctx, "Keys.Load", struct{}{}, &held); err != nil {
		return nil, 0, err
	}
	return held.State, held.Version, nil
}

func (s remoteKeyStore) Swap(ctx context.Context, oldVersion int64, state []byte) error {
	return s.call(ctx, "Keys.Swap", KeyState{state, oldVersion}, &struct{}{})
}

func (s remoteKeyStore) call(ctx context.Context, method string, args, reply any) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.addr)
	if err != nil {
		return fmt.Errorf("%w: %w", auth.ErrUnavailable, err)
	}
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	client := rpc.NewClient(conn)
	defer func() { _ = client.Close() }()
	err = client.Call(method, args, reply)
	var answer rpc.ServerError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer) && string(answer) == jwks.ErrConflict.Error():
		return jwks.ErrConflict
	}
	return fmt.Errorf("%w: %w", auth.ErrUnavailable, err)
}

// TestFaultsThroughProxy has a real server behind a proxy, and all faults that the two can have.
func TestFaultsThroughProxy(t *testing.T) {
	server := startServer(t)
	proxy := storetest.NewProxy(t, server.Addr)
	down := storetest.Fault{Name: "the server is down", Begin: server.Stop, End: server.Start}
	storetest.TestFaults(t, storetest.FaultConfig{
		KeyStore: openKeyStore(t, proxy.Addr()),
		Faults: []storetest.Fault{
			down, proxy.Refuse(), proxy.Hang(), proxy.Reset(), proxy.Truncate(3), proxy.Stall(3), proxy.LoseReplies(0),
		},
		Deadline: 200 * time.Millisecond,
	})
}
