package jwks

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
)

// A sealer keeps private keys from those who see the store. As in [Key], what is secret is in funcs.
type sealer struct {
	seal func(private, bound []byte) []byte
	open func(sealed, bound []byte) (private []byte, by int, err error)
}

var errSealed = errors.New("sealed with another key, or changed since")

func newSealer(keys [][]byte) (sealer, error) {
	var aeads []cipher.AEAD
	for _, key := range keys {
		block, err := aes.NewCipher(key)
		if err != nil {
			return sealer{}, errors.New("jwks: ring: sealing key that AES does not take")
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return sealer{}, fmt.Errorf("jwks: ring: %w", err)
		}
		aeads = append(aeads, aead)
	}
	return sealer{
		seal: func(private, bound []byte) []byte { return aeads[0].Seal(nil, nil, private, bound) },
		open: func(sealed, bound []byte) ([]byte, int, error) {
			for i, aead := range aeads {
				if private, err := aead.Open(nil, nil, sealed, bound); err == nil {
					return private, i, nil
				}
			}
			return nil, 0, errSealed
		},
	}, nil
}

// encode returns r as it is kept, with the private half of k.
func (s sealer) encode(r ringRecord, k *Key) (json.RawMessage, error) {
	private, err := x509.MarshalPKCS8PrivateKey(k.signer())
	if err != nil {
		return nil, errors.New("jwks: ring: private key that cannot be encoded")
	}
	bound, err := r.bound()
	if err != nil {
		return nil, fmt.Errorf("jwks: ring: %w", err)
	}
	r.Sealed = s.seal(private, bound)
	return json.Marshal(r)
}

// decode reads a key. One that cannot be opened, or is not what it says, is an entry without a key; an error means that
// raw is no key of a ring at all.
func (s sealer) decode(raw json.RawMessage) (*ringEntry, error) {
	e := &ringEntry{raw: raw}
	if json.Unmarshal(raw, &e.ringRecord) != nil || e.ID == "" || !isID(e.ID) || e.SignsFrom.IsZero() {
		return nil, errors.New("not the JSON of a key")
	}
	e.Published, e.SignsFrom = e.Published.UTC(), e.SignsFrom.UTC()
	bound, err := e.bound()
	if err != nil {
		return nil, errors.New("not the JSON of a key")
	}
	private, by, err := s.open(e.Sealed, bound)
	if err != nil {
		return e, nil
	}
	if key, err := openedKey(private, e.Algorithm); err == nil && key.id == e.ID {
		e.key, e.sealed = key, by == 0
	}
	return e, nil
}

func openedKey(private []byte, algorithm string) (*Key, error) {
	pair, err := x509.ParsePKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	return newKey(pair, &KeyOptions{Algorithm: algorithm})
}
