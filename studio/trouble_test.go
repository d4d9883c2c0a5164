package studio_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"busker/audio"
	"busker/internal/bubble"
	"busker/internal/fault"
	"busker/studio"
	"busker/track"
)

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

func TestBeforeAndAfterRun(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
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

// TestNobodyJoinsWhatIsClosing has an origin that takes long to close after it failed.
func TestNobodyJoinsWhatIsClosing(t *testing.T) {
	for _, tr := range []track.Track{song, station} {
		run(t, nil, func(r *rig) {
			r.shelf.open = func(ctx context.Context, t track.Track, at time.Duration) audio.Reader {
				from := r.shelf.reader(ctx, t, at)
				if r.shelf.opened() == 1 {
					from.read = func() error {
						if from.frame == 30 {
							return fault.Wrap(fault.Denied, "torn", errTorn)
						}
						return nil
					}
				}
				return slowToClose{from}
			}
			a := r.open(tr, 0)
			defer a.Close()
			failed := make(chan error, 1)
			go func() {
				_, err := listen(a, 1000)
				failed <- err
			}()
			pass(5 * time.Second)
			b := r.open(tr, 0)
			defer b.Close()
			r.follows(r.take(b, 50), 0, 50)
			if err := <-failed; !errors.Is(err, errTorn) {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

type slowToClose struct{ *reader }

func (s slowToClose) Close() error {
	pass(10 * time.Second)
	return s.reader.Close()
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
