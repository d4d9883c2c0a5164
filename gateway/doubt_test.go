package gateway_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"busker/cluster"
	"busker/internal/bubble"
)

// TestAllWhoDoubtHearTheSame: hundreds of players may ask at once whether their guilds are
// still ours while the cluster is silent, and one silence answers all.
func TestAllWhoDoubtHearTheSame(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newTown(t, 4, "a")
		defer w.close()
		w.served(2*time.Second, 4)
		a := w.members[0]
		a.link.silent.Store(true)
		pass(5 * time.Second)
		began := time.Now()
		var asking sync.WaitGroup
		for i := range 200 {
			asking.Go(func() {
				if err := a.Validate(t.Context(), guildOf(i)); !errors.Is(err, cluster.ErrUnreachable) {
					t.Errorf("guild %d: %v", i, err)
				}
			})
		}
		asking.Wait()
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("the last of 200 had its answer after %v", took)
		}
		a.link.silent.Store(false)
		if err := a.Validate(t.Context(), guildOf(1)); err != nil {
			t.Errorf("the cluster answers again: %v", err)
		}
	})
}
