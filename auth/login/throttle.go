package login

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/countersign-go/countersign/auth/token"
)

// An attempt is somebody who tries to log in.
type attempt struct {
	account string     // which, such as provider + "\x00" + entity; "" if that is not known yet
	client  netip.Addr // zero if nobody knows
	device  string     // from the cookie; "" if there is none
}

// A throttle counts attempts, and delays them when there are many. It locks nobody out: who waits may try again, and what is
// turned away does not count. All is in its stores, so it is the same for all processes that share them.
type throttle struct {
	config   Throttle
	counters counters
	places   places

	// onThrottled is told of an attempt after which others on its account have to wait. It may be nil.
	onThrottled func(ctx context.Context, a attempt)
}

// newThrottle returns the throttle that c says, with the defaults in the place of what is zero, or all that is wrong with c.
// The timeout is for each call of a store.
func newThrottle(c Throttle, attempts AttemptStore, tokens TokenStore, timeout time.Duration) (*throttle, error) {
	c, err := c.orDefault()
	if attempts == nil || tokens == nil || timeout <= 0 {
		err = errors.Join(err, errors.New("login: a throttle without its stores or their timeout"))
	}
	if err != nil {
		return nil, err
	}
	return &throttle{
		config:   c,
		counters: counters{store: attempts, timeout: timeout, window: c.Window},
		places:   places{store: tokens, timeout: timeout, life: c.Known},
	}, nil
}

// try counts an attempt before it is made, so that of many at once no more get through than of many in a row. Its error is
// an *auth.Error of status 429 for one that comes too early, which is not counted, or wraps auth.ErrUnavailable: what
// cannot be counted is not tried. An attempt on no account counts for its network only.
func (t *throttle) try(ctx context.Context, a attempt) error {
	if a.account == "" {
		_, err := t.counters.count(ctx, t.network(a.client))
		return err
	}
	from, known, err := t.places.from(ctx, a)
	if err != nil {
		return err
	}
	begins, err := t.counters.count(ctx, t.all(a, from, known)...)
	if err == nil && t.onThrottled != nil && slices.Contains(begins[:min(len(begins), 2)], true) { // the network is no account's
		t.onThrottled(ctx, a)
	}
	return err
}

// succeeded is told of an attempt that try let pass and that was a log-in. It forgets what was counted of this account from
// this place, and remembers the place: the device and the network, or the device alone if it was known. If it was not, the
// device that it returns is for a cookie. With an error some of that is not done, which lets nobody in: the log-in is good.
//
// Where else the attempt was counted, it is taken back, and no other: else who owns one account could guess at others from the
// same network for ever, and an owner's log-in would be a stranger's next chance.
func (t *throttle) succeeded(ctx context.Context, a attempt) (device string, err error) {
	if a.account == "" {
		return "", nil
	}
	from, known, err := t.forgive(ctx, a)
	if err != nil {
		return "", err
	}
	if known && from.kind == "device" {
		return "", t.places.remember(ctx, a.account, from)
	}
	return t.remember(ctx, a, from.since)
}

// remember remembers where a comes from, and a device for a cookie.
func (t *throttle) remember(ctx context.Context, a attempt, since string) (device string, err error) {
	device = token.NewID() // not the one that came along: somebody else may have put it there
	fresh, _ := deviceOf(device)
	for _, p := range []place{fresh, networkOf(a.client)} {
		p.since = since
		if err := t.places.remember(ctx, a.account, p); err != nil {
			return "", err
		}
	}
	return device, nil
}

// renewed is told that an account has new credentials, by somebody where a comes from, who is known from now on. No other place
// is: a thief may have logged in with the old ones from so many that those of the owner would have to wait for them. The device
// that it returns, if any, is for a cookie.
func (t *throttle) renewed(ctx context.Context, a attempt) (device string, err error) {
	from, known, err := t.places.from(ctx, a)
	if err != nil {
		return "", err
	}
	since, err := t.places.forget(ctx, a.account)
	if err != nil {
		return "", err
	}
	if known && from.kind == "device" {
		from.since = since
		return "", t.places.remember(ctx, a.account, from)
	}
	return t.remember(ctx, a, since)
}

// forgive forgets and takes back what succeeded does, and remembers nothing: for somebody whose credentials were right, and who
// may not log in. It returns where a comes from, and whether that is known.
func (t *throttle) forgive(ctx context.Context, a attempt) (from place, known bool, err error) {
	if from, known, err = t.places.from(ctx, a); err == nil {
		err = t.forget(ctx, t.all(a, from, known))
	}
	return from, known, err
}

// takeBack makes the last attempt on no account from the network of a client one that was not counted.
func (t *throttle) takeBack(ctx context.Context, client netip.Addr) error {
	return t.counters.takeBack(ctx, t.network(client))
}

// request counts a request of a kind, such as "reset", that sends mail to accounts or makes one: there may be few for each
// account, and for a network it is an attempt as any other, that never succeeds. Its error is that of try.
func (t *throttle) request(ctx context.Context, kind string, client netip.Addr, accounts ...string) error {
	_, err := t.counters.count(ctx, append([]counter{t.network(client)}, requests(kind, accounts...)...)...)
	return err
}

// requestAlso is request for one that was counted as an attempt from its network already.
func (t *throttle) requestAlso(ctx context.Context, kind string, account string) error {
	_, err := t.counters.count(ctx, requests(kind, account)...)
	return err
}

// answered is told that a token of a request was used, from a client: that was no guess, and the account may be sent more. What
// a store that fails still counts of it lets nobody in, and is no reason to say that the token was not used.
func (t *throttle) answered(ctx context.Context, kind string, client netip.Addr, account string) {
	_, _ = t.counters.forget(ctx, requests(kind, account)[0])
	_ = t.takeBack(ctx, client)
}

func requests(kind string, accounts ...string) []counter {
	all := make([]counter, len(accounts))
	for i, account := range accounts {
		all[i] = counter{"to send mail: " + kind, digestID("request", kind, account), requestPace}
	}
	return all
}

// all returns what an attempt on an account is counted in, what is for its place first. Strangers never get at what counts for
// the places that are known, so they delay nobody there. Those have a bound together, too: whoever had the password once may
// have logged in from a thousand places, and would have as many times the attempts of one when it is changed.
func (t *throttle) all(a attempt, from place, known bool) []counter {
	if known {
		return []counter{t.client("known client", a.account, from), t.known(a.account, from)}
	}
	return []counter{t.client("client", a.account, from), t.account(a.account), t.network(a.client)}
}

// forget forgets what the first of all has counted, and takes one attempt back from the others: what was not counted there was
// not counted here, either. So a place has one counter while it is known and another while it is not.
func (t *throttle) forget(ctx context.Context, all []counter) error {
	counted, err := t.counters.forget(ctx, all[0])
	if err != nil || !counted {
		return err
	}
	for _, k := range all[1:] {
		if err := t.counters.takeBack(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

func (t *throttle) client(label, account string, from place) counter {
	return counter{"on an account from one place", digestID(label, account, from.kind, from.value), t.config.Client}
}

func (t *throttle) known(account string, from place) counter {
	pace := Pace{Free: maxAccountFree, First: t.config.Account.First, Most: t.config.Account.Most}
	return counter{"on an account from all places that are known", digestID("known", account, from.since, from.kind), pace}
}

func (t *throttle) account(account string) counter {
	return counter{"on an account", digestID("account", account), t.config.Account}
}

func (t *throttle) network(client netip.Addr) counter {
	return counter{"from one network", digestID("network", networkOf(client).value), t.config.Network}
}
