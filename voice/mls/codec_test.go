package mls_test

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"

	"busker/voice/mls"
)

func TestDeserializationVectors(t *testing.T) {
	type vector struct {
		Header hexBytes `json:"vlbytes_header"`
		Length int      `json:"length"`
	}
	for i, v := range vectors[vector](t, "deserialization.json") {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			n, rest, err := mls.ReadVarint(v.Header)
			if err != nil || n != v.Length || len(rest) > 0 {
				t.Errorf("%x is %d, %v; want %d", v.Header, n, err, v.Length)
			}
		})
	}
}

func TestReadVector(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []byte
		want []byte // nil: refused
		rest int
	}{
		{"empty", []byte{0}, []byte{}, 0},
		{"one byte", []byte{1, 7}, []byte{7}, 0},
		{"with rest", []byte{1, 7, 8, 9}, []byte{7}, 2},
		{"longest with one byte of length", append([]byte{63}, make([]byte, 63)...), make([]byte, 63), 0},
		{"shortest with two", append([]byte{0x40, 64}, make([]byte, 64)...), make([]byte, 64), 0},
		{"shortest with four", append([]byte{0x80, 0, 0x40, 0}, make([]byte, 1<<14)...), make([]byte, 1<<14), 0},
		{"nothing", nil, nil, 0},
		{"half a length", []byte{0x40}, nil, 0},
		{"three quarters of a length", []byte{0x80, 0, 0x40}, nil, 0},
		{"prefix 11", bytes.Repeat([]byte{0xff}, 64), nil, 0},
		{"two bytes for 63", append([]byte{0x40, 63}, make([]byte, 63)...), nil, 0},
		{"four bytes for 1", []byte{0x80, 0, 0, 1, 7}, nil, 0},
		{"four bytes for 16383", append([]byte{0x80, 0, 0x3f, 0xff}, make([]byte, 16383)...), nil, 0},
		{"content missing", []byte{2, 7}, nil, 0},
		{"huge", []byte{0xbf, 0xff, 0xff, 0xff, 7}, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, rest, err := mls.ReadVector(c.in)
			if (err == nil) != (c.want != nil) || !bytes.Equal(got, c.want) || len(rest) != c.rest {
				t.Fatalf("got %x, %x, %v", got, rest, err)
			}
			if err == nil && !bytes.Equal(append(mls.AppendVector(nil, got), rest...), c.in) {
				t.Error("serialised differently")
			}
		})
	}
}

func TestInputIsBounded(t *testing.T) {
	big := append([]byte{0, 2, 0, 0x80, 0x10, 0, 0}, make([]byte, 1<<20)...)
	if _, err := mls.ParseWelcome(big); err == nil {
		t.Error("parsed a Welcome of more than a MiB")
	}
	if _, err := mls.ParseWelcome(append([]byte{0, 2, 0, 0x80, 0x0f, 0, 0}, make([]byte, 0xf0000)...)); err != nil {
		t.Errorf("a Welcome below a MiB: %v", err)
	}
}

func TestParsedKeepsNothingOfTheInput(t *testing.T) {
	k := newCall(t).newMember(1).own.KeyPackage
	b := k.Marshal()
	got := must(mls.ParseKeyPackage(b))
	clear(b)
	if !bytes.Equal(got.Marshal(), k.Marshal()) {
		t.Error("the key package changed with the input")
	}
}

// TestParsingCostsWhatIsRead has what follows a message, and elements that are far
// smaller on the wire than in memory, allocate nothing.
func TestParsingCostsWhatIsRead(t *testing.T) {
	c := filled(t, 2)
	remove := must(mls.SignExternalProposal(c.sender, c.id, 1, 0, mls.Proposal{Type: mls.ProposalRemove})).Marshal()
	batch := append(remove, make([]byte, mls.MaxMessageSize-len(remove))...)
	blanks := mls.AppendVector(nil, make([]byte, mls.MaxMessageSize-4))
	for name, p := range map[string]struct {
		parse func() error
		ok    bool
		most  uint64 // bytes
	}{
		"first of many messages": {func() error { _, _, err := mls.ParsePublicMessage(batch); return err }, true, 64 << 10},
		"tree of blanks":         {func() error { _, err := mls.ParseTree(blanks); return err }, false, 2 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			n := allocated(func() { err = p.parse() })
			if (err == nil) != p.ok || n > p.most {
				t.Errorf("%d bytes allocated, want at most %d; error %v", n, p.most, err)
			}
		})
	}
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
