package login

import (
	"errors"
	"fmt"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// tokenData is the Data of a [OneTimeToken].
type tokenData struct {
	Purpose Purpose       `json:"purpose"`
	Subject string        `json:"subject"`
	Data    auth.Metadata `json:"data,omitzero"`
}

// record returns what the store keeps of t, whose text has the digest.
func (t Token) record(digest token.Digest) (OneTimeToken, error) {
	data, err := auth.NewMetadata(tokenData{t.Purpose, t.Subject, t.Data})
	rec := OneTimeToken{ID: t.Purpose.id(t.Subject), Digest: digest, Data: data, Expires: t.Expires}
	if err == nil {
		err = errors.Join(rec.Check(), data.Decode(new(tokenData))) // what cannot be read later is not kept
	}
	if err != nil {
		return OneTimeToken{}, fmt.Errorf("login: a one-time token that cannot be kept: %w", err)
	}
	return rec, nil
}

// A wanted token is what somebody has shown, and what the store must have of it.
type wanted struct {
	purpose Purpose
	id      string
	digest  token.Digest
	now     time.Time
}

// parse returns what the store must have of text. It does no I/O.
func (p Purpose) parse(text string) (wanted, error) {
	codec, err := p.codec()
	if err != nil {
		return wanted{}, err
	}
	id, err := codec.Parse(text)
	if err != nil {
		return wanted{}, refused("malformed, or for another purpose")
	}
	return wanted{purpose: p, id: id, digest: token.Sum(text), now: timestamp()}, nil
}

// read returns what the store's answer stands for. It believes none that does not fit what was asked for.
func (w wanted) read(rec OneTimeToken, err error) (Token, error) {
	switch {
	case is(err, ErrNotFound):
		return Token{}, refused("unknown, used, void or expired")
	case is(err, ErrCorrupt):
		return Token{}, fmt.Errorf("%w: %w", refused("kept, but cannot be read"), err)
	case err != nil:
		return Token{}, unavailable(err)
	case rec.ID != w.id || !rec.Digest.Equal(w.digest) || !w.now.Before(rec.Expires):
		return Token{}, refused("with another secret, or expired") // or not what the store was asked for
	}
	var data tokenData
	if err := rec.Data.Decode(&data); err != nil {
		return Token{}, refused("kept with data that cannot be read")
	}
	if data.Purpose != w.purpose || data.Purpose.id(data.Subject) != w.id {
		return Token{}, refused("kept for another purpose or subject")
	}
	return Token{Purpose: data.Purpose, Subject: data.Subject, Data: data.Data, Expires: rec.Expires}, nil
}

func refused(how string) error {
	return fmt.Errorf("login: %w: a one-time token that is %s", auth.ErrInvalidCredentials, how)
}
