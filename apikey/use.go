package apikey

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// A Use is that a key was used: what [Key.LastUsed] keeps of the last one.
type Use struct {
	At time.Time  // zero is never
	IP netip.Addr // of the client, see auth.ClientIP; zero if it has none
}

// Check returns an error if a [UseRecorder] cannot be expected to keep u: its time is not in the years from 1970 to 9999, or
// its IP has a zone.
func (u Use) Check() error {
	if year := u.At.UTC().Year(); year < 1970 || year > 9999 {
		return errors.New("apikey: a use before 1970 or after 9999")
	}
	if u.IP.Zone() != "" {
		return errors.New("apikey: a use from an IP with a zone")
	}
	return nil
}

// later returns the later of u and v.
func (u Use) later(v Use) Use {
	if v.At.After(u.At) {
		return v
	}
	return u
}

// newUse returns the use of a key by a client with that address.
func newUse(ip netip.Addr, now time.Time) Use {
	return Use{At: now.UTC().Truncate(time.Microsecond), IP: ip}
}

// A UseRecorder is a [Store] that also keeps when keys were used last. A [Manager] whose store is one tells it.
type UseRecorder interface {
	// RecordUses puts uses, by the IDs of their keys, into the LastUsed of these keys, where it is later than what is there.
	// It changes nothing else, the Version included; what is no key is passed over, as is a use that [Use.Check] refuses.
	// Telling it again changes nothing. It is one step for all keys, or one for each.
	RecordUses(ctx context.Context, uses map[string]Use) error
}
