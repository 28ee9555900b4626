//go:build unix

package server

import (
	"context"
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"
)

// StartRedis starts a Redis that writes each change to the disk before it answers. args are settings as redis-server takes
// them, such as "--maxmemory", "10mb"; they come last and win. A password is not in the DSN.
func StartRedis(t testing.TB, args ...string) *Server {
	t.Helper()
	return launch(t, kind{
		name:    "Redis",
		prepare: func(string) []string { return nil },
		command: func(data, port string) []string {
			return append([]string{"redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", data,
				"--appendonly", "yes", "--appendfsync", "always", "--save", ""}, args...)
		},
		ready: "Ready to accept connections",
		dsn:   func(addr string) string { return "redis://" + addr },
		ping:  pingRedis,
	})
}

// pingRedis takes any answer, also one that a password is needed.
func pingRedis(ctx context.Context, url string) error {
	opts, err := redis.ParseURL(url)
	if err != nil {
		return err
	}
	client := redis.NewClient(opts)
	defer func() { _ = client.Close() }()
	err = client.Ping(ctx).Err()
	if refusal := redis.Error(nil); errors.As(err, &refusal) {
		return nil
	}
	return err
}
