package listen

import (
	"math"
	"time"

	"busker/audio"
	"busker/opus"
)

const (
	// stallAfter is the lateness of a packet from which a receiver with a usual
	// jitter buffer runs dry: three frames.
	stallAfter = 3 * audio.FrameTime
	// farewell is how many silence frames announce a pause.
	farewell = 5
	// listed bounds the gaps and pauses a report lists one by one.
	listed = 1000
)

// GapKind says how a gap came about.
type GapKind string

// The kinds of Gap.
const (
	Lost    GapKind = "lost"    // packets never came, or came after their turn
	Stalled GapKind = "stalled" // the next packet came late, and nothing had announced a pause
	Paused  GapKind = "paused"  // five silence frames, then nothing
)

// Gap is an interruption. At is its position in the recording, Length the media
// time lost, or the time on the clock beyond what the timestamps account for.
type Gap struct {
	Kind   GapKind
	At     time.Duration
	Length time.Duration
}

// clock compares arrivals with timestamps.
type clock struct {
	started    bool
	ssrc       uint32
	timestamp  uint32
	arrival    time.Time
	first      time.Time
	silences   int // silence frames in a row
	active     time.Duration
	intervals  int64
	deviation  histogram
	gaps       []Gap
	gapCount   int
	gapTime    time.Duration
	pauses     []Gap
	pauseCount int
	pauseTime  time.Duration
}

// tick takes the arrival of a packet that is newer than all before; at is the
// position the recording has reached.
func (c *clock) tick(p Packet, at int64) {
	if c.started {
		c.measure(p, at)
	} else {
		c.first = p.Arrival
	}
	c.started, c.ssrc, c.timestamp, c.arrival = true, p.SSRC, p.Timestamp, p.Arrival
	if string(p.Payload) == opus.SilenceFrame {
		c.silences++
	} else {
		c.silences = 0
	}
}

func (c *clock) measure(p Packet, at int64) {
	media := audio.FrameTime
	step := int64(int32(p.Timestamp - c.timestamp))
	if p.SSRC == c.ssrc && step > 0 && step <= longestHole {
		media = audio.SamplesDuration(step)
	}
	interval := p.Arrival.Sub(c.arrival)
	over := interval - media
	if over > stallAfter && c.silences >= farewell {
		c.pauses = list(c.pauses, Gap{Paused, audio.SamplesDuration(at), over})
		c.pauseCount++
		c.pauseTime += over
		return
	}
	c.active += interval
	c.intervals += int64(media / audio.FrameTime)
	c.deviation.add(over.Abs())
	if over > stallAfter {
		c.gap(Gap{Stalled, audio.SamplesDuration(at), over})
	}
}

// hole notes packets given up at a position.
func (c *clock) hole(at int64, missing int) {
	c.gap(Gap{Lost, audio.SamplesDuration(at), time.Duration(missing) * audio.FrameTime})
}

func (c *clock) gap(g Gap) {
	c.gaps = list(c.gaps, g)
	c.gapCount++
	c.gapTime += g.Length
}

func list(gaps []Gap, g Gap) []Gap {
	if len(gaps) == listed {
		return gaps
	}
	return append(gaps, g)
}

// rate returns frames per second while the speaker spoke, or 0.
func (c *clock) rate() float64 {
	if c.active <= 0 {
		return 0
	}
	return float64(c.intervals) / c.active.Seconds()
}

// histogram counts durations in buckets 2 % apart, so a quantile is known to 1 %.
type histogram struct {
	buckets [bucketCount]uint32
	count   uint64
	max     time.Duration
}

// bucketCount reaches 36 seconds: 1.02^880 µs.
const bucketCount = 880

var bucketScale = 1 / math.Log(1.02)

func (h *histogram) add(d time.Duration) {
	i := int(math.Log1p(float64(d)/float64(time.Microsecond)) * bucketScale)
	h.buckets[min(i, bucketCount-1)]++
	h.count++
	h.max = max(h.max, d)
}

// quantile returns the duration that the share q of all lies below.
func (h *histogram) quantile(q float64) time.Duration {
	rank := uint64(math.Ceil(q * float64(h.count)))
	var seen uint64
	for i, n := range h.buckets {
		if seen += uint64(n); seen >= rank && seen > 0 {
			middle := math.Expm1((float64(i) + 0.5) / bucketScale)
			return min(time.Duration(middle*float64(time.Microsecond)), h.max)
		}
	}
	return 0
}
