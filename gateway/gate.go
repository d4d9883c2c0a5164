package gateway

import "context"

// gate lets one through at a time. Unlike a mutex it can be waited for no longer than a
// context lasts: who is inside may be talking to the cluster.
type gate chan struct{}

func newGate() gate { return make(gate, 1) }

func (g gate) enter(ctx context.Context) error {
	select {
	case g <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g gate) leave() { <-g }
