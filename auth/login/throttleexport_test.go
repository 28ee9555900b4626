package login

import (
	"context"
	"net/netip"
	"time"
)

// The throttle is the package's own: these let its tests at it.

type (
	Throttling = throttle
	Attempt    = attempt
)

func NewThrottling(c Throttle, attempts AttemptStore, tokens TokenStore, timeout time.Duration) (*Throttling, error) {
	return newThrottle(c, attempts, tokens, timeout)
}

// From returns an attempt on an account from an address, "" for one that nobody knows, and a device, "" for none.
func From(account, client, device string) Attempt {
	ip, _ := netip.ParseAddr(client)
	return attempt{account: account, client: ip, device: device}
}

func (a attempt) Account() string { return a.account }

func (t *throttle) OnThrottled(f func(ctx context.Context, a Attempt)) { t.onThrottled = f }
func (t *throttle) Try(ctx context.Context, a Attempt) error           { return t.try(ctx, a) }
func (t *throttle) Succeeded(ctx context.Context, a Attempt) (string, error) {
	return t.succeeded(ctx, a)
}

func (t *throttle) Request(ctx context.Context, kind string, a Attempt) error {
	if a.account == "" {
		return t.request(ctx, kind, a.client)
	}
	return t.request(ctx, kind, a.client, a.account)
}

func (p Pace) Delay(n int) time.Duration { return p.delay(n) }

// Knows reports whether somebody has logged in to a's account from where a comes from.
func (t *throttle) Knows(ctx context.Context, a Attempt) (bool, error) {
	_, known, err := t.places.from(ctx, a)
	return known, err
}
