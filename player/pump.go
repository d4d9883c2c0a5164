package player

import (
	"context"
	"sync/atomic"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/internal/fault"
	"busker/opus/pool"
)

const (
	// stuckNotice is how long listeners wait in silence before TrackStuck.
	stuckNotice = 10 * time.Second
	// lostNotice is how long the Output may send nothing of what it holds before the
	// pump takes it back and offers it again: a ring that lost packets without a word
	// would otherwise never be seen to run out.
	lostNotice = time.Second
	// headStart is how many frames are gathered before an empty ring is filled
	// again: a reader that is late at once after its first frame would otherwise
	// be heard to stumble.
	headStart = 5
	// fillerMargin is how many unsent frames are left when the pump stops hoping
	// for more and pushes the tail out of the encoder.
	fillerMargin = 2
	// newsTick is how often the pump looks whether something that must be told was sent.
	newsTick = 4 * time.Millisecond
	// openAhead is how long before its beginning the next track is opened: what a server
	// far away takes to answer.
	openAhead = 5 * time.Second
)

// pump turns what segments give into packets for the Output. It plays a current
// segment and, without a seam, the one that follows. Between two jobs it does what its
// player tells it.
//
// run owns all of it except tell's fields, position, sent and due.
type pump struct {
	mixer
	out      Output
	post     func(note any)
	caught   func(any) error // counts and logs a panic, and returns it as an error
	metrics  *Metrics
	patience time.Duration // Options.StuckTimeout
	ring     int64         // Options.Lookahead in frames
	pool     *pool.Pool    // nil = there is none
	turn     *pool.Turn    // nil = there is no pool
	inTurn   bool

	window    window
	current   *segment
	follow    *segment
	paused    bool
	crossfade time.Duration // as the guild wants it
	ramp      ramp
	batch     [jobFrames]*audio.Packet

	timer       *time.Timer
	quietSince  time.Time // when the Output was last seen to have nothing to send
	quietSent   uint64    // what Output.Sent was then: anything else and it has sent since
	silentSince time.Time // when listeners began to wait for a segment; zero = they do not
	stuckTold   bool
	lastSent    int64     // as idle saw it last
	still       time.Time // since when it is that; zero = it was not looked at

	cut    atomic.Bool  // the Output is restoring its connection
	offset atomic.Int64 // Output.Sent minus the number of frames sent
	handed atomic.Int64 // window.next, for due
	shown  atomic.Pointer[engine]

	// For the player's goroutine.
	orders    chan order
	obeyed    chan struct{}
	ended     chan struct{} // closed when run has returned
	no        uint64        // of the newest order
	interrupt context.CancelFunc
}

// order is one thing to do between two jobs. The context is the right to send that
// follows it, until the next order is on its way.
type order struct {
	do   func()
	turn context.Context //nolint:containedctx // a message, which hands it on
	no   uint64
}

func newPump(o *Options, guild GuildID, out Output, post func(any), caught func(any) error) *pump {
	ring := audio.Frames(o.Lookahead)
	p := &pump{
		mixer: newMixer(o, guild),
		out:   out, post: post, caught: caught,
		metrics: o.Metrics, patience: o.StuckTimeout, ring: ring, pool: o.Pool,
		// The ring, a packet on its way from there to the socket, those that warm a
		// decoder up, and one ahead.
		window: newWindow(ring + 1 + leadPackets + 1),
		orders: make(chan order), obeyed: make(chan struct{}), ended: make(chan struct{}),
		interrupt: func() {},
	}
	if o.Pool != nil {
		p.turn = o.Pool.Turn()
	}
	p.offset.Store(int64(out.Sent()))
	p.shown.Store(&engine{})
	return p
}

// run works until ctx ends. An Output that panics ends it too.
func (p *pump) run(ctx context.Context) {
	defer close(p.ended)
	defer p.scrap()
	defer func() {
		if r := recover(); r != nil {
			_ = p.caught(r)
		}
		if p.turn != nil {
			p.turn.Leave()
		}
	}()
	p.timer = time.NewTimer(audio.FrameTime)
	defer p.timer.Stop()
	turn := order{turn: ctx}
	for ctx.Err() == nil {
		p.report()
		if turn.turn.Err() != nil || turn.no == 0 {
			turn = p.awaitOrder(ctx)
			continue
		}
		next, worked := p.work(turn)
		if turn = next; !worked {
			turn = p.awaitInput(ctx, turn)
		}
	}
}

