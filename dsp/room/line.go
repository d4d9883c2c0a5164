package room

import "busker/audio"

// line is a delay for one side that is written and read in whole blocks.
type line struct {
	ring []float32
	at   int // where the next block is written
}

// newLine returns a line for delays up to longest samples.
func newLine(longest int) line {
	return line{ring: make([]float32, (frames(longest)+1)*audio.FrameSamples)}
}

// longest is the longest delay l can have.
func (l *line) longest() int { return len(l.ring) - audio.FrameSamples }

func (l *line) write(x *[audio.FrameSamples]float32) {
	copy(l.ring[l.at:], x[:])
	if l.at += len(x); l.at == len(l.ring) {
		l.at = 0
	}
}

// read fills x with what was written delay samples before the last block.
func (l *line) read(x *[audio.FrameSamples]float32, delay int) {
	from := l.at - audio.FrameSamples - delay
	for from < 0 {
		from += len(l.ring)
	}
	n := copy(x[:], l.ring[from:])
	copy(x[n:], l.ring)
}

func (l *line) clear() { clear(l.ring) }
