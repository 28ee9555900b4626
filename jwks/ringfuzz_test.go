package jwks_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/store/memory"
)

// A state that was kept stays readable.
func TestRingState(t *testing.T) {
	ids, whole := jwks.ReadRing([][]byte{sealA}, must(os.ReadFile("testdata/ring.json")))
	check(t, "it is a ring's", whole, true)
	check(t, "its keys", fmt.Sprint(ids), "[YlEwwRrqbEfPvRPT2-h6mO2IuqAgtX4UHVy7-eiSP2A q8QjjnTza0HUV6uUfc6CC90LPqd6xVkjDAjSDluvCMg]")
}

// FuzzRingState holds that of whatever is in the store only keys are read that a ring has sealed, as they were.
func FuzzRingState(f *testing.F) {
	good := must(os.ReadFile("testdata/ring.json"))
	type record struct {
		Kid, Alg, Published, Sealed string
		SignsFrom                   string `json:"signs_from"`
	}
	var sealed struct{ Keys []record }
	if err := json.Unmarshal(good, &sealed); err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		string(good), crowded(98), crowded(99), `{"format":1,"keys":[]}`, `{"format":1,"keys":null}`, `{"format":2}`, `{}`, `null`, ``, `[`, "\x00",
		`{"format":1,"keys":[{"kid":"a","alg":"EdDSA","published":"2026-01-01T00:00:00Z","signs_from":"9999-12-31T23:59:59-23:59","sealed":"AAAA"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, state []byte) {
		ids, whole := jwks.ReadRing([][]byte{sealB, sealA}, state)
		check(t, "keys of a state that is not read", whole || ids == nil, true)
		var found struct{ Keys []record }
		_ = json.Unmarshal(state, &found)
		for _, id := range ids {
			i := slices.IndexFunc(sealed.Keys, func(k record) bool { return k.Kid == id })
			if i < 0 {
				t.Fatalf("key %q was never sealed", id)
			}
		}
		_, foreign := jwks.ReadRing([][]byte{sealB}, state)
		check(t, "the state is read with another sealing key", foreign, whole)
		check(t, "keys with another sealing key", len(first(jwks.ReadRing([][]byte{sealB}, state))), 0)

		// A ring over it never panics, and either works or says that it cannot. The time is one that its keys are for, and
		// stands still: the turn of a key that cannot be read may come at any moment.
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(ringTime))
			store := memory.NewKeyStore()
			_ = store.Swap(t.Context(), 0, state)
			ring, err := jwks.NewRing(t.Context(), ringConfig(store))
			if err != nil {
				check(t, "NewRing", outcome(err), "503")
				return
			}
			check(t, "tokens", outcomes(ring, sign(t, ring)), "ok ok")
			check(t, "Close", ring.Close(), nil)
		})
	})
}

// ringTime is when the keys of the ring in testdata are in use.
var ringTime = time.Date(2026, 1, 1, 0, 30, 0, 0, time.UTC)

// crowded returns the state of a ring with a key that can be read, and as many that cannot, whose turn has come.
func crowded(unreadable int) string {
	var state struct {
		Format int               `json:"format"`
		Keys   []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(must(os.ReadFile("testdata/ring.json")), &state); err != nil {
		panic(err)
	}
	state.Keys = state.Keys[:1]
	for i := range unreadable {
		state.Keys = append(state.Keys, fmt.Appendf(nil,
			`{"kid":"%d","alg":"EdDSA","published":"2026-01-01T00:00:00Z","signs_from":"2026-01-01T00:20:00Z","sealed":"AAAA"}`, i))
	}
	return string(must(json.Marshal(state)))
}

// A ring makes a new key if none can sign, unless there is no room for one. That is nothing that a client did wrong.
func TestRingWithoutRoom(t *testing.T) {
	for unreadable, want := range map[int]string{0: "ok", 98: "ok", 99: "503"} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(ringTime))
			store := memory.NewKeyStore()
			check(t, "Swap", store.Swap(t.Context(), 0, []byte(crowded(unreadable))), nil)
			_, err := jwks.NewRing(t.Context(), ringConfig(store))
			check(t, fmt.Sprint(unreadable, " keys that cannot be read"), outcome(err), want)
		})
	}
}

func first[T, U any](v T, _ U) T { return v }
