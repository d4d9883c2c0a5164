package voice_test

import (
	"os"
	"runtime"
	"sync"
	"testing"

	"busker/internal/fault"
	"busker/voice"
)

// TestJoinsAndLeavesLeaveNothing joins and leaves 200 times and looks for what stays.
func TestJoinsAndLeavesLeaveNothing(t *testing.T) {
	w := newWorld(t, func(o *voice.HubOptions) { o.OnEvent = nil })
	conn := w.hub.Conn(guild)
	round := func(i int) {
		t.Helper()
		if err := conn.Join(t.Context(), channel); err != nil {
			t.Fatalf("join %d: %v", i, err)
		}
		m := w.now()
		if i%40 == 0 {
			w.play(conn, 0, 1)
		}
		if err := conn.Leave(t.Context()); err != nil {
			t.Fatalf("leave %d: %v", i, err)
		}
		w.wait("the socket's end", func() bool { return len(m.codes) == 1 })
	}
	for i := range 20 {
		round(i)
	}
	before := measure(t)
	for i := range 200 {
		round(i)
	}
	after := measure(t)
	// The server remembers its 200 members and their tokens.
	if after.files > before.files+2 || after.goroutines > before.goroutines+4 || after.heap > before.heap+1<<20 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	t.Logf("before %+v, after %+v", before, after)
}

type footprint struct {
	goroutines, files int
	heap              uint64
}

func measure(t *testing.T) footprint {
	t.Helper()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Log("no /proc: open files are not counted")
	}
	return footprint{runtime.NumGoroutine(), len(files), m.HeapAlloc}
}

// TestEverybodyAtOnce joins, moves, leaves, drops and flushes from many sides; it is
// for the race detector, and for calls that hang.
func TestEverybodyAtOnce(t *testing.T) {
	w := newWorld(t, func(o *voice.HubOptions) { o.OnEvent = nil })
	conn := w.hub.Conn(guild)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 15 {
				to := channel
				if (i+n)%2 == 0 {
					to = other
				}
				if err := conn.Join(t.Context(), to); err != nil {
					if _, explained := fault.Message(err); !explained {
						t.Errorf("join: %v", err)
					}
				}
				switch n % 5 {
				case 1:
					conn.Flush()
				case 2:
					w.shard.allocate(w.endpoint())
				case 3:
					_ = conn.Status()
				case 4:
					_ = conn.Leave(t.Context())
				}
			}
		})
	}
	wg.Wait()
	if err := conn.Leave(t.Context()); err != nil {
		t.Error(err)
	}
	if st := conn.Status(); st.State != voice.Out {
		t.Errorf("status %+v", st)
	}
}

func TestHubEndsWithCallsInProgress(t *testing.T) {
	w := newWorld(t)
	w.join(channel)
	// The cleanup of the world ends the hub, and goleak looks for what stays.
}
