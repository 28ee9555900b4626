package memory

import (
	"context"
	"errors"
	"time"

	"github.com/countersign-go/countersign/jwtx"
)

var _ jwtx.RevocationStore = (*Revocations)(nil)

// Revocations is a [jwtx.RevocationStore]. Make one with [NewRevocations], the zero value panics; many goroutines may use
// it at once. An error is that of the context, or [ErrFull].
type Revocations struct{ table *table[revocation] }

// A revocation is what is kept under a key.
type revocation struct {
	key       string
	version   int64
	at, until time.Time
}

var (
	errKept    = errors.New("memory: a revocation that is there already")
	errChanged = errors.New("memory: a revocation that changed in between")
)

// NewRevocations returns an empty store. nil opts are fine; a negative Max panics.
func NewRevocations(opts *Options) *Revocations {
	return &Revocations{newTable(opts, schema[revocation]{
		columns: func(r revocation) columns {
			return columns{id: r.key, version: r.version, expires: r.until}
		},
		clone: func(r revocation, version int64) revocation {
			r.version = version
			return r
		},
		replace:  func(_, next revocation) (revocation, error) { return next, nil },
		notFound: errChanged, // since it was there
		exists:   errKept,
		conflict: errChanged,
	})}
}

// Revoke keeps that what was issued up to at is revoked, see [jwtx.RevocationStore]. A full store returns [ErrFull], unless
// there is a record of key: then it needs no room.
func (s *Revocations) Revoke(ctx context.Context, key string, at, until time.Time) error {
	rec := revocation{key: key, at: at, until: until}
	for {
		err := s.table.create(ctx, rec)
		if errors.Is(err, errKept) {
			err = s.merge(ctx, rec)
		}
		if !errors.Is(err, errChanged) {
			return err
		}
		// Another revoked the key in between: look again, and merge with that.
	}
}

// merge puts the later times of rec and of the record that is there in its place.
func (s *Revocations) merge(ctx context.Context, rec revocation) error {
	kept, err := s.table.get(ctx, rec.key, regardless)
	if err != nil {
		return err
	}
	if !rec.at.After(kept.at) && !rec.until.After(kept.until) {
		return nil
	}
	rec.version, rec.at, rec.until = kept.version, later(rec.at, kept.at), later(rec.until, kept.until)
	return s.table.replace(ctx, rec, regardless)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// RevokedUpTo returns up to when what was issued is revoked, see [jwtx.RevocationStore].
func (s *Revocations) RevokedUpTo(ctx context.Context, now time.Time, keys ...string) ([]time.Time, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	upTo := make([]time.Time, len(keys))
	for i, key := range keys {
		if e := s.table.find(key); e != nil {
			if row := e.row.Load(); !row.expired(now) {
				upTo[i] = row.rec.at
			}
		}
	}
	return upTo, nil
}
