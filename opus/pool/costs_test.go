package pool_test

import (
	"testing"
	"time"

	"busker/audio"
	"busker/opus"
	"busker/opus/pool"
)

// disturbed is a codec that something gets in the way of, at every 20th frame.
type disturbed struct {
	opus.Encoder
	opus.Decoder
	calls int
}

func (d *disturbed) Encode(dst []byte, pcm *audio.Block) (int, error) {
	d.disturb()
	return d.Encoder.Encode(dst, pcm)
}

func (d *disturbed) Decode(dst []float32, packet []byte) (int, error) {
	d.disturb()
	return d.Decoder.Decode(dst, packet)
}

func (d *disturbed) disturb() {
	if d.calls++; d.calls%20 == 0 {
		for start := time.Now(); time.Since(start) < 40*ms; {
		}
	}
}

func (d *disturbed) Reset() error { return nil }
func (d *disturbed) Close() error { return nil }

// What disturbs one frame in twenty does not pass for the cost of all.
func TestCostsAreThoseOfPeace(t *testing.T) {
	e, err := opus.NewEncoder(opus.EncoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	d, err := opus.NewDecoder(opus.DecoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	codec := &disturbed{Encoder: e, Decoder: d}
	got, err := pool.MeasureWith(codec, codec)
	if err != nil {
		t.Fatal(err)
	}
	// Each run of more than 20 frames would have a disturbance of 40 ms of CPU in it,
	// which a busy machine makes shorter, hardly to a half.
	for name, cost := range map[string]time.Duration{"encode 0": got.Encode0, "encode 5": got.Encode5, "decode": got.Decode} {
		if cost > ms {
			t.Errorf("%s costs %v", name, cost)
		}
	}
}
