package session_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
	"github.com/gorilla/securecookie"
)

// forge makes a cookie value in the way of securecookie, of any date.
func forge(key []byte, name string, date time.Time, text string) string {
	body := fmt.Sprintf("%d|%s", date.Unix(), base64.URLEncoding.EncodeToString([]byte(text)))
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s|%s", name, body)
	return base64.URLEncoding.EncodeToString(mac.Sum([]byte(body + "|")))
}

// open returns the token's text in a cookie value, whoever made it.
func open(value string) string {
	parts := strings.SplitN(string(must(base64.URLEncoding.DecodeString(value))), "|", 3)
	return string(must(base64.URLEncoding.DecodeString(parts[1])))
}

// bogus is what a cookie may hold that the right key made.
func bogus(prefix, id string) string { return must(token.NewCodec(prefix)).New(id).Reveal() }

func TestForgedCookies(t *testing.T) {
	type made struct {
		text, id string
		now      time.Time
	}
	const day = 24 * time.Hour
	ours := func(m made, text string) string { return forge(keyA, "__Host-sid", m.now, text) }
	dated := func(m made, by time.Duration) string { return forge(keyA, "__Host-sid", m.now.Add(by), m.text) }
	tests := []struct {
		name  string
		forge func(made) string
		want  reply
		reads int // of the store
	}{
		{"with the right key, name and date", func(m made) string { return ours(m, m.text) }, passed("user ann"), 1},
		{"five minutes ahead, by a fast clock", func(m made) string { return dated(m, 5*time.Minute) }, passed("user ann"), 1},
		{"a second more ahead", func(m made) string { return dated(m, 5*time.Minute+time.Second) }, unauthorized(clearing), 0},
		{"ten years ahead", func(m made) string { return dated(m, 3652*day) }, unauthorized(clearing), 0},
		{"a lifetime ago", func(m made) string { return dated(m, -day) }, passed("user ann"), 1},
		{"a second more than a lifetime ago", func(m made) string { return dated(m, -day-time.Second) }, unauthorized(clearing), 0},
		{"in 1900", func(m made) string { return dated(m, -100*365*day) }, unauthorized(clearing), 0},

		{"with another key", func(m made) string { return forge(keyB, "__Host-sid", m.now, m.text) }, unauthorized(clearing), 0},
		{"with no key", func(m made) string { return forge(nil, "__Host-sid", m.now, m.text) }, unauthorized(clearing), 0},
		{"for another name", func(m made) string { return forge(keyA, "__Host-cart", m.now, m.text) }, unauthorized(clearing), 0},
		{"for the name in lower case", func(m made) string { return forge(keyA, "__host-sid", m.now, m.text) }, unauthorized(clearing), 0},
		{"for no name", func(m made) string { return forge(keyA, "", m.now, m.text) }, unauthorized(clearing), 0},

		{"around nothing", func(m made) string { return ours(m, "") }, unauthorized(clearing), 0},
		{"around the bare ID", func(m made) string { return ours(m, m.id) }, unauthorized(clearing), 0},
		{"around JSON", func(m made) string { return ours(m, `{"id":"`+m.id+`"}`) }, unauthorized(clearing), 0},
		{"around a length of 10^9", func(m made) string { return ours(m, "\xfc\x3b\x9a\xca\x00"+m.text) }, unauthorized(clearing), 0},
		{"around a path", func(m made) string { return ours(m, "ses_../../../etc/passwd_"+m.text[29:]) }, unauthorized(clearing), 0},
		{"around the token and a newline", func(m made) string { return ours(m, m.text+"\n") }, unauthorized(clearing), 0},
		{"around the token in upper case", func(m made) string { return ours(m, strings.ToUpper(m.text)) }, unauthorized(clearing), 0},
		{"around the token without its end", func(m made) string { return ours(m, m.text[:len(m.text)-1]) }, unauthorized(clearing), 0},
		{"around an API key with the session's ID", func(m made) string { return ours(m, bogus("sk", m.id)) }, unauthorized(clearing), 0},
		{"around a token for an unknown ID", func(m made) string { return ours(m, bogus("ses", token.NewID())) }, unauthorized(clearing), 1},
		{"around another secret for the ID", func(m made) string { return ours(m, bogus("ses", m.id)) }, unauthorized(""), 1},

		{"in quotation marks, which net/http takes off", func(m made) string { return `"` + ours(m, m.text) + `"` }, passed("user ann"), 1},
		{"over 4,096 bytes", func(m made) string { return ours(m, strings.Repeat(m.text, 40)) }, unauthorized(clearing), 0},
		{"empty", func(made) string { return "" }, unauthorized(clearing), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(nil)
				b := s.logIn()
				b.cookie = "__Host-sid=" + tt.forge(made{open(b.value()), b.id, time.Now()})
				check(t, "the answer", b.get("/me"), tt.want)
				check(t, "reads of the store", s.store.count("Get"), tt.reads)
			})
		})
	}
}

