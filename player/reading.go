package player

import (
	"context"
	"time"

	"busker/audio"
	"busker/opus/pool"
)

// jobFrames is how many frames are made with one turn at a core: enough for the caches
// to pay, little enough for the others not to wait.
const jobFrames = 8

// reading reads frames of one Reader, on one of the pool's cores where the Reader says
// when it waits. Packets take too little to need one.
type reading struct {
	reader  audio.Reader
	packets audio.PacketReader // nil = read by blocks
	turn    *pool.Turn         // nil = read on no core in particular
	made    int                // frames in the present turn; -1 = in none
}

func newReading(r audio.Reader, p *pool.Pool) *reading {
	f := &reading{reader: r, made: -1}
	if packets, ok := r.(audio.PacketReader); ok {
		f.packets = packets
	} else if w, ok := r.(audio.Waiting); ok {
		f.turn = p.Turn()
		w.OnWait(f.turn.Yield, f.turn.Regain)
	}
	return f
}

// next returns the next frame; due is when it should be there.
func (f *reading) next(ctx context.Context, due time.Time) (sound, error) {
	if f.packets != nil {
		p := audio.NewPacket()
		if err := f.packets.ReadPacket(p); err != nil {
			p.Release()
			return sound{}, err
		}
		return sound{packet: p}, nil
	}
	if err := f.compute(ctx, due); err != nil {
		return sound{}, err
	}
	b := blocks.Get().(*audio.Block)
	if err := f.reader.ReadBlock(b); err != nil {
		blocks.Put(b)
		return sound{}, err
	}
	return sound{block: b}, nil
}

// compute sees to it that there is a turn for one more frame.
func (f *reading) compute(ctx context.Context, due time.Time) error {
	if f.turn == nil {
		return nil
	}
	if f.made >= jobFrames {
		f.rest()
	}
	if f.made < 0 {
		if err := f.turn.Begin(ctx, due); err != nil {
			return err
		}
		f.made = 0
	}
	f.made++
	return nil
}

// rest ends the turn, if there is one.
func (f *reading) rest() {
	if f.made >= 0 {
		f.made = -1
		f.turn.End(0) // the pump counts the frames
	}
}

// leave ends a turn in whatever state a panic or an error left it.
func (f *reading) leave() {
	if f.turn != nil {
		f.turn.Leave()
	}
}
