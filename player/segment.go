package player

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/internal/fault"
	"busker/opus"
	"busker/opus/pool"
	"busker/queue"
	"busker/track"
)

// leadTime is read before the place a track of packets is sought to: without the 80 ms
// before it (RFC 7845 §4.6) a decoder does not know how loud the first of them is.
const leadTime = leadPackets * audio.FrameTime

// leadPackets is leadTime in packets.
const leadPackets = 5

// blocks recycles blocks between readers and pumps.
var blocks = sync.Pool{New: func() any { return new(audio.Block) }}

// segment is one track from one time on: what one call of Open gives. Its
// address is its generation: a seek, a loop or a retry makes a new segment.
type segment struct {
	item   queue.Item
	at     time.Duration      // track time of its first frame
	how    How                // as it was opened
	along  *along             // keeps its reader at another process's pace until it begins; nil = nothing does
	lead   bool               // at lies inside a track of packets: read the leadTime before it too
	cancel context.CancelFunc // ends its reader
	reel   *reel              // filled, then finished, by read

	// Set by its reader before the first piece is put.
	packets  bool            // its pieces are packets
	skip     int             // samples of the first packet before the sound
	ends     bool            // tail will be known
	prepared dsp.Settings    // what its sound went through already
	shared   bool            // it was made for several guilds
	made     bool            // its packets are encoded in this process,
	costs    bool            // and that was begun for this guild
	before   []*audio.Packet // the packets of leadTime

	first   atomic.Int64 // number of its first frame in the pump's count; -1 = not there yet
	frames  atomic.Int64 // how many frames were made of it
	reached atomic.Int64 // track time at the end of the last of them, in ns

	// For the pump's eyes only.
	started bool  // segmentStarted was posted
	closing bool  // segmentClosing was posted
	placed  bool  // base is set
	spent   bool  // all of its sound was taken
	whole   bool  // all its frames were made
	passed  int64 // how many of its packets were passed on, or could have been
	base    int64 // where its first sample lies on the pump's line of samples
	stop    int64 // where its sound ends there, once spent
	end     int64 // number after its last frame, once whole
	failure error // why it was cut short, when its reader is not to blame

	loudness track.Loudness // as its track or the memory tells it, once placed

	// For the player's eyes only.
	read bool          // segmentRead has arrived
	near bool          // segmentClosing has arrived
	back time.Duration // where the track was before the seek that made this segment; -1 = none did
	held bool          // it was open while nothing was sent, which its origin may not have borne
}

func newSegment(item queue.Item, at time.Duration, cancel context.CancelFunc) *segment {
	s := &segment{item: item, at: at, cancel: cancel, back: -1, reel: newReel()}
	s.first.Store(-1)
	s.reached.Store(int64(at))
	return s
}

// result says why the segment ended; nil is the track's end.
func (s *segment) result() error {
	if s.failure != nil {
		return s.failure
	}
	return s.reel.ending().err
}

// reach notes that what was made goes up to a place on the pump's line.
func (s *segment) reach(line int64) {
	if s.spent {
		line = min(line, s.stop)
	}
	at := s.at + audio.SamplesDuration(line-s.base)
	s.reached.Store(max(s.reached.Load(), int64(at)))
}

// position returns how far frames were made of the track.
func (s *segment) position() time.Duration { return time.Duration(s.reached.Load()) }

// heard returns how much of the track was made into frames.
func (s *segment) heard() time.Duration { return time.Duration(s.reached.Load()) - s.at }

// reading is what a segment's goroutine works with.
type reading struct {
	opener Opener
	caught func(any) error
	turn   *pool.Turn       // nil = there is no pool
	due    func() time.Time // when listeners would notice that nothing more comes
}

// fill opens the segment's track and reads it to its end, or to that of ctx.
// Whatever panics in there is the track's failure.
func (s *segment) fill(ctx context.Context, in reading) {
	var end ending
	defer func() {
		if r := recover(); r != nil {
			end = ending{err: in.caught(r)}
		}
		if in.turn != nil {
			in.turn.Leave()
		}
		s.reel.finish(end)
		s.along.caughtUp()
	}()
	end.tail, end.err = s.copy(ctx, in)
}

func (s *segment) copy(ctx context.Context, in reading) (tail int, err error) {
	at, drop := s.from()
	r, err := in.opener.Open(ctx, s.item.Track, at, s.how)
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", s.item.Track.Address(), err)
	}
	closeReader := closer(r, in.caught)
	defer closeReader()
	defer context.AfterFunc(ctx, closeReader)() // a Close ends the read in progress
	c := copier{segment: s, reader: r, drop: drop, turn: in.turn}
	c.packets, s.packets = r.(audio.PacketReader)
	_, s.ends = r.(audio.Ending)
	if m, ok := r.(Made); ok {
		s.made, s.costs = m.Made()
	}
	if p, ok := r.(Prepared); ok {
		s.prepared, s.shared = p.Prepared(), true
	}
	if w, ok := r.(audio.Waiting); !ok || s.packets {
		c.turn = nil // it may wait in there, or there is nothing to compute
	} else if c.turn != nil {
		w.OnWait(c.turn.Yield, c.turn.Regain)
	}
	return c.run(ctx, in.due)
}

