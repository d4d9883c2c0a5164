package emulator_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"busker/emulator"
	"busker/emulator/gateway"
)

var largeGuilds = flag.Int("large.guilds", 500, "guilds of TestALargeWorld")

// TestALargeWorld: thousands of guilds cost little memory, and sixteen shards are told of
// them in a moment.
//
//	go test ./emulator -run TestALargeWorld -v -large.guilds 5000
func TestALargeWorld(t *testing.T) {
	const shards = 16
	e := emulator.Start(t, emulator.Options{Gateway: gateway.Limits{MaxConcurrency: shards}})
	bot := e.AddBot("busker")
	before, began := heap(), time.Now()
	guilds := make([]*emulator.Guild, *largeGuilds)
	for i := range guilds {
		g := e.AddGuild("Guild "+strconv.Itoa(i), bot)
		g.AddTextChannel("songs")
		g.AddVoiceChannel("one")
		g.AddVoiceChannel("two")
		for n := range 5 {
			g.AddUser("user " + strconv.Itoa(n))
		}
		guilds[i] = g
	}
	t.Logf("%d guilds in %v, %d bytes each", len(guilds), time.Since(began).Round(time.Millisecond), (heap()-before)/len(guilds))
	began = time.Now()
	var wg sync.WaitGroup
	told := make([]int, shards)
	for shard := range shards {
		wg.Go(func() { told[shard] = login(t, e, bot, shard, shards) })
	}
	wg.Wait()
	all := 0
	for _, n := range told {
		all += n
	}
	t.Logf("%d shards were told in %v; %d bytes each, %s", shards, time.Since(began).Round(time.Millisecond), (heap()-before)/len(guilds), resident())
	if all != len(guilds) {
		t.Errorf("told of %d guilds, there are %d", all, len(guilds))
	}
	runtime.KeepAlive(guilds)
}

// login is a shard that is told of all its guilds, and how many those are.
func login(t *testing.T, e *emulator.Emulator, bot *emulator.Bot, shard, shards int) (guilds int) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, strings.Replace(e.URL(), "http", "ws", 1)+"/?v=10&encoding=json", nil)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer ws.CloseNow()
	ws.SetReadLimit(16 << 20)
	identify := fmt.Sprintf(`{"op":2,"d":{"token":%q,"properties":{},"shard":[%d,%d],"intents":129}}`, bot.Token, shard, shards)
	if err := ws.Write(ctx, websocket.MessageText, []byte(identify)); err != nil {
		t.Error(err)
		return 0
	}
	for missing := 1; missing > 0; {
		_, data, err := ws.Read(ctx)
		if err != nil {
			t.Error(err)
			return guilds
		}
		var event struct {
			T string
			D struct{ Guilds []struct{} }
		}
		if err := json.Unmarshal(data, &event); err != nil {
			t.Error(err)
			return guilds
		}
		switch event.T {
		case "READY":
			missing = len(event.D.Guilds)
		case "GUILD_CREATE":
			missing--
			guilds++
		}
	}
	return guilds
}

// heap returns the bytes in use.
func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// resident is how much memory the process has.
func resident() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "RSS unknown"
	}
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "VmRSS") {
			return strings.TrimSpace(line)
		}
	}
	return "RSS unknown"
}
