// Package engine runs the whole engine of many guilds in one process, from the file to
// the sealed packet on a socket, and measures it.
//
// Everything is what the product runs: studio, players, pool of cores, lines with
// end-to-end and transport encryption, shared sockets, pacer. Only Discord is missing:
// packets go to sockets of this machine that nobody reads, and commands come from here.
package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"golang.org/x/sync/errgroup"

	"busker/audio"
	"busker/internal/snowflake"
	"busker/opus"
	"busker/opus/pool"
	"busker/player"
	"busker/studio"
	"busker/voice/dave"
	"busker/voice/pace"
	"busker/voice/udp"
)

// Options describe an Engine. Kind and Sound are required.
type Options struct {
	Kind  Kind
	Sound []audio.Block // what is played, again and again
	// Bitrate of what is played as it is, and of encoders; 0 = opus.DefaultBitrate.
	Bitrate int
	// Complexity of all encoders; 0 = 5. It does not follow the load.
	Complexity int
	Backend    string // of package opus; "" = its default
	// Admission has the pool refuse guilds as the product does, and complexity follow the
	// load; otherwise everybody is let in, so that the limit can be found.
	Admission bool
	Costs     pool.Costs   // zero = measured
	Logger    *slog.Logger // nil = none
}

// Engine plays in as many guilds as it is asked for. Its methods are for one goroutine;
// Close ends it.
type Engine struct {
	opts    Options
	pool    *pool.Pool
	studio  *studio.Studio
	players *player.Manager
	pacer   *pace.Pacer
	sockets *udp.Sockets
	watch   *watch
	origin  *origin
	sinks   *sinks

	running *errgroup.Group
	cancel  context.CancelFunc
	ctx     context.Context //nolint:containedctx // of the engine's whole life

	playing int             // of guilds, the first ones
	spare   []*dave.Session // keys nobody uses yet

	mu     sync.Mutex
	guilds []*guild // all there ever were: players keep their Outputs
}

// New returns a running Engine in which nobody plays.
func New(ctx context.Context, o Options) (e *Engine, err error) {
	o.Bitrate, o.Complexity = cmp.Or(o.Bitrate, opus.DefaultBitrate), cmp.Or(o.Complexity, 5)
	if len(o.Sound) == 0 || o.Kind.play == nil {
		return nil, errors.New("engine: Kind and Sound are required")
	}
	e = &Engine{opts: o}
	e.ctx, e.cancel = context.WithCancel(ctx)
	e.running, e.ctx = errgroup.WithContext(e.ctx)
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Close())
		}
	}()
	if e.sinks, err = openSinks(); err != nil {
		return e, err
	}
	if e.origin, err = newOrigin(o); err != nil {
		return e, err
	}
	e.network()
	return e, e.music()
}

// network begins what sends.
func (e *Engine) network() {
	e.watch = &watch{}
	e.pacer = pace.New(pace.Options{Flush: e.flush, Observe: e.watch.observe})
	e.watch.threads = make([]threadWatch, e.pacer.Threads())
	e.sockets = udp.New(udp.Options{Threads: e.pacer.Threads()})
	e.running.Go(func() error { return e.pacer.Run(e.ctx) })
	e.running.Go(func() error { return e.sockets.Run(e.ctx) })
}

func (e *Engine) flush(thread int) {
	e.sockets.Flush(thread)
	e.watch.flushed(thread)
}

// music begins what plays.
func (e *Engine) music() (err error) {
	settings := pool.Options{Complexity: e.opts.Complexity, Fixed: true, Limit: 1e6, Costs: e.opts.Costs}
	if e.opts.Admission {
		settings = pool.Options{Costs: e.opts.Costs}
	}
	if e.pool, err = pool.New(settings); err != nil {
		return err
	}
	encoder := func(bitrate int) (opus.Encoder, error) {
		return opus.NewEncoder(opus.EncoderOptions{Backend: e.opts.Backend, Bitrate: bitrate, Complexity: e.opts.Complexity})
	}
	if e.studio, err = studio.New(studio.Options{Opener: e.origin, Pool: e.pool, Encoder: encoder, Logger: e.opts.Logger}); err != nil {
		return err
	}
	e.players, err = player.NewManager(player.Options{
		Opener: opener{e.studio}, Pool: e.pool, Logger: e.opts.Logger, Seed: 1,
		Connect: func(id player.GuildID) player.Output { return e.guild(id) },
		Encoder: func(player.GuildID) (opus.Encoder, error) { return encoder(e.opts.Bitrate) },
		Bitrate: func(player.GuildID) int { return e.opts.Bitrate },
	})
	if err != nil {
		return err
	}
	for _, run := range []func(context.Context) error{e.pool.Run, e.studio.Run, e.players.Run} {
		e.running.Go(func() error { return run(e.ctx) })
	}
	return nil
}

// Close ends everything.
func (e *Engine) Close() error {
	e.cancel()
	err := e.running.Wait()
	if e.sinks != nil {
		e.sinks.close()
	}
	if e.origin != nil {
		err = errors.Join(err, e.origin.close())
	}
	return err
}

// Len returns the number of guilds that play.
func (e *Engine) Len() int { return e.playing }

// Pool returns the pool of cores.
func (e *Engine) Pool() *pool.Pool { return e.pool }

// Players returns the players; guild n's ID is n+1.
func (e *Engine) Players() *player.Manager { return e.players }

// Grow has n guilds play, in all. An error is the first refusal or failure; the
// guilds before it play.
func (e *Engine) Grow(ctx context.Context, n int) error {
	if err := e.Furnish(ctx, n-len(e.guilds)); err != nil {
		return err
	}
	for e.playing < n {
		if e.playing == len(e.guilds) {
			g := newGuild(e, e.playing)
			e.mu.Lock()
			e.guilds = append(e.guilds, g)
			e.mu.Unlock()
		}
		g := e.guilds[e.playing]
		if err := e.begin(ctx, g); err != nil {
			return errors.Join(err, e.end(ctx, g))
		}
		e.playing++
	}
	return nil
}

func (e *Engine) begin(ctx context.Context, g *guild) error {
	for _, c := range e.opts.Kind.play(e.origin.track(g.number)) {
		if _, err := e.players.Do(ctx, snowflake.ID(g.number+1), c); err != nil {
			return fmt.Errorf("guild %d: %w", g.number, err)
		}
	}
	return nil
}

// Stop has the last guilds stop, so that n play on.
func (e *Engine) Stop(ctx context.Context, n int) error {
	for e.playing > n {
		if err := e.end(ctx, e.guilds[e.playing-1]); err != nil {
			return err
		}
		e.playing--
	}
	return nil
}

func (e *Engine) end(ctx context.Context, g *guild) error {
	_, err := e.players.Do(ctx, snowflake.ID(g.number+1), player.Leave{})
	return err
}

func (e *Engine) guild(id player.GuildID) player.Output {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.guilds[int(id)-1]
}
