package voice

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"busker/internal/snowflake"
	"busker/voice/pace"
	"busker/voice/signal"
	"busker/voice/udp"
)

// Hub holds the voice connections of all guilds and the pacer that sends for them.
// All methods may be called concurrently, and before Run; Run is called once.
type Hub struct {
	opts    HubOptions
	dial    *signal.Dialer
	pacer   *pace.Pacer
	sockets *udp.Sockets
	calls   chan *call    // from the Joins that begin them to Run
	ended   chan struct{} // closed when Run has ended
	stood   chan struct{} // size 1: the process stood still

	mu    sync.Mutex
	conns map[snowflake.ID]*Conn
}

// NewHub returns a Hub that Run will drive.
func NewHub(opts HubOptions) *Hub {
	opts = opts.withDefaults()
	h := &Hub{
		opts:  opts,
		dial:  signal.NewDialer(opts.TLS),
		calls: make(chan *call),
		ended: make(chan struct{}),
		stood: make(chan struct{}, 1),
		conns: make(map[snowflake.ID]*Conn),
	}
	pacing := pace.Options{
		Threads: opts.Threads, Flush: h.flush,
		Observe: opts.Metrics.tick, Members: opts.Metrics.paced, Niced: h.niced,
		Stood: h.stoodStill,
	}
	if opts.Clock != nil {
		pacing.Threads, pacing.Clock = 1, func() pace.Clock { return opts.Clock }
	}
	h.pacer = pace.New(pacing)
	h.sockets = udp.New(udp.Options{
		Threads: h.pacer.Threads(), Dedicated: opts.Dedicated, Metrics: opts.Metrics.udp,
	})
	return h
}

// flush sends what the members of a slot queued.
func (h *Hub) flush(thread int) { h.sockets.Flush(thread) }

func (h *Hub) niced(nice int) {
	h.opts.Logger.Warn("a sending thread has a lower priority than others: audio may be late", "nice", nice)
}

// Run drives the pacer and all connections until ctx ends. It should begin before any
// thread of the process lowers its priority, which new ones may inherit. Connections are closed
// then without a word to the main gateway: Leave them first.
func (h *Hub) Run(ctx context.Context) error {
	defer close(h.ended)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return h.pacer.Run(ctx) })
	group.Go(func() error { return h.sockets.Run(ctx) })
	group.Go(func() error {
		for {
			select {
			case call := <-h.calls:
				group.Go(func() error { call.run(ctx); return nil })
			case <-h.stood:
				h.recount()
			case <-ctx.Done():
				return nil
			}
		}
	})
	return group.Wait()
}

// adopt has Run run a call.
func (h *Hub) adopt(ctx context.Context, call *call) error {
	select {
	case h.calls <- call:
		return nil
	case <-h.ended:
		return explain(ErrClosed)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Conn returns the connection of a guild, made on first use. It costs a few hundred
// bytes and no goroutine until it is joined, and stays.
func (h *Hub) Conn(guild snowflake.ID) *Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	conn := h.conns[guild]
	if conn == nil {
		conn = newConn(h, guild)
		h.conns[guild] = conn
	}
	return conn
}

// HandleState takes a VOICE_STATE_UPDATE of the main gateway; other people's are
// ignored. It never blocks.
func (h *Hub) HandleState(u StateUpdate) {
	if self := h.opts.User(); self != 0 && u.User != self {
		return
	}
	h.handle(u.Guild, u)
}

// HandleServer takes a VOICE_SERVER_UPDATE of the main gateway. It never blocks.
func (h *Hub) HandleServer(u ServerUpdate) { h.handle(u.Guild, u) }

// HandleLost takes the news that the main gateway began a new session (a
// re-identify), which knows nothing of our voice state in guild: a call there goes
// back into its channel and keeps what is queued. It never blocks.
func (h *Hub) HandleLost(guild snowflake.ID) { h.handle(guild, lost{}) }

// HandleRenewed takes the news that another session of the main gateway has guild from now
// on, while the one by which we are in voice still stands: a call joins by the new one,
// and is heard by the former until then. It never blocks.
func (h *Hub) HandleRenewed(guild snowflake.ID) { h.handle(guild, renewed{}) }

func (h *Hub) handle(guild snowflake.ID, m message) {
	h.mu.Lock()
	conn := h.conns[guild]
	h.mu.Unlock()
	if conn == nil {
		return
	}
	if call := conn.current(); call != nil {
		call.inbox.put(m)
	}
}
