package demo

import (
	"context"
	"encoding/binary"
	"math"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"busker/emulator/listen"
)

const (
	// earFrames is how many decoded frames may wait for ears.Run: half a second,
	// far more than it ever takes to copy one.
	earFrames = 25
	// browserFrames is how many may wait for one browser, which then misses some.
	browserFrames = 50
	// quietAfter is how long after the last frame nobody counts as speaking.
	quietAfter = 150 * time.Millisecond
)

// ears hand what the visitor's listener decodes to the browsers that play it.
type ears struct {
	changed func() // somebody began or stopped speaking

	mu       sync.Mutex
	listener *listen.Listener // nil when the visitor is in no voice channel
	speaking bool
	browsers map[chan []byte]struct{}

	attached chan struct{} // holds a token when listener changed
}

func newEars(changed func()) *ears {
	return &ears{changed: changed, browsers: map[chan []byte]struct{}{}, attached: make(chan struct{}, 1)}
}

// attach makes l the listener; nil is none.
func (e *ears) attach(l *listen.Listener) {
	e.mu.Lock()
	e.listener = l
	e.mu.Unlock()
	select {
	case e.attached <- struct{}{}:
	default:
	}
}

// current returns the listener, nil for none, and whether anybody speaks.
func (e *ears) current() (*listen.Listener, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.listener, e.speaking
}

// subscribe returns a feed of 16-bit little-endian stereo PCM at 48 kHz.
func (e *ears) subscribe() (feed <-chan []byte, cancel func()) {
	c := make(chan []byte, browserFrames)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.browsers[c] = struct{}{}
	return c, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.browsers, c)
	}
}

// Run copies frames until ctx ends.
func (e *ears) Run(ctx context.Context) error {
	var feed *listen.Subscription
	var frames <-chan listen.Frame
	detach := func() {
		if feed != nil {
			feed.Close()
		}
		feed, frames = nil, nil
	}
	defer detach()
	quiet := time.NewTimer(quietAfter)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-e.attached:
			detach()
			if l, _ := e.current(); l != nil {
				feed = l.Subscribe(earFrames)
				frames = feed.Frames()
			}
		case f, ok := <-frames:
			if !ok {
				detach()
				continue
			}
			e.publish(f.PCM)
			quiet.Reset(quietAfter)
			e.speak(true)
		case <-quiet.C:
			e.speak(false)
		}
	}
}

func (e *ears) publish(pcm []float32) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.browsers) == 0 {
		return
	}
	b := encodePCM(pcm)
	for c := range e.browsers {
		select {
		case c <- b:
		default: // a browser that slow hears a gap
		}
	}
}

func (e *ears) speak(now bool) {
	e.mu.Lock()
	same := e.speaking == now
	e.speaking = now
	e.mu.Unlock()
	if !same {
		e.changed()
	}
}

// listen copies what everybody hears until ctx ends.
func (s *street) listen(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, v := range s.people {
		group.Go(func() error { return v.ears.Run(ctx) })
	}
	return group.Wait()
}

// encodePCM rounds samples to 16 bits.
func encodePCM(pcm []float32) []byte {
	b := make([]byte, 0, 2*len(pcm))
	for _, x := range pcm {
		v := math.Round(float64(x) * math.MaxInt16)
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(max(math.MinInt16, min(math.MaxInt16, v)))))
	}
	return b
}
