// Package handling is what every bus does with the messages it was handed: those of
// one key in order and keys side by side, and what follows from how a handler ends.
//
// It knows neither messages nor where they come from. Its goroutines run jobs, and
// Lanes.Close waits for them.
package handling

import (
	"sync"
	"time"
)

// Job handles one message. It returns 0 when that is done with, and else how long to
// wait before it is run again; the jobs behind it in its lane wait, too.
type Job func() (again time.Duration)

// Lanes run jobs, a lane per key. They may be used by any number of goroutines.
type Lanes struct {
	freed func() // called without locks when there is room again

	mu      sync.Mutex
	free    int // workers
	closed  bool
	lanes   map[string]*lane
	ready   []*lane // with a job that can run now
	waiting int     // jobs in all lanes
	stalled int     // those of them in lanes that wait before they run again
	running sync.WaitGroup
}

// lane are the jobs of one key; a job without one has a lane of its own.
type lane struct {
	key   string
	jobs  []Job
	pause *time.Timer // nil unless the first job waits to be run again
}

// NewLanes returns lanes in which at most workers jobs run at a time. It calls freed
// whenever a job is done with, or begins to wait.
func NewLanes(workers int, freed func()) *Lanes {
	return &Lanes{freed: freed, free: workers, lanes: map[string]*lane{}}
}

// Add puts a job behind those of the same key, "" = none. It does not block.
// After Close it does nothing.
func (l *Lanes) Add(key string, j Job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	at := l.lanes[key]
	if key == "" || at == nil {
		at = &lane{key: key}
		l.ready = append(l.ready, at)
		if key != "" {
			l.lanes[key] = at
		}
	}
	at.jobs = append(at.jobs, j)
	l.waiting++
	if at.pause != nil {
		l.stalled++
	}
	l.start()
}

// Waiting returns how many jobs are not done with, and how many of them stand in
// lanes that wait before their first job is run again.
func (l *Lanes) Waiting() (all, stalled int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting, l.stalled
}

// Close starts no more jobs and waits for those that run.
func (l *Lanes) Close() {
	l.mu.Lock()
	l.closed = true
	for _, at := range l.lanes {
		if at.pause != nil {
			at.pause.Stop()
		}
	}
	l.mu.Unlock()
	l.running.Wait()
}

// start gives the free workers to the lanes that can go on.
func (l *Lanes) start() {
	for !l.closed && l.free > 0 && len(l.ready) > 0 {
		at := l.ready[0]
		l.ready = l.ready[1:]
		l.free--
		j := at.jobs[0]
		l.running.Go(func() { l.run(at, j) })
	}
}

// run runs the first job of a lane. No other does: the lane is not ready meanwhile.
func (l *Lanes) run(at *lane, j Job) {
	again := j()
	l.mu.Lock()
	l.free++
	if again > 0 {
		l.stall(at, again)
	} else {
		l.next(at)
	}
	l.start()
	l.mu.Unlock()
	l.freed()
}

func (l *Lanes) next(at *lane) {
	at.jobs[0] = nil
	at.jobs = at.jobs[1:]
	l.waiting--
	switch {
	case len(at.jobs) > 0:
		l.ready = append(l.ready, at)
	case at.key != "":
		delete(l.lanes, at.key)
	}
}

// stall lets a lane wait.
func (l *Lanes) stall(at *lane, pause time.Duration) {
	if l.closed {
		return
	}
	l.stalled += len(at.jobs)
	at.pause = time.AfterFunc(pause, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		at.pause = nil
		l.stalled -= len(at.jobs)
		l.ready = append(l.ready, at)
		l.start()
	})
}
