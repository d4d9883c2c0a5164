package studio_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"busker/audio"
	"busker/internal/bubble"
	"busker/opus"
	"busker/opus/pool"
	"busker/studio"
	"busker/track"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	second    = int64(audio.FramesPerSecond) // in frames
	lookahead = 312
)

var song = track.Track{Source: "shelf", URI: "song", Title: "Song", Version: "1", Seekable: true, Length: 20 * time.Second}

var station = track.Track{Source: "shelf", URI: "station", Live: true}

// plain is how a guild without filters listens.
var plain = studio.How{Plain: true, Bitrate: 96000}

// rig is a running Studio in synthetic time.
type rig struct {
	*testing.T
	*studio.Studio
	shelf    *shelf
	pressing *pressing
	registry *prometheus.Registry
	stop     func() // ends Run and waits
}

// run gives body a running rig. Nothing of it may be left afterwards.
func run(t *testing.T, change func(*studio.Options), body func(*rig)) {
	t.Helper()
	bubble.Test(t, func(t *testing.T) {
		r := start(t, change)
		defer r.stop()
		body(r)
	})
}

func start(t testing.TB, change func(*studio.Options)) *rig {
	t.Helper()
	r := &rig{shelf: &shelf{length: 20 * second}, pressing: &pressing{}, registry: prometheus.NewRegistry()}
	r.T, _ = t.(*testing.T)
	o := studio.Options{Opener: r.shelf, Pool: testPool(t), Encoder: r.pressing.encoder, Metrics: studio.NewMetrics(r.registry)}
	if change != nil {
		change(&o)
	}
	var err error
	if r.Studio, err = studio.New(o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = o.Pool.Run(ctx) })
	running.Go(func() { _ = r.Studio.Run(ctx) })
	r.stop = func() {
		cancel()
		running.Wait()
	}
	return r
}

func testPool(t testing.TB) *pool.Pool { return testPoolAt(t, 5) }

func testPoolAt(t testing.TB, complexity int) *pool.Pool {
	t.Helper()
	p, err := pool.New(pool.Options{
		Cores: 4, Complexity: complexity, Fixed: true, Nice: -1,
		Costs: pool.Costs{Encode0: 1, Encode5: 1, Decode: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// open opens a plain play.
func (r *rig) open(t track.Track, at time.Duration) audio.PacketReader {
	r.Helper()
	return r.openAs(t, at, plain)
}

func (r *rig) openAs(t track.Track, at time.Duration, how studio.How) audio.PacketReader {
	r.Helper()
	reader, err := r.Open(r.Context(), t, at, how)
	if err != nil {
		r.Fatal(err)
	}
	p, ok := reader.(audio.PacketReader)
	if !ok {
		r.Fatalf("a %T is no PacketReader", reader)
	}
	return p
}

// value returns a metric of the rig.
func (r *rig) value(name string) float64 {
	r.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		r.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "busker_studio_"+name {
			m := f.GetMetric()[0]
			return m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	r.Fatalf("there is no metric %s", name)
	return 0
}

// take reads n packets as a player does: some at once, then half a ring at a time, in
// real time. It returns the numbers of the frames in them.
func (r *rig) take(p audio.PacketReader, n int) []int64 {
	r.Helper()
	frames, err := listen(p, n)
	if err != nil {
		r.Fatalf("after %d packets: %v", len(frames), err)
	}
	return frames
}

func listen(p audio.PacketReader, n int) (frames []int64, err error) {
	packet := audio.NewPacket()
	defer packet.Release()
	for i := range n {
		if i >= 20 && i%5 == 0 {
			pass(5 * audio.FrameTime)
		}
		if err := p.ReadPacket(packet); err != nil {
			return frames, err
		}
		frames = append(frames, frameOf(packet.Bytes()))
	}
	return frames, nil
}

// follows fails unless frames are n consecutive ones.
func (r *rig) follows(frames []int64, from int64, n int) {
	r.Helper()
	want := make([]int64, n)
	for i := range want {
		want[i] = from + int64(i)
	}
	if !slices.Equal(frames, want) {
		r.Fatalf("frames %v, want %d from %d on", frames, n, from)
	}
}

// shelf opens readers whose blocks say their numbers, and counts.
type shelf struct {
	length int64 // of every track, in frames
	fail   func(t track.Track) error
	read   func(ctx context.Context, t track.Track, frame int64) error // before every frame
	open   func(ctx context.Context, t track.Track, at time.Duration) audio.Reader

	mu     sync.Mutex
	opens  []time.Duration // the times asked for
	closes int
}

func (s *shelf) Open(ctx context.Context, t track.Track, at time.Duration) (audio.Reader, error) {
	s.mu.Lock()
	s.opens = append(s.opens, at)
	s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(t); err != nil {
			return nil, err
		}
	}
	if s.open != nil {
		return s.open(ctx, t, at), nil
	}
	return s.reader(ctx, t, at), nil
}

func (s *shelf) reader(ctx context.Context, t track.Track, at time.Duration) *reader {
	r := &reader{shelf: s, ended: ctx.Err, live: t.Live, frame: audio.Frames(at)}
	if s.read != nil {
		r.read = func() error { return s.read(ctx, t, r.frame) }
	}
	return r
}

func (s *shelf) opened() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.opens)
}

func (s *shelf) left() int { return s.opened() - s.closed() }

func (s *shelf) closed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closes
}

// reader gives blocks whose first sample is their number.
type reader struct {
	shelf *shelf
	ended func() error
	read  func() error // before every frame; may be nil
	live  bool
	frame int64
	tail  int

	wait, resume func()
}

func (r *reader) OnWait(wait, resume func()) { r.wait, r.resume = wait, resume }

func (r *reader) next() error {
	if err := r.ended(); err != nil {
		return err
	}
	if r.read != nil {
		r.wait()
		err := r.read()
		r.resume()
		if err != nil {
			return err
		}
	}
	if !r.live && r.frame >= r.shelf.length {
		return io.EOF
	}
	r.frame++
	return nil
}

func (r *reader) ReadBlock(b *audio.Block) error {
	if err := r.next(); err != nil {
		return err
	}
	b[0] = float32(r.frame - 1)
	return nil
}

func (r *reader) Tail() int { return r.tail }

func (r *reader) Close() error {
	r.shelf.mu.Lock()
	defer r.shelf.mu.Unlock()
	r.shelf.closes++
	return nil
}

// packetReader is a reader whose origin is Opus.
type packetReader struct{ *reader }

func (r packetReader) ReadPacket(p *audio.Packet) error {
	if err := r.next(); err != nil {
		return err
	}
	p.Set(packetOf(r.frame-1, 0, r.frame-1))
	return nil
}

func (r packetReader) Skip() int { return lookahead }

// pressing makes encoders that write the number of a block, and counts.
type pressing struct {
	fail    func(frame int64) error
	failing atomic.Int64 // the encoder that always fails; 0 = none

	mu       sync.Mutex
	bitrates []int
	closes   int
}

func (p *pressing) encoder(bitrate int) (opus.Encoder, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bitrates = append(p.bitrates, bitrate)
	return &encoder{pressing: p, id: len(p.bitrates)}, nil
}

func (p *pressing) made() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.bitrates)
}

