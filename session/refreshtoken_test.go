package session_test

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

const someID = "aaaabbbbccccddddeeeeffff"

// forgeRefresh makes a refresh token with whatever is in body, as the contract says it is made.
func forgeRefresh(key []byte, cookie, body string) string {
	derived := must(hkdf.Key(sha256.New, key, nil, "countersign session refresh token, version 1, cookie "+cookie, 32))
	mac := hmac.New(sha256.New, derived)
	mac.Write([]byte(body))
	return body + "_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)))
}

// refreshManager returns a manager of a ring of two keys.
func refreshManager() *session.Manager {
	return must(session.New(session.Config{Store: memory.NewSessions(nil), Keys: [][]byte{keyA, keyB}}))
}

func TestRefreshToken(t *testing.T) {
	body := "rt_" + someID + "_7"
	good := forgeRefresh(keyA, "__Host-sid", body)
	tests := []struct {
		name string
		text string
		good bool
	}{
		{"of the first key", good, true},
		{"of the second key", forgeRefresh(keyB, "__Host-sid", body), true},
		{"of the largest counter", forgeRefresh(keyA, "__Host-sid", "rt_"+someID+"_9223372036854775807"), true},
		{"of the longest ID", forgeRefresh(keyA, "__Host-sid", "rt_"+strings.Repeat("a", 64)+"_1"), true},

		{"of another key", forgeRefresh(keyC, "__Host-sid", body), false},
		{"of another cookie", forgeRefresh(keyA, "__Host-other", body), false},
		{"of another session", strings.Replace(good, "aaaa", "aaab", 1), false},
		{"of another counter", strings.Replace(good, "_7_", "_8_", 1), false},
		{"of nothing", "", false},
		{"in capitals", strings.ToUpper(good), false},
		{"without its MAC", body + "_", false},
		{"cut short", good[:len(good)-1], false},
		{"with more behind it", good + "a", false},
		{"with a line break", good + "\n", false},
		{"with another part", good + "_", false},
		{"with bits left over in its MAC", good[:len(good)-1] + "b", false},
		{"with another prefix", "ru" + good[2:], false},
		{"whose counter has a zero in front", forgeRefresh(keyA, "__Host-sid", "rt_"+someID+"_07"), false},
		{"whose counter has a sign", forgeRefresh(keyA, "__Host-sid", "rt_"+someID+"_+7"), false},
		{"whose counter is negative", forgeRefresh(keyA, "__Host-sid", "rt_"+someID+"_-7"), false},
		{"whose counter is none", forgeRefresh(keyA, "__Host-sid", "rt_"+someID+"_"), false},
		{"whose counter is hexadecimal", forgeRefresh(keyA, "__Host-sid", "rt_"+someID+"_0x7"), false},
		{"whose counter has 64 bits", forgeRefresh(keyA, "__Host-sid", "rt_"+someID+"_9223372036854775808"), false},
		{"whose ID is none", forgeRefresh(keyA, "__Host-sid", "rt_../../etc/passwd_7"), false},
		{"whose ID is too long", forgeRefresh(keyA, "__Host-sid", "rt_"+strings.Repeat("a", 65)+"_7"), false},
		{"of a megabyte", "rt_" + strings.Repeat("a", 1<<20) + "_7_" + good, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, counter, err := refreshManager().ParseRefreshToken(tt.text)
			check(t, "good", err == nil, tt.good)
			check(t, "is what it says", strings.HasPrefix(tt.text, fmt.Sprintf("rt_%s_%d_", id, counter)), tt.good)
			check(t, "is in the error", err != nil && len(tt.text) > 20 && strings.Contains(err.Error(), tt.text), false)
		})
	}
}

// A bad refresh token, whatever is bad about it, costs the store nothing.
func TestBadRefreshTokenReadsNothing(t *testing.T) {
	s := newSite(nil)
	b := s.logIn()
	good := s.RefreshToken(b.id, 0)
	for i := range good {
		for bit := range 8 {
			flipped := []byte(good)
			flipped[i] ^= 1 << bit
			_, err := s.Refresh(t.Context(), string(flipped))
			check(t, fmt.Sprintf("bit %d of byte %d is refused", bit, i), isInvalid(err), true)
		}
	}
	check(t, "reads of the store", s.store.count("Get"), 0)
	_, err := s.Refresh(t.Context(), good)
	check(t, "the token itself", err, nil)
}

// Keys rotate: the new one signs, the old one is accepted for as long as it is in the ring.
func TestRefreshTokenOfAnOldKey(t *testing.T) {
	store := memory.NewSessions(nil)
	of := func(keys ...[]byte) *session.Manager {
		return must(session.New(session.Config{Store: store, Keys: keys}))
	}
	tokens := must(of(keyA).StartTokens(request("POST", "/"), annsLogin()))
	next := must(of(keyB, keyA).Refresh(t.Context(), tokens.Refresh.Reveal()))
	after := must(of(keyB).Refresh(t.Context(), next.Refresh.Reveal()))
	check(t, "the session", after.Context.SessionID, tokens.Context.SessionID)
	_, err := of(keyC).Refresh(t.Context(), after.Refresh.Reveal())
	check(t, "refused by another key", isInvalid(err), true)
}

// FuzzRefreshToken holds that what is accepted is what one of the keys makes for what was read, and nothing else.
func FuzzRefreshToken(f *testing.F) {
	m := refreshManager()
	good := m.RefreshToken(someID, 7)
	for _, seed := range []string{
		good, good[:len(good)-1], good + "\n", "", "rt_", "rt___", "rt__0", "rt_" + someID + "_07_" + good[31:], "rt_" + someID + "_18446744073709551616_" + good[31:],
		forgeRefresh(keyB, "__Host-sid", "rt_"+someID+"_0"), forgeRefresh(keyC, "__Host-sid", "rt_"+someID+"_0"),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, counter, err := m.ParseRefreshToken(text)
		body := fmt.Sprintf("rt_%s_%d", id, counter)
		made := text == forgeRefresh(keyA, "__Host-sid", body) || text == forgeRefresh(keyB, "__Host-sid", body)
		check(t, "accepted", err == nil, made && id != "")

		// A MAC of whatever was made up does not make it a token, unless it is the one spelling of it.
		forged := forgeRefresh(keyB, "__Host-sid", text)
		id, counter, err = m.ParseRefreshToken(forged)
		check(t, "accepted with a MAC", err == nil, id != "" && text == fmt.Sprintf("rt_%s_%d", id, counter))
	})
}
