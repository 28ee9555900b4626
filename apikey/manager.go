package apikey

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

const (
	attempts = 4 // how often a key is made that another got in between of

	// How often a change is tried that another got in between of: often, since whoever changes a key all the time must not
	// keep it from being revoked. Within one process they then wait for each other, see queues.
	changeAttempts = 32
)

// What the methods of a [Manager] return besides what a [Store] does.
var (
	ErrRevoked    = errors.New("apikey: already revoked")   // it cannot be revoked, rotated, disabled or enabled any more
	ErrNotRevoked = errors.New("apikey: not revoked")       // it cannot be deleted yet
	ErrDisabled   = errors.New("apikey: disabled")          // it cannot be rotated
	ErrExpired    = errors.New("apikey: expired")           // it cannot be rotated
	ErrKind       = errors.New("apikey: of the wrong kind") // channels are for publishable keys only
)

// A Manager issues, verifies, changes and revokes keys. Make one with [New]; it does not change, and many goroutines may use
// it at once. Call [Manager.Close] at the end if the store is a [UseRecorder].
//
// Its methods do what they are told, whoever asks: those of [Manager.As] do what somebody may. [auth.Guard.Refuse] answers
// errors that wrap [auth.ErrUnavailable], and those of a [Policy]; what [ErrNotFound], [ErrRevoked], an [InvalidError] and
// the like are to a client says [Refusal].
type Manager struct {
	config       Config
	secrets      token.Codec
	publishables token.Codec
	uses         *useLog      // nil if they are not kept
	cache        *cache       // nil if there is none
	misses       *missLog     // nil if they are not limited
	queues       queues       // of those who change a key
	lastStamp    atomic.Int64 // in microseconds, see stamp
}