// from returns the time to open the track at, and how many frames to drop from there.
func (s *segment) from() (at time.Duration, drop int64) {
	switch {
	case s.along != nil:
		return s.along.from, 0
	case !s.item.Track.Seekable:
		return 0, audio.Frames(s.at)
	case s.lead && s.at >= leadTime:
		return s.at - leadTime, leadPackets
	}
	return s.at, 0
}

// copier copies one reader to its segment's reel.
type copier struct {
	*segment
	reader  audio.Reader
	packets audio.PacketReader // nil = it has none
	turn    *pool.Turn         // nil = it is read outside of turns
	drop    int64              // frames before the segment's first
	begun   bool               // a frame was read
	toc     byte               // of the last packet that was sound; 0 = there was none
	damaged int                // packets since then
}

func (c *copier) run(ctx context.Context, due func() time.Time) (tail int, err error) {
	for {
		room, err := c.reel.await(ctx)
		if err == nil {
			room, err = c.along.await(ctx, room)
		}
		if err != nil {
			return 0, err
		}
		if c.turn != nil {
			if err := c.turn.Begin(ctx, due()); err != nil {
				return 0, err
			}
		}
		n, err := c.job(room)
		if c.turn != nil {
			c.turn.End(n)
		}
		if errors.Is(err, io.EOF) {
			return c.tail(), nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", c.item.Track.Address(), err)
		}
	}
}

// job reads up to n frames.
func (c *copier) job(n int) (done int, err error) {
	for ; done < n && err == nil; done++ {
		var p piece
		if c.packets != nil {
			p, err = c.packet()
		} else {
			p, err = c.readBlock()
		}
		switch {
		case err != nil:
		case c.drop > 0:
			c.drop--
			c.discard(p)
		case c.along.passes():
			c.discard(p)
		default:
			c.reel.put(p)
		}
	}
	return done, err
}

func (c *copier) packet() (piece, error) {
	p := audio.NewPacket()
	err := c.packets.ReadPacket(p)
	if err == nil {
		err = c.check(p)
	}
	if err != nil {
		p.Release()
		return piece{}, err
	}
	if !c.begun && c.drop == 0 && c.along == nil {
		c.skip = max(c.packets.Skip(), 0)
	}
	c.begun = true
	return piece{packet: p}, nil
}

func (c *copier) readBlock() (piece, error) {
	b := blocks.Get().(*audio.Block)
	if err := c.reader.ReadBlock(b); err != nil {
		blocks.Put(b)
		return piece{}, err
	}
	return piece{block: b}, nil
}

// discard takes a frame before the segment's first.
func (c *copier) discard(p piece) {
	if p.block != nil {
		blocks.Put(p.block)
		return
	}
	if len(c.before) < leadPackets {
		c.before = append(c.before, p.packet)
		return
	}
	c.before[0].Release()
	copy(c.before, c.before[1:])
	c.before[leadPackets-1] = p.packet
}

// tail returns how much of the last frame is padding.
func (c *copier) tail() int {
	if e, ok := c.reader.(audio.Ending); ok {
		return min(max(e.Tail(), 0), audio.FrameSamples-1)
	}
	return 0
}

// check refuses what must not be sent on: a listener's clock counts on 20 ms. In the
// middle of a track it makes a lost packet of it, for which decoders make something up.
func (c *copier) check(p *audio.Packet) error {
	d, err := opus.PacketDuration(p.Bytes())
	if err == nil && d != audio.FrameTime {
		err = fault.Newf(fault.Corrupt, "The Opus packets of this track are %v long and not 20 ms.", d)
	}
	if err == nil {
		c.toc, c.damaged = p.Bytes()[0], 0
		return nil
	}
	if c.damaged++; c.toc == 0 || c.damaged >= tooDamaged {
		return err
	}
	p.Set([]byte{lostFrame(c.toc)})
	return nil
}

// lostFrame is a packet with one frame of no bytes, which was lost (RFC 6716 §3.2.1), of
// the kind of the packet before where that is of one frame too.
func lostFrame(before byte) byte {
	const frames, celtStereo20 = 3, 0xFC
	if before&frames != 0 {
		return celtStereo20
	}
	return before
}

// closer returns a function that closes r once, from whatever goroutine.
func closer(r audio.Reader, caught func(any) error) func() {
	return sync.OnceFunc(func() {
		defer func() {
			if p := recover(); p != nil {
				_ = caught(p)
			}
		}()
		_ = r.Close() // all it had to give was read, or nobody wants it
	})
}
