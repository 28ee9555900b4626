package redisstore_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/store/redisstore"
)

func TestCheck(t *testing.T) {
	const aof = "aof_enabled:1\r\n"
	const good = aof + "# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n" +
		"# Replication\r\nrole:master\r\ncluster_enabled:0\r\n"
	const command = "CONFIG SET maxmemory-policy noeviction"
	tests := []struct {
		name string
		info string
		want []string // in the error; none is nil
	}{
		{"a good one", good, nil},
		{"one that evicts", aof + "maxmemory:100\r\nmaxmemory_policy:allkeys-lru\r\nrole:master\r\n", []string{command, "allkeys-lru"}},
		{"one that would evict", aof + "maxmemory:0\r\nmaxmemory_policy:volatile-ttl\r\nrole:master\r\n",
			[]string{command, "volatile-ttl"}},
		{"one that does not say", aof + "role:master\r\n", []string{command}},
		{"one without a file", strings.Replace(good, aof, "aof_enabled:0\r\n", 1), []string{"CONFIG SET appendonly yes"}},
		{"a replica", aof + "maxmemory_policy:noeviction\r\nrole:slave\r\n", []string{`the role "slave"`}},
		{"one of a cluster", good + "cluster_enabled:1\r\n", []string{"redis.ClusterClient"}},
		{"all at once", "maxmemory_policy:volatile-lru\r\nrole:slave\r\ncluster_enabled:1\r\n",
			[]string{command, "appendonly", "the role", "redis.ClusterClient"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := newFakeServer(t, func([]string) string { return bulk(tt.info) })
			err := newStore(t, server.client(t), "p").Check(t.Context())
			check(t, "refused", err != nil, len(tt.want) > 0)
			check(t, "an outage", errors.Is(err, auth.ErrUnavailable), false)
			for _, want := range tt.want {
				contains(t, "error", err.Error(), want)
				contains(t, "error", err.Error(), server.Addr().String())
			}
			check(t, "commands", server.served.Load(), 1)
		})
	}
}

// Each master is asked, and what is wrong with each is said.
func TestCheckCluster(t *testing.T) {
	info := func(policy string) func([]string) string {
		return func([]string) string {
			return bulk("aof_enabled:1\r\nmaxmemory_policy:" + policy + "\r\nrole:master\r\ncluster_enabled:1\r\n")
		}
	}
	good := newFakeServer(t, info("noeviction"))
	lru, lfu := newFakeServer(t, info("allkeys-lru")), newFakeServer(t, info("allkeys-lfu"))
	down := newFakeServer(t, func([]string) string { return "-LOADING Redis is loading the dataset in memory\r\n" })
	must(t, "Check of good ones", newStore(t, clusterOf(t, good, good), "p").Check(t.Context()))

	err := newStore(t, clusterOf(t, good, lru, lfu), "p").Check(t.Context())
	check(t, "an outage", errors.Is(err, auth.ErrUnavailable), false)
	contains(t, "error", err.Error(), lru.port())
	contains(t, "error", err.Error(), lfu.port())

	err = newStore(t, clusterOf(t, good, lru, down), "p").Check(t.Context())
	check(t, "an outage", errors.Is(err, auth.ErrUnavailable), true)
	contains(t, "error", err.Error(), "allkeys-lru")
	contains(t, "error", err.Error(), "LOADING")
}

func TestCheckOfNoServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, "Listen", err)
	addr := listener.Addr().String()
	listener.Close()
	client := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1})
	defer client.Close()
	err = newStore(t, client, "p").Check(t.Context())
	check(t, "an outage", errors.Is(err, auth.ErrUnavailable), true)
	var cause *net.OpError
	check(t, "with its cause", errors.As(err, &cause), true)
}

// A server that keeps nothing is accepted where that is asked for.
func TestCheckOfAVolatileServer(t *testing.T) {
	server := newFakeServer(t, func([]string) string {
		return bulk("aof_enabled:0\r\nmaxmemory_policy:noeviction\r\nrole:master\r\n")
	})
	s, err := redisstore.New(server.client(t), &redisstore.Options{InsecureVolatile: true})
	must(t, "New", err)
	must(t, "Check", s.Check(t.Context()))
}
