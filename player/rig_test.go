package player_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"busker/audio"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/opus"
	"busker/player"
	"busker/track"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	guild = player.GuildID(1)
	lobby = snowflake.ID(100)
	stage = snowflake.ID(200)
)

// sample is what the fake codec carries of a frame: which track it is of, its
// number in there counted from 1, and both scaled by the gain at start and end.
type sample struct {
	at              time.Duration // since the rig started
	track, frame    float32       // at the frame's end
	headTrack, head float32       // at its start
}

// codec writes a block's first and last pair of samples as a packet, and the last
// pair of the block it was given before: what an encoder remembers.
type codec struct {
	panicsOn    float32 // frame number at which Encode panics; 0 = never
	track, last float32
}

// codecBytes is the length of a codec's packet.
const codecBytes = 6 * 4

func (c *codec) Encode(dst []byte, b *audio.Block) (int, error) {
	n := len(b)
	if c.panicsOn != 0 && b[n-1] == c.panicsOn {
		panic("encoder on fire")
	}
	for i, v := range []float32{b[0], b[1], b[n-2], b[n-1], c.track, c.last} {
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
	}
	c.track, c.last = b[n-2], b[n-1]
	return codecBytes, nil
}

func (c *codec) Reset() error            { c.track, c.last = 0, 0; return nil }
func (c *codec) Close() error            { return nil }
func (c *codec) SetBitrate(int) error    { return nil }
func (c *codec) SetComplexity(int) error { return nil }
func (c *codec) Lookahead() int          { return 0 }

// output is a voice connection whose pacer takes one packet each 20 ms.
type output struct {
	start time.Time
	ring  chan *audio.Packet
	sent  atomic.Uint64
	held  atomic.Bool // interrupted: nothing goes out
	in    atomic.Uint64
	joins atomic.Int64

	join func(context.Context, snowflake.ID) error // nil = at once

	mu      sync.Mutex
	heard   []sample
	torn    []string // where the encoder did not go on from what was heard before
	packets [][]byte
	broken  error // what Send answers
}

func (o *output) Join(ctx context.Context, channel snowflake.ID) error {
	o.joins.Add(1)
	if o.join != nil {
		if err := o.join(ctx, channel); err != nil {
			return err
		}
	}
	o.in.Store(uint64(channel))
	return nil
}

func (o *output) Send(ctx context.Context, p *audio.Packet) error {
	o.mu.Lock()
	err := o.broken
	o.mu.Unlock()
	if err != nil {
		p.Release()
		return err
	}
	select {
	case o.ring <- p:
		return nil
	case <-ctx.Done():
		p.Release()
		return ctx.Err()
	}
}

func (o *output) Flush() (n int) {
	for {
		select {
		case p := <-o.ring:
			p.Release()
			n++
		default:
			return n
		}
	}
}

func (o *output) Sent() uint64 { return o.sent.Load() }

func (o *output) Leave(context.Context) error {
	o.in.Store(0)
	o.Flush()
	return nil
}

func (o *output) pace(ctx context.Context) {
	tick := time.NewTicker(audio.FrameTime)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if o.held.Load() {
			continue
		}
		select {
		case p := <-o.ring:
			o.hear(p)
		default:
		}
	}
}

func (o *output) hear(p *audio.Packet) {
	defer p.Release()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent.Add(1)
	o.packets = append(o.packets, slices.Clone(p.Bytes()))
	if len(p.Bytes()) != codecBytes { // a real codec's
		return
	}
	v := func(i int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(p.Bytes()[4*i:])) }
	var before sample
	if n := len(o.heard); n > 0 {
		before = o.heard[n-1]
	}
	if v(4) != before.track || v(5) != before.frame {
		o.torn = append(o.torn, fmt.Sprintf("packet %d: heard frame %v of %v, the encoder remembered frame %v of %v",
			len(o.heard), before.frame, before.track, v(5), v(4)))
	}
	o.heard = append(o.heard, sample{time.Since(o.start), v(2), v(3), v(0), v(1)})
}

// of returns what was heard of one track.
func (o *output) of(track int) (heard []sample) {
	for _, s := range o.all() {
		if s.track == float32(track) {
			heard = append(heard, s)
		}
	}
	return heard
}

