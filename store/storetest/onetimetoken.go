package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// TestOneTimeTokens tests whether the stores that open returns are as [login.TokenStore] says. The package comment says what
// open may return.
func TestOneTimeTokens(t *testing.T, open func(t testing.TB) login.TokenStore) {
	t.Helper()
	run(t, oneTimeTokenCases, open)
}

var oneTimeTokenCases = slices.Concat([]testCase[login.TokenStore]{
	{"a token that was put comes back whole, by Get and by Consume", putKeepsAll},
	{"Put puts a token in the place of any other", putReplacesAll},
	{"Put voids the token with its ID, and no other", putVoids},
	{"a repeated Put changes nothing", putRepeated},
	{"Get of an unknown ID is ErrNotFound", tokenUnknown},
	{"Get at Expires is ErrNotFound, one microsecond before it is not", tokenExpires},
	{"Put moves Expires in both directions", putMovesExpires},
	{"what has expired gives place to the next", putOverExpired},
	{"Consume returns a token once", consumeOnce},
	{"Consume of another digest is ErrNotFound and removes nothing", consumeCompares},
	{"Consume at Expires is ErrNotFound, one microsecond before it is not", consumeExpires},
	{"a clock that is ahead removes nothing", tokenClockAhead},
	{"Delete ends a token, and may be repeated", tokenDelete},
	{"IDs compare byte for byte", tokenIDsAreBytes},
	{"an ID that no store keeps stands for nothing", tokenOddIDs},
	{"what no store keeps is refused and changes nothing", putRefused},
	{"a context that is done is an error and changes nothing", tokenDone},
}, oneTimeTokenRaces)

// loginAnswers are the errors that say that a store of package login has looked.
var loginAnswers = []error{login.ErrNotFound, login.ErrExists, login.ErrConflict}

func put(ctx context.Context, s login.TokenStore, t login.OneTimeToken) error {
	return must("Put", s.Put(ctx, t))
}

// newPut puts a token that is new.
func newPut(ctx context.Context, s login.TokenStore) (login.OneTimeToken, error) {
	t := newToken()
	return t, put(ctx, s, t)
}

// newPuts puts two tokens that are new, of which one is to stay as it is.
func newPuts(ctx context.Context, s login.TokenStore) (t, other login.OneTimeToken, err error) {
	if t, err = newPut(ctx, s); err == nil {
		other, err = newPut(ctx, s)
	}
	return t, other, err
}

// good returns what is wrong unless the store has the token, as Get says.
func good(ctx context.Context, s login.TokenStore, want login.OneTimeToken, when string) error {
	got, err := s.Get(ctx, want.ID, time.Now())
	if err != nil {
		return fmt.Errorf("%s, Get returned %s, want the token", when, quote(err))
	}
	if err := difference(got, want); err != nil {
		return fmt.Errorf("%s, the token differs: %w", when, err)
	}
	return nil
}

// spent returns what is wrong unless there is no token with the ID and that digest, as Get and Consume say.
func spent(ctx context.Context, s login.TokenStore, t login.OneTimeToken, when, why string) error {
	_, got := s.Get(ctx, t.ID, time.Now())
	return errors.Join(expect(when+", Get", got, login.ErrNotFound, why), void(ctx, s, t, when, why))
}

// void returns what is wrong unless Consume takes the token for none.
func void(ctx context.Context, s login.TokenStore, t login.OneTimeToken, when, why string) error {
	got, err := s.Consume(ctx, t.ID, t.Digest, time.Now())
	if !errors.Is(err, login.ErrNotFound) {
		return fmt.Errorf("%s, Consume returned %s and %s, want %s: %s", when, show(got), quote(err), quote(login.ErrNotFound), why)
	}
	return nothingWith("Consume", got, err)
}

// nothingWith returns what is wrong if a token came with an error.
func nothingWith(verb string, got login.OneTimeToken, err error) error {
	if err != nil && difference(got, login.OneTimeToken{}) != nil {
		return fmt.Errorf("%s returned %s together with an error, want the zero value: somebody would take it", verb, show(got))
	}
	return nil
}

// consumes returns what is wrong unless Consume returns the token.
func consumes(ctx context.Context, s login.TokenStore, want login.OneTimeToken, when string) error {
	got, err := s.Consume(ctx, want.ID, want.Digest, time.Now())
	if err != nil {
		return fmt.Errorf("%s, Consume returned %s, want the token", when, quote(err))
	}
	if err := difference(got, want); err != nil {
		return fmt.Errorf("%s, the token that Consume returned differs: %w", when, err)
	}
	return nil
}

func putKeepsAll(ctx context.Context, s login.TokenStore) error {
	var errs []error
	for _, sample := range tokenSamples {
		t := sample.make()
		if err := must("Put of "+sample.what, s.Put(ctx, t)); err != nil {
			errs = append(errs, err)
			continue
		}
		when := "after Put of " + sample.what
		errs = append(errs, good(ctx, s, t, when), consumes(ctx, s, t, when), spent(ctx, s, t, when+" and Consume", "it was used"))
	}
	return errors.Join(errs...)
}

