package gateway_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"busker/emulator"
	"busker/gateway"
	"busker/internal/snowflake"
)

func TestAKilledGatewayIsResumedByAnother(t *testing.T) {
	f := newFleetOf(t, 4, 12)
	a, b := f.start(t, "a"), f.start(t, "b")
	f.shared(t, a, b)
	theirs := -1
	for i, g := range f.guilds {
		if token, _ := a.Token(g.ID); token != 0 {
			theirs = i
		}
	}
	if theirs < 0 {
		t.Fatal("a serves nobody")
	}
	eve := f.guilds[theirs].AddUser("eve")
	bob := f.guilds[theirs].AddUser("bob")
	if _, err := eve.JoinVoice(f.voices[theirs]); err != nil {
		t.Fatal(err)
	}
	eventually(t, "eve is seen", func() bool { _, ok := a.VoiceChannelOf(f.guilds[theirs].ID, eve.ID); return ok })
	shard, _ := a.ShardOf(f.guilds[theirs].ID)
	token, _ := a.Token(f.guilds[theirs].ID)
	f.kept(t, theirs, 4, func(entries map[string][]byte) bool { return len(entries) >= 3 })
	before := f.Fences()

	a.kill(t)
	if _, err := bob.JoinVoice(f.voices[theirs]); err != nil { // nobody hears it
		t.Fatal(err)
	}
	said, err := bob.Say(f.texts[theirs], "is anybody there?")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "b serves all", func() bool { return b.serves(f.guilds) == 12 })
	eventually(t, "the message is heard", func() bool { return b.hears(said.ID) })
	for _, u := range []*emulator.User{eve, bob} {
		if c, ok := b.VoiceChannelOf(f.guilds[theirs].ID, u.ID); !ok || c != f.voices[theirs].ID {
			t.Errorf("b believes %v is in %v, %v", u.ID, c, ok)
		}
	}
	if info, ok := b.ChannelInfo(f.voices[theirs].ID); !ok || info.Name != fmt.Sprintf("Stage %d", theirs) {
		t.Errorf("b knows of the channel %+v, %v", info, ok)
	}
	eventually(t, "two shards are taken over", func() bool { return b.how(gateway.TakenOver) == 2 })
	after := f.Fences()
	if after.Identifies != before.Identifies || after.Resumes-before.Resumes != b.how(gateway.TakenOver) || b.how(gateway.TakenOver) == 0 {
		t.Errorf("before %+v, after %+v, %d taken over", before, after, b.how(gateway.TakenOver))
	}
	now, _ := b.Token(f.guilds[theirs].ID)
	if now <= token {
		t.Errorf("shard %d has token %d, and had %d", shard, now, token)
	}
	if b.UserID() != f.bot.ID || b.ApplicationID() == 0 {
		t.Errorf("b is %v of %v", b.UserID(), b.ApplicationID())
	}
}

func TestADrainedGatewayLosesNoEvent(t *testing.T) {
	f := newFleetOf(t, 4, 12)
	a, b := f.start(t, "a"), f.start(t, "b")
	f.shared(t, a, b)
	before := f.Fences()
	said, stop := f.chatter(t)
	if err := a.Drain(soon(t)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "b serves all", func() bool { return b.serves(f.guilds) == 12 })
	stop()
	f.heardAll(t, said(), a, b)
	if after := f.Fences(); after.Identifies != before.Identifies {
		t.Errorf("%d new sessions", after.Identifies-before.Identifies)
	}
	eventually(t, "two shards are handed over", func() bool {
		return a.handedOver() >= 2 && b.how(gateway.HandedOver)+a.how(gateway.HandedOver) == a.handedOver()+b.handedOver()
	})
	a.stop()
	if err := <-a.done; err != nil {
		t.Error(err)
	}
}

func TestReshardingLosesNoEvent(t *testing.T) {
	f := newFleetOf(t, 4, 16)
	a, b := f.start(t, "a"), f.start(t, "b")
	f.shared(t, a, b)
	f.singIn(t, 0, a, b)
	before := a.serves(f.guilds)
	said, stop := f.chatter(t)
	f.reshard(t, 8, a, b)
	stop()
	f.heardAll(t, said(), a, b)
	if now := a.serves(f.guilds); now != before {
		t.Errorf("a serves %d guilds, and served %d", now, before)
	}
	lost := false
	for _, p := range []*process{a, b} {
		p.mu.Lock()
		for _, v := range p.states {
			lost = lost || v.Lost && v.Guild == f.guilds[0].ID
			if v.Channel == 0 && !v.Lost {
				t.Errorf("told of %+v: the bot was put out", v)
			}
		}
		p.mu.Unlock()
	}
	if !lost {
		t.Error("nobody brings the bot's voice to the new session")
	}
	if in := f.bot.VoiceChannel(f.guilds[0]); in != f.voices[0].ID {
		t.Errorf("the bot is in %v, and is to be in %v", in, f.voices[0].ID)
	}
}

// reshard changes the number of shards and waits until nothing is left of the former.
func (f *fleetOf) reshard(t *testing.T, shards int, a, b *process) {
	t.Helper()
	if err := gateway.Reshard(soon(t), a.cluster, shards); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new shards", func() bool {
		_, of := a.ShardOf(f.guilds[0].ID)
		_, and := b.ShardOf(f.guilds[0].ID)
		return of == shards && and == shards && a.serves(f.guilds)+b.serves(f.guilds) == len(f.guilds)
	})
	eventually(t, "one set", func() bool {
		held, err := a.cluster.Leases.List(t.Context(), "shard/")
		return err == nil && len(held) == shards
	})
}

