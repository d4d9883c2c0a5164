package gateway_test

import (
	"testing"
	"time"

	"busker/gateway"
	"busker/internal/bubble"
)

func TestTheDirectoryKnowsEveryOwner(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newTown(t, 4, "a", "b")
		defer w.close()
		d := &gateway.Directory{Cluster: w.cluster}
		if member, _, _, shards, err := d.Owner(t.Context(), guildOf(0)); err != nil || member != "" {
			t.Errorf("before anybody is there: %q of %d shards, %v", member, shards, err)
		}
		w.served(2*time.Second, 4)
		pass(5 * time.Second)
		for shard := range 4 {
			member, token, at, shards, err := d.Owner(t.Context(), guildOf(shard))
			if err != nil || member != w.owner(shard) || at != shard || shards != 4 {
				t.Errorf("shard %d: %s, %d of %d, %v", shard, member, at, shards, err)
			}
			for _, m := range w.members {
				if is, _ := m.Token(guildOf(shard)); m.name == member && is != token {
					t.Errorf("token %d, and the owner has %d", token, is)
				}
			}
		}
		if err := w.members[0].Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.Forget()
		if member, _, _, _, err := d.Owner(t.Context(), guildOf(0)); err != nil || member != "b" {
			t.Errorf("after the drain: %s, %v", member, err)
		}
	})
}

// TestOrdersAreCarriedOut gives them as the command line does.
func TestOrdersAreCarriedOut(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newTown(t, 6, "a")
		defer w.close()
		w.served(2*time.Second, 6)
		a := w.members[0]
		for _, key := range []string{"0/6", "1/6", "2/6", "3/6", "4/6", "5/6"} {
			a.mu.Lock()
			a.playing[key] = 1
			a.mu.Unlock()
		}
		b := w.join("b")
		pass(time.Second)
		if err := gateway.OrderRebalance(t.Context(), w.cluster); err != nil {
			t.Fatal(err)
		}
		w.wait(4*time.Second, "evened out", func() bool { return b.owns(6) == 3 })
		if err := gateway.OrderDrain(t.Context(), w.cluster, "b"); err != nil {
			t.Fatal(err)
		}
		w.wait(2*time.Second, "drained", func() bool { return a.owns(6) == 6 })
		if err := gateway.OrderDrain(contextSoon(t), w.cluster, "nobody"); err == nil {
			t.Error("nobody took an order")
		}
	})
}
