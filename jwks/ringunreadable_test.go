package jwks_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/store/memory"
)

// member changes a member of the last key.
func member(name string, change func(text string) string) func(keys []any) []any {
	return func(keys []any) []any {
		k := keys[len(keys)-1].(map[string]any)
		k[name] = change(k[name].(string))
		return keys
	}
}

func flipBit(text string) string {
	sealed := must(base64.StdEncoding.DecodeString(text))
	sealed[len(sealed)/2] ^= 1
	return base64.StdEncoding.EncodeToString(sealed)
}

func addTime(d time.Duration) func(string) string {
	return func(text string) string {
		return must(time.Parse(time.RFC3339Nano, text)).Add(d).Format(time.RFC3339Nano)
	}
}

// swapHalves gives two keys each other's private half.
func swapHalves(keys []any) []any {
	a, b := keys[len(keys)-2].(map[string]any), keys[len(keys)-1].(map[string]any)
	a["sealed"], b["sealed"] = b["sealed"], a["sealed"]
	return keys
}

// resealed puts a key in the place of the last that was sealed by somebody who does not know the sealing key.
func resealed(keys []any) []any {
	s := newTap()
	c := ringConfig(s)
	c.SealingKeys = [][]byte{sealB}
	must(jwks.NewRing(context.Background(), c))
	own := s.state()["keys"].([]any)[0].(map[string]any)
	own["published"], own["signs_from"] = keys[len(keys)-1].(map[string]any)["published"], keys[len(keys)-1].(map[string]any)["signs_from"]
	return append(keys[:len(keys)-1], own)
}

// What was changed in the store is not used, never is a failure, and the ring goes on with another key.
func TestTamperedKeys(t *testing.T) {
	tests := map[string]func(keys []any) []any{
		"a flipped bit":                   member("sealed", flipBit),
		"no private half":                 member("sealed", func(string) string { return "" }),
		"half of a private half":          member("sealed", func(s string) string { return s[:len(s)/2/4*4] }),
		"an earlier turn":                 member("signs_from", addTime(-time.Minute)),
		"an earlier publication":          member("published", addTime(-time.Nanosecond)),
		"another algorithm":               member("alg", func(string) string { return "ES256" }),
		"another ID":                      member("kid", func(s string) string { return "." + s[1:] }),
		"each other's private halves":     swapHalves,
		"a key of who has no sealing key": resealed,
	}
	for name, tampering := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTap()
				var log bytes.Buffer
				c := ringConfig(s)
				c.Logger = slog.New(slog.NewTextHandler(&log, nil))
				r := newRing(t, c)
				first := sign(t, r)
				check(t, "Rotate", r.Rotate(t.Context()), nil)
				time.Sleep(lead)
				last := sign(t, r)
				check(t, "the first key signs", last.kid == first.kid, false)
				time.Sleep(2 * time.Minute) // the first has signed, the last signs
				s.tamper(tampering)
				kept := s.keyIDs()

				sign(t, r)
				synctest.Wait()
				token := sign(t, r)
				check(t, "a new key signs", token.kid == first.kid || token.kid == last.kid, false)
				check(t, "at once", outcomes(r, token), "ok ok")
				got := outcome(verify(r, last))
				check(t, "tokens of the key: "+got, got == "503" || name == "another ID" && got == "401" ||
					strings.HasPrefix(name, "a key of who") && got == "401", true)
				check(t, "what cannot be read is kept", fmt.Sprint(s.keyIDs()[:2]), fmt.Sprint(kept))
				check(t, "said once", strings.Count(log.String(), "key that cannot be read") >= 1, true)
				said := strings.Count(log.String(), "key that cannot be read")
				for range 10 {
					time.Sleep(refresh)
					check(t, "signed", sign(t, r).kid, token.kid)
				}
				check(t, "keys", len(s.keyIDs()), 3)
				check(t, "said", strings.Count(log.String(), "key that cannot be read"), said)
				time.Sleep(retention)
				sign(t, r)
				synctest.Wait()
				check(t, "in the end", fmt.Sprint(s.keyIDs()), fmt.Sprint([]string{token.kid}))
			})
		})
	}
}

