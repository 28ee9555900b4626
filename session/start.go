package session

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// Start begins a session for a login that just succeeded, and sets its cookie. Sessions that r brought along are ended
// first, so that nobody goes on with one that was there before; the new one takes over the values of a visitor's, see
// [Manager.StartAnonymous], and of no other. A request that another site's page made is refused with 403 (login CSRF), and
// so is an actor who has too many sessions, see [ErrLimit]. It returns what a guard will attach to the requests of the
// session.
func (m *Manager) Start(w http.ResponseWriter, r *http.Request, login Login) (auth.AuthContext, error) {
	if err := m.origins.Check(r); err != nil {
		return auth.AuthContext{}, err
	}
	if err := login.check(); err != nil {
		return auth.AuthContext{}, err
	}
	old, err := m.brought(r)
	if err != nil {
		return auth.AuthContext{}, err
	}
	rec := m.newRecord(r, login)
	text, err := m.startOver(r.Context(), old, &rec)
	if err != nil {
		return auth.AuthContext{}, err
	}
	return m.carry(w, r, rec, text)
}

// startOver begins the session rec in the place of all those that the browser had.
func (m *Manager) startOver(ctx context.Context, old []Record, rec *Record) (token.Secret, error) {
	if len(old) == 1 && old[0].isVisitor() { // of several, any may have been planted
		return m.upgrade(ctx, old[0], rec)
	}
	for _, o := range old {
		if err := m.End(ctx, o.ID); err != nil {
			return token.Secret{}, err
		}
	}
	return m.begin(ctx, rec, "")
}

// newRecord returns the record of a session that begins now, without an ID.
func (m *Manager) newRecord(r *http.Request, login Login) Record {
	now := timestamp()
	rec := Record{
		Login: login.whole(), Created: now, Renewed: now, EndsBy: now.Add(m.config.Lifetime),
		IP: auth.ClientIP(r, m.config.TrustedProxies), UserAgent: userAgent(r),
	}
	rec.Expires = m.idleEnd(rec, now)
	return rec
}

// create keeps rec under a new ID.
func (m *Manager) create(ctx context.Context, rec *Record) (token.Secret, error) {
	rec.Version = 0
	for range attempts {
		rec.ID = NewID(rec.Login.Actor)
		text := m.tokens.New(rec.ID)
		rec.Digest = text.Digest()
		if err := rec.Check(); err != nil {
			return token.Secret{}, err
		}
		t := auth.NewTimeout(ctx, m.config.StoreTimeout)
		err := m.config.Store.Create(t, rec.Clone())
		t.Stop()
		if err == nil || m.keeps(ctx, *rec) {
			rec.Version = 1
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
	kept, err := m.look(ctx, rec.ID, rec.Expires.Add(-time.Microsecond)) // also one that was written to expire now
	return err == nil && kept.Digest.Equal(rec.Digest)
}
