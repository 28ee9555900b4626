package console

import (
	"strings"
	"time"
	"unicode"

	"github.com/countersign-go/countersign/apikey"
)

// soon is how long before its end a key is said to expire soon.
const soon = 7 * 24 * time.Hour

// A keyView is a key as the pages show it.
type keyView struct {
	apikey.Key
	State                       state
	Created, Used, Expires      moment
	Disabled, Revoked           moment
	Last                        moment // when it stops working, or stopped; zero is never
	Pending, Over, CanBeRotated bool   // revoked for later; revoked and of no use any more
	Expired, Publishable        bool
}

// A state is what has become of a key, in a word or two.
type state struct{ Tone, Word string }

func (v *visit) view(k apikey.Key) keyView {
	over := k.Revocation.Holds(v.now)
	if !isVisible(k.Title) {
		k.Title = "Untitled key" // one that is no link to click on was not made here
	}
	return keyView{
		Key:     k,
		State:   stateOf(k, v.now),
		Created: v.moment(k.CreatedAt), Used: v.moment(k.LastUsed.At), Expires: v.moment(k.ExpiresAt),
		Disabled: v.moment(k.DisabledAt), Revoked: v.moment(k.Revocation.At),
		Last:         v.moment(lastOf(k)),
		Pending:      !k.Revocation.At.IsZero() && !over,
		Over:         over,
		CanBeRotated: k.Live(v.now) && k.Revocation.At.IsZero() && k.ReplacedBy == "",
		Expired:      isExpired(k, v.now),
		Publishable:  k.Kind == apikey.Publishable,
	}
}

func isExpired(k apikey.Key, now time.Time) bool {
	return !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt)
}

// lastOf returns when k expires or is revoked, whichever comes first: zero is never.
func lastOf(k apikey.Key) time.Time {
	revoked := k.Revocation.Effective()
	if revoked.IsZero() || !k.ExpiresAt.IsZero() && k.ExpiresAt.Before(revoked) {
		return k.ExpiresAt
	}
	return revoked
}

// isVisible reports whether there is a letter, a digit or a sign in a title, and not only what leaves no trace on a page.
func isVisible(title string) bool {
	return strings.ContainsFunc(title, func(c rune) bool {
		return unicode.In(c, unicode.L, unicode.N, unicode.P, unicode.S) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, c)
	})
}

func stateOf(k apikey.Key, now time.Time) state {
	switch {
	case k.Revocation.Holds(now):
		return state{"bad", "Revoked"}
	case isExpired(k, now):
		return state{"calm", "Expired"}
	case !k.DisabledAt.IsZero():
		return state{"warn", "Disabled"}
	case !k.Revocation.At.IsZero():
		return state{"warn", "Revoked later"}
	case !k.ExpiresAt.IsZero() && k.ExpiresAt.Sub(now) <= soon:
		return state{"warn", "Expires soon"}
	}
	return state{"good", "Active"}
}
