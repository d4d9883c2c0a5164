package studio

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"busker/audio"
	"busker/dsp"
	"busker/opus"
	"busker/track"
)

const (
	// liveDelay is how many frames behind the newest packet a listener begins, so that
	// its buffers fill at once and go on being filled when the network hesitates.
	liveDelay = 25
	// pressDelay is the same for a press, which begins with what the window keeps.
	pressDelay = 20
)

type streamKey struct{ source, uri string }

// stream is one live track that is read, and decoded, for all its listeners.
type stream struct {
	share
	studio *Studio
	track  track.Track
	// packets are those of the origin itself; nil = it has none. Set before opened is closed.
	packets *reel
	pcm     window
	wanted  atomic.Int32 // presses that need pcm
	presses []*press     // guarded by the Studio's lock

	// For the goroutine of the stream.
	origin  audio.Reader
	ending  error     // what the origin ended with, and nothing of ours
	began   bool      // opened is closed
	tries   int       // how often it was opened anew in a row
	steady  int       // frames relayed since
	start   beginning // of the first origin
	desk    desk
	pace    pace
	block   audio.Block
	packet  audio.Packet
	decoder opus.Decoder // nil while nobody needs the blocks of packets
}

// tune opens a live track.
func (s *Studio) tune(ctx context.Context, t track.Track, how How) (audio.Reader, error) {
	if err := how.Settings.Check(); err != nil { // what is no number would equal nothing
		return nil, err
	}
	settings := inTime(how.Settings)
	m := s.findStream(ctx, t)
	if err := m.await(ctx.Done()); err != nil {
		s.leave(&m.share)
		if errors.Is(err, errGone) {
			err = ctx.Err()
		}
		return nil, err
	}
	l := s.newListener(t, 0, how.Bitrate)
	if m.packets != nil && settings == (dsp.Settings{}) {
		l.sit(m.packets, m.packets.newest(liveDelay), func() { s.leave(&m.share) })
	} else {
		p := s.findPress(ctx, m, pressKey{settings, how.Bitrate})
		l.made, l.first = true, p.claimed.CompareAndSwap(false, true)
		l.sit(p.reel, p.reel.newest(liveDelay), func() {
			s.leavePress(p)
			s.leave(&m.share)
		})
	}
	l.live = true
	l.follow(ctx)
	return tuned{l, how.Settings}, nil
}

// tuned is a listener of a live track.
type tuned struct {
	*listener
	settings dsp.Settings
}

// Prepared returns what the sound went through already, as it was asked for.
func (t tuned) Prepared() dsp.Settings { return t.settings }

// findStream holds the stream of a live track, or begins it.
func (s *Studio) findStream(ctx context.Context, t track.Track) *stream {
	key := streamKey{t.Source, t.URI}
	s.mu.Lock()
	if m := s.streams[key]; m != nil {
		m.hold()
		s.mu.Unlock()
		return m
	}
	m := &stream{studio: s, track: t}
	var life context.Context
	m.share, life = newShare(ctx)
	m.forget = func() {
		if s.streams[key] == m {
			delete(s.streams, key)
		}
	}
	s.streams[key] = m
	s.mu.Unlock()
	s.launch(ctx, func(ctx context.Context) { m.run(ctx, life) })
	return m
}

// run reads the stream until it ends, or life or ctx does.
func (m *stream) run(ctx, life context.Context) {
	defer context.AfterFunc(ctx, m.end)()
	m.studio.opts.Metrics.streams.Inc()
	defer m.studio.opts.Metrics.streams.Dec()
	err := m.studio.guard(ctx, "stream", func() error { return m.relay(life) })
	m.end()
	m.studio.finish(&m.share, false) // before what may take long: nobody joins it any more
	m.close()
	m.studio.failed(err)
	if !m.began {
		m.failure = err
		close(m.opened)
		return
	}
	m.pcm.finish(err)
	if m.packets != nil {
		m.packets.finish(err)
	}
}

