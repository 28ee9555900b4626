package session_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/session"
	"github.com/gorilla/securecookie"
)

// FuzzCookieValue holds the reading of cookie values against securecookie itself: what is accepted is what securecookie
// accepts with one of the keys, in the one canonical spelling. The door then opens for none of it but the token itself, since
// no value that is made up stands for a session.
func FuzzCookieValue(f *testing.F) {
	s := newSite(func(c *session.Config) { c.Keys = [][]byte{keyA, keyB} })
	good := s.logIn().value()
	secret := open(good)
	for _, seed := range []string{
		good, good[:len(good)-1], good + "\n", good + "=", nextLast(good), "\n\n\n\n" + good, "", "=", "==", "====", "AA==", "AB==", "AAA=", "AAB=",
		forge(keyB, "__Host-sid", time.Now(), "by the second key"),
		forge(keyC, "__Host-sid", time.Now(), "by another key"),
		forge(keyA, "sid", time.Now(), "for another name"),
		forge(keyA, "__Host-sid", time.Now().Add(time.Hour), "of tomorrow"),
		forge(keyA, "__Host-sid", time.Unix(0, 0), "of long ago"),
		base64.URLEncoding.EncodeToString([]byte("1|2|3")),
		secret,
	} {
		f.Add(seed)
	}
	readers := []*securecookie.SecureCookie{reader(keyA), reader(keyB)}
	f.Fuzz(func(t *testing.T, value string) {
		text, err := s.DecodeCookie(value)
		check(t, "accepted", err == nil, isCanonical(value) && slices.ContainsFunc(readers, func(sc *securecookie.SecureCookie) bool {
			var want []byte
			return sc.Decode("__Host-sid", value, &want) == nil && string(want) == text
		}))
		check(t, "the text of what is not accepted", err != nil && text != "", false)

		// Whatever a key of ours made is read as it was, if it is no longer than a cookie may be.
		made := forge(keyB, "__Host-sid", time.Now(), value)
		inside, err := s.DecodeCookie(made)
		check(t, "accepted around it", err == nil, len(made) <= 4096)
		check(t, "the text around it is it", err != nil || inside == value, true)

		_, err = s.guard.Check(request("GET", "/", "Cookie: __Host-sid="+made))
		check(t, "passed", err == nil, value == secret)
		_, err = s.guard.Check(request("GET", "/", "Cookie: __Host-sid="+value))
		check(t, "passed as it is", err == nil && !strings.Contains(value, good), false)
	})
}

// reader is what reads cookies as the default configuration does.
func reader(key []byte) *securecookie.SecureCookie {
	return securecookie.New(key, nil).SetSerializer(securecookie.NopEncoder{}).MaxAge(24 * 60 * 60).MinAge(-5 * 60)
}

// isCanonical reports whether encoding/base64 writes what it reads in value.
func isCanonical(value string) bool {
	data, err := base64.URLEncoding.DecodeString(value)
	return err == nil && value != "" && base64.URLEncoding.EncodeToString(data) == value
}
