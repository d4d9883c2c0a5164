package bot

import (
	"fmt"
	"runtime/debug"

	"busker/player"
)

// note reads an event; one that cannot be read is none.
func (b *Bot) note(e player.Event) (n notes) {
	defer func() {
		if p := recover(); p != nil {
			b.metrics.panics.Inc()
			b.log.Error("event panicked", "event", fmt.Sprintf("%T", e), "panic", p, "stack", string(debug.Stack()))
			n = notes{}
		}
	}()
	n = notesOf(e)
	n.lines(english()) // what cannot be said shows here, and not on a keeper's goroutine
	return n
}

// notes are what happened since a keeper last looked. How the player is now the keeper
// reads from its Status.
type notes struct {
	fresh    bool       // somebody asked for a new card
	settled  bool       // it is decided where the guild is after a restart
	failures []sentence // tracks that could not be played, at most maxFailures
	failed   int        // how many there were
	say      []sentence // else to tell the channel, at most maxFailures
}

// sentence is something to say in whatever language it will be read.
type sentence func(w tongue) string

// plainly is a sentence that is one text.
func plainly(text string) []sentence {
	return []sentence{func(w tongue) string { return w.Say(text) }}
}

// maxFailures is how many failures are told one by one.
const maxFailures = 3

func notesOf(e player.Event) notes {
	switch e := e.(type) {
	case player.TrackFailed:
		return notes{failed: 1, failures: []sentence{func(w tongue) string {
			return w.Say(textFailed, w.bold(e.Item.Track), w.whyOf(e.Err))
		}}}
	case player.SeekFailed:
		return notes{say: []sentence{func(w tongue) string {
			return w.Say(textSeekFailed, w.bold(e.Item.Track), clock(e.At), w.whyOf(e.Err))
		}}}
	case player.ReturnFailed:
		return notes{settled: true, say: []sentence{func(w tongue) string {
			return w.Say(textNoReturn, e.Channel, w.whyOf(e.Err))
		}}}
	case player.GaveUp:
		return notes{say: plainly(textGaveUp)}
	case player.Slept:
		return notes{say: plainly(textSlept)}
	case player.Left:
		return notes{settled: e.Reason != player.LeaveShutdown, say: leftNotes(e)}
	}
	return notes{}
}

// leftNotes tell why the bot is gone, where nobody asked it to go.
func leftNotes(e player.Left) []sentence {
	switch e.Reason {
	case player.LeaveDisconnected:
		return []sentence{func(w tongue) string { return w.putOut(e.Err) }}
	case player.LeaveIdle:
		return plainly(textLeftIdle)
	case player.LeaveAlone:
		return plainly(textLeftAlone)
	}
	return nil
}

// putOut says why the bot is no longer in its channel.
func (w tongue) putOut(err error) string {
	if why, ok := w.Fault(err); ok {
		return why
	}
	return w.Say(textPutOut)
}

// whyOf is what people may read of err, as the end of a sentence.
func (w tongue) whyOf(err error) string {
	if why, ok := w.Fault(err); ok {
		return why
	}
	return w.Say(textFailedWhy)
}

// lines are what is to be posted.
func (n notes) lines(w tongue) (lines []string) {
	for _, failure := range n.failures {
		lines = append(lines, failure(w))
	}
	if more := n.failed - len(n.failures); more > 0 {
		lines = append(lines, w.Say(textFailedMore, w.tracks(more)))
	}
	for _, s := range n.say {
		lines = append(lines, s(w))
	}
	return lines
}

// add puts later notes to earlier ones.
func (n *notes) add(later notes) {
	n.fresh = n.fresh || later.fresh
	n.settled = n.settled || later.settled
	n.failed += later.failed
	n.failures = append(n.failures, later.failures...)
	n.failures = n.failures[:min(len(n.failures), maxFailures)]
	n.say = append(n.say, later.say...)
	n.say = n.say[max(0, len(n.say)-maxFailures):]
}
