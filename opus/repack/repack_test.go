package repack_test

import (
	"bytes"
	"testing"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus/repack"
	"busker/opus/toc"
)

// First bytes of stereo CELT full band, code 0.
const (
	celt2  = 0xE4 // 2.5 ms
	celt5  = 0xEC
	celt10 = 0xF4
	celt20 = 0xFC
	silk10 = 0x44 // wide band
	silk40 = 0x54
	silk60 = 0x5C
)

// frame is n bytes of b.
func frame(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func pull(r *repack.Repacker) (all [][]byte) {
	for p, ok := r.Pull(); ok; p, ok = r.Pull() {
		all = append(all, bytes.Clone(p))
	}
	return all
}

func TestVectors(t *testing.T) {
	a, b, c, d := frame('a', 30), frame('b', 30), frame('c', 40), frame('d', 300)
	for _, tt := range []struct {
		name string
		in   [][]byte
		out  [][]byte
	}{
		{
			"20 ms as it is",
			[][]byte{join([]byte{celt20}, a)},
			[][]byte{join([]byte{celt20}, a)},
		},
		{
			"20 ms without its padding",
			[][]byte{join([]byte{celt20 | 3, 0x41, 255, 2}, a, make([]byte, 256))},
			[][]byte{join([]byte{celt20}, a)},
		},
		{
			"two of 10 ms, alike",
			[][]byte{join([]byte{celt10}, a), join([]byte{celt10}, b)},
			[][]byte{join([]byte{celt10 | 1}, a, b)},
		},
		{
			"two of 10 ms",
			[][]byte{join([]byte{celt10}, a), join([]byte{celt10}, c)},
			[][]byte{join([]byte{celt10 | 2, 30}, a, c)},
		},
		{
			"two of 10 ms with a long length",
			[][]byte{join([]byte{celt10}, d), join([]byte{celt10}, c)},
			[][]byte{join([]byte{celt10 | 2, 252, 12}, d, c)},
		},
		{
			"four of 5 ms, alike",
			[][]byte{join([]byte{celt5 | 1}, a, b), join([]byte{celt5 | 1}, b, a)},
			[][]byte{join([]byte{celt5 | 3, 4}, a, b, b, a)},
		},
		{
			"four of 5 ms",
			[][]byte{join([]byte{celt5 | 2, 30}, a, c), join([]byte{celt5 | 2, 40}, c, a)},
			[][]byte{join([]byte{celt5 | 3, 0x84, 30, 40, 40}, a, c, c, a)},
		},
		{
			"eight of 2.5 ms, one silent",
			[][]byte{join([]byte{celt2 | 3, 0x84, 30, 30, 0}, a, b, c), join([]byte{celt2 | 3, 4}, a, a, b, b)},
			[][]byte{join([]byte{celt2 | 3, 0x88, 30, 30, 0, 40, 30, 30, 30}, a, b, c, a, a, b, b)},
		},
		{
			"40 ms in two",
			[][]byte{join([]byte{celt20 | 2, 252, 12}, d, a)},
			[][]byte{join([]byte{celt20}, d), join([]byte{celt20}, a)},
		},
		{
			"60 ms in three",
			[][]byte{join([]byte{celt20 | 3, 3}, a, b, a)},
			[][]byte{join([]byte{celt20}, a), join([]byte{celt20}, b), join([]byte{celt20}, a)},
		},
		{
			"120 ms in six, padded, of any length",
			[][]byte{join([]byte{celt20 | 3, 0xC6, 3, 30, 30, 40, 0, 30}, a, b, c, a, b, []byte{0, 0, 0})},
			[][]byte{
				join([]byte{celt20}, a), join([]byte{celt20}, b), join([]byte{celt20}, c),
				{celt20},
				join([]byte{celt20}, a), join([]byte{celt20}, b),
			},
		},
		{
			"30 ms twice",
			[][]byte{join([]byte{celt10 | 3, 3}, a, a, b), join([]byte{celt10 | 3, 3}, b, a, a)},
			[][]byte{join([]byte{celt10 | 1}, a, a), join([]byte{celt10 | 1}, b, b), join([]byte{celt10 | 1}, a, a)},
		},
		{
			"another coding between groups",
			[][]byte{join([]byte{celt10}, a), join([]byte{celt10}, b), join([]byte{silk10}, a), join([]byte{silk10}, b), join([]byte{celt20}, c)},
			[][]byte{join([]byte{celt10 | 1}, a, b), join([]byte{silk10 | 1}, a, b), join([]byte{celt20}, c)},
		},
		{"what a code 2 leaves empty", [][]byte{{celt10 | 2, 0}}, [][]byte{{celt10 | 1}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r repack.Repacker
			var got [][]byte
			for _, p := range tt.in {
				if err := r.Push(p); err != nil {
					t.Fatal(err)
				}
				got = append(got, pull(&r)...)
			}
			if len(got) != len(tt.out) || r.Held() != 0 {
				t.Fatalf("%d packets, %d samples left", len(got), r.Held())
			}
			for i := range got {
				if !bytes.Equal(got[i], tt.out[i]) {
					t.Errorf("packet %d: %x, want %x", i, got[i], tt.out[i])
				}
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	a := frame('a', 30)
	for _, tt := range []struct {
		name   string
		before []byte
		packet []byte
		kind   fault.Kind
	}{
		{"empty", nil, nil, fault.Corrupt},
		{"SILK of 40 ms", nil, join([]byte{silk40}, a), fault.Unsupported},
		{"SILK of 60 ms", nil, join([]byte{silk60}, a), fault.Unsupported},
		{"another coding within a group", join([]byte{celt10}, a), join([]byte{silk10}, a), fault.Unsupported},
		{"another length within a group", join([]byte{celt10}, a), join([]byte{celt5}, a), fault.Unsupported},
		{"mono within a stereo group", join([]byte{celt10}, a), join([]byte{celt10 &^ 4}, a), fault.Unsupported},
		{"too long together", join([]byte{celt10}, frame('a', 700)), join([]byte{celt10}, frame('b', 700)), fault.Unsupported},
		{"frame over 1275 bytes", nil, join([]byte{celt20}, frame('a', 1276)), fault.Corrupt},
		{"code 1 with an odd rest", nil, []byte{celt20 | 1, 1, 2, 3}, fault.Corrupt},
		{"code 2 without a length", nil, []byte{celt20 | 2}, fault.Corrupt},
		{"code 2 with half a length", nil, []byte{celt20 | 2, 252}, fault.Corrupt},
		{"code 2 with too long a first frame", nil, []byte{celt20 | 2, 9, 1}, fault.Corrupt},
		{"code 3 without a count", nil, []byte{celt20 | 3}, fault.Corrupt},
		{"code 3 without frames", nil, []byte{celt20 | 3, 0}, fault.Corrupt},
		{"code 3 over 120 ms", nil, []byte{celt20 | 3, 7}, fault.Corrupt},
		{"code 3 uneven", nil, []byte{celt20 | 3, 2, 1, 2, 3}, fault.Corrupt},
		{"code 3 of all padding", nil, []byte{celt20 | 3, 0x41, 255, 255, 255}, fault.Corrupt},
		{"code 3 padded beyond its end", nil, []byte{celt20 | 3, 0x41, 9, 1}, fault.Corrupt},
		{"code 3 with lengths beyond its end", nil, []byte{celt20 | 3, 0x83, 1, 9, 0}, fault.Corrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r repack.Repacker
			if tt.before != nil {
				if err := r.Push(tt.before); err != nil {
					t.Fatal(err)
				}
			}
			held := r.Held()
			if err := r.Push(tt.packet); fault.KindOf(err) != tt.kind {
				t.Fatalf("%v, want %v", err, tt.kind)
			}
			if r.Held() != held || len(pull(&r)) != 0 {
				t.Errorf("%d samples held, %d before", r.Held(), held)
			}
			if tt.before == nil {
				return
			}
			if err := r.Push(join(tt.before[:1], a)); err != nil {
				t.Fatal(err)
			}
			if got := pull(&r); len(got) != 1 {
				t.Errorf("%d packets after a refusal", len(got))
			}
		})
	}
}

func TestPossible(t *testing.T) {
	for first := range 256 {
		// Configurations 2, 3, 6, 7, 10 and 11 are SILK of 40 and 60 ms.
		config := first >> 3
		want := config >= 12 || config&2 == 0
		if got := repack.Possible(byte(first)); got != want {
			t.Errorf("%#x: %v", first, got)
		}
	}
}

func TestDrain(t *testing.T) {
	var r repack.Repacker
	if _, _, ok := r.Drain(); ok {
		t.Error("something out of nothing")
	}
	a, b := frame('a', 30), frame('b', 40)
	if err := r.Push(join([]byte{celt5 | 3, 0x87, 30, 30, 30, 30, 30, 30}, a, a, a, a, a, a, b)); err != nil { // 35 ms
		t.Fatal(err)
	}
	if p, tail, ok := r.Drain(); !ok || tail != 0 || !bytes.Equal(p, join([]byte{celt5 | 3, 4}, a, a, a, a)) {
		t.Errorf("%x, %d", p, tail)
	}
	p, tail, ok := r.Drain()
	if !ok || tail != 240 || !bytes.Equal(p, join([]byte{celt5 | 3, 0x84, 30, 30, 40}, a, a, b)) {
		t.Errorf("%x, %d", p, tail)
	}
	if _, _, ok := r.Drain(); ok || r.Held() != 0 {
		t.Error("no end")
	}
}

func TestReset(t *testing.T) {
	var r repack.Repacker
	if err := r.Push([]byte{celt10, 1}); err != nil {
		t.Fatal(err)
	}
	r.Reset()
	if err := r.Push([]byte{celt5, 1}); err != nil || r.Held() != 240 {
		t.Errorf("%v, %d samples", err, r.Held())
	}
}

func TestAllocatesNothing(t *testing.T) {
	var r repack.Repacker
	in := join([]byte{celt10 | 3, 0x83, 30, 40}, frame('a', 30), frame('b', 40), frame('c', 50))
	n := testing.AllocsPerRun(500, func() {
		if err := r.Push(in); err != nil {
			t.Fatal(err)
		}
		for p, ok := r.Pull(); ok; p, ok = r.Pull() {
			if n, _ := toc.Samples(p); n != audio.FrameSamples {
				t.Fatalf("%d samples", n)
			}
		}
	})
	if n > 0 {
		t.Errorf("%v allocations per packet", n)
	}
}
