//go:build unix

package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// clusterSlots is how many slots a Redis cluster has.
const clusterSlots = 16384

// A Cluster is a Redis cluster of three masters that have no replicas. It ends with the test.
type Cluster struct {
	// Nodes are its masters. The first has the lowest third of the slots, and so on. Start of a node returns when the node
	// answers, which is before it takes part again: see Await.
	Nodes []*Server

	t testing.TB
}

// StartRedisCluster starts a cluster that is complete: each node knows that all slots are served. A node that is gone or
// paused is noticed after a second or two; then no node serves any slot until it is back, as Redis has it by default. args
// are as for [StartRedis].
func StartRedisCluster(t testing.TB, args ...string) *Cluster {
	t.Helper()
	c := &Cluster{t: t}
	args = append([]string{"--cluster-enabled", "yes", "--cluster-node-timeout", "1000"}, args...)
	for range 3 {
		c.Nodes = append(c.Nodes, StartRedis(t, args...))
	}
	if err := c.join(); err != nil {
		t.Fatalf("Redis cluster: %v", err)
	}
	c.Await()
	return c
}

// Addrs returns host:port of each node, in the order of Nodes.
func (c *Cluster) Addrs() []string {
	addrs := make([]string, len(c.Nodes))
	for i, n := range c.Nodes {
		addrs[i] = n.Addr()
	}
	return addrs
}

// Await returns once every node says that it sees all three and that all slots are served. After Kill or Pause of a node the
// others may say so for a moment longer.
func (c *Cluster) Await() {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := c.each(complete)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("Redis cluster: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// join shares the slots out and makes the nodes know the first, and by it each other.
func (c *Cluster) join() error {
	first, port, err := net.SplitHostPort(c.Nodes[0].Addr())
	if err != nil {
		return err
	}
	return c.each(func(ctx context.Context, i int, node *redis.Client) error {
		// An epoch of its own for each, or they would have to agree on them first.
		if err := node.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(); err != nil {
			return err
		}
		low, high := i*clusterSlots/len(c.Nodes), (i+1)*clusterSlots/len(c.Nodes)-1
		if err := node.ClusterAddSlotsRange(ctx, low, high).Err(); err != nil {
			return err
		}
		return node.ClusterMeet(ctx, first, port).Err()
	})
}

// complete returns an error unless the node says that the cluster is.
func complete(ctx context.Context, _ int, node *redis.Client) error {
	info, err := node.ClusterInfo(ctx).Result()
	if err != nil {
		return err
	}
	for _, want := range []string{"cluster_state:ok", "cluster_slots_ok:16384", "cluster_known_nodes:3"} {
		if !strings.Contains(info, want+"\r\n") {
			return fmt.Errorf("a node does not say %s but %q", want, info)
		}
	}
	return nil
}

// each asks each node in turn until one has an error.
func (c *Cluster) each(ask func(ctx context.Context, i int, node *redis.Client) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for i, n := range c.Nodes {
		node := redis.NewClient(&redis.Options{Addr: n.Addr(), ContextTimeoutEnabled: true})
		err := ask(ctx, i, node)
		if err = errors.Join(err, node.Close()); err != nil {
			return fmt.Errorf("node %d: %w", i, err)
		}
	}
	return nil
}
