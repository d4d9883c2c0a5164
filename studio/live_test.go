package studio_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/internal/fault"
	"busker/studio"
	"busker/track"
)

func filtered(volume float64) studio.How {
	return studio.How{Settings: dsp.Settings{Volume: volume}, Bitrate: 96000}
}

// heard is the packets of a live listener: which encoder made them, and their numbers.
type heard struct {
	encoder int
	frames  []int64 // as its encoder counts
	origin  []int64 // as the origin does, where no filter is on
}

// hear fails unless n packets of one encoder follow one another.
func (r *rig) hear(p audio.PacketReader, n int) (h heard) {
	r.Helper()
	packet := audio.NewPacket()
	defer packet.Release()
	for i := range n {
		if i >= 20 && i%5 == 0 {
			pass(5 * audio.FrameTime)
		}
		if err := p.ReadPacket(packet); err != nil {
			r.Errorf("after %d packets: %v", i, err)
			return h
		}
		b := packet.Bytes()
		if i == 0 {
			h.encoder = encoderOf(b)
		}
		h.frames = append(h.frames, countOf(b))
		h.origin = append(h.origin, frameOf(b))
		if encoderOf(b) != h.encoder || countOf(b) != h.frames[0]+int64(i) {
			r.Errorf("packet %d is %d of encoder %d; they began with %d of %d", i, countOf(b), encoderOf(b), h.frames[0], h.encoder)
			return h
		}
	}
	return h
}

func TestALiveStreamIsReadOnceAndPressedOncePerKind(t *testing.T) {
	run(t, nil, func(r *rig) {
		quick := filtered(0)
		quick.Settings.Timescale = dsp.Timescale{Speed: 1.5}
		hows := []studio.How{plain, filtered(1), quick, filtered(0.5), filtered(2), {Plain: true, Bitrate: 64000}}
		kinds := []int{0, 0, 0, 1, 2, 3} // who gets the same packets
		const each = 10
		results := make([][]heard, len(hows))
		var mu sync.Mutex
		var all sync.WaitGroup
		for i, how := range slices.Repeat(hows, each) {
			all.Go(func() {
				p := r.openAs(station, 0, how)
				defer p.Close()
				if s := p.(interface{ Prepared() dsp.Settings }).Prepared(); s != how.Settings {
					t.Errorf("prepared as %v", s)
				}
				h := r.hear(p, 200)
				mu.Lock()
				defer mu.Unlock()
				results[i%len(hows)] = append(results[i%len(hows)], h)
			})
			pass(30 * time.Millisecond)
		}
		all.Wait()
		if n := r.shelf.opened(); n != 1 {
			t.Errorf("opened %d times", n)
		}
		if n := r.pressing.made(); n != 4 {
			t.Errorf("%d encoders", n)
		}
		encoders := map[int]int{}
		for i, list := range results {
			for _, h := range list {
				if was, ok := encoders[h.encoder]; ok && was != kinds[i] {
					t.Errorf("kinds %d and %d are not told apart", was, kinds[i])
				}
				encoders[h.encoder] = kinds[i]
			}
		}
		pass(3 * time.Second)
		synctest.Wait()
		if r.shelf.left() != 0 || r.value("streams") != 0 || r.value("presses") != 0 {
			t.Errorf("%d readers, %v streams, %v presses left", r.shelf.left(), r.value("streams"), r.value("presses"))
		}
	})
}

