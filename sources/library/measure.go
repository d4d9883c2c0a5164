package library

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"time"

	"busker/audio"
	"busker/dsp/loudness"
	"busker/sources/decode"
	"busker/sources/folders"
	"busker/track"
)

const (
	// measureEvery is the pause between files, and how often it is asked whether there is
	// something to measure.
	measureEvery = time.Second
	// measureMost is the longest file that is measured.
	measureMost = 30 * time.Minute
	// measureYield is how many blocks are measured between two looks at the machine: 10 s.
	measureYield = 10 * audio.FramesPerSecond
)

// specimen is a file to be measured; the zero value is none.
type specimen struct {
	place folders.Place
	track track.Track
}

// unmeasured returns a file whose loudness nobody knows.
func (c *clerk) unmeasured() specimen {
	if !c.surveyed {
		c.surveyed, c.silent = true, nil
		for f := range c.cat.all {
			if f.state == described && !f.measured && f.length > 0 && f.length <= measureMost {
				c.silent = append(c.silent, f)
			}
		}
	}
	for len(c.silent) > 0 {
		f := c.silent[0]
		c.silent = c.silent[1:]
		if f.gone || f.state != described {
			continue
		}
		s := specimen{f.place(), f.track()}
		if _, known := c.opts.Measure.Recall(s.track); !known {
			return s
		}
	}
	return specimen{}
}

// measurer measures one file after the other until ctx ends, on a thread that stands back.
func (c *clerk) measurer(ctx context.Context) {
	if c.opts.StandBack != nil {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		c.opts.StandBack()
	}
	answer := make(chan specimen)
	tick := time.NewTicker(measureEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		select {
		case <-ctx.Done():
			return
		case c.quiet <- answer: // taken when there is nothing to describe
		}
		s := <-answer
		if s.place.Folder == nil {
			continue
		}
		loud, err := c.measure(ctx, s)
		if err != nil {
			c.log.Debug("a file cannot be measured", "file", s.track.URI, "err", err)
			continue
		}
		c.opts.Metrics.measured.Inc()
		c.opts.Measure.Remember(s.track, loud)
	}
}

// measure hears a file from its beginning to its end, as fast as the machine has time for it.
func (c *clerk) measure(ctx context.Context, s specimen) (loud track.Loudness, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	f, stat, err := s.place.Open()
	if err != nil {
		return loud, err
	}
	if folders.Version(stat) != s.track.Version {
		return loud, errors.Join(errors.New("it has changed"), f.Close())
	}
	r, err := decode.Open(ctx, decode.Input{Reader: f, Size: stat.Size()}, 0, c.opts.Decode)
	if err != nil {
		return loud, err
	}
	defer func() { _ = r.Close() }() // nothing is written there
	meter, block := loudness.NewMeter(), new(audio.Block)
	for n := 0; ; n++ {
		if n%measureYield == 0 {
			c.yield(ctx, math.MaxInt64)
		}
		err := r.ReadBlock(block)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return loud, err
		}
		meter.Add(block)
	}
	lufs, ok := meter.Integrated()
	peak := meter.TruePeak()
	if !ok {
		return loud, errors.New("it is silent")
	}
	if math.IsNaN(lufs+peak) || math.IsInf(lufs+peak, 0) { // a file of floating-point samples may hold anything
		return loud, errors.New("it has no loudness")
	}
	return track.Loudness{LUFS: lufs, Peak: peak, Known: true}, nil
}
