package studio

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"busker/audio"
	"busker/dsp"
)

// pressKey is what the listeners of one press want alike.
type pressKey struct {
	settings dsp.Settings
	bitrate  int
}

// press filters and encodes a live stream for all who want it with the same settings.
type press struct {
	claimed atomic.Bool // by the listener it was begun for
	studio  *Studio
	stream  *stream
	key     pressKey
	reel    *reel
	end     context.CancelFunc

	listeners int // guarded by the Studio's lock

	// For the goroutine of the press.
	desk    desk
	chain   *dsp.Chain // nil where the settings are neutral
	encoder encoder
	seq     int64 // of the next block
	wait    waiter
	block   audio.Block
}

// inTime returns the settings for what cannot be heard faster or slower than it is
// made: the pitch of the timescale without its speed. What changes nothing is zero.
func inTime(s dsp.Settings) dsp.Settings {
	pitch := oneIfZero(s.Timescale.Pitch) * oneIfZero(s.Timescale.Rate)
	s.Timescale = dsp.Timescale{}
	if pitch != 1 {
		s.Timescale.Pitch = pitch
	}
	if s.Neutral() {
		return dsp.Settings{}
	}
	return s
}

func oneIfZero(f float64) float64 {
	if f == 0 {
		return 1
	}
	return f
}

// findPress returns the press for those settings with one more listener, or begins it.
func (s *Studio) findPress(ctx context.Context, m *stream, key pressKey) *press {
	s.mu.Lock()
	for _, p := range m.presses {
		if p.key == key {
			p.listeners++
			s.mu.Unlock()
			return p
		}
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	p := &press{
		studio: s, stream: m, key: key, reel: newReel(key.bitrate), end: end,
		listeners: 1, seq: -pressDelay, wait: newWaiter(),
	}
	m.presses = append(m.presses, p)
	m.wanted.Add(1)
	s.mu.Unlock()
	s.launch(ctx, func(ctx context.Context) { p.run(ctx, life) })
	return p
}

func (s *Studio) leavePress(p *press) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.listeners--; p.listeners == 0 {
		p.stream.drop(p)
		p.stream.wanted.Add(-1)
		p.end()
	}
}

// run works until the stream ends, or life or ctx does.
func (p *press) run(ctx, life context.Context) {
	defer context.AfterFunc(ctx, p.end)()
	p.studio.opts.Metrics.presses.Inc()
	defer p.studio.opts.Metrics.presses.Dec()
	err := p.studio.guard(ctx, "press", func() error { return p.work(life) })
	p.end()
	p.encoder.close()
	p.studio.mu.Lock()
	p.stream.drop(p)
	p.studio.mu.Unlock()
	p.studio.failed(err)
	p.reel.finish(err)
}

func (p *press) work(ctx context.Context) (err error) {
	if p.encoder, err = p.studio.newEncoder(p.key.bitrate); err != nil {
		return err
	}
	if p.key.settings != (dsp.Settings{}) {
		p.chain = dsp.NewChain(p.key.settings)
	}
	p.desk = desk{turn: p.studio.opts.Pool.Turn(), waits: true, read: p.read, use: p.process}
	for {
		if err := p.encoder.tune(p.studio.opts.Pool.Complexity()); err != nil {
			return err
		}
		err := p.desk.job(ctx, jobFrames, liveDelay)
		switch {
		case errors.Is(err, errLater):
			if !p.wait.wait(ctx.Done()) {
				return ctx.Err()
			}
		case errors.Is(err, errBehind): // no core for half a second
			p.studio.opts.Metrics.jumps.Inc()
			p.seq = -pressDelay
		case errors.Is(err, io.EOF):
			return errors.Join(p.drain(), err)
		case err != nil:
			return err
		}
	}
}

func (p *press) read() error {
	seq, err := p.stream.pcm.read(p.seq, &p.block, &p.wait)
	if err == nil {
		p.seq, p.wait.urgent = seq+1, false
	}
	return err
}

func (p *press) process() error {
	if p.chain == nil {
		return p.emit()
	}
	p.chain.Push(&p.block)
	for p.chain.Pull(&p.block) {
		if err := p.emit(); err != nil {
			return err
		}
	}
	return nil
}

// drain emits what is left in the chain.
func (p *press) drain() error {
	for p.chain != nil && p.chain.Drain(&p.block) {
		if err := p.emit(); err != nil {
			return err
		}
	}
	return nil
}

func (p *press) emit() error {
	packet, err := p.encoder.encode(&p.block)
	if err != nil {
		return err
	}
	p.reel.append(packet)
	p.studio.opts.Metrics.encoded.Inc()
	return nil
}
