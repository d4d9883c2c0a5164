package web

import (
	"net/netip"
	"syscall"

	"busker/internal/fault"
)

var errPrivate = fault.New(fault.Denied, "That link leads to a private address; I only play from public ones.")

// special lists the address blocks that are no public unicast addresses, out of
// IANA's special-purpose registries (RFC 6890) and what was added since.
var special = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // carrier-grade NAT
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local, and the metadata services of clouds
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // IETF protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays, deprecated
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarking
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, and broadcast

	"2001::/23",     // IETF protocol assignments, Teredo among them
	"2001:db8::/32", // documentation
	"2002::/16",     // 6to4: an IPv4 address in disguise
	"3fff::/20",     // documentation
)

// global is where IPv6 addresses are routed in the Internet; all others are local
// in some sense.
var global = netip.MustParsePrefix("2000::/3")

// nat64 holds IPv4 addresses as seen from an IPv6-only network (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// isPublic reports whether a is a public unicast address.
func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	if nat64.Contains(a.WithZone("")) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if !a.IsValid() || a.Zone() != "" || a.Is6() && !global.Contains(a) {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// publicOnly is a net.Dialer's Control: it runs once the name is resolved, on
// the very address about to be connected to, so that no name can change its mind.
func publicOnly(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(at.Addr()) {
		return errPrivate
	}
	return nil
}

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}
