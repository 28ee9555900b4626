package jwks

import (
	"crypto"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/MicahParks/jwkset"
)

// A remoteSet is what can be used of a JWK Set that somebody else wrote.
type remoteSet struct {
	*Set
	only    map[string]*choice // by algorithm, what a token without kid is verified with
	ignored []string           // why keys are not used
	etag    string
	maxAge  time.Duration // as the server says, or the longest there is
}

// parseRemote returns the usable keys of a JWK Set document (RFC 7517, section 5). A document that is no JWK Set, or has
// no such key, is an error.
func parseRemote(data []byte) (*remoteSet, error) {
	documents, err := readSet(data)
	if err != nil {
		return nil, err
	}
	s := &remoteSet{only: map[string]*choice{}}
	var keys []*Key
	for i, document := range documents {
		k, err := remoteKey(document)
		if err != nil {
			s.ignored = append(s.ignored, fmt.Sprintf("key %d: %v", i, err))
			continue
		}
		keys = append(keys, k)
	}
	keys = s.withoutDuplicates(keys)
	if len(keys) == 0 {
		return nil, errors.New("JWK Set without a key that can be used")
	}
	if s.Set, err = NewSet(keys...); err != nil {
		return nil, err
	}
	for _, k := range keys {
		if _, several := s.only[k.algorithm]; several {
			s.only[k.algorithm] = nil
		} else {
			s.only[k.algorithm] = s.byID[k.id]
		}
	}
	return s, nil
}

// remoteKey refuses what nobody should publish: whoever reads the set could sign with it.
func remoteKey(document []byte) (*Key, error) {
	doc, err := readJWK(document)
	if err != nil {
		return nil, err
	}
	if doc.KTY == jwkset.KtyOct || doc.K != "" || isPrivate(doc) {
		return nil, errors.New("private or symmetric key, which is compromised")
	}
	return keyOf(doc)
}

// withoutDuplicates drops all keys that share an ID: which one is meant would depend on who reads the set.
func (s *remoteSet) withoutDuplicates(keys []*Key) []*Key {
	count := map[string]int{}
	for _, k := range keys {
		count[k.id]++
	}
	return slices.DeleteFunc(keys, func(k *Key) bool {
		if count[k.id] > 1 {
			s.ignored = append(s.ignored, fmt.Sprintf("kid %.64q: several keys have it", k.id))
		}
		return count[k.id] > 1
	})
}

// key finds the key for a token.
func (s *remoteSet) key(alg, kid string, allowNoID bool) (crypto.PublicKey, error) {
	c, missing := s.byID[kid], errUnknownID
	if kid == "" {
		c, missing = nil, errNoID
		if allowNoID {
			c = s.only[alg]
		}
	}
	return c.verify(alg, missing)
}

// ids returns the IDs of the keys; of no set, none.
func (s *remoteSet) ids() []string {
	if s == nil {
		return nil
	}
	var ids []string
	for _, k := range s.keys {
		ids = append(ids, k.id)
	}
	return ids
}

// replaced returns the IDs under which old had another key.
func (s *remoteSet) replaced(old *remoteSet) []string {
	if old == nil {
		return nil
	}
	var ids []string
	for _, k := range s.keys {
		before := old.byID[k.id]
		if equal, ok := k.verifier().(interface{ Equal(crypto.PublicKey) bool }); before != nil && ok && !equal.Equal(before.key()) {
			ids = append(ids, k.id)
		}
	}
	return ids
}