// There is one spelling of each cookie. Most others do not get past net/http, but Decode does not count on that.
func TestSpellings(t *testing.T) {
	s := newSite(nil)
	good := s.logIn().value() // of 160 bytes, so it has padding and bits left over
	tests := []struct {
		name, value string
		fine        bool
	}{
		{"as it was made", good, true},
		{"with a newline at the end", good + "\n", false},
		{"with a newline in it", good[:40] + "\n" + good[40:], false},
		{"with four newlines in it", good[:40] + "\n\n\n\n" + good[40:], false},
		{"with CR LF in it", good[:8] + "\r\n" + good[8:], false},
		{"with four CRs before it", "\r\r\r\r" + good, false},
		{"with a space before it", " " + good, false},
		{"with a NUL at the end", good + "\x00", false},
		{"without padding", strings.TrimRight(good, "="), false},
		{"with more padding", good + "====", false},
		{"with padding in it", good[:40] + "====" + good[40:], false},
		{"with a bit set that is left over", nextLast(good), false},
		{"with a character after it", good + "A", false},
		{"twice", good + good, false},
		{"percent-encoded", strings.ReplaceAll(good, "=", "%3D"), false},
		{"in the other alphabet", base64.StdEncoding.EncodeToString([]byte{0xfb, 0xff}) + good, false},
		{"nothing", "", false},
		{"padding only", "====", false},
		{"three of it", "===", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, err := s.DecodeCookie(tt.value)
			check(t, "decoded", err == nil, tt.fine)
			check(t, "there is a text", text != "", tt.fine)
		})
	}
}

// nextLast returns value with the last character before its padding replaced by the next one of the alphabet.
func nextLast(value string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	unpadded := strings.TrimRight(value, "=")
	end := len(unpadded) - 1
	return unpadded[:end] + string(alphabet[strings.IndexByte(alphabet, unpadded[end])+1]) + value[end+1:]
}

func TestKeyRing(t *testing.T) {
	tests := []struct {
		name     string
		old, new [][]byte
		want     reply // to a cookie that the old keys made
		signs    []byte
	}{
		{"the same key", [][]byte{keyA}, [][]byte{keyA}, passed("user ann"), keyA},
		{"a new key in front", [][]byte{keyA}, [][]byte{keyB, keyA}, passed("user ann"), keyB},
		{"a new key behind, before it signs anywhere", [][]byte{keyA}, [][]byte{keyA, keyB}, passed("user ann"), keyA},
		{"the last of eight keys", [][]byte{keyA}, append(keysOf(33, 34, 35, 36, 37, 38, 39), keyA), passed("user ann"), keysOf(33)[0]},
		{"a key that was removed", [][]byte{keyA}, [][]byte{keyB}, unauthorized(clearing), keyB},
		{"a key that was removed after the change", [][]byte{keyB, keyA}, [][]byte{keyC, keyB}, passed("user ann"), keyC},
		{"a key that never signed", [][]byte{keyA, keyB}, [][]byte{keyB}, unauthorized(clearing), keyB},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := newSite(func(c *session.Config) { c.Keys = tt.old })
			after := newSite(func(c *session.Config) { c.Store, c.Keys = before.store, tt.new })
			b := before.logIn()
			b.site = after
			check(t, "a request with the old cookie", b.get("/me"), tt.want)

			var text []byte
			sc := securecookie.New(tt.signs, nil).SetSerializer(securecookie.NopEncoder{})
			check(t, "opened with the key that signs", sc.Decode("__Host-sid", after.logIn().value(), &text), nil)
		})
	}
}