// TestALiveStreamIsNotReadFasterThanHeard has an origin that would give everything at
// once, and listeners who come one after another and read ahead.
func TestALiveStreamIsNotReadFasterThanHeard(t *testing.T) {
	run(t, nil, func(r *rig) {
		began := time.Now()
		first := r.openAs(station, 0, plain)
		defer first.Close()
		firstHeard := r.hear(first, 100)
		for range 50 {
			p := r.openAs(station, 0, plain)
			defer p.Close()
			at := time.Now()
			h := r.hear(p, 20)
			if d := time.Since(at); d > 0 {
				t.Errorf("the first 20 packets took %v", d)
			}
			r.follows(h.origin, h.origin[0], 20)
			if ahead := audio.Duration(h.origin[19]) - time.Since(began); ahead > 1200*time.Millisecond {
				t.Errorf("%v ahead", ahead)
			}
			firstHeard.origin = append(firstHeard.origin, r.hear(first, 25).origin...)
		}
		r.follows(firstHeard.origin, 0, 100+50*25)
		if n := r.value("jumps_total"); n != 0 {
			t.Errorf("%v jumps", n)
		}
	})
}

// TestALiveStreamThatTrickles gives a frame every 20 ms and nothing ahead.
func TestALiveStreamThatTrickles(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.shelf.read = func(context.Context, track.Track, int64) error {
			pass(audio.FrameTime)
			return nil
		}
		p := r.openAs(station, 0, plain)
		defer p.Close()
		packet := audio.NewPacket()
		defer packet.Release()
		began := time.Now()
		for i := range int64(500) {
			if err := p.ReadPacket(packet); err != nil || countOf(packet.Bytes()) != i {
				t.Fatalf("frame %d, %v", countOf(packet.Bytes()), err)
			}
			if late := time.Since(began) - audio.Duration(i); late > 400*time.Millisecond {
				t.Fatalf("frame %d comes %v late", i, late)
			}
		}
	})
}

func TestAPausedLiveListenerJumps(t *testing.T) {
	for _, how := range []studio.How{plain, filtered(0.5)} {
		run(t, nil, func(r *rig) {
			a, b := r.openAs(station, 0, how), r.openAs(station, 0, how)
			defer b.Close()
			defer a.Close()
			before := r.hear(a, 30)
			r.hear(b, 500)
			after := r.hear(a, 100)
			if gap := after.frames[0] - before.frames[29]; gap < 300 || gap > 600 {
				t.Errorf("from frame %d to %d", before.frames[29], after.frames[0])
			}
			if r.shelf.opened() != 1 || r.value("jumps_total") != 1 {
				t.Errorf("%d opens, %v jumps", r.shelf.opened(), r.value("jumps_total"))
			}
		})
	}
}

// TestChangingFiltersKeepsTheConnection closes the one Reader before it opens the other.
func TestChangingFiltersKeepsTheConnection(t *testing.T) {
	run(t, nil, func(r *rig) {
		for i := range 10 {
			p := r.openAs(station, 0, filtered(1.5+float64(i)/100))
			r.hear(p, 50)
			p.Close()
			pass(100 * time.Millisecond)
		}
		p := r.openAs(station, 0, plain)
		defer p.Close()
		h := r.hear(p, 100)
		r.follows(h.origin, h.origin[0], 100)
		if at := audio.Duration(h.origin[0]); at < 5*time.Second || at > 10*time.Second {
			t.Errorf("it goes on at %v", at)
		}
		if n := r.shelf.opened(); n != 1 {
			t.Errorf("opened %d times", n)
		}
	})
}

// TestALivePacketOrigin passes packets on, and decodes them for who wants filters.
func TestALivePacketOrigin(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.shelf.open = func(ctx context.Context, t track.Track, at time.Duration) audio.Reader {
			return packetReader{r.shelf.reader(ctx, t, at)}
		}
		a, b := r.openAs(station, 0, plain), r.openAs(station, 0, studio.How{Bitrate: 64000})
		if h := r.hear(a, 100); h.encoder != 0 {
			t.Error("it was encoded anew")
		}
		if h := r.hear(b, 100); h.encoder != 0 || r.pressing.made() != 0 {
			t.Error("it was encoded anew")
		}
		for range 3 { // decoding begins and ends
			c := r.openAs(station, 0, filtered(0.5))
			packet := audio.NewPacket()
			began := time.Now()
			for range 20 {
				if err := c.ReadPacket(packet); err != nil {
					t.Fatal(err)
				}
			}
			if d := time.Since(began); d > 250*time.Millisecond {
				t.Errorf("the first 20 packets took %v", d)
			}
			packet.Release()
			c.Close()
			r.hear(a, 50)
			r.hear(b, 50)
		}
		if r.pressing.made() != 3 || r.shelf.opened() != 1 {
			t.Errorf("%d encoders, %d opens", r.pressing.made(), r.shelf.opened())
		}
		a.Close()
		b.Close()
	})
}

