package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// A Manager starts, renews and ends sessions. Make one with [New]; it does not change, and many goroutines may use it at
// once.
//
// An error of its methods that wraps [auth.ErrUnavailable] says that the store did not answer. [auth.Guard.Refuse] answers
// their errors as they should be, but for [ErrNotFound] itself, which it knows nothing of, and so answers with 500: [Refusal]
// makes that 404. From Update, RotateTokens, RefreshAccess and StartCookie it comes along with [auth.ErrInvalidCredentials],
// which is 401, since the session may be the client's own; with Refusal that is 404, too.
type Manager struct {
	config    Config
	tokens    token.Codec
	cookie    http.Cookie // without a value
	codec     *cookieCodec
	refresh   refreshCodec
	origins   *auth.CrossOrigin
	scheme    auth.Scheme
	passive   auth.Scheme
	plainHTTP sync.Once // is warned of
}

// New returns the manager that c describes, or all that is wrong with c.
func New(c Config) (*Manager, error) {
	c, err := c.withDefaults()
	origins, originsErr := auth.NewCrossOrigin(auth.CrossOriginConfig{
		Origins:           c.Origins,
		InsecurePlainHTTP: c.Cookie.InsecurePlainHTTP,
	})
	tokens, codecErr := token.NewCodec("ses")
	if err := errors.Join(err, originsErr, codecErr); err != nil {
		return nil, err
	}
	m := &Manager{config: c, tokens: tokens, cookie: c.Cookie.template(c.Lifetime), origins: origins}
	m.config.Keys = nil // the codec has them, and does not print them
	m.codec = newCookieCodec(m.cookie.Name, c.Keys, c.Lifetime)
	if m.refresh, err = newRefreshCodec(m.cookie.Name, c.Keys); err != nil {
		return nil, err
	}
	opts := &auth.CookieOptions{
		CrossOrigin:          origins,
		Path:                 m.cookie.Path,
		Domain:               m.cookie.Domain,
		SameSite:             m.cookie.SameSite,
		Partitioned:          m.cookie.Partitioned,
		InsecurePlainHTTP:    c.Cookie.InsecurePlainHTTP,
		InsecureScriptAccess: c.Cookie.InsecureScriptAccess,
	}
	m.scheme = auth.Cookie(m.cookie.Name, verifier{m: m}, opts)
	m.passive = auth.Cookie(m.cookie.Name, verifier{m: m, passive: true}, opts)
	return m, nil
}

// Scheme returns the scheme of the session cookie, see [auth.Cookie]. A request that it accepts counts as a use; so
// does one of a visitor, see [Manager.StartAnonymous], which to a guard carries no credentials.
func (m *Manager) Scheme() auth.Scheme { return m.scheme }

// Passive returns the same scheme for requests that the user does not make, such as a page's polling: they are no use, and
// do not keep the session alive.
func (m *Manager) Passive() auth.Scheme { return m.passive }

// get returns the record of a session that has not ended, or ErrNotFound.
func (m *Manager) get(ctx context.Context, id string, now time.Time) (Record, error) {
	rec, err := m.look(ctx, id, now)
	if err == nil && rec.hasEnded() {
		return Record{}, ErrNotFound
	}
	return rec, err
}

// look returns a record that has not expired, or ErrNotFound.
func (m *Manager) look(ctx context.Context, id string, now time.Time) (Record, error) {
	if !token.IsID(id) {
		return Record{}, ErrNotFound
	}
	t := auth.NewTimeout(ctx, m.config.StoreTimeout)
	defer t.Stop()
	rec, err := m.config.Store.Get(t, id, now)
	switch {
	case is(err, ErrNotFound):
		return Record{}, ErrNotFound
	case is(err, ErrCorrupt):
		m.logger().LogAttrs(ctx, slog.LevelError, "session: corrupt record", slog.String("session", id), slog.Any("error", err))
		return Record{}, ErrNotFound
	case err != nil:
		return Record{}, unavailable(err)
	case rec.ID != id || !now.Before(rec.Expires) || !now.Before(rec.EndsBy):
		return Record{}, ErrNotFound // what the store should have said
	}
	return rec, nil
}

// replace hands rec to the store. Its error is ErrNotFound, ErrConflict, or says that the store is unavailable.
func (m *Manager) replace(ctx context.Context, rec Record, now time.Time) error {
	t := auth.NewTimeout(ctx, m.config.StoreTimeout)
	defer t.Stop()
	err := m.config.Store.Replace(t, rec, now)
	switch {
	case err == nil:
		return nil
	case is(err, ErrNotFound):
		return ErrNotFound
	case is(err, ErrConflict):
		return ErrConflict
	}
	return unavailable(err)
}

// timestamp returns the time as every database keeps it.
func timestamp() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func unavailable(err error) error {
	return fmt.Errorf("session: store: %w: %w", auth.ErrUnavailable, err)
}
