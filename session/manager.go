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
	m.config.Keys = nil // the codec has them, and does not print them
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
	if err := login.check(); err != nil {
		return auth.AuthContext{}, err
	}
	for _, value := range auth.CookieValues(r, m.cookie.Name) {
		old, _, err := m.read(r.Context(), value)
		if is(err, auth.ErrInvalidCredentials) {
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
	rec := Record{Login: login.whole(), Created: now, Renewed: now, EndsBy: now.Add(m.config.Lifetime)}
	rec.Expires = m.idleEnd(rec, now)
	text, err := m.create(r.Context(), &rec)
	if err != nil {
		return auth.AuthContext{}, err
	}
	return m.carry(w, rec, text)
}

// create keeps rec under a new ID.
func (m *Manager) create(ctx context.Context, rec *Record) (token.Secret, error) {
	for range attempts {
		rec.ID = NewID(rec.Login.Actor)
		text := m.tokens.New(rec.ID)
		rec.Digest = text.Digest()
		t := auth.NewTimeout(ctx, m.config.StoreTimeout)
		err := m.config.Store.Create(t, rec.Clone())
		t.Stop()
		if err == nil || m.keeps(ctx, *rec) {
			return text, nil
		}
		if !is(err, ErrExists) {
			// It may be there all the same, but nobody will ever have its cookie.
			return token.Secret{}, errors.Join(unavailable(err), m.End(context.WithoutCancel(ctx), rec.ID))
		}
	}
	return token.Secret{}, unavailable(ErrExists)
}

// keeps reports whether the store holds rec although it returned an error: the answer to a write was lost, or a driver
// sent it a second time.
func (m *Manager) keeps(ctx context.Context, rec Record) bool {
	kept, err := m.get(ctx, rec.ID, rec.Expires.Add(-time.Microsecond)) // also one that was written to expire now
	return err == nil && kept.Digest.Equal(rec.Digest)
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

// End ends a session, whoever it belongs to: whether somebody may is for the caller to find out, such as by [Manager.List].
// Its cookie, and whatever else carries its ID, is refused from now on. One that has ended already is nil. Any error means
// that it may go on.
func (m *Manager) End(ctx context.Context, id string) error {
	if !token.IsID(id) {
		return nil // of no session
	}
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
