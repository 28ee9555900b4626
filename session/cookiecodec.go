package session

import (
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/gorilla/securecookie"

	"github.com/countersign-go/countersign/auth/token"
)

// clockSkew is how far ahead the clock of another process may be when it dates a cookie.
const clockSkew = 5 * time.Minute

// A cookieCodec puts tokens into cookie values and takes them out, with a ring of keys.
type cookieCodec struct {
	name string
	ring []*securecookie.SecureCookie
}

func newCookieCodec(name string, keys [][]byte, lifetime time.Duration) *cookieCodec {
	c := &cookieCodec{name: name}
	for _, key := range keys {
		sc := securecookie.New(append([]byte(nil), key...), nil)
		sc.SetSerializer(securecookie.NopEncoder{})
		sc.MaxAge(int((lifetime + time.Second - 1) / time.Second))
		sc.MinAge(-int(clockSkew / time.Second)) // refuses what is dated further ahead than that
		c.ring = append(c.ring, sc)
	}
	return c
}

// encode returns the cookie value for text, made with the first key.
func (c *cookieCodec) encode(text token.Secret) (string, error) {
	return c.ring[0].Encode(c.name, []byte(text.Reveal()))
}

var errCookie = errors.New("session: not a cookie of ours")

// decode returns the text in a cookie value that one of the keys made for this name.
func (c *cookieCodec) decode(value string) (string, error) {
	if !isCanonical(value) {
		return "", errCookie
	}
	var text []byte
	for _, sc := range c.ring {
		if sc.Decode(c.name, value, &text) == nil {
			return string(text), nil
		}
	}
	return "", errCookie
}

// strict refuses left-over bits, which securecookie's decoder ignores.
var strict = base64.URLEncoding.Strict()

// isCanonical reports whether s is the only spelling of its bytes. Otherwise one cookie would have many values.
func isCanonical(s string) bool {
	if strings.ContainsAny(s, "\r\n") {
		return false // both decoders skip line breaks
	}
	var buf [3 * 4096 / 4]byte // browsers keep no longer values
	if s == "" || strict.DecodedLen(len(s)) > len(buf) {
		return false
	}
	_, err := strict.Decode(buf[:], []byte(s))
	return err == nil
}
