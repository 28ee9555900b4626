package session

import (
	"errors"
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

// isCanonical reports whether s is base64url with padding and the only spelling of its bytes: securecookie's decoder
// skips line breaks and ignores left-over bits, which would give one cookie many values.
func isCanonical(s string) bool {
	if s == "" || len(s)%4 != 0 {
		return false
	}
	pad := 0
	for pad < 2 && s[len(s)-1-pad] == '=' {
		pad++
	}
	last := byte(0)
	for i := 0; i < len(s)-pad; i++ {
		v, ok := sextet(s[i])
		if !ok {
			return false
		}
		last = v
	}
	return last&(1<<(2*pad)-1) == 0
}

// sextet returns the value of a base64url character.
func sextet(ch byte) (byte, bool) {
	switch {
	case 'A' <= ch && ch <= 'Z':
		return ch - 'A', true
	case 'a' <= ch && ch <= 'z':
		return ch - 'a' + 26, true
	case '0' <= ch && ch <= '9':
		return ch - '0' + 52, true
	case ch == '-':
		return 62, true
	case ch == '_':
		return 63, true
	}
	return 0, false
}
