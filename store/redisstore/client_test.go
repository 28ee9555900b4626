package redisstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/redisstore"
)

// A wrapped client may do anything with a command.
type wrapped struct{ *redis.Client }

func TestClients(t *testing.T) {
	const deadline, replicas = "ContextTimeoutEnabled", "reads from replicas"
	standalone := func(o redis.Options) redis.UniversalClient { return redis.NewClient(&o) }
	cluster := func(o redis.ClusterOptions) redis.UniversalClient { return redis.NewClusterClient(&o) }
	failover := func(o redis.FailoverOptions) redis.UniversalClient {
		o.MasterName, o.SentinelAddrs = "m", []string{"127.0.0.1:1"}
		return redis.NewFailoverClusterClient(&o)
	}
	universal := func(o redis.UniversalOptions) redis.UniversalClient { return redis.NewUniversalClient(&o) }
	pipeliner, err := redis.NewClient(&redis.Options{ContextTimeoutEnabled: true}).AutoPipeline()
	must(t, "AutoPipeline", err)
	tests := []struct {
		name   string
		client redis.UniversalClient
		want   []string // in the error; none is accepted
	}{
		{"one server", standalone(redis.Options{ContextTimeoutEnabled: true}), nil},
		{"a cluster", cluster(redis.ClusterOptions{ContextTimeoutEnabled: true}), nil},
		{"one server behind sentinels", redis.NewFailoverClient(&redis.FailoverOptions{
			MasterName: "m", SentinelAddrs: []string{"127.0.0.1:1"}, ContextTimeoutEnabled: true}), nil},
		{"a cluster client behind sentinels", failover(redis.FailoverOptions{ContextTimeoutEnabled: true}), nil},
		{"whatever the universal options choose", universal(redis.UniversalOptions{ContextTimeoutEnabled: true}), nil},
		{"none", nil, []string{"a nil client"}},
		{"a nil client", (*redis.Client)(nil), []string{"a nil client"}},
		{"a nil cluster client", (*redis.ClusterClient)(nil), []string{"a nil client"}},
		{"one without deadlines", standalone(redis.Options{}), []string{deadline}},
		{"a cluster without deadlines", cluster(redis.ClusterOptions{}), []string{deadline}},
		{"universal options without deadlines", universal(redis.UniversalOptions{Addrs: []string{":1", ":2"}}), []string{deadline}},
		{"one that never sets a deadline to read", standalone(redis.Options{ContextTimeoutEnabled: true, ReadTimeout: -2}),
			[]string{"turns deadlines off"}},
		{"a cluster that never sets one to write", cluster(redis.ClusterOptions{ContextTimeoutEnabled: true, WriteTimeout: -2}),
			[]string{"turns deadlines off"}},
		{"one with no timeouts but deadlines", standalone(redis.Options{ContextTimeoutEnabled: true, ReadTimeout: -1}), nil},
		{"one with a cache", standalone(redis.Options{ContextTimeoutEnabled: true,
			ClientSideCacheConfig: &redis.ClientSideCacheConfig{}}), []string{"a cache of its own"}},
		{"a cluster that reads from replicas", cluster(redis.ClusterOptions{ContextTimeoutEnabled: true, ReadOnly: true}),
			[]string{replicas}},
		{"a cluster that reads from the nearest", cluster(redis.ClusterOptions{ContextTimeoutEnabled: true, RouteByLatency: true}),
			[]string{replicas}},
		{"a cluster that reads from any", cluster(redis.ClusterOptions{ContextTimeoutEnabled: true, RouteRandomly: true}),
			[]string{replicas}},
		{"replicas behind sentinels", failover(redis.FailoverOptions{ContextTimeoutEnabled: true, ReplicaOnly: true}),
			[]string{replicas}},
		{"any server behind sentinels", failover(redis.FailoverOptions{ContextTimeoutEnabled: true, RouteRandomly: true}),
			[]string{replicas}},
		{"two mistakes", cluster(redis.ClusterOptions{ReadOnly: true}), []string{deadline, replicas}},
		{"a ring", redis.NewRing(&redis.RingOptions{ContextTimeoutEnabled: true}), []string{"redis.Ring"}},
		{"a client in something else", wrapped{redis.NewClient(&redis.Options{ContextTimeoutEnabled: true})},
			[]string{"a redisstore_test.wrapped"}},
		{"a pipeliner", pipeliner, []string{"a *redis.AutoPipeliner"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := redisstore.New(tt.client, nil)
			check(t, "refused", err != nil, len(tt.want) > 0)
			check(t, "a store", s != nil, len(tt.want) == 0)
			for _, want := range tt.want {
				contains(t, "error", err.Error(), want)
			}
		})
	}
}

func TestPrefixes(t *testing.T) {
	client := redis.NewClient(&redis.Options{ContextTimeoutEnabled: true})
	for prefix, want := range map[string]bool{
		"": true, "shop:": true, "a": true, strings.Repeat("a", 64): true, "~!*?[": true,
		strings.Repeat("a", 65): false, "{a}": false, "a{": false, "}": false, "a b": false, "\n": false, "\x00": false,
		"é": false,
	} {
		_, err := redisstore.New(client, &redisstore.Options{Prefix: prefix})
		check(t, "accepted "+prefix, err == nil, want)
	}
	_, err := redisstore.New(nil, &redisstore.Options{Prefix: "{"})
	contains(t, "all mistakes", err.Error(), "nil client")
	contains(t, "all mistakes", err.Error(), "Prefix")
}

// What nobody has made answers everything with an error.
func TestZeroValues(t *testing.T) {
	ctx, now := t.Context(), time.Now()
	for _, s := range []*redisstore.Store{nil, {}} {
		sessions, revocations, tokens, attempts := s.Sessions(), s.Revocations(), s.OneTimeTokens(), s.Attempts()
		one := oneTimeToken("a")
		for name, call := range map[string]func() error{
			"Check":       func() error { return s.Check(ctx) },
			"Create":      func() error { return sessions.Create(ctx, session.Record{ID: "a"}) },
			"Get":         func() error { _, err := sessions.Get(ctx, "a", now); return err },
			"Replace":     func() error { return sessions.Replace(ctx, session.Record{ID: "a"}, now) },
			"Delete":      func() error { return sessions.Delete(ctx, "a") },
			"List":        func() error { _, err := sessions.List(ctx, ann, now); return err },
			"DeleteAll":   func() error { _, err := sessions.DeleteAll(ctx, ann, ""); return err },
			"Revoke":      func() error { return revocations.Revoke(ctx, "a", now, now) },
			"RevokedUpTo": func() error { _, err := revocations.RevokedUpTo(ctx, now, "a"); return err },
			"Put":         func() error { return tokens.Put(ctx, one) },
			"Consume":     func() error { _, err := tokens.Consume(ctx, one.ID, one.Digest, now); return err },
			"Void":        func() error { return tokens.Delete(ctx, one.ID) },
			"Load":        func() error { _, err := attempts.Load(ctx, one.ID, now); return err },
			"Swap":        func() error { return attempts.Swap(ctx, login.Attempts{Key: one.ID, Expires: now}, now) },
			"Get of none": func() error { _, err := new(redisstore.Sessions).Get(ctx, "a", now); return err },
			"a zero one":  func() error { return new(redisstore.Revocations).Revoke(ctx, "a", now, now) },
		} {
			err := call()
			check(t, name+" is an error", err != nil, true)
			check(t, name+" is an outage", auth.IsUnavailable(err), false)
		}
	}
}
