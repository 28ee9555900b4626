package login_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth/login"
)

// TestAttackTokens runs the known attacks on one-time tokens, by the IDs of the project's list.
func TestAttackTokens(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T){
		"L039": staleToken,
		"L040": parallelConsume,
		"L041": readStore,
	} {
		t.Run(id, attack)
	}
}

// staleToken: a token is good once, until there is a newer one or its time is up, for its purpose, and for what it was issued.
func staleToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens, _ := newTokens()
		issue := func(p login.Purpose, subject string) string {
			tok := login.Token{Purpose: p, Subject: subject, Expires: time.Now().Add(15 * time.Minute)}
			return must(tokens.Issue(t.Context(), tok)).Reveal()
		}
		used := issue(login.PurposeReset, "used")
		_, err := tokens.Consume(t.Context(), login.PurposeReset, used)
		check(t, "used once", outcome(err), "good")
		older := issue(login.PurposeReset, "ann")
		newer := issue(login.PurposeReset, "ann")
		invite := issue(login.PurposeInvite, "ann")
		void := issue(login.PurposeReset, "void")
		check(t, "Void", tokens.Void(t.Context(), login.PurposeReset, "void"), nil)
		for name, text := range map[string]string{
			"used": used, "older": older, "of another purpose": invite, "void": void,
			"of another purpose, renamed": "reset" + strings.TrimPrefix(invite, "invite"),
			"of two":                      newer[:len("reset_")+32] + issue(login.PurposeReset, "bob")[len("reset_")+32:],
		} {
			_, err := tokens.Look(t.Context(), login.PurposeReset, text)
			check(t, "Look: "+name, outcome(err), "bad")
			_, err = tokens.Consume(t.Context(), login.PurposeReset, text)
			check(t, "Consume: "+name, outcome(err), "bad")
		}
		tok, err := tokens.Look(t.Context(), login.PurposeReset, newer)
		check(t, "the newer one", outcome(err), "good")
		check(t, "whose it is", tok.Subject, "ann")
		time.Sleep(15 * time.Minute)
		_, err = tokens.Consume(t.Context(), login.PurposeReset, newer)
		check(t, "when its time is up", outcome(err), "bad")
	})
}

func parallelConsume(t *testing.T) {
	for range 20 {
		tokens, _ := newTokens()
		text := must(tokens.Issue(t.Context(), invite())).Reveal()
		var good, bad atomic.Int64
		var all sync.WaitGroup
		start := make(chan struct{})
		for range 100 {
			all.Go(func() {
				<-start
				_, err := tokens.Consume(t.Context(), login.PurposeInvite, text)
				switch outcome(err) {
				case "good":
					good.Add(1)
				case "bad":
					bad.Add(1)
				}
			})
		}
		close(start)
		all.Wait()
		check(t, "good", good.Load(), 1)
		check(t, "bad", bad.Load(), 99)
	}
}

// readStore: nothing in the store is accepted, in whatever spelling, as a token or as a device.
func readStore(t *testing.T) {
	tokens, store := newTokens()
	text := must(tokens.Issue(t.Context(), invite())).Reveal()
	throttle, counts := newThrottling(login.Throttle{}, store)
	check(t, "an attempt", throttle.Try(t.Context(), login.From("ann", "192.0.2.1", "")), nil)
	device := must(throttle.Succeeded(t.Context(), login.From("ann", "192.0.2.1", "")))
	var dump strings.Builder
	var found []string
	for _, rec := range store.all() {
		fmt.Fprintf(&dump, "%+v %s\n", rec, must(rec.Data.MarshalJSON()))
		hexed := hex.EncodeToString(rec.Digest[:])
		found = append(found, rec.ID, string(rec.Digest[:]), hexed, base64.StdEncoding.EncodeToString(rec.Digest[:]),
			"invite_"+rec.ID, "invite_"+rec.ID+"_"+hexed, rec.ID[:24], text[:len("invite_")+32]+"_"+rec.ID)
	}
	for _, a := range counts.all() {
		fmt.Fprintf(&dump, "%+v\n", a)
		found = append(found, a.Key, a.Key[:24])
	}
	secret := text[len("invite_")+33:]
	for _, s := range []string{text, secret, secret[:52], device, "192.0.2"} {
		check(t, "the store holds "+s, strings.Contains(dump.String(), s), false)
	}
	check(t, "what was found", len(found) > 20, true)
	for _, s := range found {
		_, err := tokens.Consume(t.Context(), login.PurposeInvite, s)
		check(t, "consumed", outcome(err), "bad")
		check(t, "a device", must(throttle.Knows(t.Context(), login.From("ann", "198.51.100.1", s))), false)
	}
	check(t, "the device itself", must(throttle.Knows(t.Context(), login.From("ann", "198.51.100.1", device))), true)
	_, err := tokens.Consume(t.Context(), login.PurposeInvite, text)
	check(t, "the token itself", outcome(err), "good")
}
