package redisstore

import (
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// checkClient returns what is wrong with client, all of it.
func checkClient(client redis.UniversalClient) error {
	switch c := client.(type) {
	case *redis.Client:
		if c == nil {
			return errors.New("redisstore: a nil client")
		}
		o := c.Options()
		return errors.Join(
			checkDeadlines(o.ContextTimeoutEnabled, o.ReadTimeout, o.WriteTimeout),
			checkCache(o),
		)
	case *redis.ClusterClient:
		if c == nil {
			return errors.New("redisstore: a nil client")
		}
		o := c.Options()
		return errors.Join(
			checkDeadlines(o.ContextTimeoutEnabled, o.ReadTimeout, o.WriteTimeout),
			checkReplicas(o),
		)
	case nil:
		return errors.New("redisstore: a nil client")
	case *redis.Ring:
		return errors.New("redisstore: a redis.Ring, which loses records when its shards change")
	}
	return fmt.Errorf("redisstore: a %T, of which nobody can see what it does: hand over the client itself", client)
}

// checkDeadlines returns an error if calls outlive their context. The client takes negative timeouts for an order never to
// set a deadline on a connection, that of a context included.
func checkDeadlines(ofContext bool, read, write time.Duration) error {
	var errs []error
	if !ofContext {
		errs = append(errs, errors.New("redisstore: a client without ContextTimeoutEnabled, whose calls outlive their deadline"))
	}
	if read < 0 || write < 0 {
		errs = append(errs, errors.New("redisstore: a client whose ReadTimeout or WriteTimeout turns deadlines off"))
	}
	return errors.Join(errs...)
}

// checkCache returns an error if what is read may come from the memory of this process, which learns of changes later.
func checkCache(o *redis.Options) error {
	if o.ClientSideCache != nil || o.ClientSideCacheConfig != nil {
		return errors.New("redisstore: a client with a cache of its own, which brings back what has ended")
	}
	return nil
}

// checkReplicas returns an error if what is read may come from a server that lags behind.
func checkReplicas(o *redis.ClusterOptions) error {
	if o.ReadOnly || o.RouteByLatency || o.RouteRandomly {
		return errors.New("redisstore: a client that reads from replicas, which bring back what has ended")
	}
	return nil
}
