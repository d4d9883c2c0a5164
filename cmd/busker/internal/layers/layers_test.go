package layers_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"busker/cmd/busker/internal/layers"
	"busker/internal/bubble"
)

// recorder makes layers that write down what happens to them.
type recorder struct {
	mu    sync.Mutex
	steps []string
}

func (r *recorder) add(step string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, step)
}

func (r *recorder) seen() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.steps, " ")
}

func (r *recorder) layer(name string, linger time.Duration, err error) layers.Layer {
	return layers.Layer{name, func(ctx context.Context) error {
		<-ctx.Done()
		<-time.After(linger)
		r.add(name)
		return err
	}, time.Second}
}

func TestLayersStopTopDown(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		var r recorder
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := layers.Run(ctx, slog.New(slog.DiscardHandler),
			r.layer("bottom", 0, context.Canceled), r.layer("middle", 500*time.Millisecond, nil), r.layer("top", 100*time.Millisecond, nil))
		if err != nil || r.seen() != "top middle bottom" {
			t.Errorf("stopped %v, error %v", r.seen(), err)
		}
	})
}

func TestAFailingLayerStopsTheRest(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		var r recorder
		broken := errors.New("no such token")
		err := layers.Run(t.Context(), slog.New(slog.DiscardHandler),
			layers.Layer{"gateway", func(context.Context) error { return broken }, time.Second}, r.layer("top", 0, nil))
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), "gateway: no such token") || r.seen() != "top" {
			t.Errorf("stopped %v, error %v", r.seen(), err)
		}
		err = layers.Run(t.Context(), slog.New(slog.DiscardHandler), layers.Layer{"lazy", func(context.Context) error { return nil }, time.Second})
		if err == nil {
			t.Error("a layer that ended by itself went unnoticed")
		}
	})
}

func TestALayerThatWillNotStop(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		var r recorder
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began := time.Now()
		err := layers.Run(ctx, slog.New(slog.DiscardHandler), r.layer("bottom", 0, nil), r.layer("stubborn", time.Hour, nil))
		if err == nil || !strings.Contains(err.Error(), "stubborn did not stop within 1s") {
			t.Errorf("error %v", err)
		}
		if time.Since(began) != time.Second || r.seen() != "bottom" {
			t.Errorf("took %v, stopped %v", time.Since(began), r.seen())
		}
		<-time.After(time.Hour) // until it is over
	})
}
