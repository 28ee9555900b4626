package jwtx

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A cache remembers accepted tokens of one verifier, and so of one configuration. It is a table of a fixed size without a
// lock: a token has a few places in it, and the one that expires first makes room. Only good tokens get into it, so that
// nobody else can push them out.
type cache struct{ places []atomic.Pointer[remembered] }

// A ticket is a token as it is remembered: without its signature, which makes it good, only a digest of that. What was signed
// is compared as it is, which costs a twentieth of a digest.
type ticket struct {
	input  string
	digest [sha256.Size]byte // of the encoded signature
}

// ticketOf returns the ticket of a token. It is a part of the token until it is kept.
func ticketOf(token string) ticket {
	end := max(strings.LastIndexByte(token, '.'), 0)
	var buffer [1 << 9]byte // of most signatures the copy needs no allocation
	return ticket{input: token[:end], digest: sha256.Sum256(append(buffer[:0], token[end:]...))}
}

// A remembered token is never changed, and its context never given away.
type remembered struct {
	accepted
	ticket
}

// ways is how many places a token has.
const ways = 4

func newCache(size int) *cache {
	if size == 0 {
		return nil
	}
	return &cache{places: make([]atomic.Pointer[remembered], size)}
}

// place returns one of the places of a token.
func (c *cache) place(t *ticket, way uint64) *atomic.Pointer[remembered] {
	first := binary.LittleEndian.Uint64(t.digest[:])
	return &c.places[(first+way)%uint64(len(c.places))]
}

func (c *cache) get(t *ticket) *remembered {
	for way := range uint64(ways) {
		if m := c.place(t, way).Load(); m != nil && m.ticket == *t {
			return m
		}
	}
	return nil
}

// put remembers m in an empty place, or in that of the token that expires first.
func (c *cache) put(m *remembered) {
	place := c.place(&m.ticket, 0)
	for way := range uint64(ways) {
		other := c.place(&m.ticket, way)
		if expires(other.Load()).Before(expires(place.Load())) {
			place = other
		}
	}
	place.Store(m)
}

func expires(m *remembered) time.Time {
	if m == nil {
		return time.Time{}
	}
	return m.ac.Expires
}

func (c *cache) drop(m *remembered) {
	for way := range uint64(ways) {
		c.place(&m.ticket, way).CompareAndSwap(m, nil)
	}
}

// remembered accepts a token, without its signature if that was checked before.
func (v *Verifier) remembered(wait *patience, token string) (*auth.AuthContext, error) {
	if len(token) > v.config.MaxBytes {
		return nil, errMalformed
	}
	t := ticketOf(token)
	if m := v.cache.get(&t); m != nil {
		err := v.stillGood(wait, m)
		switch {
		case err == nil:
			return copied(m.ac), nil
		case auth.IsUnavailable(err):
			return nil, err
		}
		v.cache.drop(m)
		if !errors.Is(err, errOutdated) {
			return nil, err
		}
	}
	a, err := v.accept(wait, token)
	if err != nil {
		return nil, err
	}
	if secret, ok := a.key.([]byte); ok {
		a.key = bytes.Clone(secret) // the source may put another one in its place
	}
	t.input = strings.Clone(t.input)
	v.cache.put(&remembered{accepted: a, ticket: t})
	return copied(a.ac), nil
}

// errOutdated says that what is remembered of a token tells nothing about it any more.
var errOutdated = errors.New("jwtx: remembered with another key, or for longer than Identify said")

// stillGood returns why a token that was accepted is not any more, as far as that can change.
func (v *Verifier) stillGood(wait *patience, m *remembered) error {
	if err := v.inTime(m.revocable.Expires, m.notBefore, m.revocable.IssuedAt); err != nil {
		return err
	}
	if m.ac.Expires.Before(m.revocable.Expires) && !time.Now().Before(m.ac.Expires) {
		return errOutdated // by our own clock, which needs no leeway
	}
	key, err := v.key(wait, m.header)
	if err != nil {
		return err
	}
	if !sameKey(key, m.key) {
		return errOutdated
	}
	return v.notRevoked(wait, &m.revocable)
}

// sameKey compares keys that fit the same algorithm. A source may make a new copy for each token.
func sameKey(a, b crypto.PublicKey) bool {
	switch a := a.(type) {
	case []byte:
		b, ok := b.([]byte)
		return ok && hmac.Equal(a, b)
	case ed25519.PublicKey:
		b, ok := b.(ed25519.PublicKey)
		return ok && bytes.Equal(a, b)
	case interface{ Equal(crypto.PublicKey) bool }:
		return a == b || a.Equal(b)
	}
	return false
}

// fewFactors is how many factors a copy has room for in its own allocation.
const fewFactors = 2

// copied returns a copy of ac that shares nothing which can be changed.
func copied(ac *auth.AuthContext) *auth.AuthContext {
	if len(ac.Factors) == 0 {
		own := *ac
		own.Factors = nil
		return &own
	}
	own := &struct {
		ac      auth.AuthContext
		factors [fewFactors]auth.Factor
	}{ac: *ac}
	own.ac.Factors = append(own.factors[:0:fewFactors], ac.Factors...)
	return &own.ac
}