func (o *output) all() []sample {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.heard)
}

// tape is a reader of numbered frames.
type tape struct {
	ctx    context.Context
	track  float32
	next   int
	frames int   // -1 = endless
	fails  error // instead of io.EOF
	stalls bool  // blocks at the end until closed
	panics bool  // at the end
	closed chan struct{}
}

func (r *tape) ReadBlock(b *audio.Block) error {
	if r.frames >= 0 && r.next >= r.frames {
		switch {
		case r.panics:
			panic("reader on fire")
		case r.stalls:
			<-r.closed
			return errors.New("closed")
		case r.fails != nil:
			return r.fails
		}
		return io.EOF
	}
	r.next++
	for i := 0; i < len(b); i += 2 {
		b[i], b[i+1] = r.track, float32(r.next)
	}
	return nil
}

func (r *tape) Close() error {
	select {
	case <-r.closed:
	default:
		close(r.closed)
	}
	return nil
}

// shelf opens tapes by the URI of a track.
type shelf struct {
	mu    sync.Mutex
	tapes map[string]func(ctx context.Context, at time.Duration) (audio.Reader, error)
	opens atomic.Int64
	live  atomic.Int64 // readers open
}

func (s *shelf) Open(ctx context.Context, t track.Track, at time.Duration) (audio.Reader, error) {
	s.opens.Add(1)
	s.mu.Lock()
	open := s.tapes[t.URI]
	s.mu.Unlock()
	if open == nil {
		return nil, fault.New(fault.NotFound, "There is no such tape.")
	}
	r, err := open(ctx, at)
	if err != nil {
		return nil, err
	}
	s.live.Add(1)
	return &counted{r, sync.OnceFunc(func() { s.live.Add(-1) })}, nil
}

// counted tells when a reader is closed.
type counted struct {
	audio.Reader
	gone func()
}

func (c *counted) Close() error { c.gone(); return c.Reader.Close() }

// put puts a tape on the shelf and returns its track.
func (s *shelf) put(id, frames int, change ...func(*tape)) track.Track {
	uri := string(rune('a' + id))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tapes[uri] = func(ctx context.Context, at time.Duration) (audio.Reader, error) {
		r := &tape{ctx: ctx, track: float32(id), next: int(audio.Frames(at)), frames: frames, closed: make(chan struct{})}
		for _, c := range change {
			c(r)
		}
		return r, nil
	}
	t := track.Track{Source: "shelf", URI: uri, Title: uri, Seekable: true}
	if frames > 0 {
		t.Length = audio.Duration(int64(frames))
	}
	return t
}

// rig is a Manager with one guild's output and shelf, in synthetic time.
type rig struct {
	*testing.T
	m      *player.Manager
	out    *output
	shelf  *shelf
	events <-chan player.Envelope
	stop   func() // ends Run and waits
}

// run gives body a running rig. Nothing of it may be left afterwards.
func run(t *testing.T, change func(*player.Options, *rig), body func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{
			T:     t,
			out:   &output{start: time.Now(), ring: make(chan *audio.Packet, 10)},
			shelf: &shelf{tapes: map[string]func(context.Context, time.Duration) (audio.Reader, error){}},
		}
		opts := player.Options{
			Opener:  r.shelf,
			Connect: func(player.GuildID) player.Output { return r.out },
			Encoder: func() (opus.Encoder, error) { return &codec{}, nil },
			Seed:    1,
		}
		if change != nil {
			change(&opts, r)
		}
		m, err := player.NewManager(opts)
		if err != nil {
			t.Fatal(err)
		}
		r.m = m
		var cancelEvents func()
		r.events, cancelEvents = m.Subscribe(10_000)
		defer cancelEvents()
		r.start(body)
	})
}

