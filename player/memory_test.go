package player_test

import (
	"context"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"busker/audio"
	"busker/opus"
	"busker/player"
	"busker/track"
)

// round is a disc that plays for ever, or for so many packets.
type round struct {
	*disc
	next, left int // left < 0 = for ever
}

func (r *round) ReadPacket(p *audio.Packet) error {
	if r.left == 0 {
		return io.EOF
	}
	r.left--
	p.Set(r.packets[r.next])
	r.next = (r.next + 1) % len(r.packets)
	return nil
}

func (r *round) ReadBlock(*audio.Block) error { panic("read by packets") }
func (r *round) Close() error                 { return nil }
func (r *round) Skip() int                    { return 0 }

// resident returns how much memory the process has, C's included.
func resident(t testing.TB) int64 {
	t.Helper()
	for range 3 {
		debug.FreeOSMemory()
	}
	line, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no way to tell on this system")
	}
	pages, err := strconv.ParseInt(strings.Fields(string(line))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// held returns how much of it Go holds for objects and stacks.
func held() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// TestMemoryPerPlayer has many players idle, pass packets on, and decode and encode. The
// ring of a real Output is 14 KiB more.
func TestMemoryPerPlayer(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector needs memory too")
	}
	const players, kib = 200, 1024
	d := press(t, chirpAt, 2*audio.SampleRate)
	for _, tt := range []struct {
		name    string
		packets int
		volume  int
		most    int64
	}{
		{"transcoding", -1, 70, 300 * kib},
		{"passthrough", -1, 100, 150 * kib},
		{"idle", 50, 70, 64 * kib}, // C's allocator keeps what the first ones had
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, func(o *player.Options, _ *rig) {
				o.Opener = openerFunc(func(context.Context, track.Track, time.Duration, player.How) (audio.Reader, error) {
					return &round{disc: d, left: tt.packets}, nil
				})
				o.Connect = func(player.GuildID) player.Output {
					return &paced{start: time.Now()}
				}
				o.Encoder, o.Decoder = nil, nil
			}, func(r *rig) {
				before, beforeGo := resident(t), held()
				list := []track.Track{{URI: "round", Title: "round", Length: time.Hour}}
				for g := range player.GuildID(players) {
					for _, c := range []player.Command{
						player.Join{Channel: lobby}, player.Volume{Percent: tt.volume}, player.Play{Tracks: list, Channel: lobby},
					} {
						if _, err := r.m.Do(r.Context(), g+1, c); err != nil {
							t.Fatal(err)
						}
					}
				}
				r.pass(2 * time.Second)
				each, eachGo := (resident(t)-before)/players, (held()-beforeGo)/players
				t.Logf("%d KiB each, %d of them Go's", each/kib, eachGo/kib)
				if tt.name == "transcoding" && opus.DefaultBackend() != "libopus" {
					return // it needs three times as much
				}
				if max(each, eachGo) > tt.most {
					t.Errorf("more than %d KiB each", tt.most/kib)
				}
			})
		})
	}
}