// Who spoils each key in the store makes a ring work for it once in Refresh at most.
func TestTamperingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		r := newRing(t, ringConfig(s))
		before := s.count("Swap")
		for range 60 {
			time.Sleep(10 * time.Second)
			s.tamper(member("sealed", flipBit))
			outcomes(r, signed{kid: "unknown", alg: "EdDSA"})
			synctest.Wait()
		}
		made := s.count("Swap") - before
		check(t, fmt.Sprint(made, " keys in ten minutes"), made > 2 && made <= 10, true)
	})
}

// A state that cannot be read at all, or is older than one that was seen, is as a store that does not answer: it is not
// written over.
func TestStateThatIsNone(t *testing.T) {
	tests := map[string]func(s *tap, first []byte){
		"nothing":           func(s *tap, _ []byte) { s.write([]byte("")) },
		"text":              func(s *tap, _ []byte) { s.write([]byte("keys")) },
		"JSON of others":    func(s *tap, _ []byte) { s.write([]byte(`{"keys":[]}`)) },
		"a later format":    func(s *tap, _ []byte) { s.write([]byte(`{"format":2,"keys":{}}`)) },
		"a later format 2":  func(s *tap, _ []byte) { s.write([]byte(`{"format":2,"keys":[]}`)) },
		"garbage behind":    func(s *tap, first []byte) { s.write(append(first, '}')) },
		"keys that are not": func(s *tap, _ []byte) { s.write([]byte(`{"format":1,"keys":[1]}`)) },
		"keys without ID":   func(s *tap, _ []byte) { s.write([]byte(`{"format":1,"keys":[null]}`)) },
		"keys without time": func(s *tap, _ []byte) { s.write([]byte(`{"format":1,"keys":[{"kid":"a","alg":"EdDSA"}]}`)) },
		"101 keys": func(s *tap, _ []byte) {
			key := `{"kid":"a","alg":"EdDSA","published":"2000-01-01T00:00:00Z","signs_from":"2000-01-01T00:00:00Z"}`
			s.write([]byte(`{"format":1,"keys":[` + strings.Repeat(key+",", 100) + key + `]}`))
		},
		"too much": func(s *tap, first []byte) { s.write(append(first, bytes.Repeat([]byte(" "), 256<<10)...)) },
		"an earlier state": func(s *tap, first []byte) {
			fresh := newTap().KeyStore
			_ = fresh.Swap(context.Background(), 0, first)
			s.KeyStore = fresh
		},
		"the same with an earlier version": func(s *tap, _ []byte) {
			now, _, _ := s.KeyStore.Load(context.Background())
			s.KeyStore = newTap().KeyStore
			s.write(now)
		},
		"no state any more": func(s *tap, _ []byte) { s.KeyStore = newTap().KeyStore },
		"another with its version": func(s *tap, _ []byte) {
			other := newTap()
			other.write([]byte("a"))
			other.write([]byte("b"))
			s.KeyStore = other.KeyStore
		},
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTap()
				r := newRing(t, ringConfig(s))
				first, _, _ := s.KeyStore.Load(t.Context())
				check(t, "Rotate", r.Rotate(t.Context()), nil)
				token := sign(t, r)
				damage(s, first)
				left, _, _ := s.KeyStore.Load(t.Context())
				check(t, "Rotate", outcome(r.Rotate(t.Context())), "503")
				check(t, "Revoke", outcome(r.Revoke(t.Context(), token.kid)), "503")
				time.Sleep(signsFor - 1)
				check(t, "as long as it may", outcomes(r, token), "ok ok")
				time.Sleep(time.Nanosecond)
				check(t, "no longer signs", outcomes(r, token), "503 ok")
				time.Sleep(verifies - signsFor)
				check(t, "no longer verifies", outcomes(r, token), "503 503")
				after, _, _ := s.KeyStore.Load(t.Context())
				check(t, "what is kept", string(after), string(left))
			})
		})
	}
}

