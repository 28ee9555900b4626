package session_test

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// handler is a variable of the package, so that the compiler does not keep its request on the stack.
var handler http.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

// An unread is a ResponseWriter that keeps nothing but a header.
type unread struct{ header http.Header }

func (u *unread) Header() http.Header         { return u.header }
func (u *unread) Write(p []byte) (int, error) { return len(p), nil }
func (u *unread) WriteHeader(int)             {}

// BenchmarkRequest is a request through the whole guard, with memory behind.
func BenchmarkRequest(b *testing.B) {
	s := newSite(nil)
	store := memory.NewSessions(nil)
	m := must(session.New(session.Config{Store: store, Keys: [][]byte{keyB, keyA}}))
	s.Manager = m
	browser := s.logIn()
	door := auth.New(m.Scheme(), &auth.Options{Logger: slog.New(slog.DiscardHandler)}).Optional()(handler)
	cookies := []struct{ name, cookie string }{
		{"none", ""},
		{"good", browser.cookie},
		{"bad MAC", "__Host-sid=" + forge(keyC, "__Host-sid", time.Now(), bogus("ses", browser.id))},
		{"unknown session", "__Host-sid=" + forge(keyA, "__Host-sid", time.Now(), bogus("ses", browser.id[1:]+"a"))},
		{"not base64", "__Host-sid=" + browser.value() + "!"},
		{"good, by old key", "__Host-sid=" + forge(keyA, "__Host-sid", time.Now(), open(browser.value()))},
		{"good, beside junk", "__Host-sid=x; " + browser.cookie},
	}
	for _, bb := range cookies {
		b.Run(bb.name, func(b *testing.B) {
			r := request("GET", "/", "Cookie: "+bb.cookie)
			w := &unread{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				door.ServeHTTP(w, r)
			}
		})
	}
}

func BenchmarkStart(b *testing.B) {
	m := must(session.New(session.Config{Store: memory.NewSessions(&memory.Options{Max: 1 << 30}), Keys: [][]byte{keyA}}))
	login := annsLogin()
	r := request("POST", "/login")
	b.ReportAllocs()
	for b.Loop() {
		must(m.Start(&unread{http.Header{}}, r, login))
	}
}
