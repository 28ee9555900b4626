package redisstore_test

import (
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/countersign-go/countersign/store/redisstore"
)

// A client must keep the deadlines that it is given, and must not read copies. New says what is wrong with it, all at once,
// and asks no server.
func ExampleNew() {
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs:    []string{"10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"},
		ReadOnly: true,
	})
	_, err := redisstore.New(client, nil)
	fmt.Println(err)

	client = redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs:                 []string{"10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"},
		ContextTimeoutEnabled: true,
	})
	_, err = redisstore.New(client, &redisstore.Options{Prefix: "shop:"})
	fmt.Println(err)
	// Output:
	// redisstore: a client without ContextTimeoutEnabled, whose calls outlive their deadline
	// redisstore: a client that reads from replicas, which bring back what has ended
	// <nil>
}
