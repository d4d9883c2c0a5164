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
	"busker/internal/fault"
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

func TestTroubleEndsOneTakeOnly(t *testing.T) {
	for _, tt := range []struct {
		name string
		harm func(*rig)
		kind fault.Kind
		at   int // packets before; -1 = it does not open
	}{
		{"it does not open", func(r *rig) {
			r.shelf.fail = func(t track.Track) error { return broken(t, fault.New(fault.NotFound, "gone")) }
		}, fault.NotFound, -1},
		{"opening panics", func(r *rig) {
			r.shelf.fail = func(t track.Track) error { return broken(t, nil) }
		}, fault.Internal, -1},
		{"reading fails", func(r *rig) {
			r.shelf.read = func(_ context.Context, t track.Track, f int64) error {
				return tornAt(t, f, fault.Wrap(fault.Corrupt, "torn", errTorn))
			}
		}, fault.Corrupt, 30},
		{"reading panics", func(r *rig) {
			r.shelf.read = func(_ context.Context, t track.Track, f int64) error { return tornAt(t, f, nil) }
		}, fault.Internal, 30},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				tt.harm(r)
				fail := r.shelf.fail
				r.shelf.fail = func(t track.Track) error {
					pass(time.Second) // so that all ten are there
					if fail == nil {
						return nil
					}
					return fail(t)
				}
				bad := song
				bad.URI = "bad"
				good := r.open(song, 0)
				defer good.Close()
				var all sync.WaitGroup
				for range 10 {
					all.Go(func() { expectTrouble(t, r, bad, tt.kind, tt.at) })
				}
				all.Wait()
				r.follows(r.take(good, 100), 0, 100)
				if n := r.shelf.opened(); n != 2 {
					t.Errorf("opened %d times", n)
				}
				if n := r.value("failures_total"); n != 1 {
					t.Errorf("%v failures", n)
				}
			})
		})
	}
}

func broken(t track.Track, err error) error {
	switch {
	case t.URI != "bad":
		return nil
	case err == nil:
		panic("broken")
	}
	return err
}

func tornAt(t track.Track, frame int64, err error) error {
	if frame < 30 {
		return nil
	}
	return broken(t, err)
}

func expectTrouble(t *testing.T, r *rig, tr track.Track, kind fault.Kind, at int) {
	p, err := r.Open(r.Context(), tr, 0, plain)
	if at < 0 {
		if fault.KindOf(err) != kind {
			t.Errorf("opening: %v", err)
		}
		return
	}
	if err != nil {
		t.Error(err)
		return
	}
	defer p.Close()
	got, err := listen(p.(audio.PacketReader), 1000)
	if fault.KindOf(err) != kind || len(got) != at {
		t.Errorf("%d packets, then %v", len(got), err)
	}
	if err2 := p.(audio.PacketReader).ReadPacket(audio.NewPacket()); !errors.Is(err2, err) {
		t.Errorf("then %v", err2)
	}
}

// TestAfterTroubleATakeBeginsAnew proves that nobody joins what has failed.
func TestAfterTroubleATakeBeginsAnew(t *testing.T) {
	run(t, nil, func(r *rig) {
		once := true
		r.pressing.fail = func(f int64) error {
			if f == 30 && once {
				once = false
				return errTorn
			}
			return nil
		}
		a := r.open(song, 0)
		defer a.Close()
		if got, err := listen(a, 100); !errors.Is(err, errTorn) || len(got) != 30 {
			t.Fatalf("%d packets, then %v", len(got), err)
		}
		b := r.open(song, audio.Duration(30))
		defer b.Close()
		r.follows(r.take(b, 50), 30, 50)
	})
}

func TestASlowOriginDelaysNobodyElse(t *testing.T) {
	run(t, nil, func(r *rig) {
		g := newGate()
		r.shelf.read = func(ctx context.Context, t track.Track, f int64) error {
			if t.URI == "slow" && f >= 10 {
				return g.pass(ctx)
			}
			return nil
		}
		for i := range 20 { // more than there are cores
			slow := song
			slow.URI, slow.Version = "slow", string(rune('a'+i))
			p := r.open(slow, 0)
			defer p.Close()
			r.follows(r.take(p, 10), 0, 10)
		}
		good := r.open(song, 0)
		defer good.Close()
		began := time.Now()
		r.follows(r.take(good, 20), 0, 20)
		if d := time.Since(began); d != 0 {
			t.Errorf("waited %v", d)
		}
	})
}

func TestWaitsEndAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(r *rig, cancel context.CancelFunc, p audio.Reader)
		want error
	}{
		{"Close", func(_ *rig, _ context.CancelFunc, p audio.Reader) { p.Close() }, nil},
		{"context", func(_ *rig, cancel context.CancelFunc, _ audio.Reader) { cancel() }, context.Canceled},
		{"Run", func(r *rig, _ context.CancelFunc, _ audio.Reader) { r.stop() }, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				g := newGate()
				r.shelf.read = func(ctx context.Context, _ track.Track, _ int64) error { return g.pass(ctx) }
				ctx, cancel := context.WithCancel(r.Context())
				defer cancel()
				p, err := r.Open(ctx, song, 0, plain)
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				failed := make(chan error, 1)
				go func() { failed <- p.(audio.PacketReader).ReadPacket(audio.NewPacket()) }()
				synctest.Wait()
				tt.end(r, cancel, p)
				synctest.Wait()
				select {
				case err := <-failed:
					if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
						t.Errorf("ended with %v", err)
					}
				default:
					t.Error("still waits")
				}
			})
		})
	}
}

func TestOpeningEndsWithItsContext(t *testing.T) {
	run(t, nil, func(r *rig) {
		g := newGate()
		ended := false
		r.shelf.fail = func(track.Track) error { return nil }
		r.shelf.open = func(ctx context.Context, t track.Track, at time.Duration) audio.Reader {
			ended = g.pass(ctx) != nil
			return r.shelf.reader(ctx, t, at)
		}
		impatient, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		failed := make(chan error, 1)
		go func() {
			_, err := r.Open(impatient, song, 0, plain)
			failed <- err
		}()
		synctest.Wait()
		patient := make(chan audio.Reader, 1)
		go func() {
			p, err := r.Open(r.Context(), song, 0, plain)
			if err != nil {
				t.Error(err)
			}
			patient <- p
		}()
		if err := <-failed; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("opening ended with %v", err)
		}
		pass(10 * time.Second)
		close(g.open)
		p := <-patient
		r.follows(r.take(p.(audio.PacketReader), 10), 0, 10)
		p.Close()
		if ended || r.shelf.opened() != 1 {
			t.Error("opening ended with who asked first")
		}
	})
}

func TestOpeningNobodyWaitsForEnds(t *testing.T) {
	run(t, nil, func(r *rig) {
		g := newGate()
		r.shelf.open = func(ctx context.Context, t track.Track, at time.Duration) audio.Reader {
			_ = g.pass(ctx)
			return r.shelf.reader(ctx, t, at)
		}
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		if _, err := r.Open(ctx, song, 0, plain); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		pass(3 * time.Second)
		synctest.Wait()
		if r.shelf.closed() != 1 || r.value("takes") != 0 {
			t.Errorf("%d closes, %v takes", r.shelf.closed(), r.value("takes"))
		}
	})
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

func TestBeforeAndAfterRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.open(song, 0)
		r.stop()
		if _, err := listen(p, 1000); !errors.Is(err, context.Canceled) {
			t.Errorf("reading after Run: %v", err)
		}
		p.Close()
		if _, err := r.Open(t.Context(), song, 0, plain); err == nil {
			t.Error("opened after Run")
		}
		if _, err := r.Open(t.Context(), station, 0, plain); err == nil {
			t.Error("tuned after Run")
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := studio.New(studio.Options{Opener: &shelf{}, Pool: testPool(t)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(ctx, song, 0, plain); !errors.Is(err, context.Canceled) {
		t.Errorf("opening without Run: %v", err)
	}
	if _, err := studio.New(studio.Options{}); err == nil {
		t.Error("a Studio of nothing")
	}
}

// TestAnOriginThatStutters gives a few frames now and then: they are not held back until
// there are enough to wake somebody for.
func TestAnOriginThatStutters(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.shelf.read = func(_ context.Context, _ track.Track, f int64) error {
			if f%3 == 0 {
				pass(time.Second)
			}
			return nil
		}
		p := r.open(song, 0)
		defer p.Close()
		began := time.Now()
		for i := range int64(60) {
			r.follows(r.take(p, 1), i, 1)
			due := time.Duration(i/3+1) * time.Second
			if late := time.Since(began) - due; late > 150*time.Millisecond || i%3 == 0 && late > 0 {
				t.Fatalf("frame %d comes %v late", i, late)
			}
		}
	})
}
