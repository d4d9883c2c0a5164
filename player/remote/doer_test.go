package remote_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"busker/cluster"
	"busker/internal/bubble"
	"busker/internal/fault"
	"busker/player"
	"busker/player/remote"
	"busker/track"
)

// local runs body over the bus of one process, in synthetic time.
func local(t *testing.T, body func(w *town)) {
	t.Helper()
	bubble.Test(t, func(t *testing.T) {
		w := newTown(t, cluster.Local().Bus)
		defer w.end()
		body(w)
	})
}

// doer returns one of a process without players.
func (w *town) doer() *remote.Doer {
	d, err := remote.New(remote.Options{Directory: w, Bus: w.bus})
	w.no(err)
	return d
}

func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // the clock is synctest's

func TestCommandsReachTheOwner(t *testing.T) {
	local(t, func(w *town) {
		a, b := w.process("a"), w.process("b")
		a.own()
		for i, d := range []*remote.Doer{w.doer(), b.doer, a.doer} {
			s, err := d.Do(w.ctx, 7, play(1, i))
			if err != nil || s.Added != 1 || s.Channel != lobby || len(all(s)) != i+1 || s.Upcoming != i {
				t.Errorf("doer %d: %+v, %v", i, s, err)
			}
		}
		if _, ok := b.m.Status(7); ok {
			t.Error("the other process has a player")
		}
		_, err := b.doer.Do(w.ctx, 7, player.Volume{Percent: 1000})
		var f *fault.Fault
		if fault.KindOf(err) != fault.Invalid || !asFault(err, &f) || f.Format != "The volume goes from 0 to %d." || len(f.Args) != 1 {
			t.Errorf("a refusal became %#v", err)
		}
		long := make([]track.Track, 5000)
		for i := range long {
			long[i] = song(2, i)
		}
		s, err := b.doer.Do(w.ctx, 7, player.Play{Tracks: long, Channel: lobby})
		if err != nil || s.Added != 5000 || s.Upcoming != 5002 || len(s.Queue) != 5002 {
			t.Errorf("a long list: %d added, %d of %d upcoming, %v", s.Added, len(s.Queue), s.Upcoming, err)
		}
	})
}

func asFault(err error, f **fault.Fault) bool {
	var ok bool
	*f, ok = err.(*fault.Fault) //nolint:errorlint // it is not wrapped
	return ok
}

func TestStatusesComeFromAnywhere(t *testing.T) {
	local(t, func(w *town) {
		a, b := w.process("a"), w.process("b")
		a.own()
		for guild := range 250 {
			if _, err := a.doer.Do(w.ctx, player.GuildID(guild+1), play(1, guild)); err != nil {
				t.Fatal(err)
			}
		}
		var asked []player.GuildID
		for guild := range 300 {
			asked = append(asked, player.GuildID(guild+1))
		}
		for name, d := range map[string]*remote.Doer{"there": a.doer, "elsewhere": b.doer, "without players": w.doer()} {
			s, ok, err := d.Status(w.ctx, 3)
			if err != nil || !ok || s.Track.URI != song(1, 2).URI {
				t.Errorf("%s: %+v, %v, %v", name, s, ok, err)
			}
			if _, ok, err := d.Status(w.ctx, 299); ok || err != nil {
				t.Errorf("%s, no player: %v, %v", name, ok, err)
			}
			all, err := d.Statuses(w.ctx, asked...)
			if err != nil || len(all) != 250 || all[250].Track.URI != song(1, 249).URI {
				t.Errorf("%s: %d statuses, %v", name, len(all), err)
			}
		}
		a.handOver(b)
		w.recall(1)
		if _, err := w.doer().Statuses(w.ctx, asked...); err != nil {
			t.Errorf("with a stale directory: %v", err)
		}
		w.orphan()
		start := time.Now()
		_, _, err := w.doer().Status(w.ctx, 3)
		if took := time.Since(start); fault.KindOf(err) != fault.Unavailable || took > 4*time.Second {
			t.Errorf("nobody there: %v after %v", err, took)
		}
	})
}

