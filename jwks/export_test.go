package jwks

import (
	"slices"
	"time"
)

// A TestTerm is a key as the schedule knows it.
type TestTerm struct {
	ID         string
	SignsFrom  time.Time
	Unreadable bool
}

// A TestPlan is what the schedule says of keys.
type TestPlan struct {
	Signer string   // the key that signs, or ""
	Gone   []string // keys that are removed
	Add    string   // "", "publish" or "replace"
}

// PlanOf returns what the schedule of c, which must be complete, says.
func PlanOf(c RingConfig, keys []TestTerm, now time.Time) (p TestPlan) {
	s := c.schedule()
	var terms []term
	for _, k := range keys {
		terms = append(terms, term{k.ID, k.SignsFrom, !k.Unreadable})
	}
	slices.SortFunc(terms, byTerm)
	if i := s.signer(terms, now); i >= 0 {
		p.Signer = terms[i].id
	}
	due := s.plan(terms, now)
	for i, t := range terms {
		if !slices.Contains(due.keep, i) {
			p.Gone = append(p.Gone, t.id)
		}
	}
	p.Add = map[step]string{stepNone: "", stepPublish: "publish", stepReplace: "replace"}[due.add]
	return p
}

// Complete returns c with its defaults.
func (c RingConfig) Complete() (RingConfig, error) { return c.withDefaults() }

// How old a view may be to sign, to verify and to be served.
var (
	SignsFor    = RingConfig.signsFor
	VerifiesFor = RingConfig.verifiesFor
	Served      = RingConfig.servesFor
)

// ReadRing returns the IDs of the keys that can be read in a state, and whether it can be read as a whole.
func ReadRing(sealingKeys [][]byte, state []byte) (ids []string, whole bool) {
	s, err := newSealer(sealingKeys)
	if err != nil {
		panic(err)
	}
	read, err := s.read(state, 1)
	if err != nil {
		return nil, false
	}
	for _, e := range read.entries {
		if e.key != nil {
			ids = append(ids, e.ID)
		}
	}
	return ids, true
}

// SealKey returns k as a ring keeps it, under any ID and algorithm.
func SealKey(sealingKey []byte, id, alg string, k *Key) []byte {
	s, err := newSealer([][]byte{sealingKey})
	if err != nil {
		panic(err)
	}
	raw, err := s.encode(ringRecord{ID: id, Algorithm: alg, Published: time.Unix(1, 0).UTC(), SignsFrom: time.Unix(1, 0).UTC()}, k)
	if err != nil {
		panic(err)
	}
	return raw
}

// ReadRemote returns the keys that can be used of a set that somebody else wrote, and why others cannot.
func ReadRemote(document []byte) (keys *Set, ignored []string, err error) {
	s, err := parseRemote(document)
	if err != nil {
		return nil, nil, err
	}
	return s.Set, s.ignored, nil
}

// ReadMetadata returns where an issuer's metadata says that its keys are.
func ReadMetadata(issuer string, document []byte) (string, error) {
	return newFetcher(RemoteConfig{Issuer: issuer}).keysIn(document)
}
