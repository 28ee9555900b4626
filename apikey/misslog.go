package apikey

import (
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

const (
	missWindow = time.Minute

	// maxNoted bounds how many sources, and how many good keys, are noted in a window. Those beyond are not limited, and not
	// exempt.
	maxNoted = 10_000
)

// A missLog counts the keys of each window that were no good, by where they came from, so that a source which tries many does
// not have the store asked about each. A key that was good just now is not refused because others of the same network try. It
// is nil where nothing is limited, and then does nothing.
type missLog struct {
	max int

	mu       sync.Mutex
	began    time.Time // the window
	bySource map[netip.Prefix]int
	good     map[token.Digest]bool // the keys that were good in this window
	before   map[token.Digest]bool // and in the one before
}

func newMissLog(max int) *missLog {
	if max == 0 {
		return nil
	}
	return &missLog{max: max, bySource: map[netip.Prefix]int{}, good: map[token.Digest]bool{}}
}

// source returns the network that counts as one source: an IPv6 client has a whole /64 to itself. It is invalid for an address
// that is none, which is not limited.
func source(ip netip.Addr) netip.Prefix {
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits)
	return p
}

// turn begins a new window if the last is over. Who calls it holds mu.
func (l *missLog) turn(now time.Time) {
	age := now.Sub(l.began)
	if age >= 0 && age < missWindow {
		return
	}
	l.before = l.good
	if age < 0 || age >= 2*missWindow {
		l.before = nil
	}
	l.began, l.bySource, l.good = now, map[netip.Prefix]int{}, map[token.Digest]bool{}
}

// refuse returns the refusal of a key from a source that has had too many that were no good.
func (l *missLog) refuse(from netip.Prefix, key token.Digest, now time.Time) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn(now)
	if l.bySource[from] < l.max || l.good[key] || l.before[key] {
		return nil
	}
	return &auth.Error{
		Status: http.StatusTooManyRequests, RetryAfter: l.began.Add(missWindow).Sub(now),
		Err: errors.New("apikey: too many keys from " + from.String() + " that are no good"),
	}
}

// note counts a key that was looked up: it is good, or not.
func (l *missLog) note(from netip.Prefix, key token.Digest, good bool, now time.Time) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn(now)
	_, known := l.bySource[from]
	switch {
	case good && len(l.good) < maxNoted:
		l.good[key] = true
	case !good && from.IsValid() && (known || len(l.bySource) < maxNoted):
		l.bySource[from]++
	}
}
