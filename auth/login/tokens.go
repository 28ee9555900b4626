package login

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

const (
	maxSubject = 1 << 10 // bytes, more than name a way to log in of an identity
	maxLife    = 30 * 24 * time.Hour
)

// A Token is what a one-time token stands for.
type Token struct {
	Purpose Purpose
	// Subject is whom or what it is for, such as an e-mail address: 1 to 1,024 bytes of UTF-8. There is one token of a purpose
	// for a subject, compared byte for byte: a newer one voids it.
	Subject string
	// Data is what the application wants to have back. The store keeps it as it is, with Purpose and Subject: 8 KiB of JSON
	// at most, all together.
	Data auth.Metadata
	// Expires is required, in the future, and at most 30 days away. What is less than a microsecond is cut off.
	Expires time.Time
}

// TokensConfig says how one-time tokens are kept. Store is required.
type TokensConfig struct {
	Store        TokenStore
	StoreTimeout time.Duration // what one call of Store may take; default: 2 seconds
}

// Tokens issues tokens that are good once, for one [Purpose], and for a short time: links that reset a password, invites. Make
// one with [NewTokens]. It does not change, and many goroutines may use it at once.
//
// A token is text as package auth/token makes it: the purpose, an ID, 256 random bits and a checksum. The store has only its
// digest, so nothing in there is accepted. The ID is a digest of purpose and subject: whoever sees a token that is used up can
// tell whom it was for if they have a guess.
//
// The errors of Look and Consume wrap [auth.ErrInvalidCredentials] for a token that is no good, whatever the reason:
// malformed, unknown, used, void, expired, for another purpose. All methods return an error that wraps
// [auth.ErrUnavailable] if the store does not answer, and any other for what no program should ask, such as a purpose
// that is none. No error holds a token or a subject.
type Tokens struct{ config TokensConfig }

// NewTokens returns the one-time tokens that c says.
func NewTokens(c TokensConfig) (*Tokens, error) {
	var errs []error
	if c.Store == nil {
		errs = append(errs, errors.New("login: TokensConfig without a Store"))
	}
	if c.StoreTimeout < 0 {
		errs = append(errs, errors.New("login: a negative TokensConfig.StoreTimeout"))
	}
	if c.StoreTimeout == 0 {
		c.StoreTimeout = DefaultStoreTimeout
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Tokens{config: c}, nil
}

// Issue returns a new token, which is for its owner alone, and voids the one of the same purpose and subject, if there is
// one. With an error that one may be void as well. Of those who issue at once, the last to be kept is the one that is good.
func (t *Tokens) Issue(ctx context.Context, tok Token) (token.Secret, error) {
	codec, err := tok.Purpose.codec()
	if err := errors.Join(err, checkSubject(tok.Subject)); err != nil {
		return token.Secret{}, err
	}
	now := timestamp()
	tok.Expires = tok.Expires.UTC().Truncate(time.Microsecond)
	if !tok.Expires.After(now) || tok.Expires.Sub(now) > maxLife {
		return token.Secret{}, errors.New("login: a one-time token that does not expire within the next 30 days")
	}
	text := codec.New(tok.Purpose.id(tok.Subject))
	rec, err := tok.record(text.Digest())
	if err != nil {
		return token.Secret{}, err
	}
	timeout := auth.NewTimeout(ctx, t.config.StoreTimeout)
	defer timeout.Stop()
	if err := t.config.Store.Put(timeout, rec); err != nil {
		return token.Secret{}, unavailable(err) // it may be there all the same, but nobody will ever have its text
	}
	return text, nil
}

// Look returns what text stands for if it is a token of p that is good, and leaves it so: to show a form that Consume ends.
func (t *Tokens) Look(ctx context.Context, p Purpose, text string) (Token, error) {
	want, err := p.parse(text)
	if err != nil {
		return Token{}, err
	}
	timeout := auth.NewTimeout(ctx, t.config.StoreTimeout)
	defer timeout.Stop()
	return want.read(t.config.Store.Get(timeout, want.id, want.now))
}

// Consume returns what text stands for if it is a token of p that is good, and uses it up: of many who try, at once or later,
// exactly one gets it. If the store's answer is lost on the way, or is none that makes sense, nobody does: the token is
// used up all the same, and its owner, who gets an error, needs another.
func (t *Tokens) Consume(ctx context.Context, p Purpose, text string) (Token, error) {
	want, err := p.parse(text)
	if err != nil {
		return Token{}, err
	}
	timeout := auth.NewTimeout(ctx, t.config.StoreTimeout)
	defer timeout.Stop()
	return want.read(t.config.Store.Consume(timeout, want.id, want.digest, want.now))
}

// Void makes the token of p for subject no good, if there is one.
func (t *Tokens) Void(ctx context.Context, p Purpose, subject string) error {
	_, err := p.codec()
	if err := errors.Join(err, checkSubject(subject)); err != nil {
		return err
	}
	timeout := auth.NewTimeout(ctx, t.config.StoreTimeout)
	defer timeout.Stop()
	if err := t.config.Store.Delete(timeout, p.id(subject)); err != nil {
		return unavailable(err)
	}
	return nil
}

func checkSubject(subject string) error {
	if subject == "" || len(subject) > maxSubject || !utf8.ValidString(subject) {
		return errors.New("login: a subject that is not 1 to 1,024 bytes of UTF-8")
	}
	return nil
}
