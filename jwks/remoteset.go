package jwks

import (
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	var keys, exposed []*Key
	count := map[string]int{}
	for i, document := range documents {
		k, id, err := remoteKey(document)
		if k != nil || errors.Is(err, errCompromised) {
			count[id]++
		}
		if err != nil {
			if k != nil {
				exposed = append(exposed, k)
			}
			s.ignored = append(s.ignored, fmt.Sprintf("key %d: %v", i, err))
			continue
		}
		keys = append(keys, k)
	}
	keys = s.withoutExposed(s.withoutDuplicates(keys, count), exposed)
	if len(keys) == 0 {
		return nil, brief(strings.Join(append([]string{"no key that can be used"}, s.ignored...), "; "))
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

var errCompromised = errors.New("private or symmetric key, which is compromised")

// remoteKey refuses what nobody should publish: whoever reads the set could sign with it. It also returns the kid, and of a
// key that is compromised the public half, nil if there is none.
func remoteKey(document []byte) (*Key, string, error) {
	doc, err := readJWK(document)
	if err != nil {
		return nil, "", err
	}
	if doc.KTY == jwkset.KtyOct || doc.K != "" || isPrivate(doc) {
		half, _ := keyOf(jwkset.JWKMarshal{KTY: doc.KTY, CRV: doc.CRV, N: doc.N, E: doc.E, X: doc.X, Y: doc.Y})
		return half, doc.KID, errCompromised
	}
	k, err := keyOf(doc)
	if err != nil {
		return nil, doc.KID, err
	}
	return k, k.id, nil
}

// withoutDuplicates drops all keys that share an ID, be it with one that is compromised: which one is meant would depend on
// who reads the set.
func (s *remoteSet) withoutDuplicates(keys []*Key, count map[string]int) []*Key {
	return slices.DeleteFunc(keys, func(k *Key) bool {
		if count[k.id] > 1 {
			s.ignored = append(s.ignored, fmt.Sprintf("kid %.64q: several keys have it", k.id))
		}
		return count[k.id] > 1
	})
}

// withoutExposed drops the keys whose private half is in the set, under whatever ID.
func (s *remoteSet) withoutExposed(keys, exposed []*Key) []*Key {
	return slices.DeleteFunc(keys, func(k *Key) bool {
		is := slices.ContainsFunc(exposed, func(e *Key) bool { return isSameKey(k.verifier(), e.verifier()) })
		if is {
			s.ignored = append(s.ignored, fmt.Sprintf("kid %.64q: its private half is in the set", k.id))
		}
		return is
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
		if before := old.byID[k.id]; before != nil && !isSameKey(k.verifier(), before.key()) {
			ids = append(ids, k.id)
		}
	}
	return ids
}
