package redisstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/countersign-go/countersign/auth"
)

// DefaultPrefix is what all keys begin with unless [Options] says otherwise.
const DefaultPrefix = "countersign:"

const maxPrefix = 64

// errZero is what the zero value of a type answers to everything.
var errZero = errors.New("redisstore: the zero value has no client: use New")

// Options are the settings of a [Store]. The zero value is the default.
type Options struct {
	// Prefix is what all keys begin with, so that other programs can share the database: 64 bytes of printable ASCII at
	// most, without spaces and braces. One should not begin with another. Default: [DefaultPrefix].
	Prefix string

	// InsecureVolatile has [Store.Check] accept a server that keeps nothing on its disk: when it is started again, all
	// sessions have ended, and tokens that were revoked are good again.
	InsecureVolatile bool
}

// A Store is one Redis or Valkey, or a cluster of them, seen by the interfaces that it implements: [Store.Sessions],
// [Store.Revocations], [Store.OneTimeTokens] and [Store.Attempts]. It holds nothing but the client and the options. Make one
// with [New]; what the zero value hands out answers each call with an error. Many goroutines may use it at once.
type Store struct {
	client   redis.UniversalClient
	prefix   string
	volatile bool // see Options.InsecureVolatile
}

// New returns a store that uses client, which stays the caller's to close. nil opts are fine. New does no I/O: call
// [Store.Check] when the program starts.
//
// The client is a [*redis.Client], also one of [redis.NewFailoverClient], or a [*redis.ClusterClient]. New returns an
// error, with all mistakes joined, for one
//
//   - that is something else: what it does cannot be seen. Wrap commands with a [redis.Hook] instead. A [*redis.Ring]
//     loses records when its shards change;
//   - without ContextTimeoutEnabled, or with a ReadTimeout or WriteTimeout of -2: its calls outlive their deadline;
//   - that reads from replicas or from a cache of its own: a copy that lags behind brings back sessions that have ended.
func New(client redis.UniversalClient, opts *Options) (*Store, error) {
	if opts == nil {
		opts = &Options{}
	}
	s := &Store{client: client, prefix: cmp.Or(opts.Prefix, DefaultPrefix), volatile: opts.InsecureVolatile}
	if err := errors.Join(checkPrefix(s.prefix), checkClient(client)); err != nil {
		return nil, err
	}
	return s, nil
}

// checkPrefix returns an error if keys cannot begin with prefix. A brace would be taken for the part of the key that says
// on which server of a cluster it is.
func checkPrefix(prefix string) error {
	notAllowed := func(r rune) bool { return r <= ' ' || r > '~' || r == '{' || r == '}' }
	if len(prefix) > maxPrefix || strings.ContainsFunc(prefix, notAllowed) {
		return fmt.Errorf("redisstore: a Prefix that is not %d bytes of printable ASCII, without spaces and braces", maxPrefix)
	}
	return nil
}

// Sessions returns the store as a [session.Store].
func (s *Store) Sessions() *Sessions { return &Sessions{s} }

// Revocations returns the store as a [jwtx.RevocationStore].
func (s *Store) Revocations() *Revocations { return &Revocations{s} }

// OneTimeTokens returns the store as a [login.TokenStore].
func (s *Store) OneTimeTokens() *OneTimeTokens { return &OneTimeTokens{s} }

// Attempts returns the store as a [login.AttemptStore].
func (s *Store) Attempts() *Attempts { return &Attempts{s} }

// begin returns why verb cannot be done at all. A context that is done is an error also where nothing has to be sent.
func (s *Store) begin(ctx context.Context, verb string) error {
	if s == nil || s.client == nil {
		return errZero
	}
	if err := ctx.Err(); err != nil {
		return unavailable(verb, err)
	}
	return nil
}

// unavailable says that nobody could find out: whatever the server or the client says that is no answer to the question.
func unavailable(verb string, err error) error {
	return fmt.Errorf("redisstore: %s: %w: %w", verb, auth.ErrUnavailable, err)
}
