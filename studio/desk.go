package studio

import (
	"context"
	"time"

	"busker/audio"
	"busker/opus/pool"
)

// bridge is how long listeners go on hearing what they have read already, beside what
// is kept for them: about an Output's ring.
const bridge = 200 * time.Millisecond

// desk is where one goroutine makes something else of what it reads, in turns.
type desk struct {
	turn  *pool.Turn
	waits bool         // reading may be done inside a turn, which is lent out while it waits
	read  func() error // takes the next frame
	use   func() error // makes something of it
}

// from makes r, read by read, what the desk works on.
func (d *desk) from(r audio.Reader, read func() error) {
	w, ok := r.(audio.Waiting)
	d.read, d.waits = read, ok
	if ok {
		w.OnWait(d.turn.Yield, d.turn.Regain)
	}
}

// job does up to so many frames, of which listeners need the first when left more have
// been heard.
func (d *desk) job(ctx context.Context, frames int, left int64) error {
	if !d.waits {
		if err := d.read(); err != nil {
			return err
		}
		frames = 1
	}
	if err := d.turn.Begin(ctx, time.Now().Add(bridge+audio.Duration(left))); err != nil {
		return err
	}
	made := 0
	defer func() { d.turn.End(made) }()
	for ; made < frames; made++ {
		if d.waits {
			if err := d.read(); err != nil {
				return err
			}
		}
		if err := d.use(); err != nil {
			return err
		}
	}
	return nil
}
