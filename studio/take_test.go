package studio_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"busker/audio"
	"busker/studio"
	"busker/track"
)

func TestAThousandListenersCostOneEncode(t *testing.T) {
	run(t, nil, func(r *rig) {
		const listeners, frames = 1000, 300
		r.shelf.length = frames
		var all sync.WaitGroup
		for range listeners {
			all.Go(func() {
				p, err := r.Open(r.Context(), song, 0, plain)
				if err != nil {
					t.Error(err)
					return
				}
				defer p.Close()
				got, err := listen(p.(audio.PacketReader), frames+2)
				if !errors.Is(err, io.EOF) || len(got) != frames+1 || got[frames-1] != frames-1 {
					t.Errorf("%d packets, then %v", len(got), err)
				}
			})
		}
		all.Wait()
		if n := r.shelf.opened(); n != 1 {
			t.Errorf("opened %d times", n)
		}
		if n := r.pressing.made(); n != 1 {
			t.Errorf("%d encoders", n)
		}
		if n := r.value("frames_encoded_total"); n != frames+1 {
			t.Errorf("%v frames encoded", n)
		}
		if n := r.value("frames_served_total"); n != listeners*(frames+1) {
			t.Errorf("%v frames served", n)
		}
		if n := r.value("listeners"); n != 0 {
			t.Errorf("%v listeners left", n)
		}
	})
}

func TestWhoSharesWhat(t *testing.T) {
	other := song
	other.URI = "other"
	newer := song
	newer.Version = "2"
	better := plain
	better.Bitrate = 128000
	for _, tt := range []struct {
		name  string
		heard int // frames by the first, before the second comes
		track track.Track
		at    time.Duration
		how   studio.How
		opens int
	}{
		{"the same at the same time", 0, song, 0, plain, 1},
		{"the same a little later", 60, song, 0, plain, 1},
		{"in the middle of what is kept", 60, song, 800 * time.Millisecond, plain, 1},
		{"at the newest", 20, song, 400 * time.Millisecond, plain, 1},
		{"at what is to come", 20, song, 5 * time.Second, plain, 2},
		{"at what is no longer kept", 200, song, 0, plain, 2},
		{"among what is still kept", 200, song, 3 * time.Second, plain, 1},
		{"between two packets", 60, song, 810 * time.Millisecond, plain, 2},
		{"another track", 60, other, 0, plain, 2},
		{"another version", 60, newer, 0, plain, 2},
		{"another bitrate", 60, song, 0, better, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				a := r.open(song, 0)
				defer a.Close()
				r.follows(r.take(a, tt.heard), 0, tt.heard)
				b := r.openAs(tt.track, tt.at, tt.how)
				defer b.Close()
				if n := r.shelf.opened(); n != tt.opens {
					t.Errorf("opened %d times, want %d", n, tt.opens)
				}
				r.follows(r.take(b, 50), int64(tt.at/audio.FrameTime), 50)
				if s := b.Skip(); s != lookahead {
					t.Errorf("skip %d", s)
				}
				r.follows(r.take(a, 50), int64(tt.heard), 50)
			})
		})
	}
}

func TestATakeIsMadeNoFurtherAheadThanNeeded(t *testing.T) {
	run(t, nil, func(r *rig) {
		a := r.open(song, 0)
		defer a.Close()
		synctest.Wait()
		if n := r.value("frames_encoded_total"); n != 16 {
			t.Errorf("%v frames before anybody reads", n)
		}
		r.take(a, 8)
		synctest.Wait()
		if n := r.value("frames_encoded_total"); n != 24 {
			t.Errorf("%v frames after 8 were read", n)
		}
	})
}

// TestPausing has a listener stop while the other goes on, so that its place is lost.
func TestPausing(t *testing.T) {
	for _, tt := range []struct {
		name     string
		seekable bool
		from     time.Duration // where the second open begins
	}{
		{"seekable", true, 10*time.Second/50 - 80*time.Millisecond},
		{"from the beginning", false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				tune := song
				tune.Seekable = tt.seekable
				a, b := r.open(tune, 0), r.open(tune, 0)
				defer b.Close()
				defer a.Close()
				got := r.take(a, 10)
				r.follows(r.take(b, 300), 0, 300)
				r.follows(append(got, r.take(a, 100)...), 0, 110)
				if n := r.shelf.opened(); n != 2 || r.shelf.opens[1] != tt.from {
					t.Errorf("opened at %v", r.shelf.opens)
				}
				r.follows(r.take(b, 100), 300, 100)
				if n := r.value("moves_total"); n != 1 {
					t.Errorf("%v moves", n)
				}
			})
		})
	}
}

// TestAPauseOfTwoKeepsThemTogether has two fall behind at one place.
func TestAPauseOfTwoKeepsThemTogether(t *testing.T) {
	run(t, nil, func(r *rig) {
		a, b, c := r.open(song, 0), r.open(song, 0), r.open(song, 0)
		defer a.Close()
		defer b.Close()
		defer c.Close()
		r.take(a, 10)
		r.take(b, 10)
		r.take(c, 300)
		r.follows(r.take(a, 30), 10, 30)
		r.follows(r.take(b, 30), 10, 30)
		if n := r.shelf.opened(); n != 2 {
			t.Errorf("opened %d times", n)
		}
	})
}

