//go:build unix

package server_test

import (
	"testing"

	"github.com/countersign-go/countersign/store/internal/drivertest/server"
	"github.com/redis/go-redis/v9"
)

func TestRedisCluster(t *testing.T) {
	cluster := server.StartRedisCluster(t)
	c := redisClient(t, redis.NewClusterClient(&redis.ClusterOptions{
		Addrs:                 cluster.Addrs(),
		ContextTimeoutEnabled: true,
	}))
	c.put(t, 1)
	owner := cluster.Nodes[0] // of the slot of the key n, 3432
	for _, row := range []struct {
		name        string
		fault, mend func(*server.Server)
	}{
		{"a node that was killed comes back with its data", (*server.Server).Kill, (*server.Server).Start},
		{"a node that was paused goes on", (*server.Server).Pause, (*server.Server).Resume},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.fault(owner)
			c.mustFail(t)
			row.mend(owner)
			cluster.Await()
			c.must(t, 1)
		})
	}
}
