package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// Refresh exchanges a refresh token for new tokens, and counts as a use of the session. Each refresh token is good once. The
// one before the current one is given the current one again for [Config.RefreshGrace]: two tabs may ask at once, and an
// answer may be lost. Whatever is older was copied: the session ends, since nobody knows which of the two is the thief,
// and [Config.OnReuse] is told. A token from before [Manager.Rotate] or [Manager.RotateTokens] is refused, and ends nothing.
//
// A token that is no good, and that of a session that has ended, is [auth.ErrInvalidCredentials]. An error of Config.Minter
// passes through, and the refresh token stays as good as it was: the Minter is asked first.
func (m *Manager) Refresh(ctx context.Context, refreshToken string) (Tokens, error) {
	id, counter, err := m.refresh.parse(refreshToken)
	if err != nil {
		return Tokens{}, fmt.Errorf("%w: %w", auth.ErrInvalidCredentials, err)
	}
	asked := timestamp() // what takes us long makes no token older
	var tokens Tokens
	err = again(ctx, func() (err error) {
		tokens, err = m.exchangeCounter(ctx, id, counter, asked)
		return err
	})
	return tokens, asInvalid(err)
}

// exchangeCounter returns the tokens that the bearer of the refresh token with counter, who asked for them then, may be given.
// Its error is ErrNotFound, ErrConflict, wraps ErrInvalidCredentials, is that of the Minter, or says that the store is
// unavailable.
func (m *Manager) exchangeCounter(ctx context.Context, id string, counter uint64, asked time.Time) (Tokens, error) {
	now := timestamp()
	rec, err := m.get(ctx, id, now)
	switch {
	case err != nil:
		return Tokens{}, err
	case rec.isVisitor() || counter < rec.Floor || counter > rec.Counter:
		return Tokens{}, fmt.Errorf("session: %w: a refresh token that was never good, or is void", auth.ErrInvalidCredentials)
	case counter == rec.Counter:
		return m.advance(ctx, rec)
	case m.inGrace(rec, counter, asked):
		return m.repeat(ctx, rec, now)
	}
	return Tokens{}, m.endReused(ctx, rec, now)
}

// inGrace reports whether counter is that before the current one, which was current until just before asked.
func (m *Manager) inGrace(rec Record, counter uint64, asked time.Time) bool {
	return counter+1 == rec.Counter && counter >= rec.Floor && asked.Sub(rec.Refreshed) <= m.config.RefreshGrace
}

// advance makes the next refresh token of rec the current one.
func (m *Manager) advance(ctx context.Context, rec Record) (Tokens, error) {
	next := rec.Clone()
	next.Counter++
	tokens, err := m.mint(ctx, next) // first: the client of a minter that is away for long must not be taken for a thief then
	if err != nil {
		return Tokens{}, err
	}
	now := timestamp()
	next.Refreshed, next.Renewed, next.Expires = now, now, m.idleEnd(rec, now)
	err = m.replace(ctx, next, now)
	if err == nil {
		return tokens, nil
	}
	if is(err, ErrConflict) {
		return Tokens{}, err
	}
	// The answer may have been lost. Whoever advanced it, these are the current ones.
	kept, getErr := m.get(ctx, rec.ID, now)
	if getErr == nil && m.inGrace(kept, rec.Counter, now) {
		return tokens, nil
	}
	return Tokens{}, err
}

// repeat returns the current tokens of rec, which is a use. Its error is what exchangeCounter's is.
func (m *Manager) repeat(ctx context.Context, rec Record, now time.Time) (Tokens, error) {
	over, err := m.use(ctx, rec, now)
	switch {
	case err != nil:
		return Tokens{}, err
	case over:
		return Tokens{}, ErrNotFound
	}
	return m.mint(ctx, rec)
}

// endReused ends a session one of whose old refresh tokens was used. Exactly one of those who find out at once gets to say
// so. Its error is never nil.
func (m *Manager) endReused(ctx context.Context, rec Record, now time.Time) error {
	if err := m.expire(ctx, rec, now); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	m.logger().LogAttrs(ctx, slog.LevelWarn, "session: ended, as an old refresh token was used", slog.String("session", rec.ID))
	if m.config.OnReuse != nil {
		m.config.OnReuse(ctx, rec.Clone()) // last: should it panic, all else is done
	}
	return fmt.Errorf("session: %w: a refresh token that was used before", auth.ErrInvalidCredentials)
}

// expire ends rec unless it was changed meanwhile: a Delete would not tell whether there was something to end. Its error is
// ErrNotFound, ErrConflict, or says that the store is unavailable.
func (m *Manager) expire(ctx context.Context, rec Record, now time.Time) error {
	// It may stay there, and not have expired yet to a request that began earlier, or to a process whose clock is behind: its
	// secret is nobody's, and hasEnded is true whatever the time.
	rec.Expires, rec.Digest = now, m.tokens.New(rec.ID).Digest()
	rec.Floor, rec.Refreshed = rec.Counter+1, time.Time{}
	if err := m.replace(ctx, rec, now); err != nil && !m.keeps(ctx, rec) {
		return err
	}
	_ = m.End(context.WithoutCancel(ctx), rec.ID) // it has expired; the store would drop it later
	return nil
}

// asInvalid returns err as one that wraps ErrInvalidCredentials, too, if it is ErrNotFound.
func asInvalid(err error) error {
	if is(err, ErrNotFound) && !is(err, auth.ErrInvalidCredentials) {
		return errors.Join(errEnded, err)
	}
	return err
}
