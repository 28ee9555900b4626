package oidc_test

import (
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/countersign-go/countersign/auth/login/oidc"
)

// TestAttack runs the known attacks on logging in at another provider, by the IDs of the project's list.
func TestAttack(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T){
		"L025": badState,
		"L026": otherVerifier,
		"L027": ignoredPKCE,
		"L028": badNonce,
		"L029": badIDToken,
		"L030": otherUserInfo,
		"L031": mixUp,
		"L032": manyStarts,
		"L033": parallel,
		"L034": otherRedirects,
		"L035": scriptRedirects,
		"L036": reflection,
		"L046": noID,
		"L047": sameSubject,
		"L058": badTokenEndpoint,
	} {
		t.Run(id, attack)
	}
}

// badState: a state is asked for before anything else is done, and it is the store that says whether it is good. Where it is
// not, the provider is not asked about the code; where it is, it is used up even if the log-in comes to nothing.
func badState(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		another := newBrowser(w.Provider)
		foreign := must(url.Parse(must(another.start(t.Context(), nil)))).Query().Get("state")
		for name, change := range map[string]func(url.Values){
			"none":               func(v url.Values) { v.Del("state") },
			"wrong":              func(v url.Values) { v.Set("state", "wrong") },
			"of another browser": func(v url.Values) { v.Set("state", foreign) },
		} {
			_, err := w.visit(t.Context(), w.op, change)
			check(t, name, verdict(err), stale)
		}
		answer := w.logIn(must(w.start(t.Context(), nil)))
		taken := w.taken
		_, err := w.finish(t.Context(), url.Values{"state": answer["state"], "error": {"access_denied"}})
		check(t, "with an error", verdict(err), rejected)
		_, err = w.finish(t.Context(), answer)
		check(t, "again", verdict(err), stale)
		check(t, "states asked for", w.taken-taken, 2)
		_, err = w.visit(t.Context(), w.op, func(v url.Values) { v.Del("code") })
		check(t, "a good one, and no code", verdict(err), rejected)
		check(t, "codes exchanged", w.asked.Load(), 0)
	})
	// A state is of one issuer and one client, whatever the store believes.
	in(t, func(t *testing.T, w world) {
		c := configOf(w.op)
		c.ClientID = "another shop"
		p := must(oidc.New(c))
		defer func() { check(t, "Close", p.Close(), nil) }()
		other := newBrowser(p)
		answer := w.logIn(must(w.start(t.Context(), nil)))
		other.states = w.states
		_, err := other.finish(t.Context(), answer)
		check(t, "of another client", verdict(err), rejected)
		check(t, "codes exchanged", w.asked.Load(), 0)
	})
}

// otherVerifier: a code that was given for another flow has another challenge, and the provider refuses it.
func otherVerifier(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		victim := w.logIn(must(w.start(t.Context(), nil)))
		_, err := w.visit(t.Context(), w.op, func(v url.Values) { v["code"] = victim["code"] })
		check(t, "a code of another flow", verdict(err), rejected)
		check(t, "was exchanged", w.asked.Load(), 1)
		_, err = w.visit(t.Context(), w.op)
		check(t, "one's own", verdict(err), "ok")
	})
}

// ignoredPKCE: where the provider does not look at the verifier, the nonce in the ID token still tells of which flow a code is,
// and the state of which browser the flow.
func ignoredPKCE(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		w.ignoresPKCE = true
		w.metadata = object{"code_challenge_methods_supported": []string{}}
		victim := w.logIn(must(w.start(t.Context(), nil)))
		_, err := w.visit(t.Context(), w.op, func(v url.Values) { v["code"] = victim["code"] })
		check(t, "a code of another flow", verdict(err), rejected)
		_, err = newBrowser(w.Provider).finish(t.Context(), w.logIn(must(w.start(t.Context(), nil))))
		check(t, "a flow of another browser", verdict(err), stale)
		_, err = w.visit(t.Context(), w.op)
		check(t, "one's own", verdict(err), "ok")
	})
}

