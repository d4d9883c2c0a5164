package listen

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"busker/audio"
	"busker/internal/snowflake"
)

// Report is what a Listener measured up to one moment. It never changes.
type Report struct {
	Speaker snowflake.ID

	Packets       int64 // of the speaker, all that arrived
	Lost          int64 // never arrived
	Late          int64 // arrived when their place had been given up
	Reordered     int64 // arrived after a newer one, still in time
	Duplicated    int64
	SilenceFrames int64 // F8 FF FE
	Undecodable   int64
	Others        int64 // packets of other speakers
	Restarts      int64 // new SSRC or sequence: the speaker connected again
	Jumps         int64 // timestamps that went back or ran ahead by minutes

	// Of the end-to-end encryption:
	Plain         int64  // packets in the clear, silence frames apart
	TooEarly      int64  // not decrypted because speaker and listener shared no key yet
	Undecryptable int64  // not decrypted after others of the speaker were
	Epochs        int64  // how many epochs the packets decrypted came in
	Epoch         uint64 // the newest of them
	Code          string // its voice privacy code

	// Sources are the voice sessions that were heard, or were refused, by their first
	// packet; at most the newest thousand. Doubled is the longest time for which audio of
	// two of them was let through: one speaker has one voice, so it must be 0.
	Sources []Source
	Doubled time.Duration

	First, Last time.Time     // arrivals
	Length      time.Duration // of the recording: media time
	Rate        float64       // packets per second while speaking; 50 is right
	Deviation   Deviation

	// Gaps and Pauses list the first thousand of each.
	Gaps       []Gap
	GapCount   int
	GapTime    time.Duration
	Pauses     []Gap
	PauseCount int
	PauseTime  time.Duration

	// RMS per channel and Peak are in dBFS; −Inf is digital silence.
	RMS     [audio.Channels]float64
	Peak    float64
	Silence float64 // share of the recording below −60 dBFS, 0..1
	Err     error   // why nothing was decoded, if so
}

// Deviation is how far the distance of two packets lay from the 20 ms (or the
// multiple) that their timestamps stand for; announced pauses are left out.
type Deviation struct{ P50, P99, Max time.Duration }

// Report returns what was measured so far.
func (l *Listener) Report() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	q, c := &l.queue, &l.clock
	sources, doubled := l.sources.report()
	return Report{
		Sources:       sources,
		Doubled:       doubled,
		Speaker:       l.speaker,
		Packets:       l.count.packets,
		Lost:          q.lost,
		Late:          q.counts[late],
		Reordered:     q.counts[reordered],
		Duplicated:    q.counts[duplicated],
		SilenceFrames: l.count.silence,
		Undecodable:   l.count.undecodable,
		Others:        l.count.others,
		Restarts:      l.count.restarts,
		Jumps:         l.count.jumps,
		Plain:         l.count.plain,
		TooEarly:      l.count.early,
		Undecryptable: l.count.undecryptable,
		Epochs:        l.count.keys,
		Epoch:         l.count.epoch,
		Code:          l.count.code,
		First:         c.first,
		Last:          c.arrival,
		Length:        audio.SamplesDuration(l.tape.end),
		Rate:          c.rate(),
		Deviation:     Deviation{c.deviation.quantile(0.5), c.deviation.quantile(0.99), c.deviation.max},
		Gaps:          slices.Clone(c.gaps),
		GapCount:      c.gapCount,
		GapTime:       c.gapTime,
		Pauses:        slices.Clone(c.pauses),
		PauseCount:    c.pauseCount,
		PauseTime:     c.pauseTime,
		RMS:           [audio.Channels]float64{l.level.rms(0), l.level.rms(1)},
		Peak:          decibels(l.level.peak * l.level.peak),
		Silence:       l.level.silence(),
		Err:           l.decoding,
	}
}

// String returns the report as a few lines for people.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "heard      %v, %d packets, %.2f per second\n", r.Length.Round(time.Millisecond), r.Packets, r.Rate)
	fmt.Fprintf(&b, "missing    %d lost, %d late, %d reordered, %d duplicated, %d undecodable\n",
		r.Lost, r.Late, r.Reordered, r.Duplicated, r.Undecodable)
	fmt.Fprintf(&b, "encryption %d in the clear, %d too early, %d undecryptable, %d epochs\n",
		r.Plain, r.TooEarly, r.Undecryptable, r.Epochs)
	fmt.Fprintf(&b, "timing     deviation p50 %v, p99 %v, max %v\n",
		round(r.Deviation.P50), round(r.Deviation.P99), round(r.Deviation.Max))
	fmt.Fprintf(&b, "gaps       %d (%v), pauses %d (%v), restarts %d\n",
		r.GapCount, round(r.GapTime), r.PauseCount, round(r.PauseTime), r.Restarts)
	for _, g := range r.Gaps[:min(len(r.Gaps), 5)] {
		fmt.Fprintf(&b, "           %s at %v for %v\n", g.Kind, round(g.At), round(g.Length))
	}
	for _, s := range r.Sources[:min(len(r.Sources), 5)] {
		fmt.Fprintf(&b, "session    %d: %d packets in %v, %v after the one before, %d refused\n",
			s.SSRC, s.Packets, round(s.Last.Sub(s.First)), round(s.Gap), s.Refused)
	}
	if r.Doubled > 0 {
		fmt.Fprintf(&b, "doubled    two sessions were heard for %v\n", round(r.Doubled))
	}
	fmt.Fprintf(&b, "level      left %.1f dBFS, right %.1f dBFS, peak %.1f dBFS, %.0f %% silence\n",
		r.RMS[0], r.RMS[1], r.Peak, 100*r.Silence)
	if r.Err != nil {
		fmt.Fprintf(&b, "not heard  %v\n", r.Err)
	}
	return b.String()
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
