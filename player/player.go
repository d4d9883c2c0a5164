package player

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"busker/dsp"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/opus/pool"
	"busker/queue"
	"busker/session"
)

// lingerTime is how long a player outlives its voice channel: long enough to keep
// volume and loop mode when people have it leave and come back.
const lingerTime = time.Minute

// player is one guild's playback. run owns all of it except what is named
// otherwise; the rest of the world posts to inbox, sends requests, or reads now.
type player struct {
	opts    *Options
	guild   GuildID
	log     *slog.Logger
	publish func(Envelope)

	requests chan request
	inbox    *inbox
	done     chan struct{} // closed by the Manager after run
	status   atomic.Pointer[snapshot]

	out  Output
	pump *pump
	work sync.WaitGroup // pump, readers, joins

	queue   *queue.Queue
	random  *rand.Rand
	channel snowflake.ID // 0 = in none
	joining *joining     // nil = not on the way anywhere

	volume    int
	filters   dsp.Settings
	effects   []dsp.Part // what filters were mixed of, for people
	normalise bool
	crossfade time.Duration
	bitrate   int // of the channel it is in, in bit/s; 0 = not known

	current *segment // nil = nothing to play
	follow  *segment // opened ahead for when current ends; nil = none
	started bool     // TrackStarted was sent for the current item
	paused  bool
	held    bool       // nobody listens
	seat    *pool.Seat // nil = nothing plays, or there is no pool
	cut     time.Time  // since when the Output's connection is being restored; zero = it is not

	stay     bool     // in the channel with nothing to play
	bookmark bookmark // where to go on when nothing plays
	sleep    sleep
	alarm    *time.Timer // runs for sleep
	kept     kept
	stopping bool // the process ends, and all is kept

	custody  custody
	isLent   atomic.Bool     // custody is lent, for others to see
	handing  []handOver      // who waits for the guild to be lent
	lastKept session.Receipt // when it was lent
	lentItem uint64          // the current item then
	missed   bool            // what is kept was loaded while commands were refused, and must be again
	refused  error           // why it never served; read when done is closed
	shadow   *segment        // runs along with the other process's sound, for Return; nil = nothing does

	failures  int // in a row
	lastError error

	deeds   deeds
	outcome Outcome // of the command being carried out
	events  []Event // to be sent by settle
	answers []func(Status, session.Receipt)
	timer   *time.Timer
	waiting wait // what timer runs for
}

// request is a Command and where its answer goes.
type request struct {
	command Command
	id      string      // see WithCommandID; "" = none
	reply   chan answer // holds one
}

type answer struct {
	status Status
	err    error
	saved  session.Receipt // of what has changed; zero = there is nothing to wait for
}

// snapshot is a Status and what it takes to complete it at any later moment.
type snapshot struct {
	Status
	segment *segment // whose position is the Status's; nil = none
}

// wait says which of the times of idleness runs.
type wait uint8

const (
	waitNot     wait = iota
	waitChannel      // in a channel with nothing to play
	waitGone         // in no channel
)

func newPlayer(opts *Options, guild GuildID, publish func(Envelope)) *player {
	p := &player{
		opts: opts, guild: guild, publish: publish,
		log:      opts.Logger.With("guild", guild),
		requests: make(chan request), inbox: newInbox(), done: make(chan struct{}),
		out:    opts.Connect(guild),
		queue:  queue.New(queue.Options{MaxItems: opts.MaxQueue}),
		random: rand.New(rand.NewPCG(opts.Seed, uint64(guild))),
		volume: 100,
	}
	p.pump = newPump(opts, guild, p.out, p.inbox.post, p.caught)
	p.status.Store(p.snapshot())
	return p
}

// run plays until ctx ends, or nobody has needed the player for a while. It
// returns when all it started has ended and its channel is left.
func (p *player) run(ctx context.Context) {
	inner, cancel := context.WithCancel(ctx)
	pumping, still := context.WithCancel(context.WithoutCancel(ctx)) // until it is known where it stands
	p.work.Go(func() { p.pump.run(pumping) })
	p.alarm = time.NewTimer(time.Hour)
	defer p.alarm.Stop()
	p.serve(inner)
	p.rest(inner)
	cancel()
	still()
	p.work.Wait()
	p.finish(ctx)
}

