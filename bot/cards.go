package bot

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"busker/internal/snowflake"
	"busker/player"
)

// askBuffer is how many requests for a fresh card may wait; more are dropped, and
// the next event brings the card anyway.
const askBuffer = 64

// runCards gives every guild whose player does something a card, on a goroutine of
// its own that ends when the bot leaves the voice channel.
func (b *Bot) runCards(ctx context.Context) error {
	var running sync.WaitGroup
	var left atomic.Int64 // cards that are not marked as over
	ending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer func() {
		end := time.AfterFunc(b.opts.StopTimeout, cancel)
		defer end.Stop()
		running.Wait()
		b.report(left.Load())
	}()
	cards := map[snowflake.ID]*card{}
	ended := make(chan *card)
	post := func(guild snowflake.ID, n notes) {
		if c := cards[guild]; c != nil && c.post(n) {
			return
		}
		c := newCard(b, guild)
		c.post(n)
		cards[guild] = c
		running.Go(func() {
			b.runCard(ctx, ending, c)
			if ctx.Err() != nil && c.left() {
				left.Add(1)
			}
			select {
			case ended <- c:
			case <-ctx.Done():
			}
		})
	}
	events := b.opts.Events
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, open := <-events:
			if !open {
				events = nil
				continue
			}
			post(e.Guild, b.note(e.Event))
		case guild := <-b.asks:
			post(guild, notes{fresh: true})
		case c := <-ended:
			if cards[c.guild] == c {
				delete(cards, c.guild)
			}
		}
	}
}

// report tells the operator of cards for which there was no time when the process stopped.
func (b *Bot) report(left int64) {
	if left > 0 {
		b.metrics.cards.WithLabelValues("left").Add(float64(left))
		b.log.Warn("no time to mark all cards as over; a press on one that is left does so", "cards", left)
	}
}

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
	n.lines(english()) // what cannot be said shows here, and not on the card's goroutine
	return n
}

// runCard runs a card; should it panic, the guild goes without until the next event.
func (b *Bot) runCard(ctx, ending context.Context, c *card) {
	defer c.retire()
	defer func() {
		if p := recover(); p != nil {
			b.metrics.panics.Inc()
			b.log.Error("card panicked", "guild", c.guild, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	c.run(ctx, ending)
}

// notes are what happened since a card was last brought up to date. How the player
// is now the card reads from its Status.
type notes struct {
	fresh    bool       // somebody asked for a new card
	failures []sentence // tracks that could not be played, at most maxFailures
	failed   int        // how many there were
	say      sentence   // something else to tell the channel; nil = nothing
}

// sentence is something to say in whatever language it will be read.
type sentence func(w tongue) string

// plainly is a sentence that is one text.
func plainly(text string) sentence { return func(w tongue) string { return w.Say(text) } }

// maxFailures is how many failures are told one by one.
const maxFailures = 3

func notesOf(e player.Event) notes {
	switch e := e.(type) {
	case player.TrackFailed:
		return notes{failed: 1, failures: []sentence{func(w tongue) string {
			return w.Say(textFailed, w.bold(e.Item.Track), w.whyOf(e.Err))
		}}}
	case player.SeekFailed:
		return notes{say: func(w tongue) string {
			return w.Say(textSeekFailed, w.bold(e.Item.Track), clock(e.At), w.whyOf(e.Err))
		}}
	case player.GaveUp:
		return notes{say: plainly(textGaveUp)}
	case player.Left:
		if e.Reason == player.LeaveDisconnected {
			return notes{say: func(w tongue) string { return w.putOut(e.Err) }}
		}
	}
	return notes{}
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
	if n.say != nil {
		lines = append(lines, n.say(w))
	}
	return lines
}

// add puts later notes to earlier ones.
func (n *notes) add(later notes) {
	n.fresh = n.fresh || later.fresh
	n.failed += later.failed
	n.failures = append(n.failures, later.failures...)
	n.failures = n.failures[:min(len(n.failures), maxFailures)]
	if later.say != nil {
		n.say = later.say
	}
}