func (r *rig) start(body func(*rig)) {
	ctx, cancel := context.WithCancel(r.Context())
	paceCtx, stopPace := context.WithCancel(r.Context())
	var running, pacing sync.WaitGroup
	running.Go(func() {
		if err := r.m.Run(ctx); err != nil {
			r.Errorf("run: %v", err)
		}
	})
	pacing.Go(func() { r.out.pace(paceCtx) })
	r.stop = func() { cancel(); running.Wait() }
	defer func() {
		r.stop()
		stopPace()
		pacing.Wait()
		if n := r.shelf.live.Load(); n != 0 {
			r.Errorf("%d readers were never closed", n)
		}
		for _, s := range r.out.torn {
			r.Error(s)
		}
		if r.out.in.Load() != 0 {
			r.Error("the output was never left")
		}
	}()
	body(r)
}

// do carries out a command that must succeed.
func (r *rig) do(c player.Command) player.Status {
	r.Helper()
	s, err := r.m.Do(r.Context(), guild, c)
	if err != nil {
		r.Fatalf("%#v: %v", c, err)
	}
	return s
}

// refuse carries out a command that must fail.
func (r *rig) refuse(c player.Command, kind fault.Kind) {
	r.Helper()
	if _, err := r.m.Do(r.Context(), guild, c); fault.KindOf(err) != kind {
		r.Errorf("%#v: %v, want %v", c, err, kind)
	} else if _, ok := fault.Message(err); !ok {
		r.Errorf("%#v: nothing to tell people: %v", c, err)
	}
}

func (r *rig) play(tracks ...track.Track) player.Status {
	r.Helper()
	return r.do(player.Play{Tracks: tracks, Requester: 7, Channel: lobby})
}

func (r *rig) status() player.Status {
	s, _ := r.m.Status(guild)
	return s
}

// pass lets time pass and everything settle.
func (r *rig) pass(d time.Duration) {
	time.Sleep(d) // synthetic
	synctest.Wait()
}

// happened returns the events so far, by kind and track.
func (r *rig) happened() (names []string) {
	synctest.Wait()
	for {
		select {
		case e, open := <-r.events:
			if !open {
				return names
			}
			names = append(names, describe(e.Event))
		default:
			return names
		}
	}
}

func describe(e player.Event) string {
	switch e := e.(type) {
	case player.TrackStarted:
		return "started " + e.Item.Track.Title
	case player.TrackEnded:
		return e.Reason.String() + " " + e.Item.Track.Title
	case player.TrackFailed:
		return "failed " + e.Item.Track.Title + " " + fault.KindOf(e.Err).String()
	case player.TrackStuck:
		return "stuck " + e.Item.Track.Title
	case player.GaveUp:
		return "gave up"
	case player.QueueEnded:
		return "queue ended"
	case player.Left:
		return "left " + e.Reason.String()
	case player.Joined:
		return "joined"
	case player.Moved:
		return "moved"
	case player.Idle:
		return "idle"
	case player.Paused:
		return "paused"
	case player.Resumed:
		return "resumed"
	case player.Seeked:
		return "seeked"
	case player.QueueChanged:
		return "queue"
	}
	return "other"
}

// expect compares the events so far, "queue" left out.
func (r *rig) expect(want ...string) {
	r.Helper()
	got := slices.DeleteFunc(r.happened(), func(s string) bool { return s == "queue" })
	if !slices.Equal(got, want) {
		r.Errorf("events\n  %q, want\n  %q", got, want)
	}
}

// whole checks that frames first..last of a track were heard, each once and in order.
func (r *rig) whole(track, first, last int) {
	r.Helper()
	heard := r.out.of(track)
	for i, s := range heard {
		if s.frame != float32(first+i) {
			r.Fatalf("track %d: after %d frames came frame %v, want %d", track, i, s.frame, first+i)
		}
	}
	if len(heard) != last-first+1 {
		r.Errorf("track %d: %d frames heard, want %d to %d", track, len(heard), first, last)
	}
}

// seamless checks that no frame time passed without a packet from the first to
// the last frame of any track.
func (r *rig) seamless() {
	r.Helper()
	heard := r.out.all()
	for i := 1; i < len(heard); i++ {
		if heard[i].track == 0 { // the filler after the end
			continue
		}
		if d := heard[i].at - heard[i-1].at; d != audio.FrameTime || heard[i-1].track == 0 {
			r.Errorf("%v between packet %d (%v) and packet %d (%v)", d, i-1, heard[i-1], i, heard[i])
		}
	}
}