// New returns the manager that c describes, or all that is wrong with c.
func New(c Config) (*Manager, error) {
	c = c.withDefaults()
	secrets, codecErr := c.codec("sk")
	if err := errors.Join(c.check(), codecErr); err != nil {
		return nil, err
	}
	publishables, err := c.codec("pk")
	if err != nil {
		return nil, err
	}
	m := &Manager{
		config: c, secrets: secrets, publishables: publishables,
		cache: newCache(c.CacheFor), misses: newMissLog(c.MaxMisses), queues: queues{byID: map[string]*queue{}},
	}
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

// Issue makes a key and returns it with its text, which for a secret key cannot be had again. What is wrong with s is said
// all at once, see [InvalidError]; a store that does not answer is [auth.ErrUnavailable], and there may then be a key that
// nobody has the text of.
func (m *Manager) Issue(ctx context.Context, s Spec) (Key, token.Secret, error) {
	return m.issue(ctx, nil, s)
}

func (m *Manager) issue(ctx context.Context, a *Access, s Spec) (Key, token.Secret, error) {
	now := timestamp()
	s = s.whole()
	if err := s.check(now, m.config.MaxLifetime); err != nil {
		return Key{}, token.Secret{}, err
	}
	k := Key{
		Kind: s.Kind, Environment: m.config.Environment, Title: s.Title, Owner: s.Owner, Scopes: s.Scopes, Channels: s.Channels,
		Metadata: s.Metadata, CreatedBy: s.CreatedBy, CreatedAt: now, UpdatedAt: now, ExpiresAt: s.ExpiresAt,
	}
	if err := a.may(ctx, ActionCreate, k); err != nil {
		return Key{}, token.Secret{}, err
	}
	text, err := m.create(ctx, &k)
	if err != nil {
		return Key{}, token.Secret{}, err
	}
	m.tell(ctx, ActionCreate, k.ID, k.CreatedBy)
	return k, text, nil
}

// create keeps k under a new ID, with a new text.
func (m *Manager) create(ctx context.Context, k *Key) (token.Secret, error) {
	for range attempts {
		k.ID, k.Version = token.NewID(), 1
		text := m.codec(k.Kind).New(k.ID)
		k.Digest, k.Redacted = text.Digest(), redact(text.Reveal())
		if k.Kind == Publishable {
			k.Text = text.Reveal()
		}
		t := auth.NewTimeout(ctx, m.config.StoreTimeout)
		err := m.config.Store.Create(t, *k)
		t.Stop()
		if err == nil || m.keeps(ctx, *k) {
			return text, nil
		}
		if !is(err, ErrExists) {
			// It may be there all the same, but nobody will ever have its text.
			return token.Secret{}, errors.Join(unavailable(err), m.discard(ctx, k.ID))
		}
	}
	return token.Secret{}, unavailable(ErrExists)
}

func (m *Manager) codec(kind Kind) token.Codec {
	if kind == Publishable {
		return m.publishables
	}
	return m.secrets
}

func redact(text string) string { return text[:6] + "***" + text[len(text)-3:] }

// keeps reports whether the store holds k although it returned an error: the answer to a write was lost, or a driver sent
// it a second time.
func (m *Manager) keeps(ctx context.Context, k Key) bool {
	kept, err := m.get(ctx, k.ID)
	return err == nil && kept.Version == k.Version && kept.sameAs(k)
}

// discard removes a key that nobody was told of, also for a client that has hung up.
func (m *Manager) discard(ctx context.Context, id string) error {
	t := auth.NewTimeout(context.WithoutCancel(ctx), m.config.StoreTimeout)
	defer t.Stop()
	if err := m.config.Store.Delete(t, id); err != nil {
		return unavailable(fmt.Errorf("%s stays, whose text nobody has: %w", id, err))
	}
	return nil
}

// Get returns a key, also one that is revoked or has expired, or [ErrNotFound].
func (m *Manager) Get(ctx context.Context, id string) (Key, error) { return m.get(ctx, id) }

// get returns a key, ErrNotFound, or an error that says that the store is unavailable.
func (m *Manager) get(ctx context.Context, id string) (Key, error) {
	if !token.IsID(id) {
		return Key{}, ErrNotFound
	}
	t := auth.NewTimeout(ctx, m.config.StoreTimeout)
	defer t.Stop()
	k, err := m.config.Store.Get(t, id)
	switch {
	case is(err, ErrNotFound):
		return Key{}, ErrNotFound
	case is(err, ErrCorrupt):
		m.logger().LogAttrs(ctx, slog.LevelError, "apikey: corrupt key", slog.String("key", id), slog.Any("error", err))
		return Key{}, ErrNotFound
	case err != nil:
		return Key{}, unavailable(err)
	case k.ID != id:
		return Key{}, ErrNotFound // what the store should have said
	}
	return k, nil
}

// Find returns the keys that q asks for, and how many there would be without its Limit and Offset. A store that is no
// [Index] is an error: [errors.ErrUnsupported].
func (m *Manager) Find(ctx context.Context, q Query) ([]Key, int, error) {
	index, ok := m.config.Store.(Index)
	if !ok {
		return nil, 0, fmt.Errorf("apikey: %T is no Index: %w", m.config.Store, errors.ErrUnsupported)
	}
	if !q.isText() {
		return nil, 0, nil // no key has what no key may have, and not every database can be asked
	}
	t := auth.NewTimeout(ctx, m.config.StoreTimeout)
	defer t.Stop()
	keys, total, err := index.Find(t, q)
	if err != nil {
		return nil, 0, unavailable(err)
	}
	return keys, total, nil
}

// isText reports whether what q looks for is text that a key may have.
func (q Query) isText() bool {
	for _, text := range append([]string{q.Owner.Type, q.Owner.ID, q.Title, q.Text, string(q.Kind)}, q.IDs...) {
		if !utf8.ValidString(text) || strings.Contains(text, "\x00") || len(text) > maxTitleSize {
			return false
		}
	}
	return true
}

// tell writes down what was done to a key, and by whom.
func (m *Manager) tell(ctx context.Context, action Action, id, by string) {
	m.logger().LogAttrs(ctx, slog.LevelDebug, "apikey: done",
		slog.String("action", string(action)), slog.String("key", id), slog.String("by", by))
}

func (m *Manager) logger() *slog.Logger {
	if m.config.Logger != nil {
		return m.config.Logger
	}
	return slog.Default()
}

// timestamp returns the time as every database keeps it.
func timestamp() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func unavailable(err error) error {
	return fmt.Errorf("apikey: store: %w: %w", auth.ErrUnavailable, err)
}
