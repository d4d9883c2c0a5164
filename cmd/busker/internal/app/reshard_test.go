package app_test

import (
	"context"
	"flag"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"busker/emulator"
	"busker/emulator/discord"
	"busker/emulator/gateway"
	botgateway "busker/gateway"
	"busker/internal/snowflake"
)

var (
	reshardProcesses   = flag.Int("reshard.processes", 2, "how many processes TestResharding starts")
	reshardFrom        = flag.Int("reshard.from", 2, "how many shards there are")
	reshardTo          = flag.Int("reshard.to", 3, "how many there are to be")
	reshardGuilds      = flag.Int("reshard.guilds", 12, "how many guilds change while nobody plays in them")
	reshardPlaying     = flag.Int("reshard.playing", 3, "how many play")
	reshardRounds      = flag.Int("reshard.rounds", 1, "how often the number of shards changes, there and back")
	reshardKill        = flag.Bool("reshard.kill", false, "whether a process is killed meanwhile")
	reshardConcurrency = flag.Int("reshard.concurrency", 16, "how many sessions Discord lets begin at once")
	reshardEvery       = flag.Duration("reshard.every", 20*time.Millisecond, "and how often; Discord's is 5s")
	reshardCommand     = flag.String("reshard.command", "", "the busker to give the order with; without, the test gives it")
)

// TestResharding changes the number of shards while people listen, ask for songs and press
// buttons, and guilds change in all ways. Nobody hears a gap, every interaction is answered
// once, and in the end all that happened is known.
//
//	go test ./cmd/busker/internal/app -run TestResharding -v -reshard.processes 3 -reshard.from 16 -reshard.to 32 -reshard.guilds 150 -reshard.playing 30
func TestResharding(t *testing.T) {
	t.Parallel()
	c := newTown(t, size{*reshardProcesses, *reshardFrom, *reshardPlaying, *reshardPlaying}, gateway.Limits{
		Shards: *reshardFrom, MaxConcurrency: *reshardConcurrency, IdentifyEvery: *reshardEvery, Replay: 5000,
	})
	c.fill(*reshardGuilds)
	c.assemble()
	c.play()
	for round := range *reshardRounds {
		c.reshard(round, []int{*reshardTo, *reshardFrom}[round%2])
	}
	c.fenced()
}

// reshard changes the number of shards once.
func (c *town) reshard(round, shards int) {
	c.Helper()
	stopAsking, stopPressing, stopLife := c.ask(), c.pressOn(), c.liveOn()
	<-time.After(time.Second)
	began, victim, killed := time.Now(), "", []*room(nil)
	late := lateness(c.T)
	c.order(shards)
	if *reshardKill {
		<-time.After(rand.N(1500 * time.Millisecond))
		victim = names[rand.IntN(c.size.processes)]
		killed = c.of(victim)
		c.members[victim].kill()
		c.Logf("%s killed after %v", victim, time.Since(began).Round(time.Millisecond))
	}
	c.until("the new shards to count", func() bool { o, err := c.look(); return err == nil && o.Shards == shards })
	counted := time.Since(began)
	c.until("the former shards to be gone", func() bool {
		o, err := c.look()
		up := 0
		for _, w := range o.Each {
			if w.Shards == shards && w.Up && w.Active {
				up++
			}
		}
		return err == nil && len(o.Each) == shards && up == shards
	})
	took := time.Since(began)
	if victim != "" {
		c.start(victim)
	}
	<-time.After(2 * time.Second)
	presses := stopPressing()
	stopAsking()
	changes := stopLife()
	c.size.shards = shards
	c.ordered(c.size.processes)
	if victim != "" {
		silent, back, off := c.heardSince(killed, began, false)
		c.Logf("of the killed one: %s; %s; %s", figure("silent for", silent), figure("back after", back), figure("off by", off))
	}
	spared := others(c.rooms, killed)
	silent, _, off := c.heardSince(spared, began, false)
	for i, r := range spared {
		if silent[i] > time.Second || off[i] > time.Second {
			c.Logf("%s (%v) was silent for %v and off by %v", r.guild.Name, r.guild.ID,
				silent[i].Round(time.Millisecond), off[i].Round(time.Millisecond))
		}
	}
	told, unsaid := c.audit()
	c.inTruth(c.everyGuild())
	f, busy := c.local.Fences(), late()
	c.Logf("round %d, %d shards: counted after %v, alone after %v; %d songs promised and there, %d there unpromised, %d buttons pressed, %d changes known; %s; %s; the machine was late by %v",
		round, shards, counted.Round(time.Millisecond), took.Round(time.Millisecond), told, unsaid, presses, changes,
		figure("silent for", silent), figure("off by", off), busy.Round(time.Millisecond))
	if worst := worstOf(silent); worst > time.Second && busy < briefest { // else nothing is on time
		c.Errorf("a guild was silent for %v", worst)
	}
	if f.Answered != f.Interactions && victim == "" {
		c.Errorf("%d of %d interactions were answered", f.Answered, f.Interactions)
	}
	if f.IdentifiesEarly > 0 {
		c.Errorf("%d sessions were refused", f.IdentifiesEarly)
	}
}

// lateness measures by how much this process is late at most, until it is asked.
func lateness(t *testing.T) (most func() time.Duration) {
	ctx, cancel := context.WithCancel(t.Context())
	worst := make(chan time.Duration, 1)
	go func() {
		const pace = 10 * time.Millisecond
		late := time.Duration(0)
		for ctx.Err() == nil {
			began := time.Now()
			<-time.After(pace)
			late = max(late, time.Since(began)-pace)
		}
		worst <- late
	}()
	return func() time.Duration {
		cancel()
		return <-worst
	}
}

