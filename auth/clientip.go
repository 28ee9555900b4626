package auth

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// maxForwarded is how many addresses of X-Forwarded-For are looked at, from the right.
const maxForwarded = 32

// ClientIP returns the address of the client that sent r: the peer of the connection, unless that is one of the proxies.
// Then it is the last address in X-Forwarded-For that is no proxy's: fields are read from right to left, since each proxy
// adds the address that it saw at the end, and whatever is further left may have been made up by the client. What is no
// address ends the search: the answer is then the last proxy that is known.
//
// Proxies are the networks of those in front of the server, such as 10.0.0.0/8; without any, X-Forwarded-For is not
// believed. Each of them must add to X-Forwarded-For, or replace it. An IPv4 address has four bytes, however it was written,
// and no address has a zone. The zero Addr is returned for a request without a peer, such as one over a Unix socket.
func ClientIP(r *http.Request, proxies []netip.Prefix) netip.Addr {
	return clientIP(r.RemoteAddr, forwarded(r), proxies)
}

// forwarded returns the X-Forwarded-For fields of r as the one list that they are (RFC 9110, section 5.3).
func forwarded(r *http.Request) string { return strings.Join(r.Header["X-Forwarded-For"], ",") }

func clientIP(remote, forwarded string, proxies []netip.Prefix) netip.Addr {
	peer, _ := netip.ParseAddrPort(remote)
	ip := plain(peer.Addr())
	for range maxForwarded {
		if !isProxy(ip, proxies) {
			return ip
		}
		i := strings.LastIndexByte(forwarded, ',')
		next, ok := parseForwarded(forwarded[i+1:])
		if !ok {
			return ip
		}
		ip = next
		if i < 0 {
			return ip
		}
		forwarded = forwarded[:i]
	}
	return ip
}

// parseForwarded reads an address as proxies write it: some add the port.
func parseForwarded(s string) (netip.Addr, bool) {
	s = trim(s)
	if ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil {
		return plain(ip), true
	}
	withPort, err := netip.ParseAddrPort(s)
	return plain(withPort.Addr()), err == nil
}

func plain(ip netip.Addr) netip.Addr { return ip.Unmap().WithZone("") }

func isProxy(ip netip.Addr, proxies []netip.Prefix) bool {
	return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}