func TestNewRingRefusesState(t *testing.T) {
	for name, raw := range map[string]string{
		"text": "keys", "a later format": `{"format":2,"keys":[]}`, "JSON of others": `{}`,
	} {
		s := newTap()
		s.write([]byte(raw))
		r, err := jwks.NewRing(t.Context(), ringConfig(s))
		check(t, name, outcome(err), "503")
		check(t, name, r, nil)
		after, version, _ := s.KeyStore.Load(t.Context())
		check(t, name, fmt.Sprint(string(after), version), raw+"1")
	}
	_, err := jwks.NewRing(t.Context(), ringConfig(belowZero{memory.NewKeyStore()}))
	check(t, "a version below zero", outcome(err), "503")

	s := newTap()
	newRing(t, ringConfig(s))
	c := ringConfig(s)
	c.SealingKeys = [][]byte{sealB}
	_, err = jwks.NewRing(t.Context(), c)
	check(t, "another sealing key", fmt.Sprint(err), "jwks: ring: SealingKeys open none of 1 keys: auth: unavailable")
	check(t, "keys", len(s.keyIDs()), 1)
}

// belowZero is no store: versions begin with 1.
type belowZero struct{ *memory.KeyStore }

func (belowZero) Load(context.Context) ([]byte, int64, error) { return []byte(`{"format":1}`), -1, nil }

// Of a key that is kept twice the one that can be read counts, and a key beside the others that no ring made is left alone.
func TestKeysBesideOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		r := newRing(t, ringConfig(s))
		token := sign(t, r)
		s.tamper(func(keys []any) []any {
			late := clone(keys[0])
			late["signs_from"] = addTime(time.Second)(late["signs_from"].(string))
			planted := resealed([]any{clone(keys[0])})[0].(map[string]any)
			planted["signs_from"] = time.Now().Add(time.Hour).Format(time.RFC3339Nano)
			return append([]any{late, clone(keys[0])}, keys[0], planted)
		})
		time.Sleep(refresh)
		check(t, "tokens", outcomes(r, token), "ok ok")
		check(t, "the key", sign(t, r).kid, token.kid)
		check(t, "keys", len(must(r.Keys(t.Context()))), 2)
		check(t, "published", len(publishedBy(t, r)), 1)
		check(t, "a key that is not readable", must(r.Keys(t.Context()))[1].Unreadable, true)
	})
}

func clone(k any) map[string]any {
	var c map[string]any
	if err := json.Unmarshal(must(json.Marshal(k)), &c); err != nil {
		panic(err)
	}
	return c
}

// A sealing key is changed as RingConfig says: no process is ever without a key that it can read, and after one change of
// the ring the old one is not needed.
func TestSealingKeysRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		deploy := func(keys ...[]byte) *jwks.Ring {
			c := ringConfig(s)
			c.SealingKeys = keys
			return newRing(t, c)
		}
		old := deploy(sealA)
		token := sign(t, old)
		both := deploy(sealA, sealB)
		next := deploy(sealB, sealA)
		check(t, "Rotate", next.Rotate(t.Context()), nil)
		time.Sleep(refresh)
		check(t, "with both", outcomes(both, token), "ok ok")
		check(t, "with the other first", outcomes(next, token), "ok ok")
		last := deploy(sealB)
		check(t, "with the new one alone", outcomes(last, token), "ok ok")
		check(t, "unreadable", slices.ContainsFunc(must(last.Keys(t.Context())), func(k jwks.RingKey) bool { return k.Unreadable }), false)
		time.Sleep(lead)
		check(t, "all agree", sign(t, both).kid, sign(t, last).kid)
	})
}

// What a sealing key opens is still looked at: it must be what it says.
func TestSealedKeyThatIsAnother(t *testing.T) {
	own := named(ed25519Key, "", "")
	for name, tt := range map[string]struct {
		id, alg string
		read    int
	}{
		"as it is":          {own.ID(), "EdDSA", 1},
		"another ID":        {named(ecKey, "", "").ID(), "EdDSA", 0},
		"another algorithm": {own.ID(), "ES256", 0},
	} {
		state := fmt.Appendf(nil, `{"format":1,"keys":[%s]}`, jwks.SealKey(sealA, tt.id, tt.alg, own))
		ids, whole := jwks.ReadRing([][]byte{sealA}, state)
		check(t, name, whole, true)
		check(t, name, len(ids), tt.read)
	}
}