type encoder struct {
	pressing *pressing
	id       int
	count    int64
}

func (e *encoder) Encode(dst []byte, pcm *audio.Block) (int, error) {
	if int64(e.id) == e.pressing.failing.Load() {
		return 0, errTorn
	}
	if e.pressing.fail != nil {
		if err := e.pressing.fail(int64(pcm[0])); err != nil {
			return 0, err
		}
	}
	e.count++
	return copy(dst, packetOf(int64(pcm[0]), e.id, e.count-1)), nil
}

func (e *encoder) SetBitrate(int) error    { return nil }
func (e *encoder) SetComplexity(int) error { return nil }
func (e *encoder) Lookahead() int          { return lookahead }
func (e *encoder) Reset() error            { return nil }

func (e *encoder) Close() error {
	e.pressing.mu.Lock()
	defer e.pressing.mu.Unlock()
	e.pressing.closes++
	return nil
}

// packetOf is a packet with numbers inside: CELT, 20 ms, stereo, one frame.
func packetOf(frame int64, encoder int, count int64) []byte {
	b := make([]byte, 240)
	b[0], b[1] = 0xFC, byte(encoder)
	binary.BigEndian.PutUint64(b[2:], uint64(frame))
	binary.BigEndian.PutUint64(b[10:], uint64(count))
	return b
}

func encoderOf(packet []byte) int { return int(packet[1]) }

// frameOf is the frame of the origin in a packet, if no filter changed that.
func frameOf(packet []byte) int64 { return int64(binary.BigEndian.Uint64(packet[2:])) }

// countOf is how many packets its encoder had made before it.
func countOf(packet []byte) int64 { return int64(binary.BigEndian.Uint64(packet[10:])) }

var errTorn = errors.New("the tape is torn")

// gate holds readers back until it is opened.
type gate struct{ open chan struct{} }

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) pass(ctx context.Context) error {
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("at the gate: %w", ctx.Err())
	}
}

// pass lets synthetic time pass.
func pass(d time.Duration) { <-time.After(d) }
