package session

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/countersign-go/countersign/auth/token"
)

const (
	refreshPrefix = "rt_"
	maxCounter    = 19 // decimal digits of 63 bits
	macLen        = 52 // characters
	maxRefresh    = len(refreshPrefix) + maxID + len("_") + maxCounter + len("_") + macLen
)

// refreshPurpose is what the keys of refresh tokens are derived for, with the name of the cookie behind it.
const refreshPurpose = "countersign session refresh token, version 1, cookie "

var macEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// A refreshCodec makes and reads refresh tokens: rt_, the session's ID, its counter, and a MAC of all that, with a ring of
// keys. So nothing needs to be kept for a token, and what nobody gave out is turned away without I/O.
type refreshCodec struct {
	keys []token.Secret // which do not print
}

// newRefreshCodec derives a key from each of keys. Managers with different cookies have different keys of refresh tokens.
func newRefreshCodec(name string, keys [][]byte) (refreshCodec, error) {
	var c refreshCodec
	for _, key := range keys {
		derived, err := hkdf.Key(sha256.New, key, nil, refreshPurpose+name, sha256.Size)
		if err != nil {
			return refreshCodec{}, fmt.Errorf("session: key of refresh tokens: %w", err)
		}
		c.keys = append(c.keys, token.NewSecret(string(derived)))
	}
	return c, nil
}

// encode returns the refresh token of a session for a counter, made with the first key.
func (c refreshCodec) encode(id string, counter uint64) token.Secret {
	return token.NewSecret(seal(c.keys[0], id, counter))
}

// seal returns the one text that key makes for id and counter.
func seal(key token.Secret, id string, counter uint64) string {
	body := refreshPrefix + id + "_" + strconv.FormatUint(counter, 10)
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	mac.Write([]byte(body))
	return body + "_" + macEncoding.EncodeToString(mac.Sum(nil))
}

var errRefreshToken = errors.New("session: not a refresh token of ours")

// parse returns the session's ID and the counter in text, if one of the keys made it. It does no I/O.
func (c refreshCodec) parse(text string) (id string, counter uint64, err error) {
	rest, ok := strings.CutPrefix(text, refreshPrefix)
	if !ok || len(text) > maxRefresh {
		return "", 0, errRefreshToken
	}
	id, rest, _ = strings.Cut(rest, "_")
	number, mac, _ := strings.Cut(rest, "_")
	counter, err = strconv.ParseUint(number, 10, 63)
	if err != nil || !token.IsID(id) || len(mac) != macLen {
		return "", 0, errRefreshToken
	}
	// Another spelling of the number or of the MAC is not what a key makes, so the text as a whole is compared.
	good := 0
	for _, key := range c.keys {
		good |= subtle.ConstantTimeCompare([]byte(text), []byte(seal(key, id, counter)))
	}
	if good != 1 {
		return "", 0, errRefreshToken
	}
	return id, counter, nil
}
