package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"busker/audio"
	"busker/cluster"
	"busker/internal/snowflake"
	"busker/opus"
	"busker/player"
	"busker/player/remote"
	"busker/session"
	"busker/session/sessiontest"
	"busker/track"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const lobby = snowflake.ID(100)

// town is processes that share a bus and a store, and who owns the one shard.
type town struct {
	*testing.T
	ctx   context.Context //nolint:containedctx // of the test
	bus   cluster.Bus
	open  func() cluster.Bus // as another process has it
	store *sessiontest.Store
	live  sync.WaitGroup
	end   func()

	mu    sync.Mutex
	owner string
	token uint64
	asked int // how often the directory was
	stale int // how often it shall tell what it told before
	old   [2]any
}

func newTown(t *testing.T, bus cluster.Bus) *town {
	ctx, cancel := context.WithCancel(t.Context())
	w := &town{T: t, ctx: ctx, bus: bus, store: sessiontest.NewStore()}
	w.open = func() cluster.Bus { return w.bus }
	w.end = func() {
		cancel()
		w.live.Wait()
	}
	return w
}

// Owner implements remote.Directory.
func (w *town) Owner(context.Context, player.GuildID) (member string, token uint64, shard, shards int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	if w.stale > 0 {
		w.stale--
		return w.old[0].(string), w.old[1].(uint64), 3, 16, nil
	}
	return w.owner, w.token, 3, 16, nil
}

func (w *town) Forget() {}

// recall has the directory tell so many times who the owner before the present one was.
func (w *town) recall(times int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stale, w.old = times, [2]any{"a", w.token - 1}
}

// orphan leaves the shard to nobody.
func (w *town) orphan() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.owner = ""
}

// tokenOf is by which lease a process has the shard.
func (w *town) tokenOf(id string) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.owner != id {
		return 0
	}
	return w.token
}

// process is one with players. kill ends it as kill -9 does.
type process struct {
	*town
	id     string
	disk   *disk
	m      *player.Manager
	doer   *remote.Doer
	server *remote.Server

	ctx     context.Context //nolint:containedctx // of the process
	stop    context.CancelFunc
	unserve context.CancelFunc
	frozen  chan struct{} // closed when nothing more comes of it
	killing sync.Once
	armed   atomic.Pointer[func()] // called when a command was carried out; then it dies before it answers
}

// disk is the store as one process sees it, until that dies.
type disk struct {
	*sessiontest.Store
	dead atomic.Bool
}

var errDead = errors.New("killed")

func (d *disk) Save(ctx context.Context, changes []session.Change) ([]snowflake.ID, error) {
	if d.dead.Load() {
		return nil, errDead
	}
	return d.Store.Save(ctx, changes)
}

func (w *town) process(id string) *process {
	w.Helper()
	p := &process{town: w, id: id, disk: &disk{Store: w.store}, frozen: make(chan struct{}), unserve: func() {}}
	p.ctx, p.stop = context.WithCancel(w.ctx)
	token := func(player.GuildID) uint64 { return w.tokenOf(id) }
	k, err := session.New(session.Options{Store: p.disk, Token: func(g player.GuildID) uint64 { return max(token(g), 1) }})
	w.no(err)
	p.m, err = player.NewManager(player.Options{
		Opener: silence{}, Connect: func(player.GuildID) player.Output { return quiet{} }, Memory: k, Seed: 1,
		Encoder: func(player.GuildID) (opus.Encoder, error) { return nil, io.ErrUnexpectedEOF },
	})
	w.no(err)
	bus := w.open()
	p.doer, err = remote.New(remote.Options{Process: id, Local: p, Token: token, Directory: w, Bus: bus})
	w.no(err)
	p.server, err = remote.NewServer(remote.ServerOptions{Process: id, Local: p, Token: token, Bus: bus})
	w.no(err)
	for _, run := range []func(context.Context) error{k.Run, p.m.Run, p.doer.Run, p.server.Run} {
		w.live.Go(func() { _ = run(p.ctx) })
	}
	return p
}

