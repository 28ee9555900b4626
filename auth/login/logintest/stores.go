package logintest

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// A shelf is a login.Store.
type shelf struct {
	mu         sync.Mutex
	identities map[string]login.AuthIdentity
	finds      int                         // calls of Find
	onFind     func(context.Context) error // is called by Find first; may be nil
}

// Create keeps i.
func (s *shelf) Create(ctx context.Context, i login.AuthIdentity) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, ok := s.identities[i.ID]; ok || s.taken(i) {
		return login.ErrExists
	}
	return s.put(i)
}

// Get returns the identity with the ID.
func (s *shelf) Get(ctx context.Context, id string) (login.AuthIdentity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.identities[id]
	if !ok {
		return i, login.ErrNotFound
	}
	return i.Clone(), ctx.Err()
}

// Find returns the identity that logs in so, once onFind has let it.
func (s *shelf) Find(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
	s.mu.Lock()
	s.finds++
	onFind := s.onFind
	s.mu.Unlock()
	if onFind != nil {
		if err := onFind(ctx); err != nil {
			return login.AuthIdentity{}, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.identities {
		if _, ok := i.By(provider, entityID); ok {
			return i.Clone(), ctx.Err()
		}
	}
	return login.AuthIdentity{}, login.ErrNotFound
}

// Replace puts i in the place of what it was read as.
func (s *shelf) Replace(ctx context.Context, i login.AuthIdentity) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.identities[i.ID]
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !ok:
		return login.ErrNotFound
	case old.Version != i.Version:
		return login.ErrConflict
	case s.taken(i):
		return login.ErrExists
	}
	return s.put(i)
}

// Delete removes the identity.
func (s *shelf) Delete(ctx context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	delete(s.identities, id)
	return nil
}

// taken reports whether another identity logs in as i does.
func (s *shelf) taken(i login.AuthIdentity) bool {
	for _, other := range s.identities {
		for _, p := range i.Providers {
			if _, ok := other.By(p.Provider, p.EntityID); ok && other.ID != i.ID {
				return true
			}
		}
	}
	return false
}

// put keeps i as its next version.
func (s *shelf) put(i login.AuthIdentity) error {
	if err := i.Check(); err != nil {
		return err
	}
	i = i.Clone()
	i.Version++
	s.identities[i.ID] = i
	return nil
}

// found returns how often Find was called.
func (s *shelf) found() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.finds
}

// setOnFind has f called at each Find from now on.
func (s *shelf) setOnFind(f func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onFind = f
}

// A drawer is a login.TokenStore.
type drawer struct {
	mu     sync.Mutex
	tokens map[string]login.OneTimeToken
	down   bool // it answers nothing
}

// Put keeps t in the place of the one with its ID.
func (d *drawer) Put(ctx context.Context, t login.OneTimeToken) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.available(ctx); err != nil {
		return err
	}
	if err := t.Check(); err != nil {
		return err
	}
	d.tokens[t.ID] = t
	return nil
}

// Get returns the token with the ID.
func (d *drawer) Get(ctx context.Context, id string, now time.Time) (login.OneTimeToken, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.available(ctx); err != nil {
		return login.OneTimeToken{}, err
	}
	t, ok := d.tokens[id]
	if !ok || !t.Expires.After(now) {
		return login.OneTimeToken{}, login.ErrNotFound
	}
	return t, nil
}

// Consume removes the token, and returns it.
func (d *drawer) Consume(ctx context.Context, id string, digest token.Digest, now time.Time) (login.OneTimeToken, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.available(ctx); err != nil {
		return login.OneTimeToken{}, err
	}
	t, ok := d.tokens[id]
	if !ok || !t.Expires.After(now) || !t.Digest.Equal(digest) {
		return login.OneTimeToken{}, login.ErrNotFound
	}
	delete(d.tokens, id)
	return t, nil
}

// Delete removes the token with the ID.
func (d *drawer) Delete(ctx context.Context, id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.available(ctx); err != nil {
		return err
	}
	delete(d.tokens, id)
	return nil
}

func (d *drawer) available(ctx context.Context) error {
	if d.down {
		return errDown
	}
	return ctx.Err()
}

func (d *drawer) setDown() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.down = true
}

// A forgetful is a login.AttemptStore that counts nothing, so that nobody has to wait.
type forgetful struct{}

// Load remembers nothing of key.
func (forgetful) Load(ctx context.Context, key string, _ time.Time) (login.Attempts, error) {
	return login.Attempts{Key: key}, ctx.Err()
}

// Swap keeps nothing.
func (forgetful) Swap(ctx context.Context, _ login.Attempts, _ time.Time) error { return ctx.Err() }

// sessions are login.Sessions whose access tokens say whose they are, and open nothing.
type sessions struct{}

const tokenPrefix = "token of "

// StartAccess returns a token that names the identity.
func (sessions) StartAccess(_ *http.Request, who auth.AuthContext) (string, error) {
	return tokenPrefix + who.IdentityID, nil
}

// RefreshAccess returns the same one.
func (sessions) RefreshAccess(_ http.ResponseWriter, _ *http.Request, who auth.AuthContext) (string, error) {
	return tokenPrefix + who.IdentityID, nil
}

// StartCookie refuses: nothing has a cookie.
func (sessions) StartCookie(http.ResponseWriter, *http.Request, string) (auth.AuthContext, error) {
	return auth.AuthContext{}, auth.ErrInvalidCredentials
}

// End ends nothing, since no token opens anything.
func (sessions) End(context.Context, string) error { return nil }

// EndIdentity ends nothing either.
func (sessions) EndIdentity(context.Context, string, string) (int, error) { return 0, nil }

// ClearCookie clears nothing: no cookie was set.
func (sessions) ClearCookie(http.ResponseWriter) {}
