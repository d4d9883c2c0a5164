package app_test

import (
	"context"
	"flag"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"busker/cluster/redistest"
)

var (
	chaosFor  = flag.Duration("band.trouble", 4*time.Second, "how long Redis is in trouble, more than the life of a lease")
	chaosLate = flag.Duration("band.latency", 5*time.Second, "how late Redis answers when it is slow")
)

// proxied gives every process its own way to Redis.
func proxied(t *testing.T, ways map[string]*redistest.Proxy) func(*orders) {
	return func(o *orders) {
		o.Ways = map[string]string{}
		for _, name := range names[:*bandProcesses] {
			ways[name] = redistest.NewProxy(t, strings.TrimPrefix(o.Redis, "redis://"))
			o.Ways[name] = ways[name].URL()
		}
	}
}

// TestAProcessCutOffFromRedisIsReplaced cuts the way of one process to Redis while it goes
// on reaching Discord: the others take its shards, it gives them up without a word, and
// when the way is there again it takes its part again.
func TestAProcessCutOffFromRedisIsReplaced(t *testing.T) {
	t.Parallel()
	ways := map[string]*redistest.Proxy{}
	b := newBand(t, bandSize(), proxied(t, ways))
	b.play()
	for round := range *bandRounds {
		victim := names[rand.IntN(*bandProcesses)]
		rooms, voices := b.of(victim), b.local.Fences().VoiceReplaced
		stop := b.ask()
		before, cut := b.marks(rooms), time.Now()
		if round%2 == 0 {
			ways[victim].Stall()
		} else {
			ways[victim].Cut()
		}
		b.until("the others to take all", func() bool { return b.shards()[victim] == 0 && b.all() })
		b.until("the others to be heard", func() bool { return b.local.Fences().VoiceReplaced-voices >= len(rooms) })
		taken := time.Since(cut)
		b.until("it to give up", func() bool { return b.members[victim].silent(rooms) })
		off := b.drift(rooms, before)
		if left := *chaosFor - time.Since(cut); left > 0 {
			<-time.After(left)
		}
		healed := time.Now()
		ways[victim].Heal()
		b.settled(*bandProcesses)
		back := time.Since(healed)
		stop()
		quiet, _, _ := b.heardSince(b.rooms, cut, false)
		told, _ := b.audit()
		t.Logf("%s with %d playing: all replaced after %v; %s; %s; %s; it takes part again %v after the way was there; %d songs promised and there",
			victim, len(rooms), taken.Round(time.Millisecond), figure("gaps", changes(rooms, cut)), figure("position off by", off),
			figure("silent for", quiet), back.Round(time.Millisecond), told)
		if worst := worstOf(off); worst > 4*time.Second {
			t.Errorf("a guild went on %v from where it was", worst)
		}
		if worst := worstOf(quiet); worst > 2*time.Second {
			t.Errorf("a guild was silent for %v", worst)
		}
	}
	b.fenced()
}

// all reports whether every shard is somebody's.
func (b *band) all() bool {
	n := 0
	for _, of := range b.shards() {
		n += of
	}
	return n == b.size.shards
}

// silent reports whether the process says that it plays in none of the rooms.
func (c *child) silent(rooms []*room) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range rooms {
		if c.last[r.guild.ID].State != "idle" {
			return false
		}
	}
	return true
}

// trouble is something that happens to Redis, and how it ends.
type trouble struct {
	name       string
	begin, end func()
}

// TestMusicGoesOnWhateverRedisDoes has everything happen to one Redis server while people
// listen and ask for songs.
func TestMusicGoesOnWhateverRedisDoes(t *testing.T) {
	t.Parallel()
	ways := map[string]*redistest.Proxy{}
	b := newBand(t, bandSize(), proxied(t, ways))
	b.play()
	each := func(do func(*redistest.Proxy)) func() {
		return func() {
			for _, way := range ways {
				do(way)
			}
		}
	}
	for i, tt := range []trouble{
		{"killed", b.redis.Kill, b.redis.Restart},
		{"killed and wiped", func() { b.redis.Kill(); b.redis.Wipe() }, b.redis.Restart},
		{"stopped", b.redis.Pause, b.redis.Continue},
		{"full", b.redis.Fill, b.redis.Empty},
		{"slow", each(func(p *redistest.Proxy) { p.Latency(*chaosLate) }), each((*redistest.Proxy).Heal)},
	} {
		if i == 0 || *bandAll {
			b.suffers(tt)
		}
	}
	b.survives()
	b.fenced()
}

// TestMusicGoesOnWhileASentinelFailsOver loses the master.
func TestMusicGoesOnWhileASentinelFailsOver(t *testing.T) {
	long(t)
	t.Parallel()
	s := redistest.StartSentinel(t)
	b := newBand(t, bandSize(), func(o *orders) { o.Redis = s.URL() })
	b.play()
	master := s.Master()
	b.suffers(trouble{"the master is lost", master.Kill, master.Restart})
	b.survives()
	b.fenced()
}

