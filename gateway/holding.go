package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"busker/cluster"
	"busker/internal/snowflake"
)

// Holding is a shard that this process owns. The Runner of the shard has it: it tells
// the Fleet how the shard is doing, and asks whether the shard is still ours.
type Holding struct {
	f             *Fleet
	key           string
	shards, shard int
	set           int // which of those with so many shards, one after another
	how           How
	log           *slog.Logger

	runner  Runner
	cancel  context.CancelCauseFunc // ends runner
	claimed time.Time               // when it came; of a shard of a former set, parted is when it
	parted  time.Time               // began to give its guilds away: guarded by the fleet's lock
	news    chan How                // for OnOwn, told by the holding's goroutine
	hurry   chan struct{}           // closed when what lingers must go
	rush    sync.Once

	active    atomic.Bool // its events count
	connected atomic.Bool // its session began
	up        atomic.Bool // its session began, and its guilds are known
	leaving   atomic.Bool // on its way to another process, or out of use
	moving    atomic.Bool // on its way to another process
	over      atomic.Bool // another's
	away      atomic.Bool // a shard of the former set: its guilds of other processes were handed over

	mu    sync.Mutex
	lease cluster.Lease
	note  note // as it was written last

	writing gate // one writes the note at a time
}

// note is what the lease's next owner reads.
type note struct {
	Token  uint64          `json:"token"`            // under which it was written
	Up     bool            `json:"up,omitempty"`     // the session began
	Active bool            `json:"active,omitempty"` // its events count
	Away   bool            `json:"away,omitempty"`   // guilds that go elsewhere were handed over
	To     string          `json:"to,omitempty"`     // the member it is being handed to
	Set    int             `json:"set,omitempty"`    // of shards: see layout
	State  json.RawMessage `json:"state,omitempty"`  // the runner's
}

func readNote(b []byte) (n note) {
	if json.Unmarshal(b, &n) != nil {
		return note{}
	}
	return n
}

// noteOf reads what the owner of a lease has written, nothing of those before it.
func noteOf(held cluster.Held) note {
	if n := readNote(held.Note); n.Token == held.Token {
		return n
	}
	return note{}
}

// Shard returns which shard of how many it is.
func (h *Holding) Shard() (shard, shards int) { return h.shard, h.shards }

// Lease returns the lease as it was last renewed.
func (h *Holding) Lease() cluster.Lease {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lease
}

func (h *Holding) setLease(l cluster.Lease) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l.Token >= h.lease.Token { // an older answer may come later
		h.lease = l
	}
}

// begins takes what the grant brings. What was left of a set that ended, before there
// were as many shards again, says nothing.
func (h *Holding) begins(grant cluster.Grant) {
	h.setLease(grant.Lease)
	n := readNote(grant.Note)
	if set := h.f.setOf(h.shards); n.Set < set {
		n = note{Set: set}
	}
	h.set = n.Set
	h.active.Store(n.Active)
	h.away.Store(n.Away)
	if len(n.State) == 0 {
		h.Fresh()
	}
	n.To = ""
	h.mu.Lock()
	defer h.mu.Unlock()
	h.note = n
}

// Active reports whether the shard's events count. Those of a set that waits beside
// another are only collected.
func (h *Holding) Active() bool { return h.active.Load() }

// State returns what the runner before has kept.
func (h *Holding) State() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.note.State
}

// Keep writes what the next runner is to know. It fails with cluster.ErrLost when the
// shard is another's.
func (h *Holding) Keep(ctx context.Context, state []byte) error {
	return h.mark(ctx, func(n *note) { n.State = state })
}

// noted reports whether the note tells how the shard is doing: others wait for that.
func (h *Holding) noted() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := h.note
	return n.Token == h.lease.Token && n.Up == h.up.Load() && n.Active == h.active.Load() && n.Away == h.away.Load()
}

// mark changes the note.
func (h *Holding) mark(ctx context.Context, change func(*note)) error {
	if err := h.writing.enter(ctx); err != nil {
		return err
	}
	defer h.writing.leave()
	h.mu.Lock()
	l, n := h.lease, h.note
	h.mu.Unlock()
	change(&n)
	n.Set, n.Token, n.Up, n.Active, n.Away = h.set, l.Token, h.up.Load(), h.active.Load(), h.away.Load()
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if err := h.f.c.Leases.Note(ctx, l, b); err != nil {
		return fmt.Errorf("keep the state of shard %d: %w", h.shard, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.note = n
	return nil
}

// Runner returns what runs the shard, nil while it begins.
func (h *Holding) Runner() Runner {
	h.f.mu.Lock()
	defer h.f.mu.Unlock()
	return h.runner
}

// Connected tells that the shard's session is there, with or without its guilds.
func (h *Holding) Connected() {
	if !h.connected.Swap(true) {
		h.f.rouse()
	}
}

// Up tells that the session began or was resumed, and that its guilds are known.
func (h *Holding) Up() {
	if !h.up.Swap(true) {
		h.f.tellOwned(h, h.origin())
		h.f.rouse()
	}
}

// Fresh tells that nothing is left of the session the last owner had.
func (h *Holding) Fresh() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.how == TakenOver {
		h.how = Fresh
	}
}

func (h *Holding) origin() How {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.how
}

// Validate returns nil when the shard is ours: for certain, or as the cluster says. It
// returns cluster.ErrLost when it is another's and cluster.ErrUnreachable when nobody
// knows.
func (h *Holding) Validate(ctx context.Context) error {
	if h.over.Load() {
		return fmt.Errorf("shard %d of %d: %w", h.shard, h.shards, cluster.ErrLost)
	}
	if h.Lease().Trusted() {
		return nil
	}
	return h.f.validate(ctx, h)
}

func (h *Holding) serves(guild snowflake.ID) bool { return shardNumber(guild, h.shards) == h.shard }

// begun reports whether the shard's set has begun to serve its guilds, and it is ours.
func (h *Holding) begun() bool { return h.active.Load() && !h.over.Load() }

// counts reports whether guild, one of the shard's, is served here by it. The caller
// holds the fleet's lock.
func (h *Holding) counts(guild snowflake.ID) bool {
	return h.begun() && (!h.away.Load() || h.f.keeps(guild))
}

func (h *Holding) owned(how How) Owned {
	return Owned{Shard: h.shard, Shards: h.shards, Token: h.Lease().Token, How: how}
}
