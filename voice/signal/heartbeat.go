package signal

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"time"
)

// Ping returns the time from the newest acknowledged heartbeat to its answer, 0
// before the first.
func (c *Conn) Ping() time.Duration { return time.Duration(c.ping.Load()) }

// setInterval tells the goroutine that beats of a Hello.
func (c *Conn) setInterval(d time.Duration) {
	select {
	case <-c.hello: // one nobody took yet
	default:
	}
	c.hello <- d
}

// heartbeats beats from the first Hello on, the first time after a random part of
// the interval. A beat that is due while the one before is unanswered means that
// the socket is dead.
func (c *Conn) heartbeats(ctx context.Context) error {
	timer := time.NewTimer(0)
	timer.Stop()
	defer timer.Stop()
	var interval time.Duration
	for {
		select {
		case interval = <-c.hello:
			timer.Reset(rand.N(interval))
		case <-timer.C:
			if c.acked.Load() != c.beat.Load() {
				return ErrZombie
			}
			c.beat.Store(time.Now().UnixMilli())
			c.beatAt.Store(int64(time.Since(c.opened)))
			c.sendBeat(ctx, c.beat.Load())
			timer.Reset(interval)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// sendBeat reports no error: a write that fails ends the socket, and the reading
// side knows why.
func (c *Conn) sendBeat(ctx context.Context, nonce int64) {
	_ = c.WriteText(ctx, OpHeartbeat, struct {
		T      int64 `json:"t"`
		SeqAck int64 `json:"seq_ack"`
	}{nonce, c.opts.Seq.Last()})
}

// heartbeat handles the server's side of the heartbeats: its wish for one, which
// is granted outside of the schedule, and its answers to ours. Any answer shows
// that the socket lives; only the expected one gives a ping.
func (c *Conn) heartbeat(ctx context.Context, f Frame) {
	if f.Op == OpHeartbeat {
		c.sendBeat(ctx, time.Now().UnixMilli())
		return
	}
	var ack struct {
		T int64 `json:"t"`
	}
	c.acked.Store(c.beat.Load())
	if err := json.Unmarshal(f.Data, &ack); err != nil || ack.T != c.beat.Load() {
		c.opts.Logger.Debug("heartbeat answer to another beat", "t", ack.T, "error", err)
		return
	}
	c.ping.Store(int64(time.Since(c.opened)) - c.beatAt.Load())
}
