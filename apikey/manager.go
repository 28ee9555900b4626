package apikey

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

const (
	// ActorType is the type of the actor that a request with a key acts as; the actor's ID is the key's. Whose key it is
	// says [Key.Owner].
	ActorType = "api-key"

	// DefaultPrefix is what keys begin with unless [Config] says otherwise.
	DefaultPrefix = "sk"

	// DefaultStoreTimeout is what one call of the store may take unless [Config] says otherwise.
	DefaultStoreTimeout = 2 * time.Second

	// DefaultUseInterval is how long uses of keys are collected before they are written unless [Config] says otherwise.
	DefaultUseInterval = time.Minute

	attempts = 4 // how often a change is tried again that another got in between of
)

// ErrRevoked is returned by [Manager.Revoke] for a key that is revoked already.
var ErrRevoked = errors.New("apikey: already revoked")

// Config says how keys are kept. Store is required.
type Config struct {
	Store        Store         // if it is a UseRecorder too, Key.LastUsed is kept
	Prefix       string        // what keys begin with, see [token.NewCodec]; default: "sk"
	StoreTimeout time.Duration // what one call of Store may take; default: 2 s
	UseInterval  time.Duration // uses are written together, this long after the first; default: 1 minute, below zero is never

	// Logger gets each use of a key that the store says is [ErrCorrupt], and uses that could not be written. Default:
	// slog.Default().
	Logger *slog.Logger
}

// A Manager issues, verifies and revokes keys. Make one with [New]; it does not change, and many goroutines may use it at
// once. Call [Manager.Close] at the end if the store is a [UseRecorder].
//
// [auth.Guard.Refuse] answers errors of its methods that wrap [auth.ErrUnavailable]; what [ErrNotFound] and [ErrRevoked]
// are to a client, such as 404 and 409, is for the program to say.
type Manager struct {
	store   Store
	codec   token.Codec
	timeout time.Duration
	log     *slog.Logger // nil is slog.Default()
	uses    *useLog      // nil if they are not kept
}

