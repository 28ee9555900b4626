package session

import (
	"context"
	"log/slog"
	"time"
)

// Renew begins the idle timeout of a session anew, as a use does. It is for uses that are no requests, such as messages
// on a connection that stays open. A session that has ended is [ErrNotFound].
func (m *Manager) Renew(ctx context.Context, id string) error {
	now := timestamp()
	rec, err := m.get(ctx, id, now)
	if err != nil {
		return err
	}
	if err = m.renew(ctx, rec, now); is(err, ErrConflict) {
		return nil // by another use
	}
	return err
}

// renew writes that rec is in use, unless that was written within the renewal interval.
func (m *Manager) renew(ctx context.Context, rec Record, now time.Time) error {
	if now.Sub(rec.Renewed) < m.config.RenewInterval {
		return nil
	}
	rec.Renewed, rec.Expires = now, m.idleEnd(rec, now)
	return m.replace(ctx, rec, now)
}

// idleEnd returns when rec ends if it is not used after now.
func (m *Manager) idleEnd(rec Record, now time.Time) time.Time {
	if end := now.Add(m.config.IdleTimeout); end.Before(rec.EndsBy) {
		return end
	}
	return rec.EndsBy
}

// Ended reports whether a session has ended. It is for whatever else carries the session's ID, such as access tokens: call
// it from jwtx.Config.Revoked. A session that has not ended counts as used. An empty ID is that of no session, which has
// ended: a token without one is refused.
func (m *Manager) Ended(ctx context.Context, id string) (bool, error) {
	now := timestamp()
	rec, err := m.get(ctx, id, now)
	if is(err, ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	ended, err := m.use(ctx, rec, now)
	if is(err, ErrConflict) {
		return false, nil // by another use, by a new secret, which is the cookie's alone, or by its end, which the next call sees
	}
	return ended, err
}

// use renews a session that a request used, and reports whether it turned out to have ended meanwhile. Its one error is
// ErrConflict.
func (m *Manager) use(ctx context.Context, rec Record, now time.Time) (ended bool, err error) {
	err = m.renew(ctx, rec, now)
	switch {
	case err == nil:
		return false, nil
	case is(err, ErrNotFound):
		return true, nil
	case is(err, ErrConflict):
		// Another request renewed it, or changed its secret: the latter is for the caller to find out.
		return false, err
	}
	// The store answered the read, so the session is good. It would be wrong to refuse what is allowed because a note
	// about it could not be made; at worst the session ends early.
	if ctx.Err() != nil {
		return false, nil // the client left
	}
	m.logger().LogAttrs(ctx, slog.LevelError, "session: renewal", slog.String("session", rec.ID), slog.Any("error", err))
	return false, nil
}

func (m *Manager) logger() *slog.Logger {
	if m.config.Logger != nil {
		return m.config.Logger
	}
	return slog.Default()
}
