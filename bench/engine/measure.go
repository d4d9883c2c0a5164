package engine

import (
	"context"
	"errors"
	"runtime"
	"time"

	"busker/audio"
	"busker/internal/cores"
	"busker/opus/pool"
)

// Result is what a window of time showed.
type Result struct {
	Guilds int
	Wall   time.Duration

	Packets   uint64 // of audio, sent
	Missing   int64  // packets that were due and did not come
	Underruns uint64 // times a stream had nothing to send and went on within 0.1 s
	Skipped   uint64 // slots so late that frames were skipped

	LatenessP50, LatenessP99, LatenessP999 time.Duration // to the end of the system call

	CPU, System time.Duration // processor time of the process, and what of it was the system's: the network
	Computed    time.Duration // wall time that cores were lent to decoders, filters and encoders
	Others      float64       // share of the machine's processor time that others used; negative: not known
	Complexity  int           // at the end

	Heap      uint64 // bytes of Go objects and what is left of dead ones
	RSS       int64  // bytes of the process; 0: not known
	Mallocs   uint64 // objects allocated
	Collected uint32 // garbage collections
}

// Clean reports whether every packet went when it was due.
func (r Result) Clean() bool { return r.Missing == 0 && r.Underruns == 0 && r.Skipped == 0 }

// Busy is the share of the cores that the process used.
func (r Result) Busy() float64 {
	if r.Wall <= 0 {
		return 0
	}
	return r.CPU.Seconds() / r.Wall.Seconds() / float64(cores.Count())
}

// PerPacket is the processor time per packet.
func (r Result) PerPacket() time.Duration {
	return r.CPU / time.Duration(max(1, r.Packets))
}

// state is what counters say at one moment.
type state struct {
	at              time.Time
	sent, underruns uint64
	skipped         uint64
	late            []uint64
	cpu, system     time.Duration
	machine         machine
	pool            pool.Status
	memory          runtime.MemStats
}

func (e *Engine) state() (s state) {
	runtime.ReadMemStats(&s.memory)
	s.pool, s.machine, s.late = e.pool.Status(), readMachine(), e.watch.counts()
	s.cpu, s.system = processorTime()
	s.skipped = e.watch.skipped.Load()
	s.at = time.Now()
	for _, g := range e.guilds[:e.playing] {
		s.sent += g.line.Sent()
		s.underruns += g.line.Underruns()
	}
	return s
}

// Measure watches for so long. Between two of its moments a stream may have sent one
// packet more or less than it should.
func (e *Engine) Measure(ctx context.Context, window time.Duration) (Result, error) {
	before := e.state()
	if err := wait(ctx, window); err != nil {
		return Result{}, err
	}
	return e.compare(before, e.state()), ctx.Err()
}

func (e *Engine) compare(a, b state) Result {
	wall := b.at.Sub(a.at)
	r := Result{
		Guilds: e.playing, Wall: wall,
		Packets: b.sent - a.sent, Underruns: b.underruns - a.underruns, Skipped: b.skipped - a.skipped,
		LatenessP50: quantile(a.late, b.late, 0.5), LatenessP99: quantile(a.late, b.late, 0.99), LatenessP999: quantile(a.late, b.late, 0.999),
		CPU: b.cpu - a.cpu, System: b.system - a.system,
		Computed: b.pool.Busy - a.pool.Busy, Complexity: b.pool.Complexity,
		Heap: b.memory.HeapAlloc, RSS: residentBytes(), Mallocs: b.memory.Mallocs - a.memory.Mallocs,
		Collected: b.memory.NumGC - a.memory.NumGC,
	}
	due := int64(float64(e.playing) * wall.Seconds() / audio.FrameTime.Seconds())
	slack := int64(2 * e.playing)
	r.Missing = max(0, due-slack-int64(r.Packets))
	r.Others = b.machine.others(a.machine, r.CPU)
	return r
}

// patience is how long guilds may take to begin, all of them together.
const patience = time.Minute

// Settle waits until every guild sends, and then for so long. It fails when some do not, and
// when the engine has ended.
func (e *Engine) Settle(ctx context.Context, calm time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience+calm, errors.New("not all guilds began to send within a minute"))
	defer cancel()
	defer context.AfterFunc(e.ctx, cancel)() //nolint:contextcheck // the engine's, which may end first
	began := make([]uint64, e.playing)
	for i := range began {
		began[i] = e.guilds[i].line.Sent()
	}
	for i, was := range began {
		for e.guilds[i].line.Sent() == was {
			if err := wait(ctx, audio.FrameTime); err != nil {
				return err
			}
		}
	}
	return wait(ctx, calm)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
