package memory

import (
	"context"
	"time"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

var _ login.TokenStore = (*OneTimeTokens)(nil)

// OneTimeTokens is a [login.TokenStore]. Make one with [NewOneTimeTokens], the zero value panics; many goroutines may use it
// at once. An error is that of the context, [ErrFull], that of [login.OneTimeToken.Check], or one of package login, itself.
type OneTimeTokens struct{ table *table[login.OneTimeToken] }

// NewOneTimeTokens returns an empty store. nil opts are fine; a negative Max panics.
func NewOneTimeTokens(opts *Options) *OneTimeTokens {
	return &OneTimeTokens{newTable(opts, schema[login.OneTimeToken]{
		columns: func(t login.OneTimeToken) columns { return columns{id: t.ID, expires: t.Expires} },
		clone: func(t login.OneTimeToken, _ int64) login.OneTimeToken {
			return t // there is nothing in a token that could be shared
		},
		notFound: login.ErrNotFound,
	})}
}

// Put keeps t, see [login.TokenStore]. A full store returns [ErrFull], unless t takes the place of another.
func (s *OneTimeTokens) Put(ctx context.Context, t login.OneTimeToken) error {
	if err := t.Check(); err != nil {
		return err
	}
	return s.table.put(ctx, t, func(*row[login.OneTimeToken]) error { return nil })
}

// Get returns the token, see [login.TokenStore].
func (s *OneTimeTokens) Get(ctx context.Context, id string, now time.Time) (login.OneTimeToken, error) {
	return s.table.get(ctx, id, now)
}

// Consume removes the token and returns it, see [login.TokenStore].
func (s *OneTimeTokens) Consume(
	ctx context.Context, id string, digest token.Digest, now time.Time,
) (login.OneTimeToken, error) {
	return s.table.take(ctx, id, now, func(t login.OneTimeToken) bool { return t.Digest.Equal(digest) })
}

// Delete removes the token, see [login.TokenStore].
func (s *OneTimeTokens) Delete(ctx context.Context, id string) error {
	return s.table.delete(ctx, id)
}
