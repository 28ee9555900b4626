package login

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// A place is where somebody logs in from: a device, or a network.
type place struct {
	kind, value string
	since       string // which credentials the account has had since, see [places.since]
}

const nowhere = "unknown"

// networkOf returns the network of an address: itself, or the 64 bits of an IPv6 address that one customer has.
func networkOf(ip netip.Addr) place {
	ip = ip.Unmap()
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	network, err := ip.Prefix(bits) // without the zone
	if err != nil || !ip.IsValid() {
		return place{kind: "network", value: nowhere}
	}
	return place{kind: "network", value: network.String()}
}

// deviceOf returns the device that a cookie names, and whether it may be one.
func deviceOf(value string) (place, bool) {
	return place{kind: "device", value: value}, len(value) == deviceLen && token.IsID(value)
}

// deviceLen is the length of what [token.NewID] returns, in characters.
const deviceLen = 24

// mayBeKnown reports whether p tells one place from others.
func (p place) mayBeKnown() bool { return p.value != nowhere }

// places remember from where somebody has logged in to an account.
type places struct {
	store   TokenStore
	timeout time.Duration
	life    time.Duration
}

// slotLen is how many characters of a place's digest decide which other one it takes the place of. So an account has 1024
// devices and 1024 networks at most, and nobody who can log in to one fills the store.
const slotLen = 2

// mark returns what the store keeps of p for an account. It holds neither: the digest is that of a digest.
func (p place) mark(account string) OneTimeToken {
	mark := digestID("known place", account, p.since, p.kind, p.value)
	return OneTimeToken{ID: digestID("known slot", account, p.kind, mark[:slotLen]), Digest: token.Sum(mark)}
}

// since returns what names the time since an account has the credentials that it has: "" if they never changed.
func (k *places) since(ctx context.Context, account string) (string, error) {
	t := auth.NewTimeout(ctx, k.timeout)
	defer t.Stop()
	id := digestID("known since", account)
	rec, err := k.store.Get(t, id, timestamp())
	switch {
	case is(err, ErrNotFound):
		return "", nil
	case is(err, ErrCorrupt):
		return "nobody knows when", nil // from where nobody has logged in
	case err != nil:
		return "", unavailable(err)
	case rec.ID != id:
		return "", unavailable(errors.New("an answer about places that makes no sense"))
	}
	return string(rec.Digest[:]), nil
}

// forget has nobody have logged in to the account from anywhere. It is kept longer than what was known before.
func (k *places) forget(ctx context.Context, account string) (since string, err error) {
	t := auth.NewTimeout(ctx, k.timeout)
	defer t.Stop()
	now := token.Sum(token.NewID())
	rec := OneTimeToken{
		ID: digestID("known since", account), Digest: now, Expires: timestamp().Add(2 * k.life).Truncate(time.Microsecond),
	}
	if err := k.store.Put(t, rec); err != nil {
		return "", unavailable(err)
	}
	return string(now[:]), nil
}

// knows reports whether somebody has logged in to the account from p.
func (k *places) knows(ctx context.Context, account string, p place) (bool, error) {
	if !p.mayBeKnown() {
		return false, nil
	}
	t := auth.NewTimeout(ctx, k.timeout)
	defer t.Stop()
	want, now := p.mark(account), timestamp()
	rec, err := k.store.Get(t, want.ID, now)
	switch {
	case is(err, ErrNotFound), is(err, ErrCorrupt):
		return false, nil
	case err != nil:
		return false, unavailable(err)
	}
	return rec.ID == want.ID && rec.Digest.Equal(want.Digest) && now.Before(rec.Expires), nil
}

// remember keeps that somebody has logged in to the account from p.
func (k *places) remember(ctx context.Context, account string, p place) error {
	if !p.mayBeKnown() {
		return nil
	}
	t := auth.NewTimeout(ctx, k.timeout)
	defer t.Stop()
	mark := p.mark(account)
	mark.Expires = timestamp().Add(k.life).Truncate(time.Microsecond)
	if err := k.store.Put(t, mark); err != nil {
		return unavailable(err)
	}
	return nil
}

// from returns where a comes from, and whether it is known: a device only if it is, else the network.
func (k *places) from(ctx context.Context, a attempt) (p place, known bool, err error) {
	since, err := k.since(ctx, a.account)
	if err != nil {
		return place{}, false, err
	}
	if device, ok := deviceOf(a.device); ok {
		device.since = since
		// A stranger makes up as many devices as they like: one that is not known says nothing.
		if known, err = k.knows(ctx, a.account, device); known || err != nil {
			return device, known, err
		}
	}
	p = networkOf(a.client)
	p.since = since
	known, err = k.knows(ctx, a.account, p)
	return p, known, err
}
