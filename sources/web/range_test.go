package web

import (
	"net/netip"
	"testing"
)

func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-9/10", "bytes 5-9/*", "bytes */10", "bytes 9-5/10", "bytes -1-5/6", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		first, _, ok := contentRange(s)
		if ok && first < 0 {
			t.Errorf("%q begins at %d", s, first)
		}
	})
}

func TestPublic(t *testing.T) {
	for s, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "2606:4700::1111": true, "64:ff9b::808:808": true, "::ffff:8.8.8.8": true,
		"127.0.0.1": false, "::1": false, "::": false, "fc00::1": false, "fe80::1%eth0": false, "ff02::1": false,
		"169.254.169.254": false, "64:ff9b::a9fe:a9fe": false, "::ffff:10.0.0.1": false, "2001:0:1::1": false, "192.168.0.1": false,
		"100.127.255.255": false, "100.128.0.1": true, "172.15.0.1": true, "172.31.0.1": false, "::127.0.0.1": false,
	} {
		if got := isPublic(netip.MustParseAddr(s)); got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
	if isPublic(netip.Addr{}) {
		t.Error("no address is public")
	}
}
