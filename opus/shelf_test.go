package opus_test

import (
	"errors"
	"sync"
	"testing"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus"
)

// What comes from the shelf is as good as new, whatever it did before.
func TestShelvedCodecsAreAsNew(t *testing.T) {
	source := music(20)
	eachBackend(t, func(t *testing.T, backend string) {
		fresh := encode(t, newEncoder(t, opus.EncoderOptions{Backend: backend}), source)
		heard := decode(t, newDecoder(t, opus.DecoderOptions{Backend: backend}), fresh)
		var shelf opus.Shelf
		t.Cleanup(func() { _ = shelf.Close() })
		for round := range 3 {
			used, err := shelf.Encoder(opus.EncoderOptions{Backend: backend, Bitrate: 32000, Complexity: 1})
			if err != nil {
				t.Fatal(err)
			}
			encode(t, used, source[5:9])
			if err := errors.Join(used.Close(), used.Close()); err != nil {
				t.Fatal("Close failed")
			}
			e, err := shelf.Encoder(opus.EncoderOptions{Backend: backend})
			if err != nil {
				t.Fatal(err)
			}
			d, err := shelf.Decoder(opus.DecoderOptions{Backend: backend})
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range encode(t, e, source) {
				if string(p) != string(fresh[i]) {
					t.Fatalf("round %d: packet %d differs from a fresh encoder's", round, i)
				}
			}
			for i, v := range decode(t, d, fresh) {
				if v != heard[i] {
					t.Fatalf("round %d: float %d differs from a fresh decoder's", round, i)
				}
			}
			if err := errors.Join(e.Close(), d.Close(), d.Close()); err != nil {
				t.Fatal("Close failed")
			}
			buf := make([]byte, audio.MaxPacketBytes)
			if _, err := e.Encode(buf, &source[0]); err == nil || e.Reset() == nil || e.SetBitrate(64000) == nil || e.SetComplexity(1) == nil {
				t.Error("an encoder given back still works")
			}
			if _, err := d.Decode(make([]float32, 1920), fresh[0]); err == nil || d.Reset() == nil {
				t.Error("a decoder given back still works")
			}
		}
	})
}

func TestShelfTellsDecodersByTheirGain(t *testing.T) {
	var shelf opus.Shelf
	defer shelf.Close()
	packets := encode(t, newEncoder(t, opus.EncoderOptions{}), music(20))
	loudness := func(gain int) float64 {
		d, err := shelf.Decoder(opus.DecoderOptions{Gain: gain})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		return energy(decode(t, d, packets))
	}
	plain := loudness(0)
	for range 2 {
		if quiet := loudness(-6 * 256); quiet > plain/3 {
			t.Fatal("a decoder of another gain was given")
		}
		if again := loudness(0); again != plain {
			t.Fatal("a decoder of another gain was given")
		}
	}
}

func TestShelfHasItsRoom(t *testing.T) {
	for _, tt := range []struct {
		name       string
		room, kept int
		closed     bool
	}{
		{"the default", 0, 5, false},
		{"three", 3, 3, false},
		{"none", -1, 0, false},
		{"closed", 4, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			shelf := opus.Shelf{Room: tt.room}
			defer shelf.Close()
			if tt.closed {
				_ = shelf.Close()
			}
			for range 2 {
				var back []func() error
				for range 5 {
					e, err := shelf.Encoder(opus.EncoderOptions{})
					if err != nil {
						t.Fatal(err)
					}
					d, err := shelf.Decoder(opus.DecoderOptions{})
					if err != nil {
						t.Fatal(err)
					}
					back = append(back, e.Close, d.Close)
				}
				if e, d := shelf.Kept(); e+d != 0 {
					t.Errorf("%d and %d are kept while more are lent", e, d)
				}
				for _, back := range back {
					if err := back(); err != nil {
						t.Fatal(err)
					}
				}
				if e, d := shelf.Kept(); e != tt.kept || d != tt.kept {
					t.Errorf("%d and %d are kept, want %d", e, d, tt.kept)
				}
			}
		})
	}
}

func TestShelfRefuses(t *testing.T) {
	var shelf opus.Shelf
	defer shelf.Close()
	if _, err := shelf.Encoder(opus.EncoderOptions{Backend: "ffmpeg", Delayed: true}); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("ffmpeg: %v", err)
	}
	for range 2 {
		if _, err := shelf.Encoder(opus.EncoderOptions{Bitrate: 1}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("bitrate 1: %v", err)
		}
		e, err := shelf.Encoder(opus.EncoderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		_ = e.Close() // the second round finds one on the shelf
	}
	if _, err := shelf.Decoder(opus.DecoderOptions{Gain: 1 << 20}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("gain: %v", err)
	}
}

func TestShelfIsSharedByManyGuilds(t *testing.T) {
	shelf := opus.Shelf{Room: 3}
	defer shelf.Close()
	source := music(3)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			buf, pcm := make([]byte, audio.MaxPacketBytes), make([]float32, len(audio.Block{}))
			for range 30 {
				e, err := shelf.Encoder(opus.EncoderOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				d, err := shelf.Decoder(opus.DecoderOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				n, err := e.Encode(buf, &source[0])
				if err == nil {
					_, err = d.Decode(pcm, buf[:n])
				}
				if err != nil {
					t.Error(err)
				}
				_, _ = e.Close(), d.Close()
			}
		})
	}
	wg.Wait()
}

func BenchmarkShelf(b *testing.B) {
	var shelf opus.Shelf
	defer shelf.Close()
	b.ReportAllocs()
	for b.Loop() {
		e, err := shelf.Encoder(opus.EncoderOptions{})
		if err != nil {
			b.Fatal(err)
		}
		_ = e.Close()
	}
}
