package studio

import (
	"context"
	"time"

	"busker/audio"
)

// burst is how much of a live stream may come faster than it is heard: the beginning,
// which many stations send at once, and what a stalled network brings late.
const burst = time.Second

// pace holds a live stream to the speed it is heard with, so that nobody who listens
// falls behind because somebody else reads ahead.
type pace struct {
	due   time.Time // when the next frame would be on time if none had come early
	timer *time.Timer
}

// await waits until a batch of frames may be made.
func (p *pace) await(ctx context.Context) error {
	now := time.Now()
	if floor := now.Add(-burst); p.due.Before(floor) {
		p.due = floor
	}
	early := p.due.Add(batch * audio.FrameTime).Sub(now)
	if early <= 0 {
		return ctx.Err()
	}
	if p.timer == nil {
		p.timer = time.NewTimer(early)
	} else {
		p.timer.Reset(early)
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