// serve takes one thing at a time. What other goroutines report comes before
// commands, so that a command meets the state its sender may know of.
func (p *player) serve(ctx context.Context) {
	defer p.survive()
	p.setSleep(sleep{})
	p.recall(ctx)
	p.timer = time.NewTimer(lingerTime)
	defer p.timer.Stop()
	p.settle()
	for ctx.Err() == nil && p.custody != gone {
		select {
		case <-p.inbox.wake:
			p.readInbox(ctx)
		case r := <-p.requests:
			p.readInbox(ctx)
			if p.custody == ours {
				p.handle(ctx, r)
			} else {
				p.answer(r, ErrMoved)
			}
			p.settle()
		case <-p.timer.C:
			if p.expire(ctx) {
				return
			}
			p.settle()
		case <-p.alarm.C:
			p.drowse(ctx)
			p.settle()
		case <-p.pump.ended:
			return
		case <-ctx.Done():
		}
	}
}

// finish leaves the channel after serve has ended, for whatever reason.
func (p *player) finish(ctx context.Context) {
	defer p.survive()
	if p.custody == lent || p.custody == gone {
		p.vanish()
		p.settle()
		return
	}
	reason, err := LeaveDisconnected, errBroken()
	if ctx.Err() != nil {
		reason, err = LeaveShutdown, errStopping()
	}
	if j := p.joining; j != nil {
		p.joining, p.channel = nil, j.channel // as far as anybody knows
		for _, r := range j.requests {
			p.answer(r, err)
		}
	}
	p.leave(ctx, reason, nil)
	p.settle()
}

func (p *player) readInbox(ctx context.Context) {
	for _, n := range p.inbox.take() {
		p.notice(ctx, n)
		p.settle()
	}
}

// notice acts on a note. Those about what is history are dropped.
func (p *player) notice(ctx context.Context, note any) {
	switch n := note.(type) {
	case segmentRead:
		n.segment.read = true
		if n.segment == p.current {
			p.lookAhead(ctx)
		}
	case segmentClosing:
		n.segment.near = true
		if n.segment == p.current {
			p.lookAhead(ctx)
		}
	case segmentStarted:
		p.trackStarted(n.segment)
	case segmentEnded:
		p.trackEnded(ctx, n.segment, n.err)
	case segmentStuck:
		if n.segment == p.current {
			p.emit(TrackStuck{n.segment.item, stuckNotice})
		}
	case outputFailed:
		if n.turn == p.pump.no && p.joining == nil {
			p.leave(ctx, LeaveDisconnected, n.err)
		}
	case joined:
		p.arrive(ctx, n)
		p.lend()
	case recalled:
		if p.custody == ours {
			p.recollect(ctx, n)
		} else {
			p.missed = true
		}
	case handOver, takeBack, letGo, comeHome:
		p.changeCustody(ctx, n)
	case OutputEvent:
		p.outputChanged(ctx, n)
	}
}

// emit keeps e for settle to send.
func (p *player) emit(e Event) { p.events = append(p.events, e) }

// answer keeps the answer to r for settle to give.
func (p *player) answer(r request, err error) {
	done := p.outcome
	p.outcome = Outcome{}
	if _, looks := r.command.(Look); err == nil && !looks {
		if r.id != "" {
			p.deeds.add(r.id, done)
		}
		if p.forgetful() {
			err = ErrUnkept
		}
	}
	p.answers = append(p.answers, func(s Status, saved session.Receipt) {
		s.Outcome = done
		r.reply <- answer{s, err, saved}
	})
}

// settle publishes the state after a step: first the snapshot, then the events,
// then the answers, all with the same Status.
func (p *player) settle() {
	p.yieldSeat()
	p.await()
	saved := p.keep()
	if saved.Done() == nil && p.custody == lent { // kept by lend, if this step has kept anything
		saved = p.lastKept
	}
	p.deeds.settle(saved)
	p.status.Store(p.snapshot())
	now := p.now()
	for _, e := range p.events {
		p.record(e)
		if p.custody < lent {
			p.publish(Envelope{p.guild, e, now})
		}
	}
	for _, give := range p.answers {
		give(now, saved)
	}
	p.events, p.answers = nil, nil
}

