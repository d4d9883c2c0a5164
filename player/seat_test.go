package player_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/internal/fault"
	"busker/opus/pool"
	"busker/player"
	"busker/track"
)

// newPool returns a pool of one core that admits so many streams at a time.
func newPool(t testing.TB, seats float64) *pool.Pool {
	t.Helper()
	costs := pool.Costs{Encode0: 33 * time.Microsecond, Encode5: 66 * time.Microsecond, Decode: 41 * time.Microsecond}
	each := 1.3 * float64(costs.Encode5+costs.Decode) / float64(audio.FrameTime)
	p, err := pool.New(pool.Options{Cores: 1, Nice: -1, Costs: costs, Limit: each * (seats + 0.5)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestAFullMachineRefuses has guilds play where there are places for two.
func TestAFullMachineRefuses(t *testing.T) {
	run(t, func(o *player.Options, r *rig) {
		o.Pool = newPool(t, 2)
		o.Connect = func(g player.GuildID) player.Output {
			if g == guild {
				return r.out
			}
			return &sink{}
		}
	}, func(r *rig) {
		list := []track.Track{r.shelf.put(1, 50)}
		do := func(g player.GuildID, c player.Command) error {
			_, err := r.m.Do(r.Context(), g, c)
			return err
		}
		for g := range player.GuildID(2) {
			if err := do(g+10, player.Join{Channel: lobby}); err != nil {
				t.Fatal(err)
			}
			if err := do(g+10, player.Play{Tracks: []track.Track{r.shelf.put(2, 0, func(t *tape) { t.stalls = true })}, Channel: lobby}); err != nil {
				t.Fatal(err)
			}
		}
		r.refuse(player.Play{Tracks: list, Channel: lobby}, fault.Busy)
		if s := r.status(); r.out.joins.Load() != 0 || len(s.Queue) != 0 || s.State != player.StateIdle || s.Channel != 0 {
			t.Errorf("refused, and %+v after %d joins", s, r.out.joins.Load())
		}
		r.do(player.Join{Channel: lobby}) // being there costs nothing
		r.refuse(player.Add{Tracks: list}, fault.Busy)
		if err := do(10, player.Add{Tracks: list}); err != nil { // who plays may go on
			t.Error(err)
		}
		if err := do(10, player.Stop{}); err != nil {
			t.Fatal(err)
		}
		r.play(list...)
		r.pass(2 * time.Second)
		r.whole(1, 1, 50)
		if err := do(10, player.Play{Tracks: list, Channel: lobby}); err != nil { // that one is over
			t.Error(err)
		}
	})
}

// TestOnlyWhoPassesPacketsOnSettles asks for a second place where there is one, before
// the load can show what the first costs.
func TestOnlyWhoPassesPacketsOnSettles(t *testing.T) {
	d := press(t, chirpAt, 8*audio.SampleRate)
	short := *d
	short.packets = d.packets[:4]
	for _, tt := range []struct {
		name   string
		reader func() audio.Reader
		first  player.Command // given before
		free   bool           // there is a place for another
	}{
		{"packets", func() audio.Reader { return &needle{disc: d} }, player.Leave{}, true},
		{"shared packets", func() audio.Reader { return preparedPackets{&needle{disc: d}} }, player.Leave{}, true},
		{"packets made for others", func() audio.Reader { return madePackets{&needle{disc: d}, false} }, player.Leave{}, true},
		{"packets made for this guild", func() audio.Reader { return madePackets{&needle{disc: d}, true} }, player.Leave{}, false},
		{"few packets", func() audio.Reader { return &needle{disc: &short} }, player.Leave{}, true},
		{"packets that are made louder", func() audio.Reader { return &needle{disc: d} }, player.Volume{Percent: 150}, false},
		{"PCM", func() audio.Reader { return &wave{sound: chirpAt, samples: 8 * audio.SampleRate} }, player.Leave{}, false},
		{"a little PCM", func() audio.Reader { return &wave{sound: chirpAt, samples: 4 * audio.FrameSamples} }, player.Leave{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			listen(t, func(r *rig, _ *jukebox) {
				list := []track.Track{{URI: "x", Title: "x"}, {URI: "x", Title: "x"}, {URI: "x", Title: "x"}}
				r.do(tt.first)
				r.play(list...)
				r.pass(60 * time.Millisecond)
				_, err := r.m.Do(r.Context(), guild+1, player.Play{Tracks: list, Channel: lobby})
				if tt.free != (err == nil) || !tt.free && fault.KindOf(err) != fault.Busy {
					t.Errorf("another is told %v", err)
				}
				r.pass(4 * time.Second) // now the load shows it, which nobody measures here
				if _, err := r.m.Do(r.Context(), guild+1, player.Play{Tracks: list, Channel: lobby}); err != nil {
					t.Error(err)
				}
			}, func(o *player.Options) {
				o.Pool = newPool(t, 1)
				first := o.Connect
				o.Connect = func(g player.GuildID) player.Output {
					if g == guild {
						return first(g)
					}
					return &paced{start: time.Now()}
				}
				o.Opener = openerFunc(func(context.Context, track.Track, time.Duration, player.How) (audio.Reader, error) {
					return tt.reader(), nil
				})
			})
		})
	}
}

// madePackets is a reader of packets that are encoded in this process.
type madePackets struct {
	*needle
	first bool
}

func (m madePackets) Made() (here, first bool) { return true, m.first }

// preparedPackets is a reader of packets that were made for many.
type preparedPackets struct{ *needle }

func (preparedPackets) Prepared() dsp.Settings { return dsp.Settings{} }

// TestAJoinThatFailsTakesNoPlace fails more joins than there are places.
func TestAJoinThatFailsTakesNoPlace(t *testing.T) {
	refusing := slow(map[player.GuildID]error{lobby: errFull})
	run(t, func(o *player.Options, r *rig) { refusing(o, r); o.Pool = newPool(t, 1) }, func(r *rig) {
		for range 3 {
			r.refuse(player.Play{Tracks: tracks(r, 1, 50), Channel: lobby}, fault.Busy)
		}
		r.do(player.Play{Tracks: tracks(r, 1, 50), Channel: stage})
		r.pass(2 * time.Second)
		r.whole(1, 1, 50)
	})
}

// lender is a reader that says when it waits, which is most of the time.
type lender struct {
	tape
	wait, resume func()
}

func (l *lender) OnWait(wait, resume func()) { l.wait, l.resume = wait, resume }

func (l *lender) ReadBlock(b *audio.Block) error {
	if l.next%4 == 0 {
		l.wait()
		select {
		case <-time.After(60 * time.Millisecond):
		case <-l.closed:
		}
		l.resume()
	}
	return l.tape.ReadBlock(b)
}

// blocker is a reader that says nothing, and waits for ever.
type blocker struct{ closed chan struct{} }

func (b *blocker) ReadBlock(*audio.Block) error { <-b.closed; return io.ErrClosedPipe }
func (b *blocker) Close() error {
	close(b.closed)
	return nil
}

// TestSlowReadersHoldNoCore plays in one guild while the readers of many others wait,
// on a machine with a single core.
func TestSlowReadersHoldNoCore(t *testing.T) {
	run(t, func(o *player.Options, r *rig) {
		o.Pool = newPool(t, 1000)
		o.Connect = func(g player.GuildID) player.Output {
			if g == guild {
				return r.out
			}
			return &paced{start: time.Now()}
		}
	}, func(r *rig) {
		waits, blocks := r.shelf.put(2, 200), r.shelf.put(3, 50)
		r.shelf.replace(waits.URI, func(context.Context, time.Duration) (audio.Reader, error) {
			return &lender{tape: tape{track: 2, frames: 200, closed: make(chan struct{})}}, nil
		})
		r.shelf.replace(blocks.URI, func(context.Context, time.Duration) (audio.Reader, error) {
			return &blocker{make(chan struct{})}, nil
		})
		for g := range player.GuildID(20) {
			list := []track.Track{waits, blocks}
			if g%2 == 0 {
				list = []track.Track{blocks, waits}
			}
			if _, err := r.m.Do(r.Context(), g+10, player.Play{Tracks: list, Channel: lobby}); err != nil {
				t.Fatal(err)
			}
		}
		r.play(r.shelf.put(1, 200))
		r.pass(5 * time.Second)
		r.whole(1, 1, 200)
		r.seamless()
	})
}

// TestAPanicInATurnGivesTheCoreBack breaks an encoder on a machine with a single core.
func TestAPanicInATurnGivesTheCoreBack(t *testing.T) {
	run(t, func(o *player.Options, r *rig) {
		burning(o, r)
		o.Pool = newPool(t, 1)
	}, func(r *rig) {
		bad := r.shelf.put(2, 99, func(t *tape) { t.next = 60 })
		ugly := r.shelf.put(3, 99)
		r.shelf.replace(ugly.URI, func(context.Context, time.Duration) (audio.Reader, error) {
			return &lender{tape: tape{track: 3, frames: 5, panics: true, closed: make(chan struct{})}}, nil
		})
		r.play(r.shelf.put(1, 50), bad, ugly, r.shelf.put(4, 50))
		r.pass(5 * time.Second)
		synctest.Wait()
		r.whole(1, 1, 50)
		r.whole(4, 1, 50)
	})
}