func TestLiveTrouble(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
	}{
		{"an error", fault.Wrap(fault.Denied, "gone", errTorn)},
		{"a panic", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				once := true
				r.shelf.read = func(_ context.Context, tr track.Track, f int64) error {
					if f < 100 || !once {
						return nil
					}
					once = false
					return broken(track.Track{URI: "bad"}, tt.err)
				}
				var all sync.WaitGroup
				for i := range 20 {
					all.Go(func() {
						p := r.openAs(station, 0, filtered(1.5+0.5*float64(i%3)))
						_, err := listen(p, 1000)
						if fault.KindOf(err) == fault.Canceled || err == nil {
							t.Errorf("ended with %v", err)
						}
						p.Close()
						p = r.openAs(station, 0, plain) // as players do
						r.hear(p, 50)
						p.Close()
					})
				}
				all.Wait()
				if n := r.shelf.opened(); n != 2 {
					t.Errorf("opened %d times", n)
				}
			})
		})
	}
}

func TestALiveStreamThatDoesNotOpen(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.shelf.fail = func(track.Track) error {
			pass(time.Second)
			return fault.New(fault.Unavailable, "off the air")
		}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if _, err := r.Open(r.Context(), station, 0, plain); fault.KindOf(err) != fault.Unavailable {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := r.shelf.opened(); n != 1 {
			t.Errorf("opened %d times", n)
		}
		ctx, cancel := context.WithTimeout(r.Context(), time.Millisecond)
		defer cancel()
		if _, err := r.Open(ctx, station, 0, plain); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

// TestABrokenEncoderEndsItsPressOnly fails in one press of two.
func TestABrokenEncoderEndsItsPressOnly(t *testing.T) {
	run(t, nil, func(r *rig) {
		fine := r.openAs(station, 0, plain)
		defer fine.Close()
		r.hear(fine, 20)
		r.pressing.failing.Store(2)
		bad := r.openAs(station, 0, filtered(2))
		defer bad.Close()
		if _, err := listen(bad, 1000); !errors.Is(err, errTorn) {
			t.Errorf("ended with %v", err)
		}
		r.hear(fine, 200)
		again := r.openAs(station, 0, filtered(2))
		defer again.Close()
		r.hear(again, 50)
	})
}

func TestSettingsThatAreNoNumbers(t *testing.T) {
	run(t, nil, func(r *rig) {
		if _, err := r.Open(r.Context(), station, 0, filtered(math.NaN())); fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
	})
}

func TestWhatCannotBeHeardFasterThanItIsMade(t *testing.T) {
	for _, tt := range []struct {
		name     string
		in, want dsp.Timescale
	}{
		{"nothing", dsp.Timescale{}, dsp.Timescale{}},
		{"ones", dsp.Timescale{Speed: 1, Pitch: 1, Rate: 1}, dsp.Timescale{}},
		{"speed alone", dsp.Timescale{Speed: 1.5}, dsp.Timescale{}},
		{"nightcore", dsp.Timescale{Rate: 1.25}, dsp.Timescale{Pitch: 1.25}},
		{"all", dsp.Timescale{Speed: 2, Pitch: 1.5, Rate: 0.5}, dsp.Timescale{Pitch: 0.75}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, want := dsp.Settings{Volume: 2, Timescale: tt.in}, dsp.Settings{Volume: 2, Timescale: tt.want}
			if got := studio.InTime(in); got != want {
				t.Errorf("%v", got.Timescale)
			}
		})
	}
}