// TestMusicGoesOnWithoutANodeOfACluster loses the node that keeps the leases.
func TestMusicGoesOnWithoutANodeOfACluster(t *testing.T) {
	long(t)
	t.Parallel()
	nodes := redistest.StartCluster(t)
	b := newBand(t, bandSize(), func(o *orders) { o.Redis = nodes.URL() })
	b.play()
	node := nodes.Of("{busker:leases}:any")
	b.suffers(trouble{"a node is lost", node.Kill, node.Restart})
	b.survives()
	b.fenced()
}

// suffers has trouble while people ask for songs: they get them, nobody hears anything, and
// afterwards the processes are where they were.
func (b *band) suffers(tt trouble) {
	b.Helper()
	before, fences, owners, began := b.marks(b.rooms), b.local.Fences(), b.owners(), time.Now()
	tt.begin()
	asked, told, slowest := b.askFor(*chaosFor)
	tt.end()
	ended := time.Now()
	b.until("all to be as it was", func() bool { return sameOwners(b.owners(), owners) && b.renewed() })
	took := time.Since(ended)
	quiet, _, _ := b.heardSince(b.rooms, began, false)
	off, now := b.drift(b.rooms, before), b.local.Fences()
	kept, _ := b.audit()
	b.Logf("Redis %s for %v: %d of %d songs promised, the slowest after %v; %s; %s; recovered after %v; %d promised and there so far",
		tt.name, ended.Sub(began).Round(time.Second), told, asked, slowest.Round(time.Millisecond),
		figure("silent for", quiet), figure("position off by", off), took.Round(time.Millisecond), kept)
	if told < asked {
		b.Errorf("%s: %d of %d songs were not to be had", tt.name, asked-told, asked)
	}
	if late := now.AnsweredLate - fences.AnsweredLate; late > 0 {
		b.Errorf("%s: %d answers came too late", tt.name, late)
	}
	if now.Identifies != fences.Identifies || now.Resumes != fences.Resumes || now.VoiceReplaced != fences.VoiceReplaced {
		b.Errorf("%s: connections were made anew: %+v, before %+v", tt.name, now, fences)
	}
	if worst := worstOf(quiet); worst > time.Second {
		b.Errorf("%s: a guild was silent for %v", tt.name, worst)
	}
}

// askFor has people in all rooms ask for songs for a time, and counts those they were told
// of.
func (b *band) askFor(d time.Duration) (asked, told int, slowest time.Duration) {
	busy, done := context.WithTimeout(b.Context(), d)
	defer done()
	var people sync.WaitGroup
	for _, r := range b.rooms {
		people.Go(func() {
			for busy.Err() == nil {
				song, began := b.song(), time.Now()
				r.wish(b.Context(), song)
				b.mu.Lock()
				asked, slowest = asked+1, max(slowest, time.Since(began))
				if r.wishes[song] {
					told++
				}
				b.mu.Unlock()
				select {
				case <-time.After(time.Duration(300+rand.IntN(400)) * time.Millisecond):
				case <-busy.Done():
				}
			}
		})
	}
	people.Wait()
	return asked, told, slowest
}

// owners are those of all shards.
func (b *band) owners() map[string]string {
	of := map[string]string{}
	held, err := b.seats.Cluster.Leases.List(b.Context(), "shard/")
	if err != nil {
		b.Log(err)
	}
	for _, h := range held {
		of[h.Key] = h.Owner
	}
	return of
}

func sameOwners(a, b map[string]string) bool {
	for key, owner := range b {
		if a[key] != owner {
			return false
		}
	}
	return len(a) == len(b)
}

// renewed reports whether all processes say that they are there, and renew their leases.
func (b *band) renewed() bool {
	held, err := b.seats.Cluster.Leases.List(b.Context(), "shard/")
	if err != nil || len(b.present()) != b.size.processes {
		return false
	}
	for _, h := range held {
		if h.Left < b.orders.LeaseTTL/2 {
			return false
		}
	}
	return true
}

// survives kills a process: the others take over as ever.
func (b *band) survives() {
	b.Helper()
	victim := names[rand.IntN(b.size.processes)]
	rooms, fences, killed := b.of(victim), b.local.Fences(), time.Now()
	b.members[victim].kill()
	_, back, _ := b.heardSince(rooms, killed, true)
	if n := b.local.Fences().Identifies - fences.Identifies; n > 0 {
		b.Errorf("%d sessions began anew: what it takes to resume them is not kept", n)
	}
	told, _ := b.audit()
	b.Logf("afterwards %s was killed with %d playing: %s; %d songs promised and there", victim, len(rooms), figure("heard again after", back), told)
}
