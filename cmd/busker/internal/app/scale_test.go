package app_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"busker/emulator"
	"busker/emulator/discord"
	"busker/emulator/gateway"
	"busker/emulator/world"
	"busker/internal/snowflake"
)

var (
	scaleProcesses   = flag.Int("scale.processes", 2, "how many processes TestScale starts")
	scaleShards      = flag.Int("scale.shards", 2, "how many shards they share")
	scaleGuilds      = flag.Int("scale.guilds", 40, "how many guilds there are")
	scaleIdle        = flag.Duration("scale.idle", time.Second, "how long their idleness is measured")
	scaleChanges     = flag.Int("scale.changes", 20, "how often somebody comes, goes or mutes in each guild")
	scaleConcurrency = flag.Int("scale.concurrency", 16, "how many sessions Discord lets begin at once")
	scaleProfiles    = flag.String("scale.profiles", "", "a folder for profiles of the processes' memory")
	scaleEvery       = flag.Duration("scale.every", 20*time.Millisecond, "and how often; Discord's is 5s")
)

// TestScale starts the bot for many guilds and measures what one costs, and what the
// processes do while nobody wants anything.
//
//	go test ./cmd/busker/internal/app -run TestScale$ -v -scale.processes 3 -scale.guilds 5000 -scale.shards 16 -scale.idle 30s
func TestScale(t *testing.T) {
	t.Parallel()
	empty := emptyTown(t)
	c := newQuietTown(t)
	base := c.redisUsage()
	full := c.run("full", c.fill(*scaleGuilds))
	kept := c.redisUsage()
	t.Logf("redis: %s for %d guilds, %s each", megabytes(kept.rss-base.rss), *scaleGuilds,
		kilobytes(float64(kept.rss-base.rss)/float64(*scaleGuilds)))
	c.idle()
	c.liveThroughAnHour()
	c.inTruth(c.guilds, c.channels)
	after := c.measure("after an hour of voice states")
	for _, m := range []struct {
		when string
		rss  []usage
		heap []memory
	}{{"at rest", full.rss, full.own}, {"after the hour", after.rss, after.own}} {
		rss, heap := 0, 0
		for i := range m.rss {
			rss += m.rss[i].rss - empty.rss[i].rss
			heap += int(m.heap[i].Heap) - int(empty.own[i].Heap)
		}
		t.Logf("%s a guild costs %s of memory, of which %s on the heap", m.when,
			kilobytes(float64(rss)/float64(*scaleGuilds)), kilobytes(float64(heap)/float64(*scaleGuilds)))
	}
	c.idle()
	if f := c.local.Fences(); f.IdentifiesEarly > 0 {
		t.Errorf("Discord refused %d of %d sessions", f.IdentifiesEarly, f.IdentifiesEarly+f.Identifies)
	}
	c.stopAll()
}

// emptyTown is what the processes cost without guilds.
func emptyTown(t *testing.T) costs {
	t.Helper()
	c := newQuietTown(t)
	defer c.stopAll()
	return c.run("empty", c.fill(1))
}

// town is a band that does not play, before many guilds.
type town struct {
	*band
	guilds   []*emulator.Guild
	people   [][]*emulator.User
	channels map[snowflake.ID][]snowflake.ID // of each guild, those of voice
}

// newTown prepares a town whose processes tell of themselves.
func newTown(t *testing.T, s size, limits gateway.Limits) *town {
	t.Helper()
	b := openBand(t, s, limits, func(o *orders) {
		o.IdentifyEvery, o.Watched = limits.IdentifyEvery+250*time.Millisecond, true // for the way
	})
	return &town{band: b, channels: map[snowflake.ID][]snowflake.ID{}}
}

func newQuietTown(t *testing.T) *town {
	t.Helper()
	return newTown(t, size{*scaleProcesses, *scaleShards, *scaleGuilds, 0}, gateway.Limits{
		Shards: *scaleShards, MaxConcurrency: *scaleConcurrency, IdentifyEvery: *scaleEvery,
	})
}

// fill makes guilds as they are: five channels of text and three of voice, seven roles,
// ten people of whom four are in voice.
func (c *town) fill(guilds int) int {
	for range guilds {
		g := c.local.AddGuild(fmt.Sprint("Guild ", len(c.guilds)), c.bot)
		for i := range 5 {
			g.AddTextChannel(fmt.Sprint("chat-", i))
			g.AddRole(fmt.Sprint("Role ", i), discord.SendMessages)
		}
		var voices []*emulator.Channel
		for i := range 3 {
			v := g.AddVoiceChannel(fmt.Sprint("Lounge ", i), emulator.ChannelOptions{Deny: discord.Stream})
			voices = append(voices, v)
			c.channels[g.ID] = append(c.channels[g.ID], v.ID)
		}
		var people []*emulator.User
		for i := range 10 {
			people = append(people, g.AddUser(fmt.Sprint("Person ", i)))
		}
		c.guilds, c.people = append(c.guilds, g), append(c.people, people)
		for i, u := range people[:4] {
			c.place(g, u, voices[i%2].ID)
		}
	}
	return guilds
}

