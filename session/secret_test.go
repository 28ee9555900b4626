package session_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// Nothing that opens a session is in a log, an error, a record or an answer, whatever goes wrong: the cookie apart, where
// it is set.
func TestNothingSecretIsSaid(t *testing.T) {
	faults := map[string]fault{
		"nothing":               nil,
		"the store fails":       answering(errRefused),
		"the answer is lost":    losing(errRefused),
		"the time is up":        answering(context.DeadlineExceeded),
		"the store is confused": answering(fmt.Errorf("%w: what", auth.ErrInvalidCredentials)),
	}
	for name, f := range faults {
		for _, call := range calls {
			t.Run(call.name+": "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newSite(nil).logIn()
					b.site.store.on(call.verb, f)
					said := call.do(b).said()
					b.site.store.on(call.verb, nil)
					said += b.post("/rotate").said() + b.post("/me", "Origin: null").said() + b.post("/login").said()
					records := must(b.site.List(t.Context(), ann))
					said += fmt.Sprintf("%+v %s", records, must(json.Marshal(records))) + b.site.log.String()
					checkNotSaid(t, said, b.given)
				})
			})
		}
	}
}

// What is wrong with a cookie is said without repeating it.
func TestErrorsHoldNoCookie(t *testing.T) {
	b := newSite(nil).logIn()
	other := forge(keyA, "__Host-sid", time.Now(), bogus("ses", b.id))
	early := forge(keyA, "__Host-sid", time.Now().Add(time.Hour), bogus("ses", b.id))
	for _, value := range []string{other, early, b.value()} {
		_, refused := b.site.guard.Check(request("POST", "/", "Cookie: __Host-sid="+value, "Origin: null"))
		_, failed := b.site.Scheme().Authenticate(request("GET", "/", "Cookie: __Host-sid="+value+"; "+b.site.logIn().cookie))
		_, started := b.site.Start(nil, request("POST", "/", "Cookie: __Host-sid="+value, "Origin: null"), annsLogin())
		_, rotated := b.site.Rotate(nil, request("POST", "/", "Cookie: __Host-sid="+value, "Origin: null"), nil)
		checkNotSaid(t, fmt.Sprintf("%v %+v %v %#v %v", refused, failed, started, rotated, auth.Credential{Token: value}), []string{value})
	}
}

// said is all of an answer but the cookie in it.
func (r reply) said() string {
	r.SetCookie = ""
	return fmt.Sprintf("%+v", r)
}

// checkNotSaid holds that none of the cookie values, and nothing that is in them, was said.
func checkNotSaid(t *testing.T, said string, values []string) {
	t.Helper()
	check(t, "there is something to look for", len(values) > 0, true)
	for _, value := range values {
		text := open(value)
		for _, secret := range []string{value, text, text[strings.LastIndexByte(text, '_')+1:], string(keyA)} {
			check(t, "said", strings.Contains(said, secret), false)
		}
	}
}

// A logbook is what was logged, by many goroutines at once.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
