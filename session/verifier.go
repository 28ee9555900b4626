package session

import (
	"context"
	"fmt"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// A verifier checks the values of the cookie. It is not the Manager itself, so that nobody can accept a cookie's value
// where no cookie was.
type verifier struct {
	m       *Manager
	passive bool // a request is no use
}

// nobody says that a cookie stands for nobody, and stays: it is a visitor's, or the browser has a newer one.
var nobody = auth.NoCredentials()

// VerifyToken returns the context of the session in a cookie value, and counts it as a use.
func (v verifier) VerifyToken(ctx context.Context, c auth.Credential) (*auth.AuthContext, error) {
	ac, err := v.verify(ctx, c.Token)
	if is(err, errOutdated) {
		// Of requests at once one may have got a new secret: were the answer to another to clear the cookie, that one
		// would be lost.
		return nil, nobody
	}
	return ac, err
}

func (v verifier) verify(ctx context.Context, value string) (*auth.AuthContext, error) {
	rec, now, err := v.m.read(ctx, value)
	if err != nil {
		return nil, err
	}
	ended := false
	if !v.passive {
		ended, err = v.m.use(ctx, rec, now)
	}
	if is(err, ErrConflict) {
		// The secret may have been changed, or another use was written: then this one need not be.
		rec, _, err = v.m.read(ctx, value)
	}
	switch {
	case err != nil:
		return nil, err
	case ended:
		return nil, errEnded
	case rec.isVisitor():
		return nil, nobody
	}
	ac := rec.context()
	return &ac, nil
}

// errOutdated is for the cookie of a session that has another by now.
var errOutdated = fmt.Errorf("session: %w: a secret that was changed", auth.ErrInvalidCredentials)

// read returns the record of the session whose cookie has that value, and when it was good.
func (m *Manager) read(ctx context.Context, value string) (Record, time.Time, error) {
	now := timestamp()
	text, err := m.codec.decode(value)
	if err != nil {
		return Record{}, now, fmt.Errorf("%w: %w", auth.ErrInvalidCredentials, err)
	}
	id, err := m.tokens.Parse(text)
	if err != nil {
		return Record{}, now, fmt.Errorf("%w: %w", auth.ErrInvalidCredentials, err)
	}
	rec, err := m.get(ctx, id, now)
	switch {
	case is(err, ErrNotFound):
		return Record{}, now, fmt.Errorf("%w: %w", auth.ErrInvalidCredentials, err)
	case err != nil:
		return Record{}, now, err
	case !rec.Digest.Equal(token.Sum(text)):
		return Record{}, now, errOutdated
	}
	return rec, now, nil
}
