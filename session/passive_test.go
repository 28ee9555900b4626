package session_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A page polls: that lets it in, and does not keep the session alive.
func polling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(nil)
		guard := auth.New(s.Passive(), nil)
		s.mux.Handle("/poll", guard.Require()(http.HandlerFunc(s.me)))
		b := s.logIn()
		for range 29 {
			time.Sleep(time.Minute)
			check(t, "a poll", b.get("/poll"), passed("user ann"))
		}
		check(t, "writes", s.store.count("Replace"), 0)
		check(t, "a use", b.get("/me"), passed("user ann"))
		time.Sleep(29 * time.Minute)
		check(t, "a poll after that", b.get("/poll"), passed("user ann"))
		time.Sleep(time.Minute)
		check(t, "a poll at the idle timeout", b.get("/poll"), unauthorized(clearing))
	})
}

// The passive scheme refuses what the other does.
func TestPassive(t *testing.T) {
	tests := []struct {
		name string
		do   func(b *browser) reply
		want reply
	}{
		{"a good cookie", func(b *browser) reply { return b.get("/poll") }, passed("user ann")},
		{"another site's page", func(b *browser) reply { return b.post("/poll", "Origin: null") }, crossOrigin},
		{"a session that was ended", func(b *browser) reply { b.post("/endall"); return b.get("/poll") }, unauthorized(clearing)},
		{"an old secret", func(b *browser) reply { old := *b; b.post("/rotate"); return old.get("/poll") }, unauthorized("")},
		{"an outage", func(b *browser) reply { b.site.store.once("Get", answering(errRefused)); return b.get("/poll") }, unavailable},
		{"a visitor", func(b *browser) reply { return b.site.visit().get("/poll") }, unauthorized("")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(nil)
			s.mux.Handle("/poll", auth.New(s.Passive(), nil).Require()(http.HandlerFunc(s.me)))
			check(t, "the answer", tt.do(s.logIn()), tt.want)
		})
	}
}