// place puts somebody into a channel, 0 = out of it, without anybody who listens there.
func (c *town) place(g *emulator.Guild, u *emulator.User, channel snowflake.ID) {
	change, _, err := c.local.World().PlaceVoice(world.VoiceJoin{
		User: u.ID, Guild: g.ID, Channel: channel, SessionID: "s" + u.ID.String(), SelfMute: rand.IntN(2) == 0,
	})
	if err == nil { // they may be out already
		c.local.World().Emit(change)
	}
}

// costs are the usages of all processes, by their names.
type costs struct {
	rss []usage
	own []memory
}

// run starts all processes, waits until they know their guilds, and measures.
func (c *town) run(what string, guilds int) costs {
	c.Helper()
	before, began := c.local.Fences().Identifies, time.Now()
	for _, name := range names[:c.size.processes] {
		c.start(name)
	}
	turns := (c.size.shards + *scaleConcurrency - 1) / *scaleConcurrency
	c.within(2*patience+time.Duration(turns)*2**scaleEvery, "all sessions to begin", func() bool { return c.local.Fences().Identifies-before == c.size.shards })
	begun := time.Since(began)
	c.until("all guilds to be known", func() bool {
		n := 0
		for _, m := range c.present() {
			n += m.Guilds
		}
		return n == guilds
	})
	known := time.Since(began)
	c.ordered(c.size.processes)
	c.Logf("%s: %d sessions, %d at once every %v: all begun after %v, all guilds known after %v, spread evenly after %v", what,
		c.size.shards, *scaleConcurrency, *scaleEvery, begun.Round(10*time.Millisecond), known.Round(10*time.Millisecond),
		time.Since(began).Round(10*time.Millisecond))
	<-time.After(2 * time.Second) // what there was to write is written
	return c.measure(what)
}

// measure looks at all processes.
func (c *town) measure(what string) (all costs) {
	c.Helper()
	var lines []string
	for _, name := range names[:c.size.processes] {
		natural := c.usageOf(c.pid(name), "")
		found := c.members[name].ask(c.band, question{Collect: true, Profile: c.profileOf(what, name)})
		all.rss, all.own = append(all.rss, natural), append(all.own, found.Memory)
		lines = append(lines, fmt.Sprintf("%s: RSS %s (at most %s), heap %s after a collection, stacks %s, %d shards", name,
			megabytes(natural.rss), megabytes(natural.peak), megabytes(int(found.Memory.Heap)), megabytes(int(found.Memory.Stacks)), c.shards()[name]))
	}
	c.Logf("%s:\n%s", what, strings.Join(lines, "\n"))
	return all
}

func (c *town) profileOf(what, name string) string {
	if *scaleProfiles == "" {
		return ""
	}
	return filepath.Join(*scaleProfiles, strings.ReplaceAll(what, " ", "-")+"-"+name+".pprof")
}

// idle measures what the processes do while nobody wants anything.
func (c *town) idle() {
	c.Helper()
	look := func() (all []usage) {
		for _, name := range names[:c.size.processes] {
			all = append(all, c.usageOf(c.pid(name), c.members[name].ask(c.band, question{}).Metrics))
		}
		return append(all, c.redisUsage())
	}
	before := look()
	<-time.After(*scaleIdle)
	now := look()
	var lines []string
	for i, name := range append(names[:c.size.processes:c.size.processes], "redis") {
		lines = append(lines, name+": "+now[i].since(before[i]))
	}
	c.Logf("idle for %v:\n%s", *scaleIdle, strings.Join(lines, "\n"))
}

func (c *town) pid(name string) int { return c.members[name].process.Process.Pid }

// liveThroughAnHour has people come, go and mute in all guilds, as fast as can be told.
func (c *town) liveThroughAnHour() {
	c.Helper()
	began := time.Now()
	for range *scaleChanges {
		for i, g := range c.guilds {
			u := c.people[i][rand.IntN(len(c.people[i]))]
			channel := c.channels[g.ID][rand.IntN(3)]
			if rand.IntN(3) == 0 {
				channel = 0
			}
			c.place(g, u, channel)
		}
	}
	c.Logf("%d voice states told in %v", *scaleChanges*len(c.guilds), time.Since(began).Round(time.Millisecond))
}

// stopAll stops all processes at once.
func (c *town) stopAll() {
	c.Helper()
	for _, name := range names[:c.size.processes] {
		c.signal(name, syscall.SIGTERM)
	}
	var all sync.WaitGroup
	for _, name := range names[:c.size.processes] {
		all.Go(func() { c.gone(name) })
	}
	all.Wait()
}
