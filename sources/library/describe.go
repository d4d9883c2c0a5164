package library

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"busker/internal/fault"
	"busker/sources/decode"
	"busker/sources/folders"
	"busker/sources/names"
)

// describeTime is how long a file may take to say what it is.
const describeTime = 30 * time.Second

// While the machine is busy a file waits, looking every restEvery, but for no longer than
// restMost: one that is always busy gets its index, too.
const (
	restEvery = 50 * time.Millisecond
	restMost  = time.Second
)

// job is a file to be described, as the describers see it.
type job struct {
	file  *file // for the result only
	place folders.Place
}

// result is what a file was found to be.
type result struct {
	job
	info          decode.Info
	size, changed int64 // of what was read
	err           error
}

// next returns the next job and where to send it; nil if there is none.
func (c *clerk) next() (chan<- job, job) {
	for len(c.pending) > 0 {
		f := c.pending[0]
		if !f.gone && f.state == named && !c.adopt(f) {
			return c.jobs, job{f, f.place()}
		}
		c.pending = c.pending[1:]
		c.settled()
	}
	c.pending = nil
	return nil, job{}
}

// adopt describes a file that was elsewhere before by what it was there.
func (c *clerk) adopt(f *file) bool {
	known, ok := c.orphans[orphan{f.name, f.size, f.changed}]
	if !ok {
		return false
	}
	c.edit(func() {
		c.cat.change(f, func() { f.about, f.state = known, described })
	})
	return true
}

// describer describes files until ctx ends. It has a thread of its own, which stands back.
func (c *clerk) describer(ctx context.Context) {
	if c.opts.StandBack != nil {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		c.opts.StandBack()
	}
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-c.jobs:
			c.yield(ctx, restMost)
			r := describe(ctx, j, c.opts.Decode)
			select {
			case c.results <- r:
			case <-ctx.Done():
				return
			}
		}
	}
}

// yield waits while the machine is busy.
func (c *clerk) yield(ctx context.Context, most time.Duration) {
	if c.opts.Busy == nil {
		return
	}
	for began := time.Now(); c.opts.Busy() && time.Since(began) < most; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(restEvery):
		}
	}
}

// describe asks a file what it is. Whatever happens costs this file only.
func describe(ctx context.Context, j job, opts decode.Options) (r result) {
	r.job = j
	defer func() {
		if p := recover(); p != nil {
			r.err = fault.Wrap(fault.Corrupt, "This file is damaged.", fmt.Errorf("panic: %v", p))
		}
	}()
	f, stat, err := j.place.Open()
	if err != nil {
		r.err = err
		return r
	}
	defer f.Close()
	r.size, r.changed = stat.Size(), stat.ModTime().UnixNano()
	ctx, cancel := context.WithTimeout(ctx, describeTime)
	defer cancel()
	r.info, r.err = decode.Probe(ctx, decode.Input{Reader: f, Size: stat.Size()}, opts)
	return r
}

// take notes a result, and those that wait behind it.
func (c *clerk) take(ctx context.Context, r result) {
	for {
		c.sent--
		c.note(r)
		c.settled()
		select {
		case r = <-c.results:
			continue
		case <-ctx.Done():
		default:
		}
		break
	}
	if time.Since(c.told) >= tellEvery {
		c.told = time.Now()
		p := c.Progress()
		c.log.Info("describing music", "done", p.Done, "of", p.Of, "left", p.Left.Round(time.Second), "refused", p.Refused)
		c.report()
	}
}

// settled counts a file that needs to be described no more.
func (c *clerk) settled() {
	c.edit(func() { c.scan.done++ })
	if c.scan.done == c.scan.of {
		c.log.Debug("all music is described", "files", c.cat.size(), "refused", c.cat.counts[refused], "took", time.Since(c.scan.began).Round(time.Millisecond))
		if c.scan.of > chunk {
			c.save()
		}
		c.pending = nil
		c.rest()
	} else if c.cat.stale() {
		c.rest()
	}
}

// note puts down what a file was found to be.
func (c *clerk) note(r result) {
	f := r.file
	switch {
	case f.gone || f.state != named || errors.Is(r.err, context.Canceled):
		return
	case r.err != nil && !final(r.err):
		c.log.Debug("a file cannot be described now", "file", r.place.URI(), "err", r.err)
		f.tried = true
		return
	}
	c.unsaved = true
	c.opts.Metrics.described.Inc()
	c.edit(func() {
		c.cat.change(f, func() {
			f.size, f.changed = r.size, r.changed
			f.about, f.state = aboutOf(&r.info, c.cat.once), described
			if f.title == names.Stem(f.name) {
				f.title = ""
			}
			if r.err != nil {
				f.about, f.state = about{}, refused
			}
		})
	})
	if r.err != nil {
		c.opts.Metrics.refused.Inc()
		c.log.Debug("a file cannot be played", "file", r.place.URI(), "err", r.err)
	}
}

// final reports that a file will not get better by itself.
func final(err error) bool {
	switch fault.KindOf(err) {
	case fault.Corrupt, fault.Unsupported, fault.TooLarge, fault.Invalid:
		return true
	}
	return false
}
