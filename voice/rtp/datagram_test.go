package rtp_test

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"busker/voice/rtp"
)

func TestDiscoveryOnTheWire(t *testing.T) {
	want := "00010046" + "00001092" + strings.Repeat("00", 66)
	b := rtp.AppendDiscovery(nil, 0x1092)
	if got := hex.EncodeToString(b); got != want {
		t.Fatalf("request %s", got)
	}
	if ssrc, ok := rtp.ParseDiscovery(b); !ok || ssrc != 0x1092 {
		t.Fatalf("parsed %x, %v", ssrc, ok)
	}
}

func TestDiscoveryResponse(t *testing.T) {
	for _, address := range []string{"203.0.113.9:50004", "[2001:db8::1]:65535"} {
		from := netip.MustParseAddrPort(address)
		b := rtp.AppendDiscoveryResponse(nil, 5, from)
		if got, err := rtp.ParseDiscoveryResponse(b, 5); err != nil || got != from {
			t.Errorf("%s became %v, %v", address, got, err)
		}
	}
}

func TestDiscoveryRefuses(t *testing.T) {
	good := func() []byte {
		return rtp.AppendDiscoveryResponse(nil, 5, netip.MustParseAddrPort("203.0.113.9:1"))
	}
	wrongLength := good()
	wrongLength[3] = 71
	noAddress := good()
	copy(noAddress[8:72], "no address"+strings.Repeat("\x00", 54))
	for name, b := range map[string][]byte{
		"a request":      rtp.AppendDiscovery(nil, 5),
		"too short":      good()[:73],
		"too long":       append(good(), 0),
		"another SSRC":   rtp.AppendDiscoveryResponse(nil, 6, netip.MustParseAddrPort("203.0.113.9:1")),
		"wrong length":   wrongLength,
		"not an address": noAddress,
	} {
		if got, err := rtp.ParseDiscoveryResponse(b, 5); err == nil {
			t.Errorf("%s gave %v", name, got)
		}
	}
}

func TestKeepaliveOnTheWire(t *testing.T) {
	b := rtp.AppendKeepalive(nil, 0x01020304)
	if got := hex.EncodeToString(b); got != "1337cafe01020304" {
		t.Fatalf("keepalive %s", got)
	}
	if n, ok := rtp.ParseKeepalive(b); !ok || n != 0x01020304 {
		t.Errorf("parsed %x, %v", n, ok)
	}
	reply := rtp.AppendKeepaliveReply(nil, 9)
	if n, ok := rtp.ParseKeepaliveReply(reply); !ok || n != 9 {
		t.Errorf("reply %x, %v", n, ok)
	}
	if _, ok := rtp.ParseKeepalive(reply); ok {
		t.Error("a reply passed as a keepalive")
	}
}

func FuzzDiscoveryResponse(f *testing.F) {
	f.Add(rtp.AppendDiscoveryResponse(nil, 5, netip.MustParseAddrPort("203.0.113.9:1")))
	f.Add(rtp.AppendDiscovery(nil, 5))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := rtp.ParseDiscoveryResponse(b, 5)
		if err != nil || got.Addr().Zone() != "" || got.Addr().Is4In6() {
			return
		}
		again := rtp.AppendDiscoveryResponse(nil, 5, got)
		if v, err := rtp.ParseDiscoveryResponse(again, 5); err != nil || v != got {
			t.Fatalf("%v became %v, %v", got, v, err)
		}
	})
}
