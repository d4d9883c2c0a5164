package app_test

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// heardSince waits until each of the rooms is heard, where broken after a silence since
// then, and returns how long the longest silence was, when the last of them ended, counted
// from since, and how far the music jumped; all are 0 where there was none.
func (b *band) heardSince(rooms []*room, since time.Time, broken bool) (silent, back, off []time.Duration) {
	b.Helper()
	for _, r := range rooms {
		if broken {
			r.again(b.T, since)
		}
		b.until("a guild to be heard", func() bool { _, steady := r.meter.position(); return steady })
		quiet, ended, skipped := r.meter.silence(since)
		silent, back, off = append(silent, quiet), append(back, ended), append(off, skipped)
	}
	return silent, back, off
}

// silence returns what there was of it since a time.
func (m *meter) silence(since time.Time) (longest, back, off time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range m.gaps {
		if !g.to.After(since) {
			continue
		}
		longest, back = max(longest, g.to.Sub(g.from)), max(back, g.to.Sub(since))
		if g.after >= 0 {
			off = max(off, apart(g.before, g.after).Abs())
		}
	}
	return longest, back, off
}

// worstOf is the largest of durations, 0 of none.
func worstOf(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	return slices.Max(all)
}

// figure is a line of a table of results.
func figure(what string, all []time.Duration) string {
	if len(all) == 0 {
		return what + ": nobody"
	}
	return fmt.Sprintf("%s: %s", what, strings.TrimSpace(quantilesOf(all)))
}

// mark is where a guild was heard to be at a moment.
type mark struct {
	at   time.Duration // modulo sweepTime
	when time.Time
}

// marks waits until all of the rooms are heard steadily, and returns where they are.
func (b *band) marks(rooms []*room) (all []mark) {
	b.Helper()
	for _, r := range rooms {
		b.until("a guild to be heard", func() bool {
			at, steady := r.meter.position()
			if steady {
				all = append(all, mark{at, time.Now()})
			}
			return steady
		})
	}
	return all
}

// drift returns how far each room is now from where it would be had nothing happened since
// the marks.
func (b *band) drift(rooms []*room, since []mark) (off []time.Duration) {
	b.Helper()
	for i, now := range b.marks(rooms) {
		by := apart(since[i].at, now.at) - now.when.Sub(since[i].when)
		if by.Abs() > 2*time.Second {
			b.Logf("%s (%v) is off by %v at %v", rooms[i].guild.Name, rooms[i].guild.ID, by, now.when.UTC())
		}
		off = append(off, by.Abs())
	}
	return off
}

// changes returns the gaps between what one process was heard to say in each of the rooms
// and what the next one did, since a time.
func changes(rooms []*room, since time.Time) (gaps []time.Duration) {
	for _, r := range rooms {
		for _, s := range r.ears.Report().Sources {
			if s.Packets > 0 && s.First.After(since) {
				gaps = append(gaps, s.Gap)
			}
		}
	}
	return gaps
}

// heardFrom returns how long after a time each of the rooms heard another voice session than
// before, which is another process's, and complains of those that took long.
func (b *band) heardFrom(rooms []*room, since time.Time) (after []time.Duration) {
	b.Helper()
	for _, r := range rooms {
		for _, s := range r.ears.Report().Sources {
			if s.Packets > 0 && s.First.After(since) {
				after = append(after, s.First.Sub(since))
				if took := s.First.Sub(since); took > 8*time.Second {
					b.Logf("%s (%v) waited %v", r.guild.Name, r.guild.ID, took)
				}
				break
			}
		}
	}
	return after
}

// fenced fails the test if two processes were heard in one guild at the same time, and tells
// what Discord had to refuse.
func (b *band) fenced() {
	b.Helper()
	for _, r := range b.rooms {
		if doubled := r.ears.Report().Doubled; doubled > 0 {
			b.Errorf("%s: two processes were heard for %v", r.guild.Name, doubled)
		}
	}
	f := b.local.Fences()
	if f.AnsweredTwice > 0 {
		b.Logf("%d answers were refused for somebody had answered", f.AnsweredTwice)
	}
	b.Logf("fences: %+v", f)
}