func TestACommandFindsTheNewOwner(t *testing.T) {
	for _, tt := range []struct {
		name string
		move func(w *town, a, b *process)
		most time.Duration
	}{
		{"the directory was old", func(w *town, a, b *process) {
			a.handOver(b)
			w.recall(2)
		}, time.Second},
		{"nobody had it for a while", func(w *town, a, b *process) {
			w.orphan()
			a.unserve()
			time.AfterFunc(5*time.Second, b.own)
		}, 6 * time.Second},
		{"it is lent and not yet taken", func(w *town, a, b *process) {
			w.no(a.m.HandOver(w.ctx, nil))
			time.AfterFunc(3*time.Second, b.own)
		}, 5 * time.Second},
		{"the owner is silent", func(w *town, a, b *process) {
			a.kill()
			time.AfterFunc(4*time.Second, b.own)
		}, 6 * time.Second},
		{"the owner dies when it has carried it out", func(w *town, a, b *process) {
			a.arm(func() { time.AfterFunc(4*time.Second, b.own) })
		}, 8 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			local(t, func(w *town) {
				a, b := w.process("a"), w.process("b")
				a.own()
				d := w.doer()
				if _, err := d.Do(w.ctx, 7, play(1, 0)); err != nil {
					t.Fatal(err)
				}
				tt.move(w, a, b)
				start := time.Now()
				s, err := d.Do(w.ctx, 7, play(1, 1))
				if err != nil || s.Added != 1 || time.Since(start) > tt.most {
					t.Errorf("%+v, %v after %v", s.Outcome, err, time.Since(start))
				}
				s, _ = b.m.Status(7)
				if got := all(s); !slices.Equal(got, []string{"1/0", "1/1"}) {
					t.Errorf("the new owner has %q", got)
				}
			})
		})
	}
}

func TestWhatIsNotKnownIsAnError(t *testing.T) {
	local(t, func(w *town) {
		a := w.process("a")
		a.own()
		if _, err := w.doer().Do(w.ctx, 7, play(1, 0)); err != nil {
			t.Fatal(err)
		}
		a.kill()
		start := time.Now()
		_, err := w.doer().Do(w.ctx, 7, play(1, 1))
		if took := time.Since(start); fault.KindOf(err) != fault.Timeout || took < 10*time.Second || took > 11*time.Second {
			t.Errorf("%v after %v", err, took)
		}
		ctx, cancel := context.WithTimeout(w.ctx, time.Second)
		defer cancel()
		w.orphan()
		if _, err := w.doer().Do(ctx, 7, play(1, 1)); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("nobody there: %v", err)
		}
		ctx, cancel = context.WithCancel(w.ctx)
		time.AfterFunc(time.Second, cancel)
		if _, err := w.doer().Do(ctx, 7, play(1, 1)); fault.KindOf(err) != fault.Canceled {
			t.Errorf("cancelled: %v", err)
		}
	})
}

func TestTheActorTravels(t *testing.T) {
	local(t, func(w *town) {
		book := &audit{}
		m, err := player.NewManager(player.Options{Opener: silence{}, Connect: func(player.GuildID) player.Output { return quiet{} }, Audit: book})
		w.no(err)
		w.owner, w.token = "a", 5
		server, err := remote.NewServer(remote.ServerOptions{Process: "a", Local: m, Token: func(player.GuildID) uint64 { return 5 }, Bus: w.bus})
		w.no(err)
		w.live.Go(func() { _ = m.Run(w.ctx) })
		w.live.Go(func() { _ = server.Serve(w.ctx, 3, 16, 5) })
		ann := player.Actor{User: 1 << 63, Face: "console"}
		ctx := player.WithCommandID(player.WithActor(w.ctx, ann), "one")
		for range 2 {
			if _, err := w.doer().Do(ctx, 7, player.Volume{Percent: 50}); err != nil {
				t.Error(err)
			}
		}
		if len(book.records) != 1 || book.records[0].Actor != ann || book.records[0].Command != "volume" {
			t.Errorf("the audit has %+v", book.records)
		}
	})
}

type audit struct{ records []player.Record }

func (a *audit) Record(r player.Record) { a.records = append(a.records, r) }

// storm is many callers that give commands while the shard moves.
type storm struct {
	*town
	callers, each int
	pause         time.Duration // of each caller; what a player remembers must reach back to a first try

	mu        sync.Mutex
	confirmed []string
	unknown   []string
}

// blow has every caller give its commands one after the other, to a process that doers
// chooses. What a process had not answered when it died is given to another, as Discord
// does with an interaction.
func (s *storm) blow(outside *remote.Doer, inside func(caller int) *process) {
	var calling sync.WaitGroup
	for caller := range s.callers {
		calling.Go(func() {
			for n := range s.each {
				pass(s.pause)
				err := s.give(outside, inside(caller), caller, n)
				s.mu.Lock()
				uri := song(caller, n).URI
				if err == nil {
					s.confirmed = append(s.confirmed, uri)
				} else {
					s.unknown = append(s.unknown, uri+": "+err.Error())
				}
				s.mu.Unlock()
			}
		})
	}
	calling.Wait()
}

