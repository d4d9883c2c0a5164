package gateway_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"busker/emulator"
	"busker/gateway"
	"busker/internal/bubble"
	"busker/internal/snowflake"
)

// TestAShardThatBeginsTellsWhatItsForerunnerMayHaveMissed tells of the last moments of a set
// that may have ended without a word.
func TestAShardThatBeginsTellsWhatItsForerunnerMayHaveMissed(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		var told []snowflake.ID
		message, begin := gateway.Waiting(func(m gateway.Message) { told = append(told, m.ID) })
		say := func(id int) { message(fmt.Sprintf(`{"id":"%d","channel_id":"5","guild_id":"7"}`, id)) }
		say(1)
		pass(4 * time.Second)
		say(2)
		say(3)
		pass(2 * time.Second)
		say(4)
		say(3) // by the other set's shard, in this process
		if len(told) > 0 {
			t.Errorf("told of %v while it waits", told)
		}
		begin()
		say(4)
		say(5)
		if want := []snowflake.ID{2, 3, 4, 5}; !slices.Equal(told, want) {
			t.Errorf("told of %v, want %v", told, want)
		}
	})
}

// TestAShardThatWaitsKeepsNoMoreThanItMay has people talk without end.
func TestAShardThatWaitsKeepsNoMoreThanItMay(t *testing.T) {
	var told []snowflake.ID
	message, begin := gateway.Waiting(func(m gateway.Message) { told = append(told, m.ID) })
	for id := range 5000 {
		message(fmt.Sprintf(`{"id":"%d","channel_id":"5","guild_id":"7"}`, id+1))
	}
	begin()
	if len(told) != 2048 || told[len(told)-1] != 5000 {
		t.Errorf("%d are told of", len(told))
	}
}

// What the next owner of a new set's shard is left tells what happened while two sets were
// connected, and in the very moment one replaced the other.
func TestReshardingKeepsWhatHappensMeanwhile(t *testing.T) {
	f := newFleetOf(t, 2, 8)
	a, b := f.start(t, "a"), f.start(t, "b")
	eventually(t, "shared", func() bool { return a.serves(f.guilds)+b.serves(f.guilds) == len(f.guilds) })
	gone := f.kickedOut(t)
	busy, stop := f.wander(t)
	f.reshard(t, 4, a, b)
	left := gone()
	stop()
	if err := a.Drain(soon(t)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "b serves all", func() bool { return b.serves(f.guilds) == len(f.guilds) })
	for i, g := range f.guilds {
		eventually(t, "everybody is where they are", func() bool {
			in, _ := b.VoiceChannelOf(g.ID, busy[i].ID)
			truly, _ := f.World().VoiceState(g.ID, busy[i].ID)
			return in == truly.ChannelID
		})
	}
	eventually(t, "the guilds are forgotten", func() bool {
		return !slices.ContainsFunc(b.Guilds(), func(g snowflake.ID) bool { return slices.Contains(left, g) })
	})
	kept := f.open(t).Cache
	for shard := range 4 {
		eventually(t, "what is kept is what there is", func() bool {
			entries, err := kept.Table(t.Context(), fmt.Sprintf("guilds/4/%d", shard))
			is := func(g snowflake.ID) bool { return entries[g.String()] != nil }
			return err == nil && !slices.ContainsFunc(left, is) && !slices.ContainsFunc(f.guilds, func(g *emulator.Guild) bool {
				return int(uint64(g.ID>>22)%4) == shard && !is(g.ID)
			})
		})
	}
}

// wander has somebody in each guild come and go until it is stopped.
func (f *fleetOf) wander(t *testing.T) (people []*emulator.User, stop func()) {
	t.Helper()
	for _, g := range f.guilds {
		people = append(people, g.AddUser("wanderer"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(3 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ctx.Err() == nil; n++ {
			i := n % len(people)
			if n/len(people)%2 == 1 {
				people[i].LeaveVoice()
			} else if _, err := people[i].JoinVoice(f.voices[i]); err != nil {
				t.Error(err)
			}
			<-tick.C
		}
	})
	return people, func() {
		cancel()
		wg.Wait()
	}
}