func (w *town) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// Do, Status and Subscribe make a process the remote.Local of its own.
func (p *process) Do(ctx context.Context, guild player.GuildID, c player.Command) (player.Status, error) {
	s, err := p.m.Do(ctx, guild, c)
	if died := p.armed.Load(); err == nil && died != nil {
		p.kill()
		(*died)()
	}
	if p.dead() {
		<-ctx.Done() // it says nothing more
		return player.Status{}, ctx.Err()
	}
	return s, err
}

func (p *process) Status(guild player.GuildID) (player.Status, bool) { return p.m.Status(guild) }

func (p *process) Subscribe(n int) (<-chan player.Envelope, func()) { return p.m.Subscribe(n) }

func (p *process) kill() {
	p.disk.dead.Store(true)
	p.killing.Do(func() {
		close(p.frozen)
		p.stop()
	})
}

func (p *process) dead() bool {
	select {
	case <-p.frozen:
		return true
	default:
		return false
	}
}

// dieWith ends who waits in p a moment after p has died.
func (p *process) dieWith(ctx context.Context, cancel func()) {
	select {
	case <-p.frozen:
		cancel()
	case <-ctx.Done():
	}
}

// arm has p die between carrying out a command and answering it.
func (p *process) arm(died func()) { p.armed.Store(&died) }

// own makes p the owner of the shard, by a new token. It serves until the next one does.
func (p *process) own() {
	p.mu.Lock()
	p.token++
	p.owner = p.id
	token := p.token
	p.mu.Unlock()
	ctx, cancel := context.WithCancel(p.ctx)
	p.unserve = cancel
	p.live.Go(func() { _ = p.m.Revive(ctx, player.Pace{}) })
	p.live.Go(func() {
		if err := p.server.Serve(ctx, 3, 16, token); err != nil && !errors.Is(err, cluster.ErrLost) {
			p.Errorf("%s serves: %v", p.id, err)
		}
	})
}

// handOver gives the shard to another process as a drain does.
func (p *process) handOver(to *process) {
	p.Helper()
	p.no(p.m.HandOver(p.town.ctx, nil))
	to.own()
	p.unserve()
	p.m.Release(nil)
}

// silence opens tracks that are silent for ever, and quiet is a channel that never takes a
// packet, so that nothing ends by itself.
type silence struct{}

func (silence) Open(context.Context, track.Track, time.Duration, player.How) (audio.Reader, error) {
	return silence{}, nil
}
func (silence) ReadBlock(b *audio.Block) error { *b = audio.Block{}; return nil }
func (silence) Close() error                   { return nil }

type quiet struct{}

func (quiet) Join(context.Context, snowflake.ID) error { return nil }
func (quiet) Await(ctx context.Context) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}
func (quiet) Send(*audio.Packet) error    { return io.ErrShortBuffer }
func (quiet) Flush() int                  { return 0 }
func (quiet) Sent() uint64                { return 0 }
func (quiet) Leave(context.Context) error { return nil }
func (quiet) Abandon()                    {}
func (quiet) Health() player.Health       { return player.Health{} }

// song is the n-th track a caller asks for.
func song(caller, n int) track.Track {
	return track.Track{Source: "test", URI: fmt.Sprintf("%d/%d", caller, n), Title: fmt.Sprintf("Song %d of %d", n, caller), Length: time.Hour}
}

func play(caller, n int) player.Play {
	return player.Play{Tracks: []track.Track{song(caller, n)}, Requester: 7, Channel: lobby}
}

// all returns the URIs of what plays and waits.
func all(s player.Status) (uris []string) {
	if s.ItemID != 0 {
		uris = append(uris, s.Track.URI)
	}
	for _, it := range s.Queue {
		uris = append(uris, it.Track.URI)
	}
	return uris
}
