package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"busker/cluster"
	"busker/gateway/conn"
	"busker/internal/fault"
)

// order is what members are told over the bus. Its kind is the message's.
type order struct {
	kind   string
	Key    string `json:"key,omitempty"`    // take: the lease of the shard
	Offer  bool   `json:"offer,omitempty"`  // take: only asks whether it would be taken
	Shards int    `json:"shards,omitempty"` // reshard
}

// The kinds of orders.
const (
	orderTake      = "take"
	orderDrain     = "drain"
	orderRebalance = "rebalance"
	orderReshard   = "reshard"
)

// memberTopic is where a member takes orders.
func memberTopic(member string) string { return "member/" + member }

// OrderDrain has a member give all its shards to others; it takes none from then on.
// It returns once the order is taken, not once it is done.
func OrderDrain(ctx context.Context, c *cluster.Cluster, member string) error {
	return send(ctx, c.Bus, member, order{kind: orderDrain})
}

// OrderRebalance has all members that run shards even them out soon, those included
// whose guilds play.
func OrderRebalance(ctx context.Context, c *cluster.Cluster) error {
	members, err := c.Members.Members(ctx)
	if err != nil {
		return fmt.Errorf("ask who is there: %w", err)
	}
	var errs []error
	for _, m := range members {
		if runsShards(m) {
			errs = append(errs, send(ctx, c.Bus, m.ID, order{kind: orderRebalance}))
		}
	}
	return errors.Join(errs...)
}

// send gives a member an order and waits until it is taken.
func send(ctx context.Context, bus cluster.Bus, member string, o order) error {
	body, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if _, err := bus.Request(ctx, memberTopic(member), cluster.Message{Key: o.Key, Kind: o.kind, Body: body}); err != nil {
		return fmt.Errorf("order %s to member %s: %w", o.kind, member, err)
	}
	return nil
}

// tell is send to another member of the fleet.
func (f *Fleet) tell(ctx context.Context, member string, o order) error {
	if f.c.Bus == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, f.opts.TTL)
	defer cancel()
	return send(ctx, f.c.Bus, member, o)
}

// obey takes orders until ctx ends.
func (f *Fleet) obey(ctx context.Context) error {
	again := conn.Backoff{First: f.opts.TTL / 12}
	for {
		err := f.c.Bus.Serve(ctx, memberTopic(f.opts.Process), cluster.Server{
			Consumer: f.opts.Process, Workers: drains, Retries: 2,
			Handle: func(ctx context.Context, m cluster.Message) ([]byte, error) { return nil, f.carryOut(ctx, m) },
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f.log.Warn("no orders can be taken", "err", err)
		if err := pause(ctx, min(again.Next(), f.opts.TTL)); err != nil {
			return err
		}
	}
}

// carryOut does what an order says, or begins to.
func (f *Fleet) carryOut(ctx context.Context, m cluster.Message) error {
	var o order
	if len(m.Body) > 0 && json.Unmarshal(m.Body, &o) != nil {
		return fault.New(fault.Invalid, "The order cannot be read.")
	}
	switch m.Kind {
	case orderTake:
		return f.take(ctx, o)
	case orderDrain:
		f.group.Go(func() error { //nolint:contextcheck // it outlives the order
			ctx, cancel := f.untilStop()
			defer cancel()
			if err := f.Drain(ctx); err != nil {
				f.log.Warn("drain not finished", "err", err)
			}
			return nil
		})
	case orderRebalance:
		f.mu.Lock()
		f.eager = time.Now().Add(eagerTime)
		f.mu.Unlock()
	case orderReshard:
		return Reshard(ctx, f.c, o.Shards)
	default:
		return fault.New(fault.Invalid, "The order cannot be read.")
	}
	return nil
}

// take runs a shard that is handed to this process, or says that it would.
func (f *Fleet) take(ctx context.Context, o order) error {
	f.mu.Lock()
	refuses := f.draining || !f.runsShards()
	f.mu.Unlock()
	switch {
	case !o.Offer:
		if err := f.claim(ctx, o.Key, HandedOver); err != nil {
			f.log.Debug("a shard handed over is taken later", "key", o.Key, "err", err)
		}
	case refuses:
		return fault.New(fault.Denied, "This process takes no shards.")
	}
	return nil
}

// untilStop returns a context that ends with Run.
func (f *Fleet) untilStop() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	f.group.Go(func() error {
		select {
		case <-f.stopping:
			cancel()
		case <-ctx.Done():
		}
		return nil
	})
	return ctx, cancel
}