// relay passes on what the origin sends, and what one sends that is opened in its place.
func (m *stream) relay(ctx context.Context) error {
	if err := m.begin(ctx); err != nil {
		return fmt.Errorf("open %s: %w", m.track.Address(), err)
	}
	for {
		err := m.receive(ctx)
		if m.ending != nil && ctx.Err() == nil {
			err = m.reopen(ctx, m.ending)
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", m.track.Address(), err)
		}
	}
}

// receive relays one origin to its end.
func (m *stream) receive(ctx context.Context) error {
	for {
		if err := m.pace.await(ctx); err != nil {
			return err
		}
		if err := m.heed(); err != nil {
			return err
		}
		if err := m.desk.job(ctx, batch, liveDelay); err != nil {
			return err
		}
	}
}

func (m *stream) begin(ctx context.Context) (err error) {
	if m.origin, err = m.studio.opts.Opener.Open(ctx, m.track, 0); err != nil {
		return err
	}
	m.desk.turn = m.studio.opts.Pool.Turn()
	if _, ok := m.origin.(audio.PacketReader); ok {
		m.packets = newReel(opus.MaxBitrate)
	} else {
		m.pcm.begin()
	}
	m.began = true
	close(m.opened)
	return m.attach()
}

// attach has the desk work on the origin.
func (m *stream) attach() error {
	m.ending = nil
	if m.packets == nil {
		m.desk.from(m.origin, m.note(func() error { return m.origin.ReadBlock(&m.block) }))
		m.desk.use = m.passBlock
		return nil
	}
	r, ok := m.origin.(audio.PacketReader)
	if !ok {
		return errChanged
	}
	m.desk.from(r, m.note(func() error { return r.ReadPacket(&m.packet) }))
	m.desk.use = m.passPacket
	return nil
}

// note returns read, which then says when it was the origin that failed.
func (m *stream) note(read func() error) func() error {
	return func() error {
		m.ending = read()
		return m.ending
	}
}

func (m *stream) passBlock() error {
	m.passed()
	m.pcm.append(&m.block)
	return nil
}

func (m *stream) passPacket() error {
	m.passed()
	m.packets.append(m.packet.Bytes())
	if m.decoder == nil {
		return nil
	}
	return m.decode(m.packet.Bytes())
}

// passed counts a frame.
func (m *stream) passed() {
	m.pace.passed()
	m.steady++
	if m.start.frames < beginningFrames {
		m.start.add(m)
	}
}

// heed begins to decode an origin's packets when the first press needs that, and ends
// it when the last has gone.
func (m *stream) heed() (err error) {
	wanted := m.packets != nil && m.wanted.Load() > 0
	switch {
	case wanted && m.decoder == nil:
		if m.decoder, err = opus.NewDecoder(opus.DecoderOptions{}); err != nil {
			return err
		}
		m.pcm.begin()
		for seq := m.packets.newest(windowBlocks); seq < m.packets.end; seq++ {
			if err := m.decode(m.packets.packet(seq)); err != nil {
				return err
			}
		}
	case !wanted && m.decoder != nil:
		m.pcm.pause()
		err = m.decoder.Close()
		m.decoder = nil
	}
	return err
}

func (m *stream) decode(packet []byte) error {
	n, err := m.decoder.Decode(m.block[:], packet)
	if err != nil || n != audio.FrameSamples { // damaged: made up as if it were lost
		if _, err = m.decoder.Decode(m.block[:], nil); err != nil {
			return err
		}
	}
	m.pcm.append(&m.block)
	return nil
}

func (m *stream) close() {
	if m.decoder != nil {
		_ = m.decoder.Close()
	}
	if m.origin != nil {
		_ = m.studio.catch("stream", m.origin.Close)
	}
}

// drop has nobody find p any more; with the Studio's lock.
func (m *stream) drop(p *press) {
	m.presses = slices.DeleteFunc(m.presses, func(o *press) bool { return o == p })
}