// What is left of shards that ended says nothing to those of a later set of as many.
func TestReshardingThereAndBack(t *testing.T) {
	f := newFleetOf(t, 2, 8)
	a, b := f.start(t, "a"), f.start(t, "b")
	eventually(t, "shared", func() bool { return a.serves(f.guilds)+b.serves(f.guilds) == len(f.guilds) })
	f.reshard(t, 3, a, b)
	eve := f.guilds[0].AddUser("eve")
	if _, err := eve.JoinVoice(f.voices[0]); err != nil {
		t.Fatal(err)
	}
	before := f.Fences()
	gone := f.kickedOut(t)
	f.reshard(t, 2, a, b)
	if after := f.Fences(); after.Identifies-before.Identifies != 2 {
		t.Errorf("%d sessions began for 2 shards", after.Identifies-before.Identifies)
	}
	eventually(t, "eve is seen", func() bool {
		for _, p := range []*process{a, b} {
			if token, _ := p.Token(f.guilds[0].ID); token != 0 {
				in, _ := p.VoiceChannelOf(f.guilds[0].ID, eve.ID)
				return in == f.voices[0].ID
			}
		}
		return false
	})
	left := gone()
	for _, p := range []*process{a, b} {
		eventually(t, "the guilds are forgotten", func() bool {
			return !slices.ContainsFunc(p.Guilds(), func(g snowflake.ID) bool {
				token, _ := p.Token(g)
				return token != 0 && slices.Contains(left, g) // those of others are forgotten later
			})
		})
		p.mu.Lock()
		for _, o := range p.owned {
			if o.Shards == 2 && o.How == gateway.TakenOver {
				t.Errorf("shard %d of 2 was taken over from the first set", o.Shard)
			}
		}
		p.mu.Unlock()
	}
	for shard := range 3 {
		eventually(t, "nothing of the second set is kept", func() bool {
			table, err := a.cluster.Cache.Table(t.Context(), fmt.Sprintf("guilds/3/%d", shard))
			return err == nil && len(table) == 0
		})
	}
}

// kickedOut has the bot thrown out of guilds, one after the other; gone waits for that and
// returns which.
func (f *fleetOf) kickedOut(t *testing.T) (gone func() []snowflake.ID) {
	t.Helper()
	guilds := make([]*emulator.Guild, 40)
	ids := make([]snowflake.ID, len(guilds))
	for i := range guilds {
		guilds[i] = f.AddGuild(fmt.Sprint("Unkind ", i), f.bot)
		ids[i] = guilds[i].ID
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for _, g := range guilds {
			<-tick.C
			g.Kick(f.bot)
		}
	})
	return func() []snowflake.ID {
		wg.Wait()
		return ids
	}
}

// singIn has whoever serves a guild join voice there, and come back when that is lost.
func (f *fleetOf) singIn(t *testing.T, guild int, ps ...*process) {
	t.Helper()
	for _, p := range ps {
		if token, _ := p.Token(f.guilds[guild].ID); token == 0 {
			continue
		}
		if err := p.SendVoiceState(soon(t), f.guilds[guild].ID, f.voices[guild].ID, false, true); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "in voice", func() bool { return f.bot.VoiceChannel(f.guilds[guild]) == f.voices[guild].ID })
}

// TestAStoppedGatewayDoesNotResumeOverItsSuccessor stops one for longer than its leases
// live, and has it wake to a closed socket.
func TestAStoppedGatewayDoesNotResumeOverItsSuccessor(t *testing.T) {
	f := newFleetOf(t, 4, 12)
	a, b := f.start(t, "a"), f.start(t, "b")
	f.shared(t, a, b)
	a.link.stop()
	eventually(t, "b serves all", func() bool { return b.serves(f.guilds) == 12 })
	eventually(t, "two shards are taken over", func() bool { return b.how(gateway.TakenOver) == 2 })
	before := f.Fences()
	a.link.resume()
	eventually(t, "a has noticed", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.lost == 2
	})
	for _, g := range f.guilds {
		err := a.SendVoiceState(contextSoon(t), g.ID, f.voices[0].ID, false, true)
		if token, _ := a.Token(g.ID); token == 0 && err == nil {
			t.Errorf("a sends it is in voice in a guild of b's")
		}
	}
	after := f.Fences()
	if moved := a.how(gateway.HandedOver); after.Resumes-before.Resumes > moved || after.Identifies != before.Identifies {
		t.Errorf("before %+v, after %+v, with %d shards given back", before, after, moved)
	}
}

// TestDiscordWantsMoreShards finds a cluster with too few shards for the bot by now.
func TestDiscordWantsMoreShards(t *testing.T) {
	f := newFleetOf(t, 4, 4)
	if err := f.open(t).Cache.Set(t.Context(), "layout", []byte(`{"shards":2}`), 0); err != nil {
		t.Fatal(err)
	}
	a, b := f.start(t, "a"), f.start(t, "b")
	eventually(t, "four shards", func() bool {
		_, shards := a.ShardOf(f.guilds[0].ID)
		return shards == 4 && a.serves(f.guilds)+b.serves(f.guilds) == 4
	})
}
