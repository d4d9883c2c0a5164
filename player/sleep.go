package player

import (
	"context"
	"time"

	"busker/internal/fault"
)

const (
	// sleepFade is how long the sound fades before the time to stop has come.
	sleepFade = 5 * time.Second
	// sleepStep is the time from one step of the fade to the next.
	sleepStep = 100 * time.Millisecond
)

// sleep says when the guild wants the player to stop by itself.
type sleep struct {
	at         time.Time // zero = at no time
	afterTrack bool
}

func (p *player) goToSleep(ctx context.Context, c Sleep) error {
	to := sleep{c.At.Round(0), c.AfterTrack}
	switch {
	case to == p.sleep:
		return nil
	case to != sleep{} && p.current == nil:
		return errIdle()
	case !c.At.IsZero() && !c.At.After(time.Now()):
		return fault.New(fault.Invalid, "That time has passed already.")
	}
	p.setSleep(to)
	p.pump.setVolume(ctx, float32(p.volume)/100)
	p.emit(SleepChanged(c))
	p.lookAhead(ctx)
	return nil
}

func (p *player) setSleep(to sleep) {
	p.sleep = to
	p.alarm.Stop()
	if !to.at.IsZero() {
		p.alarm.Reset(max(0, time.Until(to.at)-sleepFade))
	}
}

// drowse fades a step further, or falls asleep.
func (p *player) drowse(ctx context.Context) {
	left := time.Until(p.sleep.at)
	if left <= 0 || p.current == nil || p.still() {
		p.fallAsleep(ctx)
		return
	}
	if left > sleepFade { // the clock was set back
		p.setSleep(p.sleep)
		return
	}
	p.pump.setVolume(ctx, float32(p.volume)/100*float32(left)/float32(sleepFade))
	p.alarm.Reset(min(sleepStep, left))
}

// fallAsleep stops where the track is, and leaves the channel of a guild that does not
// want the player to stay. The queue is kept.
func (p *player) fallAsleep(ctx context.Context) {
	p.setSleep(sleep{})
	p.breakOff(ctx, EndStopped)
	p.bookmark.channel, p.bookmark.playing = 0, false
	p.pump.setVolume(ctx, float32(p.volume)/100)
	p.emit(Slept{})
	if !p.stay {
		p.leave(ctx, LeaveSlept, nil)
	}
}

// fallAsleepAfter is fallAsleep after a track that is over: the next one waits.
func (p *player) fallAsleepAfter(ctx context.Context) {
	item, _ := p.queue.Next()
	p.current.cancel()
	p.current = nil // the pump has nothing either, and lets the last sound ring out
	p.bookmark = bookmark{item: item.ID}
	p.fallAsleep(ctx)
}
