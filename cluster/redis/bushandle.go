package redis

import (
	"context"
	"fmt"
	"sync"
	"time"

	"busker/cluster"
	"busker/cluster/internal/handling"
	"busker/internal/fault"
)

// handed is a message that was handed to a consumer. Only its job touches it.
type handed struct {
	*consumer
	entry
	tries   int     // at noting what became of it
	outcome *ending // set once it was handled
}

// ending is what became of a message.
type ending struct {
	verdict string // of the finishing script
	answer  string
	why     string
}

// handle is the message's job. ctx ends when the consumer does.
func (h *handed) handle(ctx context.Context) (again time.Duration) {
	if ctx.Err() != nil {
		return 0
	}
	if h.outcome == nil {
		if before, ok := h.recent.get(h.id); ok {
			h.outcome = &before
		} else if again := h.try(ctx); again > 0 || h.outcome == nil {
			return again
		}
	}
	return h.finish(ctx)
}

// try lets the server handle the message, and sets outcome unless it is tried again.
func (h *handed) try(ctx context.Context) (again time.Duration) {
	serving := ctx
	switch {
	case h.damaged != nil:
		h.die(h.damaged)
		return 0
	case !h.Deadline.IsZero():
		if !time.Now().Before(h.Deadline) {
			h.outcome = &ending{verdict: "late"}
			return 0
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, h.Deadline)
		defer cancel()
	}
	if again, ok := h.begin(serving); !ok {
		return again
	}
	body, err := handling.Call(func() ([]byte, error) { return h.s.Handle(ctx, h.Message) })
	if err == nil && len(body) > cluster.MaxBody {
		err = fmt.Errorf("an answer of %d bytes", len(body))
	}
	if err != nil && serving.Err() != nil {
		return 0 // it is not to blame: another server goes on
	}
	return h.judge(body, err)
}

// begin counts the attempt, and is false if there is none.
func (h *handed) begin(ctx context.Context) (again time.Duration, ok bool) {
	if h.Attempt == 0 && !h.begun {
		h.Attempt = 1 // as Redis counts already
		return 0, true
	}
	answer, err := h.b.run(ctx, beginScript, h.topic, h.name, h.token, h.id)
	if err != nil {
		h.tries++
		return handling.Backoff(h.tries), false
	}
	n, _ := answer.(int64)
	switch {
	case n < 0:
		h.gone()
		return 0, false
	case n == 0:
		h.drop(h.id)
		return 0, false
	}
	h.b.r.opts.Metrics.redelivered()
	h.tries, h.Attempt = 0, int(n)
	if retries := handling.Retries(h.s.Retries); h.Attempt > retries+1 {
		h.Attempt--
		h.die(fmt.Errorf("whoever handled it died, %d times", h.Attempt))
	}
	return 0, h.outcome == nil
}

// judge sets the outcome of an attempt.
func (h *handed) judge(body []byte, err error) (again time.Duration) {
	r := reply{body: body}
	if err != nil {
		r = reply{err: fault.Marshal(err)}
	}
	switch handling.Judge(err, h.asked, h.Attempt, handling.Retries(h.s.Retries)) {
	case handling.Again:
		h.b.r.opts.Logger.Debug("a message is tried again", "topic", h.topic, "kind", h.Kind, "attempt", h.Attempt, "err", err)
		return handling.Backoff(h.Attempt)
	case handling.Dead:
		h.die(err)
	case handling.Forget:
		h.outcome = &ending{verdict: "forget", answer: r.format()}
	default:
		h.outcome = &ending{verdict: "done", answer: r.format()}
	}
	return 0
}

func (h *handed) die(err error) {
	h.b.r.opts.Logger.Warn("a message of the bus is dead", "topic", h.topic, "kind", h.Kind, "attempts", h.Attempt, "err", err)
	h.outcome = &ending{verdict: "dead", answer: reply{err: fault.Marshal(err)}.format(), why: err.Error()}
}

// finish notes what became of the message; while Redis cannot be reached, the following
// ones of its key wait. It does so also when the consumer ends, for a while.
func (h *handed) finish(ctx context.Context) (again time.Duration) {
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	o := h.outcome
	answer, err := h.b.run(call, finishScript, h.topic, h.name, h.token, h.id, h.key, h.ID, o.verdict, o.answer,
		h.keep().Milliseconds(), h.topic, o.why, h.Attempt, cluster.MaxDead)
	switch {
	case err != nil:
		h.tries++
		return handling.Backoff(h.tries)
	case answer == int64(1):
		h.recent.put(h.id, *o)
		h.drop(h.id)
		h.b.r.opts.Metrics.handled(o.verdict)
	default:
		h.gone()
	}
	return 0
}

// keepLeast is how long an answer is kept at least: for an asker whose clock is behind, and
// for one to whom it was not told.
const keepLeast = 2 * time.Second

// keep returns for how long the answer is kept.
func (h *handed) keep() time.Duration {
	if !h.own || h.Deadline.IsZero() {
		return cluster.Keep
	}
	return min(max(time.Until(h.Deadline), 0)+keepLeast, cluster.Keep)
}

// recent remembers what became of the newest messages of a server.
type recent struct {
	mu    sync.Mutex
	by    map[string]ending
	order []string // a ring
	next  int
}

const (
	remembered      = 512
	rememberedBytes = 4 << 10 // answers that are longer are not
)

func newRecent() *recent {
	return &recent{by: map[string]ending{}, order: make([]string, remembered)}
}

func (r *recent) put(id string, o ending) {
	if len(o.answer) > rememberedBytes {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.by[id]; ok {
		return
	}
	delete(r.by, r.order[r.next])
	r.by[id], r.order[r.next] = o, id
	r.next = (r.next + 1) % remembered
}

func (r *recent) get(id string) (ending, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, ok := r.by[id]
	return o, ok
}
