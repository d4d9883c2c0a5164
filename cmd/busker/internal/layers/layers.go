// Package layers runs the parts of a process that stand on each other: started
// bottom up, stopped top down, all within a bounded time.
package layers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Layer is a part that lives: those started earlier are needed by those later.
type Layer struct {
	Name  string
	Run   func(context.Context) error // blocks until its context ends
	Share time.Duration               // of the time to stop
}

// stoppable is a running layer.
type stoppable struct {
	Layer
	cancel context.CancelFunc
	done   chan struct{}
	err    error // valid once done is closed
}

// Run starts the layers in order and, when ctx ends or one of them does, stops them
// in reverse: each is told, and waited for as long as its share lasts, before the
// next. It returns why the first layer failed, or which one would not stop.
func Run(ctx context.Context, log *slog.Logger, layers ...Layer) error {
	ended := make(chan *stoppable, len(layers))
	running := make([]*stoppable, len(layers))
	for i, l := range layers {
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		s := &stoppable{Layer: l, cancel: cancel, done: make(chan struct{})}
		running[i] = s
		go func() {
			s.err = s.Run(own)
			close(s.done)
			ended <- s
		}()
	}
	var errs []error
	select {
	case <-ctx.Done():
	case s := <-ended:
		if s.err == nil {
			s.err = errors.New("ended by itself")
		}
		errs = append(errs, fmt.Errorf("%s: %w", s.Name, s.err))
		s.err = nil // reported
	}
	log.Info("stopping")
	for i := len(running) - 1; i >= 0; i-- {
		if err := running[i].stop(log); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s *stoppable) stop(log *slog.Logger) error {
	began := time.Now()
	s.cancel()
	patience := time.NewTimer(s.Share)
	defer patience.Stop()
	select {
	case <-s.done:
		log.Debug("stopped", "layer", s.Name, "took", time.Since(began))
		if s.err != nil && !errors.Is(s.err, context.Canceled) {
			return fmt.Errorf("stop %s: %w", s.Name, s.err)
		}
		return nil
	case <-patience.C:
		return fmt.Errorf("%s did not stop within %s", s.Name, s.Share)
	}
}
