package login_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// identityStore is a store whose calls are counted.
type identityStore struct {
	faults
	inner *memory.Identities
}

func (s *identityStore) Create(ctx context.Context, i login.AuthIdentity) error {
	return s.do(ctx, "Create", func() error { return s.inner.Create(ctx, i) })
}

func (s *identityStore) Get(ctx context.Context, id string) (i login.AuthIdentity, err error) {
	err = s.do(ctx, "Get", func() (err error) { i, err = s.inner.Get(ctx, id); return err })
	return i, err
}

func (s *identityStore) Find(ctx context.Context, provider, entityID string) (i login.AuthIdentity, err error) {
	err = s.do(ctx, "Find", func() (err error) { i, err = s.inner.Find(ctx, provider, entityID); return err })
	return i, err
}

func (s *identityStore) Replace(ctx context.Context, i login.AuthIdentity) error {
	return s.do(ctx, "Replace", func() error { return s.inner.Replace(ctx, i) })
}

func (s *identityStore) Delete(ctx context.Context, id string) error {
	return s.do(ctx, "Delete", func() error { return s.inner.Delete(ctx, id) })
}

// sessionTap is a manager whose calls by a Service are counted.
type sessionTap struct {
	faults
	*session.Manager
}

// call is do, with errors as those of a manager whose store fails.
func (s *sessionTap) call(ctx context.Context, verb string, call func() error) error {
	err := s.do(ctx, verb, call)
	if errors.Is(err, errRefused) {
		return fmt.Errorf("session: store: %w: %w", auth.ErrUnavailable, err)
	}
	return err
}

func (s *sessionTap) StartAccess(r *http.Request, who auth.AuthContext) (access string, err error) {
	err = s.call(r.Context(), "StartAccess", func() (err error) { access, err = s.Manager.StartAccess(r, who); return err })
	return access, err
}

func (s *sessionTap) RefreshAccess(w http.ResponseWriter, r *http.Request, who auth.AuthContext) (access string, err error) {
	err = s.call(r.Context(), "RefreshAccess", func() (err error) { access, err = s.Manager.RefreshAccess(w, r, who); return err })
	return access, err
}

func (s *sessionTap) StartCookie(w http.ResponseWriter, r *http.Request, id string) (ac auth.AuthContext, err error) {
	err = s.call(r.Context(), "StartCookie", func() (err error) { ac, err = s.Manager.StartCookie(w, r, id); return err })
	return ac, err
}

func (s *sessionTap) End(ctx context.Context, id string) error {
	return s.call(ctx, "End", func() error { return s.Manager.End(ctx, id) })
}

func (s *sessionTap) EndIdentity(ctx context.Context, identity, except string) (n int, err error) {
	err = s.call(ctx, "EndIdentity", func() (err error) { n, err = s.Manager.EndIdentity(ctx, identity, except); return err })
	return n, err
}
