package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// attempts bounds how often a change is tried again that another request got in between of.
const attempts = 4

// A Manager starts, renews and ends sessions. Make one with [New]; it does not change, and many goroutines may use it at
// once.
//
// An error of its methods that wraps [auth.ErrUnavailable] says that the store did not answer. [auth.Guard.Refuse] answers
// all of them.
type Manager struct {
	config  Config
	tokens  token.Codec
	cookie  http.Cookie // without a value
	codec   *cookieCodec
	origins *auth.CrossOrigin
	scheme  auth.Scheme
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
	m.codec = newCookieCodec(m.cookie.Name, c.Keys, c.Lifetime)
	m.scheme = auth.Cookie(m.cookie.Name, verifier{m}, &auth.CookieOptions{
		CrossOrigin:       origins,
		Path:              m.cookie.Path,
		Domain:            m.cookie.Domain,
		SameSite:          m.cookie.SameSite,
		InsecurePlainHTTP: c.Cookie.InsecurePlainHTTP,
	})
	return m, nil
}

// Scheme returns the scheme of the session cookie, see [auth.Cookie]. A request that it accepts counts as a use.
func (m *Manager) Scheme() auth.Scheme { return m.scheme }

// Start begins a session for a login that just succeeded, and sets its cookie. Sessions that r brought along are ended
// first, so that nobody goes on with one that was there before. A request that another site's page made is refused with
// 403 (login CSRF). It returns what a guard will attach to the requests of the session.
func (m *Manager) Start(w http.ResponseWriter, r *http.Request, login Login) (auth.AuthContext, error) {
	if err := m.origins.Check(r); err != nil {
		return auth.AuthContext{}, err
	}
	for _, value := range auth.CookieValues(r, m.cookie.Name) {
		old, _, err := m.read(r.Context(), value)
		if errors.Is(err, auth.ErrInvalidCredentials) {
			continue
		}
		if err == nil {
			err = m.End(r.Context(), old.ID)
		}
		if err != nil {
			return auth.AuthContext{}, err
		}
	}
	now := timestamp()
	rec := Record{Login: login, Created: now, Renewed: now, EndsBy: now.Add(m.config.Lifetime)}
	rec.Expires = m.idleEnd(rec, now)
	text, err := m.create(r.Context(), &rec)
	if err != nil {
		return auth.AuthContext{}, err
	}
	return m.carry(w, rec, text)
}

// create keeps rec under a new ID.
func (m *Manager) create(ctx context.Context, rec *Record) (token.Secret, error) {
	t := auth.NewTimeout(ctx, m.config.StoreTimeout)
	defer t.Stop()
	for range attempts {
		rec.ID = token.NewID()
		text := m.tokens.New(rec.ID)
		rec.Digest = text.Digest()
		err := m.config.Store.Create(t, rec.Clone())
		if errors.Is(err, ErrExists) {
			// Either one in 2^120, or a driver that sent the record twice because the first answer was lost.
			kept, getErr := m.config.Store.Get(t, rec.ID, rec.Created)
			if getErr != nil || !kept.Digest.Equal(rec.Digest) {
				continue
			}
			err = nil
		}
		if err != nil {
			return token.Secret{}, unavailable(err)
		}
		return text, nil
	}
	return token.Secret{}, unavailable(ErrExists)
}

// Rotate changes the secret of the session that r's cookie stands for, because its privileges change: a factor was added,
// a role was given. change, which may be nil, gets the login to edit; it may be called again when another request got in
// between. The old cookie is dead when Rotate returns, the new one is set, the ID stays. Without a good cookie the error is
// that of [Manager.Scheme].
func (m *Manager) Rotate(w http.ResponseWriter, r *http.Request, change func(*Login)) (auth.AuthContext, error) {
	if _, err := m.scheme.Authenticate(r); err != nil {
		return auth.AuthContext{}, err
	}
	var lastErr error
	for _, value := range auth.CookieValues(r, m.cookie.Name) {
		rec, text, err := m.rotate(r.Context(), value, change)
		if err == nil {
			return m.carry(w, rec, text)
		}
		lastErr = err
		if !errors.Is(err, auth.ErrInvalidCredentials) {
			break
		}
	}
	return auth.AuthContext{}, lastErr
}

func (m *Manager) rotate(ctx context.Context, value string, change func(*Login)) (Record, token.Secret, error) {
	for range attempts {
		rec, now, err := m.read(ctx, value)
		if err != nil {
			return Record{}, token.Secret{}, err
		}
		rec = rec.Clone()
		if change != nil {
			change(&rec.Login)
		}
		text := m.tokens.New(rec.ID)
		rec.Digest, rec.Renewed, rec.Expires = text.Digest(), now, m.idleEnd(rec, now)
		err = m.replace(ctx, rec, now)
		if errors.Is(err, ErrConflict) {
			kept, getErr := m.get(ctx, rec.ID, now)
			if getErr != nil || !kept.Digest.Equal(rec.Digest) {
				continue
			}
			err = nil // it was our own change, whose answer was lost
		}
		return rec, text, err
	}
	return Record{}, token.Secret{}, unavailable(ErrConflict)
}

