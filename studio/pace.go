package studio

import (
	"context"
	"time"

	"busker/audio"
)

const (
	// burst is how much of a live stream may come faster than it is heard: the beginning,
	// which many stations send at once, and what a stalled network brings late.
	burst = time.Second
	// breath is the least time between two batches of it, so that presses, whose window
	// is smaller than a burst, keep up.
	breath = 10 * time.Millisecond
)

// pace holds a live stream to the speed it is heard with, so that nobody who listens
// falls behind because somebody else reads ahead.
type pace struct {
	due   time.Time // when the next frame would be on time if none had come early
	last  time.Time // when the last batch began
	timer *time.Timer
}

// await waits until a batch of frames may be made.
func (p *pace) await(ctx context.Context) error {
	now := time.Now()
	if floor := now.Add(-burst); p.due.Before(floor) {
		p.due = floor
	}
	early := max(p.due.Add(batch*audio.FrameTime).Sub(now), p.last.Add(breath).Sub(now))
	if early > 0 {
		if err := p.sleep(ctx, early); err != nil {
			return err
		}
	}
	p.last = now.Add(max(early, 0))
	return ctx.Err()
}

func (p *pace) sleep(ctx context.Context, d time.Duration) error {
	if p.timer == nil {
		p.timer = time.NewTimer(d)
	} else {
		p.timer.Reset(d)
	}
	select {
	case <-p.timer.C:
		return nil
	case <-ctx.Done():
		p.timer.Stop()
		return ctx.Err()
	}
}

// passed counts a frame.
func (p *pace) passed() { p.due = p.due.Add(audio.FrameTime) }
