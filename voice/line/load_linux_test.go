package line_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"busker/audio"
	"busker/voice/line"
	"busker/voice/pace"
	"busker/voice/udp"
)

// BenchmarkLoad has so many lines play for some seconds, each filled by a goroutine of
// its own, beside encoders of low priority that leave no core idle. It reports what a
// packet costs the process in CPU time, without encoders, and how late the slots'
// last packets are.
//
// On a shared machine: setsid bash -c 'echo -20 >/proc/self/autogroup; …'.
func BenchmarkLoad(b *testing.B) {
	for _, lines := range []int{500, 2000, 4500} {
		for _, encoders := range []int{0, runtime.NumCPU()} {
			b.Run(fmt.Sprintf("lines=%d/encoders=%d", lines, encoders), func(b *testing.B) {
				load(b, lines, encoders)
			})
		}
	}
}

const (
	loadWarmUp = time.Second
	loadTime   = 4 * time.Second
)

func load(b *testing.B, lines, encoders int) {
	cores := runtime.NumCPU()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores + min(cores, 4) + 1))
	w := &slots{}
	var sockets *udp.Sockets
	pacer := pace.New(pace.Options{Flush: func(thread int) {
		sockets.Flush(thread)
		w.ended(thread)
	}})
	sockets = newSockets(b, udp.Options{Threads: pacer.Threads()})
	_, remotes := crowd(b, lines)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = pacer.Run(ctx) })
	members := make([]*line.Line, lines)
	for i := range members {
		path, err := sockets.Open(ctx, remotes[i], deaf{})
		if err != nil {
			b.Fatal(err)
		}
		members[i] = line.New(line.Options{})
		members[i].SetLink(line.NewLink(line.LinkOptions{
			Socket: path, Sealer: newSealer(b), Frames: newInner(b), Ungated: true,
		}))
		running.Go(func() { pump(ctx, members[i]) })
		pacer.Add(watched{members[i], w})
	}
	for range encoders {
		running.Go(func() { encode(ctx) })
	}
	<-time.After(loadWarmUp)
	w.begin()
	sent, used, began := sentBy(members), processTime(b), time.Now()
	<-time.After(loadTime)
	late := w.end()
	sent, used = sentBy(members)-sent, processTime(b)-used
	took := time.Since(began)
	cancel()
	running.Wait()
	slices.Sort(late)
	for name, q := range map[string]float64{"p50-µs": .5, "p99-µs": .99, "p99.9-µs": .999} {
		b.ReportMetric(float64(late[int(q*float64(len(late)-1))].Microseconds()), name)
	}
	b.ReportMetric(0, "ns/op")
	if encoders == 0 {
		b.ReportMetric(float64(used.Nanoseconds())/float64(sent), "cpu-ns/packet")
	}
	b.ReportMetric(float64(sent)/took.Seconds()/float64(lines)*2, "%sent")
}

// pump fills a line, as players do.
func pump(ctx context.Context, l *line.Line) {
	payload := make([]byte, 240)
	for {
		room, err := l.Await(ctx, nil)
		if err != nil {
			return
		}
		for range room {
			p := audio.NewPacket()
			p.Set(payload)
			_ = l.Send(p)
		}
	}
}

// encode keeps a core busy at low priority, in stretches no scheduler can interrupt.
func encode(ctx context.Context) {
	runtime.LockOSThread()
	_, _, _ = unix.RawSyscall(unix.SYS_SETPRIORITY, unix.PRIO_PROCESS, 0, 10)
	n := uint64(1)
	for ctx.Err() == nil {
		for range 200_000 { // about 90 µs
			n = n*6364136223846793005 + 1442695040888963407
		}
	}
	runtime.KeepAlive(n)
}

// inner is a FrameSealer that costs what DAVE does.
type inner struct {
	aead  cipher.AEAD
	nonce [12]byte
}

func newInner(b *testing.B) *inner {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		b.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		b.Fatal(err)
	}
	return &inner{aead: aead}
}

func (s *inner) SealFrame(dst, opus []byte) ([]byte, error) {
	s.nonce[0]++
	return s.aead.Seal(dst, s.nonce[:], opus, nil), nil
}

// watched is a Line that tells its thread's slots how many packets they have.
type watched struct {
	*line.Line
	slots *slots
}

func (w watched) Tick(turn pace.Turn) {
	t := &w.slots.threads[turn.Thread]
	if t.packets == 0 {
		t.began, t.late = time.Now(), turn.Late
	}
	t.packets++
	w.Line.Tick(turn)
}

// slots notes how late the last packet of every slot was, once per packet.
type slots struct {
	on      atomic.Bool
	threads [8]struct {
		began   time.Time
		late    time.Duration
		packets int
		mu      sync.Mutex
		all     []time.Duration
		_       [64]byte
	}
}

func (s *slots) ended(thread int) {
	t := &s.threads[thread]
	late := t.late + time.Since(t.began)
	if s.on.Load() {
		t.mu.Lock()
		for range t.packets {
			t.all = append(t.all, late)
		}
		t.mu.Unlock()
	}
	t.packets = 0
}

func (s *slots) begin() {
	for i := range s.threads {
		s.threads[i].all = make([]time.Duration, 0, 2<<20)
	}
	s.on.Store(true)
}

func (s *slots) end() (all []time.Duration) {
	s.on.Store(false)
	for i := range s.threads {
		t := &s.threads[i]
		t.mu.Lock()
		all = append(all, t.all...)
		t.mu.Unlock()
	}
	return all
}

func sentBy(members []*line.Line) (n uint64) {
	for _, m := range members {
		n += m.Sent()
	}
	return n
}

func processTime(b *testing.B) time.Duration {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
