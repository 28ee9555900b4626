package apikey

import (
	"context"
	"net/netip"
	"time"
)

// A Use is that a key was used: what [Key.LastUsed] keeps of the last one.
type Use struct {
	At time.Time  // zero is never
	IP netip.Addr // of the peer, as the connection has it; zero if it has none
}

// later returns the later of u and v.
func (u Use) later(v Use) Use {
	if v.At.After(u.At) {
		return v
	}
	return u
}

// newUse returns the use of a key by a peer with an address such as http.Request.RemoteAddr.
func newUse(remote string, now time.Time) Use {
	addr, _ := netip.ParseAddrPort(remote)
	return Use{At: now.UTC().Truncate(time.Microsecond), IP: addr.Addr().Unmap().WithZone("")}
}

// A UseRecorder is a [Store] that also keeps when keys were used last. A [Manager] whose store is one tells it.
type UseRecorder interface {
	// RecordUses puts uses, by the IDs of their keys, into the LastUsed of these keys, where it is later than what is there.
	// It changes nothing else, the Version included; what is no key is passed over, as is a use before 1970, after 9999, or
	// from an IP with a zone. Telling it again changes nothing. It is
	// one step for all keys, or one for each.
	RecordUses(ctx context.Context, uses map[string]Use) error
}