func TestLeaving(t *testing.T) {
	for _, tt := range []struct {
		name   string
		leaver func(ctx context.CancelFunc, p audio.PacketReader)
	}{
		{"by Close", func(_ context.CancelFunc, p audio.PacketReader) { p.Close() }},
		{"by the end of the context", func(cancel context.CancelFunc, _ audio.PacketReader) { cancel() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				ctx, cancel := context.WithCancel(r.Context())
				defer cancel()
				first, err := r.Open(ctx, song, 0, plain)
				if err != nil {
					t.Fatal(err)
				}
				b, c := r.open(song, 0), r.open(song, 0)
				r.take(first.(audio.PacketReader), 10)
				tt.leaver(cancel, first.(audio.PacketReader))
				synctest.Wait()
				if _, err := listen(first.(audio.PacketReader), 1); err == nil {
					t.Error("a listener that left reads on")
				}
				r.follows(r.take(b, 100), 0, 100)
				r.follows(r.take(c, 100), 0, 100)
				b.Close()
				r.follows(r.take(c, 100), 100, 100)
				c.Close()
				c.Close()
				pass(time.Second)
				d := r.open(song, audio.Duration(200))
				r.follows(r.take(d, 10), 200, 10)
				if r.shelf.opened() != 1 || r.shelf.closed() != 0 {
					t.Errorf("%d opens, %d closes", r.shelf.opened(), r.shelf.closed())
				}
				d.Close()
				pass(3 * time.Second)
				synctest.Wait()
				if r.shelf.closed() != 1 || r.value("takes") != 0 || r.value("listeners") != 0 {
					t.Errorf("%d closes, %v takes, %v listeners", r.shelf.closed(), r.value("takes"), r.value("listeners"))
				}
			})
		})
	}
}

func TestTheEndIsNotLost(t *testing.T) {
	for _, tt := range []struct {
		name          string
		padding       int // of the origin's last frame
		packets, tail int
	}{
		{"a full frame", 0, 51, 648},
		{"less padding than lookahead", 300, 51, 948},
		{"as much", 312, 50, 0},
		{"more", 959, 50, 647},
		{"nonsense", 5000, 50, 647},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				r.shelf.length = 50
				r.shelf.open = func(ctx context.Context, t track.Track, at time.Duration) audio.Reader {
					o := r.shelf.reader(ctx, t, at)
					o.tail = tt.padding
					return o
				}
				p := r.open(song, 0)
				defer p.Close()
				got, err := listen(p, 1000)
				if !errors.Is(err, io.EOF) || len(got) != tt.packets {
					t.Fatalf("%d packets, then %v", len(got), err)
				}
				if n := p.(audio.Ending).Tail(); n != tt.tail {
					t.Errorf("tail %d, want %d", n, tt.tail)
				}
				if err := p.ReadPacket(audio.NewPacket()); !errors.Is(err, io.EOF) {
					t.Errorf("after the end: %v", err)
				}
				last := r.open(song, 900*time.Millisecond) // the take is over and still kept
				defer last.Close()
				if got, err := listen(last, 1000); !errors.Is(err, io.EOF) || got[0] != 45 {
					t.Errorf("%v, then %v", got, err)
				}
				if r.shelf.opened() != 1 || r.shelf.closed() != 1 {
					t.Errorf("%d opens, %d closes", r.shelf.opened(), r.shelf.closed())
				}
			})
		})
	}
}

func TestCustomPlaysGetTheOrigin(t *testing.T) {
	run(t, nil, func(r *rig) {
		p, err := r.Open(r.Context(), song, time.Second, studio.How{Bitrate: 96000})
		if _, ok := p.(*reader); err != nil || !ok || r.shelf.opens[0] != time.Second {
			t.Fatalf("a %T at %v, %v", p, r.shelf.opens, err)
		}
		p.Close()
	})
}

// TestOpusIsPassedOn gives every guild an origin of its own, the first the one that was
// opened to find out.
func TestOpusIsPassedOn(t *testing.T) {
	for _, tt := range []struct {
		name   string
		format string
		at     time.Duration
		guilds int
		opens  int
	}{
		{"one guild", "Ogg Opus", time.Second, 1, 1},
		{"unforeseen", "", 0, 1, 1},
		{"unforeseen, in the middle", "", time.Second, 1, 2},
		{"many guilds", "Ogg Opus", time.Second, 20, 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				r.shelf.open = func(ctx context.Context, t track.Track, at time.Duration) audio.Reader {
					return packetReader{r.shelf.reader(ctx, t, at)}
				}
				tune := song
				tune.Format = tt.format
				ctx, cancel := context.WithCancel(r.Context())
				defer cancel()
				opened := make(chan packetReader, tt.guilds)
				for range tt.guilds {
					go func() {
						p, err := r.Open(ctx, tune, tt.at, plain)
						if err != nil {
							t.Error(err)
						}
						opened <- p.(packetReader)
					}()
				}
				synctest.Wait()
				r.stop()
				var origins []packetReader
				for range tt.guilds {
					o := <-opened
					r.follows(r.take(o, 50), audio.Frames(tt.at), 50)
					origins = append(origins, o)
				}
				if n := r.shelf.opened(); n != tt.opens {
					t.Errorf("opened %d times, want %d", n, tt.opens)
				}
				if n := r.shelf.left(); n != tt.guilds || r.value("takes") != 0 {
					t.Errorf("%d readers and %v takes left", n, r.value("takes"))
				}
				cancel()
				synctest.Wait()
				for _, o := range origins {
					if _, err := listen(o, 1); !errors.Is(err, context.Canceled) {
						t.Errorf("after the end of the context: %v", err)
					}
				}
			})
		})
	}
}
