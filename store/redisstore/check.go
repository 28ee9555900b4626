package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Check asks each master what [New] cannot see, with one INFO, and returns all that is wrong, joined. Call it when the
// program starts, with a deadline, and do not start on an error. One that wraps [auth.ErrUnavailable] may go away by
// itself.
//
// A master must have the maxmemory-policy noeviction, even where there is no maxmemory: that can be set at any time, and
// from then on any other policy ends sessions and forgets revocations, without a word. It must have appendonly, unless
// [Options].InsecureVolatile does without; which appendfsync it has, Check does not see. A replica is refused, which is what
// a client of [redis.NewFailoverClient] with ReplicaOnly talks to; so is one server of a cluster without its client.
func (s *Store) Check(ctx context.Context) error {
	if err := s.begin(ctx, "check"); err != nil {
		return err
	}
	switch c := s.client.(type) {
	case *redis.ClusterClient:
		return s.checkMasters(ctx, c)
	case *redis.Client:
		return s.checkServer(ctx, c, false)
	}
	return errZero
}

// checkMasters asks all masters at once. ForEachMaster would return the error of one of them.
func (s *Store) checkMasters(ctx context.Context, c *redis.ClusterClient) error {
	var mu sync.Mutex
	var errs []error
	err := c.ForEachMaster(ctx, func(ctx context.Context, master *redis.Client) error {
		err := s.checkServer(ctx, master, true)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			errs = append(errs, err)
		}
		return nil
	})
	if err != nil {
		errs = append(errs, unavailable("check", err))
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// checkServer returns what is wrong with one server.
func (s *Store) checkServer(ctx context.Context, c *redis.Client, clustered bool) error {
	text, err := c.Info(ctx).Result()
	if err != nil {
		return unavailable("check", err)
	}
	info, name := parseInfo(text), c.Options().Addr
	var errs []error
	if err := checkClient(c); err != nil { // of a cluster: what its NewClient made
		errs = append(errs, fmt.Errorf("%w (the client of %s)", err, name))
	}
	if policy := info["maxmemory_policy"]; policy != "noeviction" {
		errs = append(errs, fmt.Errorf("redisstore: %s has the maxmemory-policy %q, which ends sessions at random: "+
			"CONFIG SET maxmemory-policy noeviction", name, policy))
	}
	if info["aof_enabled"] != "1" && !s.volatile {
		errs = append(errs, fmt.Errorf("redisstore: %s keeps nothing when it is started again: CONFIG SET appendonly yes", name))
	}
	if role := info["role"]; role != "master" {
		errs = append(errs, fmt.Errorf("redisstore: %s has the role %q: only a master knows what has ended", name, role))
	}
	if !clustered && info["cluster_enabled"] == "1" {
		errs = append(errs, fmt.Errorf("redisstore: %s is one of a cluster: it takes a redis.ClusterClient", name))
	}
	return errors.Join(errs...)
}

// parseInfo returns the fields in the answer to INFO.
func parseInfo(text string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
	return fields
}
