package login

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

const (
	// maxAccountFree is how many may guess in a row at one account (NIST SP 800-63B-4, section 3.2.2).
	maxAccountFree = 100
	maxNetworkFree = 100_000
	maxWindow      = 30 * 24 * time.Hour
	maxKnown       = 400 * 24 * time.Hour
	maxCount       = 1_000_000 // what Attempts.Check allows
)

// requestPace is for what sends mail to one address, or makes an account of it.
var requestPace = Pace{Free: 10, First: time.Minute, Most: time.Hour}

// orDefault returns t with the defaults in the place of what is zero, or all that is wrong with it.
func (t Throttle) orDefault() (Throttle, error) {
	t.Client = t.Client.or(Pace{Free: 10, First: time.Second, Most: 15 * time.Minute})
	t.Account = t.Account.or(Pace{Free: 50, First: time.Second, Most: time.Minute})
	t.Network = t.Network.or(Pace{Free: 500, First: time.Second, Most: time.Minute})
	t.Window = cmp.Or(t.Window, 24*time.Hour)
	t.Known = cmp.Or(t.Known, 90*24*time.Hour)
	errs := []error{
		t.Client.check("Client", maxAccountFree, t.Window),
		t.Account.check("Account", maxAccountFree, t.Window),
		t.Network.check("Network", maxNetworkFree, t.Window),
	}
	if t.Window < 0 || t.Window > maxWindow {
		errs = append(errs, errors.New("login: Throttle.Window is not from 0 to 30 days"))
	}
	if t.Known < 0 || t.Known > maxKnown {
		errs = append(errs, errors.New("login: Throttle.Known is not from 0 to 400 days"))
	}
	return t, errors.Join(errs...)
}

func (p Pace) or(other Pace) Pace {
	return Pace{Free: cmp.Or(p.Free, other.Free), First: cmp.Or(p.First, other.First), Most: cmp.Or(p.Most, other.Most)}
}

func (p Pace) check(name string, mostFree int, window time.Duration) error {
	if p.Free < 0 || p.Free > mostFree {
		return fmt.Errorf("login: Throttle.%s.Free is not from 0 to %d", name, mostFree)
	}
	if p.First < time.Millisecond || p.Most < p.First || p.Most > window {
		return fmt.Errorf("login: Throttle.%s: not 1 ms <= First <= Most <= Window", name)
	}
	return nil
}

// delay returns how long the nth attempt has to wait for the one before.
func (p Pace) delay(n int) time.Duration {
	doublings := n - p.Free - 1
	switch {
	case doublings < 0:
		return 0
	case p.Most>>doublings < p.First: // so that nothing overflows
		return p.Most
	}
	return p.First << doublings
}

// after returns what is counted when there is one more attempt now. All is forgotten together, a window after the first
// attempt: were it a window after the last, the failures of a busy network would add up for ever.
func (p Pace) after(a Attempts, now time.Time, window time.Duration) Attempts {
	if a.Count == 0 {
		a.Expires = now.Add(window)
	}
	a.Count = min(a.Count+1, maxCount)
	a.Next = time.Time{}
	if wait := p.delay(a.Count + 1); wait > 0 {
		a.Next = now.Add(wait).Truncate(time.Microsecond)
	}
	if a.Next.After(a.Expires) {
		a.Expires = a.Next // or the last wait would be cut short
	}
	a.Expires = a.Expires.Truncate(time.Microsecond)
	return a
}

// without returns what is counted when the last attempt does not count. Others wait as if there had not been any.
func (p Pace) without(a Attempts) Attempts {
	if a.Count == 0 {
		return a
	}
	if wait := p.delay(a.Count); wait == 0 {
		a.Next = time.Time{}
	} else if !a.Next.IsZero() {
		a.Next = a.Next.Add(wait - p.delay(a.Count+1))
	}
	a.Count--
	return a
}
