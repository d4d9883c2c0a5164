package player

import (
	"context"
	"sync/atomic"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/internal/fault"
	"busker/opus"
	"busker/opus/pool"
)

const (
	// stuckNotice is how long listeners wait in silence before TrackStuck.
	stuckNotice = 10 * time.Second
	// lostNotice is how many frame times the Output may send nothing of what it
	// holds before the pump takes it back and offers it again: a ring that lost
	// packets without a word would otherwise never be seen to run out.
	lostNotice = audio.FramesPerSecond
	// headStart is how many frames are gathered before an empty ring is filled
	// again: a reader that is late at once after its first frame would otherwise
	// be heard to stumble.
	headStart = 5
	// fillerMargin is how many unsent frames are left when the pump stops hoping
	// for more and pushes the tail out of the encoder.
	fillerMargin = 2
)

// pump turns the blocks of segments into packets and waits for the Output to
// take them. It plays a current segment and, without a seam, the one that
// follows. Between two frames it does what its player tells it.
//
// run owns all of it except tell's fields, position and sent.
type pump struct {
	out        Output
	newEncoder func() (opus.Encoder, error)
	post       func(note any)
	caught     func(any) error // counts and logs a panic, and returns it as an error
	metrics    *Metrics
	patience   time.Duration // Options.StuckTimeout

	window  window
	current *segment
	follow  *segment
	paused  bool
	room    int // packets the Output takes without waiting

	pool *pool.Pool
	turn *pool.Turn
	job  int // frames made in the present turn; -1 = in none

	tap   tap
	chain *dsp.Chain // nil = never had a filter
	tails int        // frames the chain has rung out for; 0 = it does not

	encoder    opus.Encoder // nil = to be made
	complexity int          // that it was set to
	primed     bool         // the last frame encoded is the one before window.next
	gain       dsp.Gain
	volume     float32
	work       audio.Block
	scratch    [audio.MaxPacketBytes]byte

	timer       *time.Timer
	silentSince time.Time // when listeners began to wait for a segment; zero = they do not
	stuckTold   bool
	lastSent    int64 // as idle saw it last
	still       int   // how often idle saw it in a row

	stale  atomic.Bool    // encoder must be made anew
	cut    atomic.Bool    // the Output is restoring its connection
	offset atomic.Int64   // Output.Sent minus the number of frames sent
	times  []atomic.Int64 // track time at the end of frame n, at n modulo the length
	mode   atomic.Int32   // Mode of the newest frame made

	// For the player's goroutine.
	orders    chan order
	obeyed    chan struct{}
	ended     chan struct{} // closed when run has returned
	orderNo   uint64
	interrupt context.CancelFunc // ends the Send in progress
}

// order is one thing to do between two frames. The context is the turn that
// follows it: the right to send, until the next order is on its way.
type order struct {
	do   func()
	turn context.Context //nolint:containedctx // a message, which hands it on
	no   uint64
}

func newPump(o *Options, guild GuildID, out Output, post func(any), caught func(any) error) *pump {
	p := &pump{
		out: out, post: post, caught: caught,
		newEncoder: func() (opus.Encoder, error) { return o.Encoder(guild) },
		metrics:    o.Metrics, patience: o.StuckTimeout,
		// One more for the packet on its way from ring to socket, and one for priming.
		window: newWindow(audio.Frames(o.Lookahead) + 2),
		times:  make([]atomic.Int64, audio.Frames(o.Lookahead)+2+spare),
		pool:   o.Pool, turn: o.Pool.Turn(), job: -1,
		tap:    tap{lookahead: lookahead},
		volume: 1, gain: dsp.NewGain(1),
		orders: make(chan order), obeyed: make(chan struct{}), ended: make(chan struct{}),
		interrupt: func() {},
	}
	p.offset.Store(int64(out.Sent()))
	return p
}

// run works until ctx ends. An Output that panics ends it too.
func (p *pump) run(ctx context.Context) {
	defer close(p.ended)
	defer p.dropEncoder()
	defer p.tap.shut()
	defer p.turn.Leave()
	defer func() {
		if r := recover(); r != nil {
			_ = p.caught(r)
		}
	}()
	p.timer = time.NewTimer(audio.FrameTime)
	defer p.timer.Stop()
	turn := order{turn: ctx}
	for ctx.Err() == nil {
		p.report()
		switch {
		case turn.turn.Err() != nil || turn.no == 0:
			p.rest()
			turn = p.awaitOrder(ctx)
		case !p.paused && p.window.next < p.window.end && !p.gathering():
			turn = p.deliver(turn)
		default:
			turn = p.awaitSound(ctx, turn)
		}
	}
}

// gathering reports whether to wait for more blocks although there is one: the
// ring is empty, and the current segment has more to come.
func (p *pump) gathering() bool {
	return p.current != nil && !p.current.whole &&
		p.window.end-p.window.next < headStart && p.sent() >= p.window.next
}