// tell makes the pump do something before its next job and returns when that is done,
// at once when the pump has ended. Only the player's goroutine calls it.
func (p *pump) tell(ctx context.Context, do func()) {
	p.interrupt()
	p.no++
	next := order{do: do, no: p.no}
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

// awaitInput waits for more of a segment, for an order, or for time to pass.
func (p *pump) awaitInput(ctx context.Context, turn order) order {
	var more chan struct{}
	s := p.source()
	if s != nil && !p.paused {
		more = s.reel.more
	}
	var tick <-chan time.Time
	if p.news() {
		p.timer.Reset(newsTick)
		tick = p.timer.C
	} else if more != nil || p.current != nil && p.current.spent || p.sent() < p.window.next {
		p.timer.Reset(audio.FrameTime)
		tick = p.timer.C
	} else if s == nil && p.current == nil {
		p.rest()
	}
	select {
	case o := <-p.orders:
		return p.obey(o)
	case <-more:
	case <-tick:
		p.idle(turn, s)
	case <-ctx.Done():
	}
	return turn
}

// rest frees what only playing needs.
func (p *pump) rest() {
	p.scrap()
	p.window.clear()
	p.show()
}

// source returns the segment whose sound comes next, nil when there is none.
func (p *pump) source() *segment {
	switch {
	case p.current != nil && !p.current.spent:
		return p.current
	case p.next() != nil && !p.follow.spent:
		return p.follow
	}
	return nil
}

// next returns the segment that follows, nil when there is none, or when the current one
// failed: the player may know better than to go on.
func (p *pump) next() *segment {
	if s := p.current; s != nil && p.follow != nil && !p.follow.placed && s.result() != nil {
		return nil
	}
	return p.follow
}

// sounding returns the segment the next frame is of, nil when there is none.
func (p *pump) sounding() *segment {
	switch {
	case p.current != nil && !p.current.whole:
		return p.current
	case p.follow != nil && !p.follow.whole:
		return p.follow
	}
	return nil
}

// gathering reports whether to wait for more of s although there is something: the
// ring is empty, and s has more to come.
func (p *pump) gathering(s *segment) bool {
	if s == nil || p.sent() < p.window.next {
		return false
	}
	count, over := s.reel.left()
	return !over && int64(count)+p.window.end-p.window.next < headStart
}

// complete makes the frames made so far all there is of s.
func (p *pump) complete(s *segment, failure error) {
	if !s.spent {
		s.spent, s.stop = true, p.line
	}
	s.whole, s.end = true, p.window.end
	if s.placed { // all of it may have been heard in a fade that was another's
		s.reach(s.stop)
	}
	if failure != nil {
		s.failure = failure
	}
	p.keepBorder()
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
		if !s.closing && p.near(s) {
			s.closing = true
			p.post(segmentClosing{s})
		}
		if !s.whole || sent < s.end {
			return
		}
		p.post(segmentEnded{s, s.result()})
		p.current, p.follow = p.next(), nil
		p.fade = fade{}
		p.dropBorder()
	}
}

// near reports that s will soon end, or fade into what follows it, which must be opened.
func (p *pump) near(s *segment) bool {
	length := s.item.Track.Length
	return length > 0 && length-time.Duration(s.reached.Load()) <= p.crossfade+openAhead
}

// news reports whether something that must be told will be sent before the ring has
// fallen to half.
func (p *pump) news() bool {
	s := p.current
	sent := p.sent()
	if s == nil || p.window.next-sent <= p.ring/2 {
		return false
	}
	return !s.started && s.frames.Load() > 0 && s.first.Load() < p.window.next || s.whole && s.end <= p.window.next
}

// idle runs at least once per frame time while there is nothing to do: the ring runs out, and
// s, unless nil, is late.
func (p *pump) idle(turn order, s *segment) {
	sent := p.sent()
	if p.cut.Load() { // the ring stands still, and listeners wait for the Output and not for s
		p.patient()
		p.still = time.Time{}
		return
	}
	now := time.Now()
	if sent != p.lastSent || sent >= p.window.next || p.still.IsZero() {
		p.lastSent, p.still = sent, now
	} else if now.Sub(p.still) >= lostNotice {
		p.still = now
		p.resync()
	}
	if sent >= p.window.next {
		p.hush(now)
	}
	switch {
	case p.paused:
	case p.window.next-sent > 0 || s == nil:
		p.fillUp(turn, sent)
	case s != nil:
		p.listenersWait(s, now)
	}
}

// fillUp follows the last frame there is with what rings on, or with one of silence,
// just before the ring runs out: the encoder holds back the newest milliseconds of
// what it was given.
func (p *pump) fillUp(turn order, sent int64) {
	if p.window.next != p.window.end || p.window.next-sent > fillerMargin || p.making && !p.begin(turn) {
		return
	}
	frames := 1
	defer p.endTurn(&frames)
	p.fill()
}

// hush notes that the Output has nothing to send.
func (p *pump) hush(now time.Time) {
	if sent := p.out.Sent(); p.quietSince.IsZero() || sent != p.quietSent {
		p.quietSince, p.quietSent = now, sent
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
		s.reel.finish(ending{err: fault.New(fault.Timeout, "The track stopped coming; its source may be down.")})
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

// due returns when listeners would notice that nothing more is made. Any goroutine may
// call it.
func (p *pump) due() time.Time {
	return time.Now().Add(audio.Duration(max(p.handed.Load()-p.sent(), 0)))
}

// position returns how far s was heard. Any goroutine may call it.
func (p *pump) position(s *segment) time.Duration {
	sent, first := p.sent(), s.first.Load()
	if first < 0 || sent <= first {
		return s.at
	}
	if m := p.window.marks.get(sent - 1); m.segment == s {
		return m.at
	}
	return time.Duration(s.reached.Load())
}

// engine is what the pump shows of its work.
type engine struct {
	mode       Mode
	complexity int
	gain       float64 // dB
	speed      float64
}

// show publishes what the pump does, when that has changed.
func (p *pump) show() {
	if now := p.engine(); *p.shown.Load() != now {
		p.shown.Store(new(now))
	}
}

func (p *pump) engine() engine {
	s := p.sounding()
	if s == nil {
		s = p.current // all of it is made, and not yet sent
	}
	switch {
	case s == nil || p.window.end == 0:
		return engine{}
	case p.making:
		e := engine{mode: ModeEncoding, complexity: p.coder.complexity, speed: 1}
		if p.chain != nil {
			e.speed = p.chain.Speed()
		}
		if d := p.mounted(s); d != nil {
			e.gain = float64(int(d.level.now*10)) / 10
		}
		return e
	case s.frames.Load() > 0 && (s.shared || s.made):
		return engine{mode: ModeShared, speed: 1}
	}
	return engine{mode: ModePassthrough, speed: 1}
}

// plain reports that nothing at all is done to the sound.
func plain(volume int, settings dsp.Settings, normalise bool, crossfade time.Duration) bool {
	return volume == 100 && settings.Neutral() && !normalise && crossfade == 0
}
