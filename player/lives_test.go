package player_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"busker/audio"
	"busker/internal/bubble"
	"busker/internal/snowflake"
	"busker/opus"
	"busker/player"
	"busker/queue"
	"busker/session"
	"busker/session/sessiontest"
)

// lives are processes after one another, with one store that outlives them.
type lives struct {
	*testing.T
	store *sessiontest.Store
	shelf *shelf
	tune  func(*player.Options)
	join  func(ctx context.Context, guild player.GuildID, channel snowflake.ID) error // nil = at once
}

// life is one process.
type life struct {
	*lives
	disk   *disk
	token  atomic.Uint64 // of all guilds; 0 = unfenced
	m      *player.Manager
	events <-chan player.Envelope
	end    func() // tells all to stop, and waits

	mu      sync.Mutex
	outputs map[player.GuildID]*output
	pacing  sync.WaitGroup
	pace    context.Context //nolint:containedctx // of the test
}

// disk is the store as one process sees it, until that is killed.
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

func (d *disk) Beat(ctx context.Context, process string, at time.Time) error {
	if d.dead.Load() {
		return errDead
	}
	return d.Store.Beat(ctx, process, at)
}

func (d *disk) Compact(ctx context.Context, guild snowflake.ID, token uint64, s queue.State) error {
	if d.dead.Load() {
		return errDead
	}
	return d.Store.Compact(ctx, guild, token, s)
}

func live(t *testing.T, body func(*lives)) {
	t.Helper()
	bubble.Test(t, func(t *testing.T) {
		body(&lives{T: t, store: sessiontest.NewStore(), shelf: &shelf{tapes: map[string]func(context.Context, time.Duration) (audio.Reader, error){}}})
	})
}

// begin starts a process.
func (l *lives) begin() *life {
	l.Helper()
	ctx, stopPace := context.WithCancel(l.Context())
	p := &life{lives: l, disk: &disk{Store: l.store}, outputs: map[player.GuildID]*output{}, pace: ctx}
	k, err := session.New(session.Options{
		Store: p.disk,
		Token: func(player.GuildID) uint64 { return p.token.Load() },
		OnFenced: func(guild player.GuildID) {
			p.m.Release(func(g player.GuildID) bool { return g == guild })
		},
	})
	if err != nil {
		l.Fatal(err)
	}
	opts := player.Options{
		Opener: l.shelf, Memory: k, Seed: 1, Connect: p.connect, Logger: slog.New(slog.DiscardHandler),
		Encoder: func(player.GuildID) (opus.Encoder, error) { return &codec{}, nil },
		Decoder: func() (opus.Decoder, error) { return &decoder{}, nil },
	}
	if l.tune != nil {
		l.tune(&opts)
	}
	if p.m, err = player.NewManager(opts); err != nil {
		l.Fatal(err)
	}
	events, cancelEvents := p.m.Subscribe(10_000)
	p.events = events
	playCtx, stopPlay := context.WithCancel(l.Context())
	keepCtx, stopKeep := context.WithCancel(l.Context())
	var playing, keeping sync.WaitGroup
	playing.Go(func() { _ = p.m.Run(playCtx) })
	keeping.Go(func() { _ = k.Run(keepCtx) })
	p.end = sync.OnceFunc(func() {
		stopPlay()
		playing.Wait()
		stopKeep()
		keeping.Wait()
		cancelEvents()
		stopPace()
		p.pacing.Wait()
	})
	return p
}

// connect is called by the Manager's goroutine, and only there.
func (p *life) connect(guild player.GuildID) player.Output {
	o := &output{start: time.Now(), ring: make(chan *audio.Packet, 10), fallen: make(chan struct{}, 1)}
	if p.join != nil {
		o.join = func(ctx context.Context, channel snowflake.ID) error { return p.join(ctx, guild, channel) }
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.outputs[guild] = o
	p.pacing.Go(func() { o.pace(p.pace) })
	return o
}

// kill ends the process with nothing more being kept, as kill -9 does.
func (p *life) kill() {
	p.disk.dead.Store(true)
	p.end()
}

func (p *life) do(guild player.GuildID, c player.Command) player.Status {
	p.Helper()
	s, err := p.m.Do(p.Context(), guild, c)
	if err != nil {
		p.Fatalf("%#v: %v", c, err)
	}
	return s
}

func (p *life) status(guild player.GuildID) player.Status {
	s, _ := p.m.Status(guild)
	return s
}

func (p *life) revive() {
	p.Helper()
	if err := p.m.Revive(p.Context(), player.Pace{}); err != nil {
		p.Fatal(err)
	}
}

func (p *life) pass(d time.Duration) { sleep(d); synctest.Wait() }

// happened returns the events of a guild so far but for "queue" and "other".
func (p *life) happened(guild player.GuildID) (names []string) {
	synctest.Wait()
	for {
		select {
		case e, open := <-p.events:
			if !open {
				return names
			}
			if name := tell(e.Event); e.Guild == guild && name != "queue" && name != "other" {
				names = append(names, name)
			}
		default:
			return names
		}
	}
}

func tell(e player.Event) string {
	switch e := e.(type) {
	case player.ReturnFailed:
		return "return failed"
	case player.Slept:
		return "slept"
	case player.HeldChanged:
		return fmt.Sprint("held ", e.On)
	case player.SleepChanged:
		return "sleep changed"
	}
	return describe(e)
}

// near checks a position.
func near(t *testing.T, what string, got, want, within time.Duration) {
	t.Helper()
	if (got - want).Abs() > within {
		t.Errorf("%s: position %v, want %v", what, got, want)
	}
}

// slowOpen has a tape take a time to be opened.
func slowOpen(open func(context.Context, time.Duration) (audio.Reader, error), d time.Duration) func(context.Context, time.Duration) (audio.Reader, error) {
	return func(ctx context.Context, at time.Duration) (audio.Reader, error) {
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		return open(ctx, at)
	}
}