// putReplacesAll puts each sample in the place of the one before.
func putReplacesAll(ctx context.Context, s login.TokenStore) error {
	last, err := newPut(ctx, s)
	if err != nil {
		return err
	}
	for _, sample := range append(slices.Clone(tokenSamples), tokenSamples[0]) {
		next, when := sample.make(), "after Put of "+sample.what+" in the place of another"
		next.ID = last.ID
		if err := put(ctx, s, next); err != nil {
			return fmt.Errorf("%s, %w", when, err)
		}
		if err := errors.Join(good(ctx, s, next, when), void(ctx, s, last, when, "the newer one voids it")); err != nil {
			return err
		}
		last = next
	}
	return consumes(ctx, s, last, "after many Puts")
}

func putVoids(ctx context.Context, s login.TokenStore) error {
	old, other, err := newPuts(ctx, s)
	if err != nil {
		return err
	}
	next := newToken()
	next.ID = old.ID
	if err := put(ctx, s, next); err != nil {
		return err
	}
	return errors.Join(
		void(ctx, s, old, "after Put of another with its ID", "whoever has read the older e-mail could use it"),
		good(ctx, s, next, "after Put, and Consume of the token that it voids"),
		consumes(ctx, s, next, "after Put, and Consume of the token that it voids"),
		void(ctx, s, old, "after Consume of the token that has voided it", "it was void before"),
		good(ctx, s, other, "after Put and Consume of others"))
}

func putRepeated(ctx context.Context, s login.TokenStore) error {
	t := newToken()
	for range 3 {
		if err := put(ctx, s, t); err != nil {
			return fmt.Errorf("%w: who lost the first answer asks again", err)
		}
	}
	return errors.Join(
		good(ctx, s, t, "after the same Put three times"),
		consumes(ctx, s, t, "after the same Put three times"),
		spent(ctx, s, t, "after the same Put three times and one Consume", "it is good once"))
}

func tokenUnknown(ctx context.Context, s login.TokenStore) error {
	var errs []error
	for _, id := range []string{token.NewID(), "", "*", "%"} {
		got, err := s.Get(ctx, id, time.Now())
		t := login.OneTimeToken{ID: id, Digest: newToken().Digest}
		errs = append(errs,
			expect(fmt.Sprintf("Get of %q", id), err, login.ErrNotFound, "any other error is an outage, not a no"),
			nothingWith("Get", got, err),
			void(ctx, s, t, fmt.Sprintf("for the ID %q", id), "nobody has put it there"))
	}
	return errors.Join(errs...)
}

func tokenExpires(ctx context.Context, s login.TokenStore) error {
	t, err := newPut(ctx, s)
	if err != nil {
		return err
	}
	_, before := s.Get(ctx, t.ID, t.Expires.Add(-tick))
	got, at := s.Get(ctx, t.ID, t.Expires)
	_, after := s.Get(ctx, t.ID, t.Expires.Add(24*time.Hour))
	return errors.Join(
		expect("Get one microsecond before Expires", before, nil, "the token has not expired"),
		expect("Get at Expires", at, login.ErrNotFound, "the token has expired"),
		nothingWith("Get at Expires", got, at),
		expect("Get a day after Expires", after, login.ErrNotFound, "the token has expired"))
}

// putMovesExpires puts a token that ends later in the place of one, then one that ends earlier.
func putMovesExpires(ctx context.Context, s login.TokenStore) error {
	t, err := newPut(ctx, s)
	if err != nil {
		return err
	}
	var errs []error
	for _, by := range []time.Duration{time.Hour, -90 * time.Minute} {
		t.Expires = t.Expires.Add(by)
		if err := put(ctx, s, t); err != nil {
			return err
		}
		_, before := s.Get(ctx, t.ID, t.Expires.Add(-tick))
		_, at := s.Get(ctx, t.ID, t.Expires)
		moved := fmt.Sprintf("after Put has moved Expires by %v, Get ", by)
		errs = append(errs,
			expect(moved+"one microsecond before it", before, nil, "the token has not expired"),
			expect(moved+"at it", at, login.ErrNotFound, "the token has expired"))
	}
	return errors.Join(errs...)
}

// putOverExpired puts a token that has long expired, and one in its place that has not.
func putOverExpired(ctx context.Context, s login.TokenStore) error {
	old := newToken()
	old.Expires = old.Expires.Add(-48 * time.Hour)
	if err := put(ctx, s, old); err != nil {
		return fmt.Errorf("%w: a token that has expired is no mistake", err)
	}
	gone := spent(ctx, s, old, "after Put of a token that has expired", "it has expired")
	next := newToken()
	next.ID = old.ID
	if err := put(ctx, s, next); err != nil {
		return errors.Join(gone, err)
	}
	when := "after Put in the place of a token that has expired"
	return errors.Join(gone, void(ctx, s, old, when, "it has expired"), good(ctx, s, next, when), consumes(ctx, s, next, when))
}
