package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"busker/cluster"
	"busker/gateway"
	"busker/internal/snowflake"
	"busker/player"
	"busker/player/remote"
)

// tenant looks after the guilds of the shards that come to this process and go: their
// players return, others reach them over the bus, and when a shard is another's they end.
type tenant struct {
	a    *App
	wake chan struct{} // holds one: there are shards to serve

	mu      sync.Mutex
	came    []gateway.Owned
	serving map[shard]*tenancy
}

// tenancy is a shard that is served under one token.
type tenancy struct {
	owned   gateway.Owned
	end     context.CancelFunc
	settled bool // its players are what they have to be; guarded by the tenant's mutex
}

// shard is the n-th of so many.
type shard struct{ n, of int }

func newTenant(a *App) *tenant {
	return &tenant{a: a, wake: make(chan struct{}, 1), serving: map[shard]*tenancy{}}
}

// owned takes note of a shard that is up and ours. It never waits.
func (t *tenant) owned(o gateway.Owned) {
	t.mu.Lock()
	t.came = append(t.came, o)
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// Run serves shards until ctx ends. What it began on a shard ends when that is lost.
func (t *tenant) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		select {
		case <-t.wake:
		case <-ctx.Done():
			return nil
		}
		t.mu.Lock()
		came := t.came
		t.came = nil
		t.mu.Unlock()
		for _, o := range came {
			mine, ours := t.begin(ctx, o)
			running.Go(func() { t.serve(mine, ours) })
		}
	}
}

// begin ends what serves the shard under an older token. What that has not brought to an
// end is to be done under this one.
func (t *tenant) begin(ctx context.Context, o gateway.Owned) (context.Context, *tenancy) {
	mine, end := context.WithCancel(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	at := shard{o.Shard, o.Shards}
	for of, before := range t.serving {
		if o.How == gateway.Kept && !before.settled && (of == at || of.of != at.of) { // the same, or of the former set
			o.How = before.owned.How
		}
		if of == at {
			before.end()
		}
	}
	t.serving[at] = &tenancy{owned: o, end: end}
	return mine, t.serving[at]
}

// serve has the guilds of a shard return, and carries out what other processes send.
func (t *tenant) serve(ctx context.Context, ours *tenancy) {
	a, o := t.a, ours.owned
	var settling sync.WaitGroup
	defer settling.Wait()
	settling.Go(func() {
		t.settle(ctx, o)
		t.settled(ctx, ours)
	})
	err := a.server.Serve(ctx, o.Shard, o.Shards, o.Token)
	if err != nil && ctx.Err() == nil && !errors.Is(err, cluster.ErrLost) {
		a.opts.Telemetry.Logger().Warn("other processes do not reach a shard", "shard", o.Shard, "err", err)
	}
}

// settled notes that there is nothing more to do for a shard, unless that was broken off.
func (t *tenant) settled(ctx context.Context, ours *tenancy) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ours.settled = ctx.Err() == nil
}

// settle makes the players of a shard what they have to be now that it is ours.
func (t *tenant) settle(ctx context.Context, o gateway.Owned) {
	a := t.a
	a.bot.Gained(ctx, o.Serves)
	if o.How == gateway.Kept {
		return
	}
	if o.How == gateway.Returned {
		a.players.TakeBack(o.Serves)
	}
	began := time.Now()
	err := a.players.Revive(ctx, player.Pace{Guilds: o.Serves, Running: o.How == gateway.HandedOver})
	switch {
	case ctx.Err() != nil:
	case err != nil:
		a.opts.Telemetry.Logger().Error("the guilds of a shard that were playing do not return", "shard", o.Shard, "err", err)
	default:
		t.leaveIdle(ctx, o)
		a.opts.Telemetry.Logger().Debug("the guilds of a shard have returned", "shard", o.Shard, "after", time.Since(began))
	}
}

// lost ends what this process did for guilds that are another's now.
func (t *tenant) lost(serves func(snowflake.ID) bool, why error) {
	t.mu.Lock()
	for at, ours := range t.serving {
		one := snowflake.ID(at.n) << 22 // a guild that could be of that shard
		token, _ := t.a.gateway.Token(one)
		_, shards := t.a.gateway.ShardOf(one)
		if serves(one) && token == 0 || shards != at.of { // another's, or of a former set
			ours.end()
			delete(t.serving, at)
		}
	}
	t.mu.Unlock()
	t.a.bot.Lost(serves)
	t.a.players.Release(serves)
	t.a.opts.Telemetry.Logger().Debug("guilds are another process's", "why", why)
}

