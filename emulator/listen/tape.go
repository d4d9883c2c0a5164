package listen

import (
	"slices"
	"time"

	"busker/audio"
	"busker/opus"
)

// frameSamples is the length of a frame as a position counts it.
const frameSamples = int64(audio.FrameSamples)

const (
	// longestHole bounds the silence one step of the timestamp may stand for, in
	// samples: more is a new timeline, not a pause.
	longestHole = 600 * audio.SampleRate
	// concealed is how many lost packets in a row are concealed; what a decoder
	// makes up after 100 ms is no longer what was lost.
	concealed = 5
)

// frame is one packet in its place. Positions and lengths are samples per channel.
type frame struct {
	at      int64 // position of its first sample
	hole    int64 // between the end of the frame before and at
	conceal int   // lost packets in the hole to be made up
	samples int64
	payload []byte
}

// tape lays packets on the timeline their timestamps draw.
type tape struct {
	keep    time.Duration
	frames  []frame
	dropped int    // frames at the front that keep has outlived
	end     int64  // where the newest frame ends
	expect  uint32 // timestamp of a packet that follows without a hole
	joined  bool   // expect is meaningful
}

// cut begins another timeline where this one ends: timestamps start anew.
func (t *tape) cut() { t.joined = false }

// append places p behind the frames before it, of which missing were lost. It
// reports whether the timestamp made no sense and was ignored. The payload is
// borrowed for the call, copied if the tape keeps it, and part of the result
// either way.
func (t *tape) append(p Packet, missing int) (f frame, jumped bool) {
	f.samples, f.payload = packetSamples(p.Payload), p.Payload
	f.hole = int64(missing) * frameSamples
	if t.joined {
		step := int64(int32(p.Timestamp - t.expect))
		jumped = step < 0 || step > longestHole
		if !jumped {
			f.hole = step
		}
	}
	f.conceal = min(missing, concealed)
	f.at = t.end + f.hole
	t.end = f.at + f.samples
	t.expect, t.joined = p.Timestamp+uint32(f.samples), true
	t.remember(f)
	return f, jumped
}

func (t *tape) remember(f frame) {
	if t.keep < 0 {
		return
	}
	f.payload = slices.Clone(f.payload)
	t.frames = append(t.frames, f)
	if t.keep == 0 {
		return
	}
	oldest := t.end - audio.DurationSamples(t.keep)
	for t.frames[t.dropped].at < oldest {
		t.dropped++
	}
	if t.dropped > len(t.frames)/2 {
		t.frames = append([]frame(nil), t.frames[t.dropped:]...)
		t.dropped = 0
	}
}

// kept returns a copy of the frames remembered.
func (t *tape) kept() []frame { return slices.Clone(t.frames[t.dropped:]) }

// packetSamples returns the length of a packet in samples; a damaged one is taken
// for a frame.
func packetSamples(payload []byte) int64 {
	d, err := opus.PacketDuration(payload)
	if err != nil {
		return frameSamples
	}
	return audio.DurationSamples(d)
}
