package app_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"busker/cmd/busker/internal/app"
	"busker/emulator"
	"busker/emulator/gateway"
)

const (
	// leakShards spreads the joins: Discord grants a shard 110 op 4 a minute, and
	// fifty at once.
	leakShards = 8
	// leakRounds of a join and a leave in a guild of each shard make 200 of both.
	leakRounds = 25
)

// Two hundred joins and leaves through the whole product leave no goroutine and no
// memory behind.
func TestTwoHundredJoinsAndLeavesLeaveNothing(t *testing.T) {
	s := newStage(t, func(o *app.Options) { o.Shards = leakShards },
		emulator.Options{Gateway: gateway.Limits{MaxConcurrency: leakShards}})
	rooms := s.roomPerShard()
	round := func() {
		var all sync.WaitGroup
		for _, room := range rooms {
			all.Go(func() {
				room.command(t, "join", nil)
				if err := s.bot.WaitVoice(s.ctx, room.guild, room.voice); err != nil {
					t.Error(err)
				}
				room.command(t, "leave", nil)
				if err := s.bot.WaitVoice(s.ctx, room.guild, nil); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	round() // players and connections are made once
	goroutines, heap := residue()
	for range leakRounds {
		round()
	}
	left := 0
	for range 100 { // what the last leave closed may still be on its way out
		if left, _ = residue(); left <= goroutines {
			break
		}
		<-time.After(100 * time.Millisecond)
	}
	if left > goroutines {
		t.Errorf("%d goroutines before, %d after", goroutines, left)
	}
	_, grown := residue()
	t.Logf("goroutines %d, then %d; heap %.1f MB, then %.1f MB", goroutines, left, heap, grown)
	if grown > heap+8 {
		t.Errorf("the heap grew from %.1f to %.1f MB", heap, grown)
	}
}

// roomPerShard makes guilds until every shard serves one.
func (s *stage) roomPerShard() []*stage {
	rooms := map[uint64]*stage{}
	for len(rooms) < leakShards {
		room := s.newRoom("Room")
		shard := uint64(room.guild.ID) >> 22 % leakShards // as Discord assigns them
		if rooms[shard] == nil {
			rooms[shard] = room
		}
	}
	var all []*stage
	for _, room := range rooms {
		all = append(all, room)
	}
	return all
}

// residue counts goroutines and the live heap in megabytes.
func residue() (goroutines int, heap float64) {
	runtime.GC()
	runtime.GC() // the second empties the pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return runtime.NumGoroutine(), float64(m.HeapAlloc) / (1 << 20)
}