// leaveIdle goes out of the channels of a shard in which a process left the bot that ended
// without a word: Discord keeps it there for whoever resumes the session.
func (t *tenant) leaveIdle(ctx context.Context, o gateway.Owned) {
	a := t.a
	for _, guild := range a.gateway.Guilds() {
		if !o.Serves(guild) {
			continue
		}
		_, in := a.gateway.VoiceChannelOf(guild, a.gateway.UserID())
		if _, played := a.players.Status(guild); !in || played {
			continue
		}
		if err := a.gateway.SendVoiceState(ctx, guild, 0, false, false); err != nil {
			a.part("voice").Debug("a channel nobody plays in is not left", "guild", guild, "err", err)
		}
	}
}

// token stamps what is kept of a guild. One that is not ours is stamped as the oldest there
// is, so that whatever is known of it stays. A process that is the whole bot stamps nothing:
// it has nobody to fear, and its grants follow a clock that may have been wrong before.
func (a *App) token(guild snowflake.ID) uint64 {
	if a.opts.alone {
		return 0
	}
	token, _ := a.gateway.Token(guild)
	return max(token, 1)
}

// openRemote makes what reaches players in other processes, and is reached by them.
func (a *App) openRemote() (err error) {
	token := func(guild snowflake.ID) uint64 {
		token, _ := a.gateway.Token(guild)
		return token
	}
	metrics := remote.NewMetrics(a.opts.Telemetry.Registry())
	a.server, err = remote.NewServer(remote.ServerOptions{
		Process: a.opts.Process, Local: a.players, Token: token, Validate: a.gateway.Validate, Bus: a.cluster.Bus,
		Logger: a.part("remote"), Metrics: metrics,
	})
	if err != nil {
		return err
	}
	a.doer, err = remote.New(remote.Options{
		Process: a.opts.Process, Local: a.players, Token: token, Bus: a.cluster.Bus,
		Directory: &gateway.Directory{Cluster: a.cluster},
		Logger:    a.part("remote"), Metrics: metrics,
	})
	return err
}

// runRemote carries events from and to the other processes.
func (a *App) runRemote(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return a.doer.Run(ctx) })
	work.Go(func() error { return a.server.Run(ctx) })
	return work.Wait()
}

// drain waits until the process is to stop, and hands its shards to others: their music
// goes on here until it comes from there.
func (a *App) drain(ctx context.Context) error {
	<-ctx.Done()
	a.wantWork(false)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.opts.DrainTimeout)
	defer cancel()
	began := time.Now()
	if err := a.gateway.Drain(ctx); err != nil {
		a.opts.Telemetry.Logger().Warn("not all shards could be handed over", "err", err)
		return nil
	}
	a.fallSilent(ctx)
	a.opts.Telemetry.Logger().Info("drained", "took", time.Since(began))
	return nil
}

// owns says why nothing is to be done for a guild now. While nobody can say whose it is,
// it is whose connection with Discord has it.
func (a *App) owns(ctx context.Context, guild snowflake.ID) error {
	err := a.gateway.Validate(ctx, guild)
	if errors.Is(err, cluster.ErrUnreachable) && a.gateway.Online(guild) {
		return nil
	}
	return err
}

// facts are what others are told of this process.
func (a *App) facts() (playing, players int, load float64) {
	players, playing = a.players.Count()
	return playing, players, a.pool.Status().Load
}

// silenceEvery is how often a draining process looks whether its music goes on elsewhere.
const silenceEvery = 20 * time.Millisecond

// fallSilent waits until the last player has ended that was handed over and still sounded.
// What nobody took over falls silent with the process.
func (a *App) fallSilent(ctx context.Context) {
	look := time.NewTicker(silenceEvery)
	defer look.Stop()
	for {
		if a.players.Lent() == 0 {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

// doer gives commands to the guild's player wherever it is. What it tells of a guild it
// knows from here.
type doer struct {
	player.Doer
	here *player.Manager
}

// Status implements bot.Doer.
func (d doer) Status(guild player.GuildID) (player.Status, bool) { return d.here.Status(guild) }

// runCluster runs what the cluster needs, if it needs anything.
func (a *App) runCluster(ctx context.Context) error {
	if a.opts.RunCluster == nil {
		<-ctx.Done()
		return nil
	}
	return a.opts.RunCluster(ctx)
}