// mixUp: an answer says whose it is, if its server said that it would, and that is compared before the code is sent anywhere.
func mixUp(t *testing.T) {
	for name, tt := range map[string]struct {
		promised any
		iss      []string
		want     string
	}{
		"nothing promised, nothing sent": {nil, nil, "ok"},
		"denied, nothing sent":           {false, nil, "ok"},
		"promised in another type":       {"true", nil, "ok"},
		"promised and sent":              {true, []string{"own"}, "ok"},
		"only sent":                      {nil, []string{"own"}, "ok"},
		"promised, not sent":             {true, nil, rejected},
		"promised, empty":                {true, []string{""}, rejected},
		"another's":                      {true, []string{"https://evil.example"}, rejected},
		"another's, not promised":        {nil, []string{"https://evil.example"}, rejected},
		"with a slash":                   {true, []string{"own/"}, rejected},
		"two":                            {true, []string{"own", "https://evil.example"}, "400 Invalid request: Field 'iss' must be a string"},
	} {
		in(t, func(t *testing.T, w world) {
			w.metadata = object{"authorization_response_iss_parameter_supported": tt.promised}
			_, err := w.visit(t.Context(), w.op, func(v url.Values) {
				for _, iss := range tt.iss {
					v.Add("iss", strings.Replace(iss, "own", w.URL(), 1))
				}
			})
			check(t, name, verdict(err), tt.want)
			check(t, name+": codes exchanged", w.asked.Load() == 1, tt.want == "ok")
		})
	}
}

// manyStarts: what is kept of a log-in is in the store, which has its own bounds.
func manyStarts(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		heap := func() uint64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		const some = 1000
		started := func(n int) {
			for range n {
				_ = must(w.start(t.Context(), nil))
			}
			clear(w.states)
		}
		started(some)
		before := heap()
		for range 99 {
			started(some)
		}
		after := heap()
		check(t, "less than 2 MiB more", after < before+2<<20, true)
		check(t, "requests for metadata", w.DiscoveryRequests(), 1)
	})
}

func parallel(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		w.claims = object{"email": "ann@example.com", "email_verified": true}
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				for range 5 {
					got, err := w.visit(t.Context(), w.op)
					check(t, "error", verdict(err), "ok")
					check(t, "entity", got.EntityID, "user-1")
				}
			})
		}
		all.Wait()
		check(t, "codes exchanged", w.asked.Load(), 64*5)
		check(t, "requests for metadata", w.DiscoveryRequests(), 1)
	})
}

// noID: an account that has no ID would be everybody's.
func noID(t *testing.T) {
	for _, sub := range []any{nil, "", 0, false, []string{}, "\x00"} {
		in(t, func(t *testing.T, w world) {
			w.claims = object{"sub": sub}
			_, err := w.visit(t.Context(), w.op)
			check(t, text(sub), verdict(err), rejected)
		})
	}
	for _, id := range []any{nil, 0, "", "1", -1, 1.5, false, []int{1}, object{"id": 1}, uint64(1) << 63} {
		h := newHub()
		h.user = changed(h.user.(object), object{"id": id})
		_, err := h.visit(t)
		check(t, text(id), verdict(err), rejected)
	}
}

// sameSubject: a sub is worth something at its issuer only. A Method has one, and its states, keys and tokens are no good in
// the Method of another; what an entity is, is for the Service: the ID of the Method, and the sub.
func sameSubject(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		evil := newOP(t)
		p := must(oidc.New(configOf(evil)))
		defer func() { check(t, "Close", p.Close(), nil) }()
		other := newBrowser(p)
		mine, err := w.visit(t.Context(), w.op)
		check(t, "at one issuer", verdict(err), "ok")
		theirs, err := other.visit(t.Context(), evil)
		check(t, "at another", verdict(err), "ok")
		check(t, "the same sub", mine.EntityID, theirs.EntityID)

		location := must(w.start(t.Context(), nil))
		nonce := must(url.Parse(location)).Query().Get("nonce")
		for _, iss := range []string{evil.URL(), w.URL()} {
			w.answer = object{"id_token": evil.TokenWith(object{"typ": "JWT", "kid": w.KeyID()}, object{"nonce": nonce, "iss": iss})}
			_, err = w.finish(t.Context(), w.logIn(location))
			check(t, "a token of another issuer", verdict(err), map[string]string{evil.URL(): rejected, w.URL(): stale}[iss])
		}
		w.answer = nil
		asked := w.asked.Load()
		answer := evil.logIn(must(other.start(t.Context(), nil)))
		w.states = other.states // as if the Methods shared one store of states
		_, err = w.finish(t.Context(), answer)
		check(t, "a state of another issuer", verdict(err), rejected)
		check(t, "codes exchanged", w.asked.Load(), asked)
	})
}
