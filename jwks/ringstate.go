package jwks

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// ringFormat is the version of the format below. A state of another one is neither read nor written over.
const ringFormat = 1

// A ringDocument is the state of a ring as it is kept.
type ringDocument struct {
	Format int               `json:"format"`
	Keys   []json.RawMessage `json:"keys"`
}

// A ringRecord is one key in it.
type ringRecord struct {
	ID        string    `json:"kid"` // the thumbprint, so that it stands for the public half
	Algorithm string    `json:"alg"`
	Published time.Time `json:"published"`
	SignsFrom time.Time `json:"signs_from"`
	Sealed    []byte    `json:"sealed"` // the private half in PKCS #8
}

// bound returns all but the private half, as the additional data that is sealed with it: who can write to the store can
// take a key away, but neither add one nor change anything about it.
func (r ringRecord) bound() ([]byte, error) {
	r.Sealed = nil
	members, err := json.Marshal(r)
	return append([]byte("countersign ring, format 1, key "), members...), err
}

// A ringEntry is a key of a ring as it was read.
type ringEntry struct {
	ringRecord
	key    *Key            // nil if it cannot be read
	raw    json.RawMessage // of a key that cannot be read
	sealed bool            // with the first of the sealing keys
}

func (e *ringEntry) term() term { return term{e.ID, e.SignsFrom, e.key != nil} }

// A ringState is what a ring's store holds, read. It is not changed.
type ringState struct {
	raw     []byte
	version int64
	entries []*ringEntry // in the order of their terms
	terms   []term
	byID    map[string]int
	set     *Set                        // of the keys that can be read; nil if there is none
	latest  atomic.Pointer[ringEdition] // what Handler serves
}

// read returns the state in raw. An error means that it cannot be read as a whole.
func (s sealer) read(raw []byte, version int64) (*ringState, error) {
	c := &ringState{raw: raw, version: version, byID: map[string]int{}}
	if version == 0 {
		return c, nil
	}
	if version < 0 {
		return nil, errors.New("negative version")
	}
	document, err := readRing(raw)
	if err != nil {
		return nil, err
	}
	for _, key := range document.Keys {
		e, err := s.decode(key)
		if err != nil {
			return nil, err
		}
		c.entries = append(c.entries, e)
	}
	return c, c.index()
}

func readRing(raw []byte) (document ringDocument, err error) {
	switch {
	case len(raw) > maxState:
		return document, fmt.Errorf("over %d KiB", maxState>>10)
	case json.Unmarshal(raw, &document) != nil || document.Format == 0:
		return document, errors.New("not the JSON of a ring")
	case document.Format != ringFormat:
		return document, fmt.Errorf("format %d, which this version does not know", document.Format)
	case len(document.Keys) > maxKeys:
		return document, fmt.Errorf("more than %d keys", maxKeys)
	}
	return document, nil
}

// index puts the entries in order. Of several with one ID, which no ring writes, one that can be read counts.
func (c *ringState) index() error {
	var keys []*Key
	readable := map[string]bool{}
	for _, e := range c.entries {
		if e.key != nil && !readable[e.ID] {
			readable[e.ID] = true
			keys = append(keys, e.key)
		} else {
			e.key = nil
		}
	}
	c.entries = slices.DeleteFunc(c.entries, func(e *ringEntry) bool { return e.key == nil && readable[e.ID] })
	slices.SortStableFunc(c.entries, func(a, b *ringEntry) int { return byTerm(a.term(), b.term()) })
	for i, e := range c.entries {
		c.terms = append(c.terms, e.term())
		c.byID[e.ID] = i
	}
	if len(keys) == 0 {
		return nil
	}
	set, err := NewSet(keys...)
	c.set = set
	return err
}

func (c *ringState) has(id string) bool {
	_, ok := c.byID[id]
	return ok
}

// verificationKey returns the key for a token, and whether kid is the ID of any key, so that asking the store is no use.
func (c *ringState) verificationKey(s schedule, alg, kid string, now time.Time) (key crypto.PublicKey, known bool, err error) {
	i, known := c.byID[kid]
	switch {
	case !known || s.removed(c.terms, i, now):
		return nil, known, errUnknownID
	case c.entries[i].key == nil:
		return nil, true, errUnreadableID
	}
	key, err = c.set.VerificationKey(context.Background(), "", alg, kid)
	return key, true, err
}

// follow returns the state that p makes of c, with a new key if p adds one.
func (c *ringState) follow(p plan, s sealer, add *ringEntry) ([]byte, error) {
	next := ringDocument{Format: ringFormat}
	for _, i := range p.keep {
		raw, err := c.entries[i].encoded(s)
		if err != nil {
			return nil, err
		}
		next.Keys = append(next.Keys, raw)
	}
	if add != nil {
		raw, err := s.encode(add.ringRecord, add.key)
		if err != nil {
			return nil, err
		}
		next.Keys = append(next.Keys, raw)
	}
	if len(next.Keys) > maxKeys {
		return nil, fmt.Errorf("jwks: ring: more than %d keys", maxKeys)
	}
	raw, err := json.Marshal(next)
	if err == nil && len(raw) > maxState {
		err = fmt.Errorf("jwks: ring: state over %d KiB", maxState>>10)
	}
	return raw, err
}

// encoded returns e as it is kept: what cannot be read as it was, and all else sealed with the first key.
func (e *ringEntry) encoded(s sealer) (json.RawMessage, error) {
	switch {
	case e.key == nil:
		return e.raw, nil
	case e.sealed:
		return json.Marshal(e.ringRecord)
	}
	return s.encode(e.ringRecord, e.key)
}