// guilds are as many as the callers share.
const guilds = 4

func guildOf(caller int) player.GuildID { return player.GuildID(1 + caller%guilds) }

// settled returns what the last owner has, of all guilds.
func (s *storm) settled(d *remote.Doer) (uris []string) {
	s.Helper()
	for g := range guilds {
		_, err := d.Do(s.ctx, guildOf(g), player.Join{Channel: lobby}) // what waited there plays
		s.no(err)
		status, _, err := d.Status(s.ctx, guildOf(g))
		s.no(err)
		uris = append(uris, all(status)...)
	}
	return uris
}

func (s *storm) give(outside *remote.Doer, p *process, caller, n int) (err error) {
	for try := range 2 {
		d := outside
		if p != nil && !p.dead() && try == 0 {
			d = p.doer
		}
		ctx, cancel := context.WithTimeout(player.WithCommandID(s.ctx, fmt.Sprint(caller, "-", n)), 15*time.Second)
		if d != outside {
			go p.dieWith(ctx, cancel)
		}
		_, err = d.Do(ctx, guildOf(caller), play(caller, n))
		cancel()
		if err == nil || d == outside || !p.dead() {
			break
		}
	}
	return err
}

// check compares with what the last owner has.
func (s *storm) check(got []string) {
	s.Helper()
	times := map[string]int{}
	for _, uri := range got {
		times[uri]++
	}
	for uri, n := range times {
		if n > 1 {
			s.Errorf("%s was carried out %d times", uri, n)
		}
	}
	lost := 0
	for _, uri := range s.confirmed {
		if times[uri] == 0 {
			lost++
		}
	}
	if lost > 0 || len(s.unknown) > 0 {
		s.Errorf("%d of %d confirmed are lost; unknown are %q", lost, len(s.confirmed), s.unknown)
	}
	last := map[string]int{}
	for _, uri := range got {
		caller, _, _ := strings.Cut(uri, "/")
		var n int
		_, _ = fmt.Sscanf(uri, caller+"/%d", &n)
		if before, ok := last[caller]; ok && n <= before {
			s.Errorf("caller %s: %d after %d", caller, n, before)
		}
		last[caller] = n
	}
}

var storms = flag.Uint64("storms", 1, "how often a thousand commands are given while their owner moves")

// TestNoCommandIsLostOrCarriedOutTwice gives a thousand commands through three processes
// while the shard is handed over, and its owners die, some of them between carrying a
// command out and answering.
func TestNoCommandIsLostOrCarriedOutTwice(t *testing.T) {
	for seed := range *storms {
		local(t, func(w *town) {
			w.store.Delay(3 * time.Millisecond)
			random := rand.New(rand.NewPCG(seed, 1))
			s := &storm{town: w, callers: 10, each: 100, pause: 100 * time.Millisecond}
			now := w.process("0")
			now.own()
			outside := w.doer()
			moved := make(chan struct{})
			done, stop := context.WithCancel(w.ctx)
			var deaths, handOvers int
			go func() {
				defer close(moved)
				for i := 1; done.Err() == nil; i++ {
					pass(time.Duration(200+random.IntN(1500)) * time.Millisecond)
					next := w.process(fmt.Sprint(i))
					switch random.IntN(3) {
					case 0:
						now.handOver(next)
						time.AfterFunc(time.Second, now.stop)
						handOvers++
					case 1:
						now.kill()
						pass(3 * time.Second) // its lease
						next.own()
						deaths++
					case 2:
						died := make(chan struct{})
						var once sync.Once
						now.arm(func() { once.Do(func() { close(died) }) })
						select {
						case <-died:
						case <-time.After(time.Second):
							now.kill()
						}
						pass(3 * time.Second)
						next.own()
						deaths++
					}
					s.mu.Lock()
					now = next
					s.mu.Unlock()
				}
			}()
			s.blow(outside, func(caller int) *process {
				s.mu.Lock()
				defer s.mu.Unlock()
				if caller >= 5 {
					return nil
				}
				return now
			})
			stop()
			<-moved
			pass(10 * time.Second)
			s.check(s.settled(outside))
			t.Logf("seed %d: %d confirmed, %d unknown, %d deaths, %d hand-overs", seed, len(s.confirmed), len(s.unknown), deaths, handOvers)
		})
	}
}