// tell makes the pump do something before its next frame and returns when that
// is done, at once when the pump has ended. Only the player's goroutine calls it.
func (p *pump) tell(ctx context.Context, do func()) {
	p.interrupt()
	p.orderNo++
	next := order{do: do, no: p.orderNo}
	next.turn, p.interrupt = context.WithCancel(ctx)
	select {
	case p.orders <- next:
	case <-p.ended:
		return
	}
	select {
	case <-p.obeyed:
	case <-p.ended:
	}
}

func (p *pump) obey(o order) order {
	p.report()
	o.do()
	p.obeyed <- struct{}{}
	return o
}

func (p *pump) awaitOrder(ctx context.Context) order {
	select {
	case o := <-p.orders:
		return p.obey(o)
	case <-ctx.Done():
		return order{turn: ctx}
	}
}

// awaitSound takes the next frame of what is read, or waits for it, for an order, or
// for time to pass.
func (p *pump) awaitSound(ctx context.Context, turn order) order {
	var source chan sound
	s := p.source()
	if s != nil && !p.paused && !p.window.full() {
		source = s.sounds
	}
	select { // without giving the core back
	case x, ok := <-source:
		p.take(ctx, s, x, ok)
		return turn
	default:
	}
	p.rest()
	var tick <-chan time.Time
	if source != nil || p.sent() < p.window.next {
		p.timer.Reset(audio.FrameTime)
		tick = p.timer.C
	}
	select {
	case o := <-p.orders:
		return p.obey(o)
	case x, ok := <-source:
		p.take(ctx, s, x, ok)
	case <-tick:
		p.idle(s)
	case <-ctx.Done():
	}
	return turn
}

// source returns the segment whose blocks come next, nil when there is none.
func (p *pump) source() *segment {
	for _, s := range []*segment{p.current, p.follow} {
		if s != nil && !s.whole {
			return s
		}
	}
	return nil
}

// take makes frames of the next sound of s, or notes that s has no more.
func (p *pump) take(ctx context.Context, s *segment, x sound, ok bool) {
	p.patient()
	p.still = 0
	var err error
	if ok {
		err = p.mix(ctx, s, x)
	} else if err = p.ring(ctx, s); err == nil && !p.tail(ctx, s) {
		p.complete(s, nil)
	}
	if err != nil && ctx.Err() == nil {
		p.tap.shut()
		p.complete(s, err)
	}
}

// complete makes the frames taken so far all there is of s.
func (p *pump) complete(s *segment, failure error) {
	s.whole, s.end, s.failure = true, p.window.end, failure
}

// report tells the player which segments have started and ended, by what was sent.
func (p *pump) report() {
	sent := p.sent()
	for p.current != nil {
		s := p.current
		if !s.started && s.frames.Load() > 0 && sent > s.first.Load() {
			s.started = true
			p.post(segmentStarted{s})
		}
		if !s.whole || sent < s.end {
			return
		}
		p.post(segmentEnded{s, s.result()})
		p.current, p.follow = p.follow, nil
	}
}

// idle runs once per frame time while there is nothing to encode: the ring runs
// out, and s, unless nil, is late.
func (p *pump) idle(s *segment) {
	sent := p.sent()
	if p.cut.Load() { // the ring stands still, and listeners wait for the Output and not for s
		p.patient()
		p.still = 0
		return
	}
	if p.still++; sent != p.lastSent || sent >= p.window.next {
		p.lastSent, p.still = sent, 0
	} else if p.still >= lostNotice {
		p.still = 0
		p.resync()
	}
	switch {
	case p.paused:
	case p.window.next-sent > 0:
		p.fillUp(sent)
	case s != nil:
		p.listenersWait(s, time.Now())
	}
}

// fillUp follows the last frame there is with one of silence, just before the
// ring runs out: the encoder holds back the newest milliseconds of what it was given.
func (p *pump) fillUp(sent int64) {
	if p.window.next == p.window.end && p.window.next-sent <= fillerMargin &&
		!p.window.endsInFiller() && !p.window.endsInPacket() {
		p.append(p.window.at(p.window.end-1).segment, frame{})
	}
}

// listenersWait counts the time in which s is awaited in silence.
func (p *pump) listenersWait(s *segment, now time.Time) {
	if p.silentSince.IsZero() {
		p.silentSince = now
		if s.frames.Load() > 0 {
			p.metrics.stalls.Inc()
		}
	}
	waited := now.Sub(p.silentSince)
	if waited >= p.patience {
		p.complete(s, fault.New(fault.Timeout, "The track stopped coming; its source may be down."))
		p.patient()
	} else if waited >= stuckNotice && !p.stuckTold {
		p.stuckTold = true
		p.post(segmentStuck{s})
	}
}

// patient forgets how long listeners have waited.
func (p *pump) patient() { p.silentSince, p.stuckTold = time.Time{}, false }

// sent returns how many frames were really sent. Any goroutine may call it.
func (p *pump) sent() int64 { return int64(p.out.Sent()) - p.offset.Load() }

// position returns how far s was heard, in track time. Any goroutine may call it.
func (p *pump) position(s *segment) time.Duration {
	first := s.first.Load()
	n := min(p.sent(), s.last.Load()) - 1
	if first < 0 || n < first {
		return s.at
	}
	return s.at + time.Duration(p.times[n%int64(len(p.times))].Load())
}