// carry sets the cookie of a session and returns its context.
func (m *Manager) carry(w http.ResponseWriter, rec Record, text token.Secret) (auth.AuthContext, error) {
	value, err := m.codec.encode(text)
	if err != nil {
		return auth.AuthContext{}, fmt.Errorf("session: cookie: %w", err)
	}
	cookie := m.cookie
	cookie.Value = value
	if cookie.MaxAge > 0 {
		cookie.MaxAge = int(time.Until(rec.EndsBy) / time.Second)
	}
	setCookie(w.Header(), &cookie)
	return rec.Clone().context(), nil
}

// ClearCookie tells the browser to forget the cookie. It ends no session.
func (m *Manager) ClearCookie(w http.ResponseWriter) {
	cookie := m.cookie
	cookie.MaxAge = -1
	setCookie(w.Header(), &cookie)
}

// setCookie sets c instead of what was set for its name before: a response should set a cookie once (RFC 6265bis,
// section 4.1.1).
func setCookie(h http.Header, c *http.Cookie) {
	h["Set-Cookie"] = append(slices.DeleteFunc(h["Set-Cookie"], func(line string) bool {
		return strings.HasPrefix(line, c.Name+"=")
	}), c.String())
}

// Renew begins the idle timeout of a session anew, as a use does. It is for uses that are no requests, such as messages
// on a connection that stays open. A session that has ended is [ErrNotFound].
func (m *Manager) Renew(ctx context.Context, id string) error {
	now := timestamp()
	rec, err := m.get(ctx, id, now)
	if err != nil {
		return err
	}
	if err = m.renew(ctx, rec, now); errors.Is(err, ErrConflict) {
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

// Ended reports whether a session has ended, for whatever else carries its ID: what package jwtx is told by the program
// about access tokens. One that has not counts as used. An empty ID is that of no session, which has ended.
func (m *Manager) Ended(ctx context.Context, id string) (bool, error) {
	now := timestamp()
	rec, err := m.get(ctx, id, now)
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	ended, err := m.use(ctx, rec, now)
	if errors.Is(err, ErrConflict) {
		return false, nil // by another use, or by a new secret, which is the cookie's alone
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
	case errors.Is(err, ErrNotFound):
		return true, nil
	case errors.Is(err, ErrConflict):
		// Another request renewed it, or changed its secret: the latter is for the caller to find out.
		return false, err
	}
	// The store answered the read, so the session is good. It would be wrong to refuse what is allowed because a note
	// about it could not be made; at worst the session ends early.
	m.logger().LogAttrs(ctx, slog.LevelError, "session: renewal", slog.String("session", rec.ID), slog.Any("error", err))
	return false, nil
}

func (m *Manager) logger() *slog.Logger {
	if m.config.Logger != nil {
		return m.config.Logger
	}
	return slog.Default()
}

// End ends a session: its cookie, and whatever else carries its ID, is refused from now on. One that has ended already is
// nil. Any error means that it may go on.
func (m *Manager) End(ctx context.Context, id string) error {
	t := auth.NewTimeout(ctx, m.config.StoreTimeout)
	defer t.Stop()
	if err := m.config.Store.Delete(t, id); err != nil {
		return unavailable(err)
	}
	return nil
}

// List returns the sessions of an actor, the oldest first. An actor without a type or an ID is an error, since sessions
// that have no actor yet have nothing in common. So is a store that is no [ActorIndex]: [errors.ErrUnsupported].
func (m *Manager) List(ctx context.Context, actor auth.Actor) ([]Record, error) {
	index, err := m.index(actor)
	if err != nil {
		return nil, err
	}
	t := auth.NewTimeout(ctx, m.config.StoreTimeout)
	defer t.Stop()
	records, err := index.List(t, actor, timestamp())
	if err != nil {
		return nil, unavailable(err)
	}
	return records, nil
}

// EndAll ends the sessions of an actor, but not the one whose ID is except, if that is not empty, and returns how many
// there were. What is an error for [Manager.List] is one here.
func (m *Manager) EndAll(ctx context.Context, actor auth.Actor, except string) (int, error) {
	index, err := m.index(actor)
	if err != nil {
		return 0, err
	}
	t := auth.NewTimeout(ctx, m.config.StoreTimeout)
	defer t.Stop()
	n, err := index.DeleteAll(t, actor, except)
	if err != nil {
		return 0, unavailable(err)
	}
	return n, nil
}

func (m *Manager) index(actor auth.Actor) (ActorIndex, error) {
	if actor.Type == "" || actor.ID == "" {
		return nil, errors.New("session: an actor without a type or an ID")
	}
	index, ok := m.config.Store.(ActorIndex)
	if !ok {
		return nil, fmt.Errorf("session: %T is no ActorIndex: %w", m.config.Store, errors.ErrUnsupported)
	}
	return index, nil
}

// get returns the record of a session that has not ended, or ErrNotFound.
func (m *Manager) get(ctx context.Context, id string, now time.Time) (Record, error) {
	if !token.IsID(id) {
		return Record{}, ErrNotFound
	}
	t := auth.NewTimeout(ctx, m.config.StoreTimeout)
	defer t.Stop()
	rec, err := m.config.Store.Get(t, id, now)
	switch {
	case errors.Is(err, ErrNotFound):
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
	if err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) {
		return err
	}
	return unavailable(err)
}

// timestamp returns the time as every database keeps it.
func timestamp() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func unavailable(err error) error {
	return fmt.Errorf("session: store: %w: %w", auth.ErrUnavailable, err)
}
