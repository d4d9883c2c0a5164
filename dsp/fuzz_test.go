package dsp_test

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"testing"

	"busker/audio"
	"busker/dsp"
)

// FuzzChain goes from one Settings to another over samples of any kind: whatever passes
// Check makes finite output below full scale.
func FuzzChain(f *testing.F) {
	for _, s := range sounds(f) {
		text, err := json.Marshal(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, []byte(`{"volume":2}`), []byte{0, 0, 0xc0, 0x7f, 0, 0, 0x80, 0xff, 1, 0, 0, 0, 0, 0, 0x80, 0x3f})
	}
	f.Fuzz(func(t *testing.T, first, second, samples []byte) {
		var a, b dsp.Settings
		if json.Unmarshal(first, &a) != nil || a.Check() != nil {
			return
		}
		if json.Unmarshal(second, &b) != nil || b.Check() != nil {
			b = dsp.Settings{}
		}
		c := dsp.NewChain(a)
		at := 0
		for i := range 12 {
			if i == 5 {
				c.Set(b)
			}
			in := floats(samples, &at)
			c.Push(&in)
			finite(t, c)
		}
		var out audio.Block
		for range 50 {
			if !c.Drain(&out) {
				break
			}
		}
	})
}

// floats fills a block with the bits of data, again and again.
func floats(data []byte, at *int) (b audio.Block) {
	if len(data) < 4 {
		return b
	}
	for i := range b {
		if *at+4 > len(data) {
			*at = 0
		}
		b[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[*at:]))
		*at += 4
	}
	return b
}

func finite(t *testing.T, c *dsp.Chain) {
	t.Helper()
	idle := c.Idle()
	var b audio.Block
	for c.Pull(&b) {
		for _, v := range b {
			if v != v || math.IsInf(float64(v), 0) {
				t.Fatalf("%v came out of %+v (idle %v)", v, c.Settings(), idle)
			}
		}
		if d := c.Delay(); math.IsNaN(d) || d < 0 || d > 100 {
			t.Fatalf("delay %v", d)
		}
	}
}

// FuzzSettings holds Check and the chain to each other over any JSON.
func FuzzSettings(f *testing.F) {
	f.Add([]byte(`{"equalizer":[0.1,0.2],"timescale":{"speed":1e308,"pitch":-1}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var s dsp.Settings
		if json.Unmarshal(text, &s) != nil || s.Check() != nil {
			return
		}
		again, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var r dsp.Settings
		if err := json.Unmarshal(again, &r); err != nil || r != s {
			t.Fatalf("%v: %s", err, again)
		}
		if s.Neutral() != (len(s.Active()) == 0) {
			t.Fatal("neutral and active disagree")
		}
	})
}