// New returns the manager that c describes, or all that is wrong with c.
func New(c Config) (*Manager, error) {
	if c.Prefix == "" {
		c.Prefix = DefaultPrefix
	}
	if c.StoreTimeout == 0 {
		c.StoreTimeout = DefaultStoreTimeout
	}
	if c.UseInterval == 0 {
		c.UseInterval = DefaultUseInterval
	}
	var errs []error
	if c.Store == nil {
		errs = append(errs, errors.New("apikey: no Store"))
	}
	if c.StoreTimeout < 0 {
		errs = append(errs, errors.New("apikey: StoreTimeout is negative"))
	}
	codec, err := token.NewCodec(c.Prefix)
	if err != nil {
		errs = append(errs, fmt.Errorf("apikey: Prefix: %w", err))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	m := &Manager{store: c.Store, codec: codec, timeout: c.StoreTimeout, log: c.Logger}
	if recorder, ok := c.Store.(UseRecorder); ok && c.UseInterval > 0 {
		m.uses = &useLog{
			recorder: recorder, interval: c.UseInterval, timeout: c.StoreTimeout, logger: m.logger,
			writing: make(chan struct{}, 1), pending: map[string]Use{},
		}
	}
	return m, nil
}

// Close writes the uses of keys that were not written yet, and has none written from then on. A program that ends without
// it loses those of the last interval. The manager goes on verifying keys. An error says that uses were not written: Close
// may be called again.
func (m *Manager) Close(ctx context.Context) error { return m.uses.close(ctx) }

// Issue makes a key and returns it with its text, which cannot be had again. What is wrong with s is said all at once; a
// store that does not answer is [auth.ErrUnavailable], and there may then be a key that nobody has the text of.
func (m *Manager) Issue(ctx context.Context, s Spec) (Key, token.Secret, error) {
	now := timestamp()
	if err := s.check(now); err != nil {
		return Key{}, token.Secret{}, err
	}
	k := Key{
		Version: 1, Title: s.Title, Owner: s.Owner, Scopes: s.Scopes,
		CreatedBy: s.CreatedBy, CreatedAt: now, ExpiresAt: s.ExpiresAt.UTC().Truncate(time.Microsecond),
	}
	if k.CreatedBy == "" {
		k.CreatedBy = s.Owner.ID
	}
	t := auth.NewTimeout(ctx, m.timeout)
	defer t.Stop()
	for range attempts {
		k.ID = token.NewID()
		text := m.codec.New(k.ID)
		k.Digest, k.Redacted = text.Digest(), redact(text.Reveal())
		err := m.store.Create(t, k)
		if is(err, ErrExists) {
			// Either one in 2^120, or a driver that sent the key twice because the first answer was lost.
			kept, getErr := m.store.Get(t, k.ID)
			if getErr != nil || !kept.Digest.Equal(k.Digest) {
				continue
			}
			err = nil
		}
		if err != nil {
			return Key{}, token.Secret{}, unavailable(err)
		}
		return k, text, nil
	}
	return Key{}, token.Secret{}, unavailable(ErrExists)
}

func redact(text string) string { return text[:6] + "***" + text[len(text)-3:] }

// Recognizes reports whether text begins like a key, see [auth.Recognizer].
func (m *Manager) Recognizes(text string) bool { return m.codec.Recognizes(text) }

// VerifyToken returns the context of the key that c holds: the actor is the key itself, and [auth.Value] finds the [Key].
func (m *Manager) VerifyToken(ctx context.Context, c auth.Credential) (*auth.AuthContext, error) {
	id, err := m.codec.Parse(c.Token)
	if err != nil {
		return nil, errMalformed
	}
	k, err := m.get(ctx, id)
	now := time.Now()
	switch {
	case is(err, ErrNotFound):
		return nil, errUnknown
	case err != nil:
		return nil, err
	case k.ID != id || !k.Digest.Equal(token.Sum(c.Token)):
		return nil, errUnknown
	case !k.Live(now):
		return nil, fmt.Errorf("apikey: %w: %s has expired or is revoked", auth.ErrInvalidCredentials, k.ID)
	}
	m.uses.add(k.ID, c.Remote, now)
	ac := &auth.AuthContext{
		Actor:        auth.Actor{Type: ActorType, ID: k.ID},
		Scheme:       "api-key",
		CredentialID: k.ID,
		Scopes:       k.Scopes,
		Expires:      k.ExpiresAt,
	}
	ac.Attach(k)
	return ac, nil
}

// Made once: junk is cheap to turn away. errUnknown does not tell whether there is a key with the ID.
var (
	errMalformed = fmt.Errorf("apikey: %w: %w", auth.ErrInvalidCredentials, token.ErrMalformed)
	errUnknown   = fmt.Errorf("apikey: %w: unknown key", auth.ErrInvalidCredentials)
)

// List returns the keys of an owner, the oldest first, also those that are revoked.
func (m *Manager) List(ctx context.Context, owner auth.Actor) ([]Key, error) {
	t := auth.NewTimeout(ctx, m.timeout)
	defer t.Stop()
	keys, err := m.store.List(t, owner)
	if err != nil {
		return nil, unavailable(err)
	}
	return keys, nil
}

// Revoke ends a key for good, whoever it belongs to; by says who did it, and is only written down: whether they may is for
// the caller to find out, such as by [Manager.List]. The key is refused from the next request on. A key that is not there is
// [ErrNotFound], one that is revoked already [ErrRevoked]. Any other error means that the key may still work.
func (m *Manager) Revoke(ctx context.Context, id, by string) error {
	if !isName(by) {
		return fmt.Errorf("apikey: by is not plain text of %d bytes at most", maxName)
	}
	now := timestamp()
	for try := range attempts {
		k, err := m.get(ctx, id)
		if err != nil {
			return err
		}
		if try > 0 && k.RevokedAt.Equal(now) && k.RevokedBy == by {
			return nil // it was our own change, whose answer was lost
		}
		if !k.RevokedAt.IsZero() {
			return ErrRevoked
		}
		k.RevokedAt, k.RevokedBy = now, by
		if err = m.replace(ctx, k); !is(err, ErrConflict) {
			return err
		}
	}
	return unavailable(ErrConflict)
}

// get returns a key, ErrNotFound, or an error that says that the store is unavailable.
func (m *Manager) get(ctx context.Context, id string) (Key, error) {
	if !token.IsID(id) {
		return Key{}, ErrNotFound
	}
	t := auth.NewTimeout(ctx, m.timeout)
	defer t.Stop()
	k, err := m.store.Get(t, id)
	switch {
	case is(err, ErrNotFound):
		return Key{}, ErrNotFound
	case is(err, ErrCorrupt):
		m.logger().LogAttrs(ctx, slog.LevelError, "apikey: corrupt key", slog.String("key", id), slog.Any("error", err))
		return Key{}, ErrNotFound
	case err != nil:
		return Key{}, unavailable(err)
	}
	return k, nil
}

func (m *Manager) replace(ctx context.Context, k Key) error {
	t := auth.NewTimeout(ctx, m.timeout)
	defer t.Stop()
	err := m.store.Replace(t, k)
	if err == nil || is(err, ErrNotFound) || is(err, ErrConflict) {
		return err
	}
	return unavailable(err)
}

func (m *Manager) logger() *slog.Logger {
	if m.log != nil {
		return m.log
	}
	return slog.Default()
}

// timestamp returns the time as every database keeps it.
func timestamp() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func unavailable(err error) error {
	return fmt.Errorf("apikey: store: %w: %w", auth.ErrUnavailable, err)
}
