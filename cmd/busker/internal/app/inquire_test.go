package app_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"busker/cmd/busker/internal/app"
	"busker/emulator"
	"busker/emulator/discord"
	botgateway "busker/gateway"
	"busker/internal/snowflake"
	"busker/internal/telemetry"
)

// question is what a watched child is asked, a line each.
type question struct {
	Collect bool                            // the garbage first
	Profile string                          // a file for a profile of its memory
	Guilds  map[snowflake.ID][]snowflake.ID // what is known of these, by their voice channels
}

// finding is what it answers.
type finding struct {
	Metrics string                  // where it tells them
	Known   []snowflake.ID          // the guilds it believes the bot is in, all of them
	Guilds  map[snowflake.ID]string // what it knows
	Memory  memory
}

// memory is how much of it a process has by its own account, in bytes.
type memory struct{ Heap, Idle, Stacks uint64 }

// longestLine bounds a question and an answer.
const longestLine = 64 << 20

// listen is where a child tells its metrics.
func (o orders) listen() string {
	if o.Watched {
		return "127.0.0.1:0"
	}
	return ""
}

// answerQuestions is what a child does beside being the app.
func answerQuestions(ctx context.Context, a *app.App, tel *telemetry.Telemetry) {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, longestLine)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var q question
		if json.Unmarshal(lines.Bytes(), &q) != nil {
			continue
		}
		addr, err := tel.Addr(ctx)
		if err != nil {
			return
		}
		if q.Collect {
			runtime.GC()
		}
		if q.Profile != "" {
			profile(q.Profile)
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		one := finding{
			Metrics: addr.String(), Guilds: map[snowflake.ID]string{},
			Memory: memory{Heap: m.HeapAlloc, Idle: m.HeapIdle - m.HeapReleased, Stacks: m.StackInuse},
		}
		if q.Guilds != nil {
			one.Known = a.Gateway().Guilds()
		}
		for guild, channels := range q.Guilds {
			one.Guilds[guild] = known(a.Gateway(), guild, channels)
		}
		if out.Encode(one) != nil {
			return
		}
	}
}

// profile writes what lies on the heap.
func profile(file string) {
	f, err := os.Create(file) //nolint:gosec // the test names it
	if err == nil {
		err = errors.Join(pprof.Lookup("heap").WriteTo(f, 0), f.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// ask asks a watched child.
func (c *child) ask(b *band, q question) finding {
	b.Helper()
	line, err := json.Marshal(q)
	if err == nil {
		_, err = c.asking.Write(append(line, '\n'))
	}
	if err != nil {
		b.Fatal(err)
	}
	select {
	case a := <-c.findings:
		return a
	case <-time.After(patience):
		b.Fatal("a process does not answer")
	}
	return finding{}
}

// known is what a process knows of a guild, and of those of its voice channels.
func known(g *botgateway.Gateway, guild snowflake.ID, channels []snowflake.ID) string {
	var w strings.Builder
	fmt.Fprint(&w, g.Locale(guild))
	for _, id := range channels {
		c, ok := g.ChannelInfo(id)
		if !ok || c.Guild != guild {
			continue
		}
		fmt.Fprintln(&w, "", id, c.Name, c.Bitrate, c.UserLimit, c.Members, c.MayUnmute, g.VoiceAccess(id).Missing)
	}
	return w.String()
}

// true is what there is to know of a guild: see known.
func (b *band) truth(guild snowflake.ID) string {
	full, err := b.local.World().FullGuild(b.bot.ID, guild)
	if err != nil {
		return "" // the bot is not in it
	}
	var w strings.Builder
	fmt.Fprint(&w, full.PreferredLocale)
	in := map[snowflake.ID][]snowflake.ID{}
	for _, s := range full.VoiceStates {
		in[s.ChannelID] = append(in[s.ChannelID], s.UserID)
	}
	slices.SortFunc(full.Channels, func(a, b discord.Channel) int { return cmp.Compare(a.ID, b.ID) })
	for _, c := range full.Channels {
		if !c.Type.Voice() {
			continue
		}
		may := b.local.World().Permissions(b.bot.ID, c.ID)
		slices.Sort(in[c.ID])
		fmt.Fprintln(&w, "", c.ID, c.Name, *c.Bitrate, *c.UserLimit, in[c.ID], may.Has(discord.MuteMembers), missing(may))
	}
	return w.String()
}

func missing(may discord.Permissions) (names []string) {
	for _, p := range []struct {
		bit  discord.Permissions
		name string
	}{{discord.ViewChannel, "View Channel"}, {discord.Connect, "Connect"}, {discord.Speak, "Speak"}} {
		if !may.Has(p.bit) {
			names = append(names, p.name)
		}
	}
	return names
}

// inTruth waits until each guild is known by its owner as it is, and no process believes
// in guilds the bot is not in, or that are another's.
func (b *band) inTruth(guilds []*emulator.Guild, channels map[snowflake.ID][]snowflake.ID) {
	b.Helper()
	var wrong []string
	late := time.After(patience)
	for {
		if wrong = b.errors(guilds, channels); len(wrong) == 0 {
			return
		}
		select {
		case <-time.After(500 * time.Millisecond):
			continue
		case <-late:
		}
		for _, w := range wrong[:min(10, len(wrong))] {
			b.Error(w)
		}
		b.Fatalf("%d guilds are not known as they are", len(wrong))
	}
}

// errors tells what the processes wrongly believe.
func (b *band) errors(guilds []*emulator.Guild, channels map[snowflake.ID][]snowflake.ID) (wrong []string) {
	b.Helper()
	questions := map[string]question{}
	for name := range b.members {
		questions[name] = question{Guilds: map[snowflake.ID][]snowflake.ID{}}
	}
	truth := map[snowflake.ID]string{}
	for _, g := range guilds {
		if truth[g.ID] = b.truth(g.ID); truth[g.ID] == "" {
			continue
		}
		owner := b.owner(g.ID)
		if _, ok := questions[owner]; !ok {
			wrong = append(wrong, fmt.Sprintf("%s is served by %q", g.Name, owner))
			continue
		}
		questions[owner].Guilds[g.ID] = channels[g.ID]
	}
	for name, q := range questions {
		a := b.members[name].ask(b, q)
		for guild, knows := range a.Guilds {
			if knows != truth[guild] {
				wrong = append(wrong, fmt.Sprintf("%s knows of %v:\n%s\nand true is:\n%s", name, guild, knows, truth[guild]))
			}
		}
		for _, guild := range a.Known {
			if _, asked := q.Guilds[guild]; !asked {
				wrong = append(wrong, fmt.Sprintf("%s believes in %v, which is %q's", name, guild, b.owner(guild)))
			}
		}
		if len(a.Known) < len(q.Guilds) {
			wrong = append(wrong, fmt.Sprintf("%s knows %d of its %d guilds", name, len(a.Known), len(q.Guilds)))
		}
	}
	return wrong
}
