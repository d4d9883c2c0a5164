package listen

import (
	"slices"
	"time"
)

// Source is one voice session of the speaker, as far as it was heard: each has an SSRC of
// its own. Silence frames do not count.
type Source struct {
	SSRC        uint32
	First, Last time.Time // arrivals of audio that was let through
	Packets     int64     // of it
	// Gap is how long nothing was let through between the end of the source heard before
	// and the beginning of this one: a hand-over's gap. It is negative while both were
	// heard.
	Gap time.Duration
	// Refused are packets that came when the server had ended the session, because a newer
	// one took its place or the speaker was thrown out; nobody heard them.
	Refused     int64
	LastRefused time.Time
}

// sources are those of one speaker by their first packet, at most listed of them: the
// newest.
type sources []Source

// of returns the source with an SSRC, made when it is new.
func (s *sources) of(ssrc uint32) *Source {
	for i := range slices.Backward(*s) {
		if (*s)[i].SSRC == ssrc {
			return &(*s)[i]
		}
	}
	if len(*s) == listed {
		*s = slices.Delete(*s, 0, 1)
	}
	*s = append(*s, Source{SSRC: ssrc})
	return &(*s)[len(*s)-1]
}

// heard takes a packet of audio.
func (s *sources) heard(p Packet) {
	one := s.of(p.SSRC)
	if one.Packets == 0 {
		one.First = p.Arrival
	}
	one.Packets++
	if p.Arrival.After(one.Last) {
		one.Last = p.Arrival
	}
}

// report returns them with their gaps, and the longest time that two of them were heard.
func (s sources) report() (list []Source, doubled time.Duration) {
	list = slices.Clone(s)
	var before *Source
	for i := range list {
		one := &list[i]
		if one.Packets == 0 {
			continue // all of it was refused
		}
		for _, other := range list[:i] {
			if other.Packets > 0 {
				doubled = max(doubled, earlier(one.Last, other.Last).Sub(later(one.First, other.First)))
			}
		}
		if before != nil {
			one.Gap = one.First.Sub(before.Last)
		}
		if before == nil || one.Last.After(before.Last) {
			before = one
		}
	}
	return list, doubled
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Refused takes note of a packet that the server did not let through because it had ended
// the session with this SSRC.
func (l *Listener) Refused(p Packet) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.speaker != p.Speaker {
		return
	}
	one := l.sources.of(p.SSRC)
	one.Refused++
	one.LastRefused = p.Arrival
}