// everyGuild are those that play, too, and all their voice channels.
func (c *town) everyGuild() ([]*emulator.Guild, map[snowflake.ID][]snowflake.ID) {
	all, channels := slices.Clone(c.guilds), maps.Clone(c.channels)
	for _, r := range c.rooms {
		all, channels[r.guild.ID] = append(all, r.guild), []snowflake.ID{r.voice.ID}
	}
	return all, channels
}

// order gives the order to reshard as an operator does.
func (c *town) order(shards int) {
	c.Helper()
	if *reshardCommand == "" {
		if err := botgateway.Reshard(c.Context(), c.seats.Cluster, shards); err != nil {
			c.Fatal(err)
		}
		return
	}
	order := exec.CommandContext(c.Context(), *reshardCommand, "cluster", "reshard", strconv.Itoa(shards)) //nolint:gosec // the tester's own
	order.Env = append(os.Environ(), "REDIS_URL="+c.redis.URL())
	if out, err := order.CombinedOutput(); err != nil {
		c.Fatalf("%v: %s", err, out)
	}
}

func (c *town) look() (botgateway.Overview, error) {
	return botgateway.Look(c.Context(), c.seats.Cluster)
}

// others are the rooms without some.
func others(all, without []*room) (left []*room) {
	not := map[*room]bool{}
	for _, r := range without {
		not[r] = true
	}
	for _, r := range all {
		if !not[r] {
			left = append(left, r)
		}
	}
	return left
}

// pressOn has people press the card's Queue until that is stopped, and tells how often.
func (c *town) pressOn() (stop func() int) {
	ctx, cancel := context.WithCancel(c.Context())
	var people sync.WaitGroup
	counts := make([]int, len(c.rooms))
	for i, r := range c.rooms {
		people.Go(func() {
			for ctx.Err() == nil {
				if r.pressQueue(ctx) {
					counts[i]++
				}
				select {
				case <-ctx.Done():
				case <-time.After(time.Duration(300+rand.IntN(700)) * time.Millisecond):
				}
			}
		})
	}
	return func() (all int) {
		cancel()
		people.Wait()
		for _, n := range counts {
			all += n
		}
		return all
	}
}

// pressQueue presses the button and waits for an answer.
func (r *room) pressQueue(ctx context.Context) bool {
	all := r.text.Messages()
	for i := len(all) - 1; i >= 0; i-- {
		button, ok := all[i].Find(func(c discord.Component) bool { return c.Label == "Queue" && !c.Disabled })
		if !ok {
			continue
		}
		press, err := r.you.Press(ctx, all[i], button.CustomID)
		if err != nil {
			return false // it went away
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if _, err := press.Acknowledged(ctx); err != nil {
			r.t.Logf("nobody answered a button in %s at %s: %v", r.guild.Name, time.Now().Format(time.StampMilli), err)
		}
		return true
	}
	return false
}

// liveOn has the guilds change until that is stopped, and tells how often they did.
func (c *town) liveOn() (stop func() int) {
	ctx, cancel := context.WithCancel(c.Context())
	var life sync.WaitGroup
	changes := 0
	life.Go(func() {
		for tick := time.NewTicker(10 * time.Millisecond); ctx.Err() == nil; changes++ {
			if err := c.change(rand.IntN(len(c.guilds))); err != nil {
				c.Errorf("the local Discord refused a change: %v", err)
			}
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	})
	return func() int {
		cancel()
		life.Wait()
		return changes
	}
}

// change changes something about a guild.
func (c *town) change(i int) error {
	g, w := c.guilds[i], c.local.World()
	channels := c.channels[g.ID]
	one := channels[rand.IntN(len(channels))]
	if len(w.Bots(g.ID)) == 0 { // it was thrown out
		g.Invite(c.bot, discord.Connect)
		return nil
	}
	switch rand.IntN(12) {
	case 0:
		v := g.AddVoiceChannel("Annex")
		c.channels[g.ID] = append(channels, v.ID)
	case 1:
		return w.ChangeChannel(one, func(ch *discord.Channel) { ch.Name = "Lounge " + strconv.Itoa(rand.IntN(100)) })
	case 2:
		return w.ChangeChannel(one, func(ch *discord.Channel) { ch.UserLimit = new(20 + rand.IntN(50)) })
	case 3:
		if last := len(channels) - 1; last >= 3 {
			c.channels[g.ID] = channels[:last]
			return w.DeleteChannel(channels[last])
		}
	case 4:
		role := g.AddRole("Helper", discord.MuteMembers)
		return w.GiveRole(g.ID, c.bot.ID, role.ID, true)
	case 5:
		return c.dropRole(g)
	case 6:
		return g.SetLocale([]string{"de", "fr", "en-US", "pt-BR"}[rand.IntN(4)])
	case 7:
		g.Kick(c.bot)
	case 8:
		if len(c.guilds) < 2**reshardGuilds {
			c.fill(1)
		}
	default:
		in := one
		if rand.IntN(3) == 0 {
			in = 0
		}
		c.place(g, c.people[i][rand.IntN(len(c.people[i]))], in)
	}
	return nil
}

// dropRole deletes a role the bot was given.
func (c *town) dropRole(g *emulator.Guild) error {
	full, err := c.local.World().Guild(c.bot.ID, g.ID)
	if err != nil {
		return err
	}
	var helper snowflake.ID
	for _, r := range full.Roles {
		if r.Name == "Helper" {
			helper = r.ID
		}
	}
	if helper == 0 {
		return nil
	}
	return c.local.World().DeleteRole(g.ID, helper)
}