// now returns the present Status. Any goroutine may call it.
func (p *player) now() Status {
	s := p.status.Load()
	now := s.Status
	if s.segment != nil {
		now.Position = p.pump.position(s.segment)
		e := p.pump.shown.Load()
		now.Mode, now.Complexity, now.Gain, now.Speed = e.mode, e.complexity, e.gain, e.speed
	}
	if now.Channel != 0 {
		now.Voice = p.out.Health()
	}
	return now
}

func (p *player) snapshot() *snapshot {
	s := &snapshot{segment: p.current, Status: Status{
		State: p.state(), Channel: p.channel, Stay: p.stay, Held: p.held, Interrupted: !p.cut.IsZero(),
		Volume: p.volume, Loop: p.queue.Loop(),
		Filters: p.filters, Effects: p.effects, Normalise: p.normalise, Crossfade: p.crossfade, Bitrate: p.bitrate,
		Fair: p.queue.Fair(), Queue: p.queue.List(), Upcoming: p.queue.Len(), QueueLength: p.queue.Duration(), History: p.queue.History(),
		SleepAt: p.sleep.at, SleepAfterTrack: p.sleep.afterTrack, LastError: p.lastError,
	}}
	s.Undoable, _ = p.queue.Undoable()
	if p.current != nil {
		it := p.current.item
		s.ItemID, s.Track, s.Requester, s.Length = it.ID, it.Track, it.Requester, it.Track.Length
	}
	return s
}

func (p *player) state() State {
	switch {
	case p.current != nil && p.still():
		return StatePaused
	case p.current != nil:
		return StatePlaying
	case p.joining != nil:
		return StateJoining
	}
	return StateIdle
}

// await sets the timer for the idleness the player is in now.
func (p *player) await() {
	now := waitNot
	if p.current == nil && p.joining == nil && p.custody == ours {
		now = waitGone
		if p.channel != 0 {
			now = waitChannel
		}
	}
	if now == p.waiting || p.timer == nil {
		return
	}
	p.waiting = now
	switch {
	case now == waitGone:
		p.timer.Reset(lingerTime)
	case now == waitChannel && p.idle() > 0 && !p.stay:
		p.timer.Reset(p.idle())
	default:
		p.timer.Stop()
	}
}

// idle returns how long the player stays with nothing to play; negative = for ever.
func (p *player) idle() time.Duration {
	if p.opts.Idle == nil {
		return p.opts.IdleTimeout
	}
	return cmp.Or(p.opts.Idle(p.guild), p.opts.IdleTimeout)
}

// expire ends a time of idleness. It reports whether that was the player's end.
func (p *player) expire(ctx context.Context) (over bool) {
	if p.waiting == waitChannel {
		p.emit(Idle{})
		p.leave(ctx, LeaveIdle, nil)
		return false
	}
	return p.waiting == waitGone
}

// reply waits for the answer to r, which the player has taken.
func (p *player) reply(ctx context.Context, r request) (Status, error) {
	var a answer
	select {
	case a = <-r.reply:
	case <-ctx.Done():
		return Status{}, ctx.Err()
	case <-p.done:
		select {
		case a = <-r.reply:
		default:
			return Status{}, errBroken()
		}
	}
	if err := p.durable(ctx, a.saved); err != nil {
		return Status{}, err
	}
	return a.status, a.err
}

// survive is deferred where a panic must not go further.
func (p *player) survive() {
	if r := recover(); r != nil {
		_ = p.caught(r)
	}
}

// caught counts and logs a panic and returns it as an error. Any goroutine may call it.
func (p *player) caught(r any) error {
	p.opts.Metrics.panics.Inc()
	p.log.Error("panic in player", "panic", r, "stack", string(debug.Stack()))
	return fault.Wrap(fault.Internal, "Something broke inside Busker while playing this.", fmt.Errorf("panic: %v", r))
}

func errBroken() error {
	return fault.New(fault.Internal, "Something broke inside Busker; please try again.")
}
