// Package remote reaches players that live in other processes: a Doer whose commands go
// to the owner of the guild, wherever that is, and a Server that carries out what others
// send here. Events come back the same way.
//
// It knows players, the bus of the cluster and who owns a guild; it decides nothing about
// who does, and knows no Discord. Every process has a Doer; every process with players has
// a Server besides:
//
//	doer, err := remote.New(remote.Options{Process: id, Local: manager, Token: token, Directory: directory, Bus: cluster.Bus})
//	server, err := remote.NewServer(remote.ServerOptions{Process: id, Local: manager, Token: token, Bus: cluster.Bus})
//	group.Go(func() error { return doer.Run(ctx) })   // events of all processes, for doer.Subscribe
//	group.Go(func() error { return server.Run(ctx) }) // events of this one, for all others
//
// For every shard this process comes to own, with the token of its lease, until it is lost:
//
//	group.Go(func() error { return server.Serve(shardCtx, shard, shards, leaseToken) })
//
// What may be relied on:
//
//   - A command is carried out once. It has an id (player.WithCommandID, or one the Doer
//     gives it), goes to the owner together with the token of the lease the Doer believes
//     in, and is sent again under the same id while it is refused as moved or nobody
//     answers. The player that gets it twice carries it out once, unless it has carried out
//     64 others since: session.MaxApplied.
//   - It is not lost silently: Do returns the Status after it, why it was refused, or an
//     error that says that nobody knows.
//   - Commands one caller gives a guild one after the other are carried out in that order.
//   - Events of a guild come in order. Those of a process that has lost the guild are
//     dropped once one of its successor has come.
//
// A Status that travels has its queue whole, except in events, where several are asked for,
// and where the bus would not take it: there Queue and History are cut to EventItems, and
// Status.Upcoming tells how many there are. Pictures of tracks stay where they are.
package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"busker/cluster"
	"busker/player"
)

// Local is the players of this process. *player.Manager is one.
type Local interface {
	player.Doer
	Status(guild player.GuildID) (player.Status, bool)
	Subscribe(buffer int) (events <-chan player.Envelope, cancel func())
}

// Directory tells who owns a guild. *gateway.Directory is one.
type Directory interface {
	// Owner returns the member that owns the guild's shard, "" while nobody does, and the
	// token of its lease; shards is 0 while nobody knows into how many the guilds are divided.
	Owner(ctx context.Context, guild player.GuildID) (member string, token uint64, shard, shards int, err error)
	// Forget says that what it told turned out to be old.
	Forget()
}

// Requester and the three below are what is needed of a cluster.Bus.
type Requester interface {
	Request(ctx context.Context, topic string, m cluster.Message) ([]byte, error)
}

// Follower hears what is published.
type Follower interface {
	Follow(ctx context.Context, topic string, f func(cluster.Event)) error
}

// Publisher tells all.
type Publisher interface {
	Publish(ctx context.Context, topic, kind string, body []byte) error
}

// Topics serves what others request.
type Topics interface {
	Serve(ctx context.Context, topic string, s cluster.Server) error
}

// What a zero in Options stands for.
const (
	DefaultTimeout = 10 * time.Second
	DefaultSilence = 2 * time.Second
)

// Options describe a Doer. Directory and Bus are required.
type Options struct {
	Process string // this member's id: its events are not taken from the bus; required with Local
	Local   Local  // the players here; nil = there are none
	// Token is by which lease this process has a guild, 0 for none; it never waits. Such a
	// guild's commands need no bus. nil = all guilds are here when there is Local.
	Token     func(guild player.GuildID) uint64
	Directory Directory
	Bus       interface {
		Requester
		Follower
	}

	// Timeout bounds a command or a question whose context has no deadline;
	// 0 = DefaultTimeout.
	Timeout time.Duration
	// Silence is how long the owner may say nothing before it is looked up anew and asked
	// again; 0 = DefaultSilence.
	Silence time.Duration

	Logger  *slog.Logger // nil = none
	Metrics *Metrics     // nil = counted nowhere
}

// fill replaces zeros by the defaults, or says what is missing.
func (o *Options) fill() error {
	switch {
	case o.Directory == nil || o.Bus == nil:
		return errors.New("remote options: Directory and Bus are required")
	case o.Local != nil && o.Process == "":
		return errors.New("remote options: Process is required with Local")
	case o.Timeout < 0 || o.Silence < 0:
		return errors.New("remote options: no time may be negative")
	case o.Local == nil:
		o.Token = func(player.GuildID) uint64 { return 0 }
	case o.Token == nil:
		o.Token = func(player.GuildID) uint64 { return 1 }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	o.Silence = cmp.Or(o.Silence, DefaultSilence)
	return nil
}

// topicOf is where the owner of a shard listens.
func topicOf(shard, shards int) string { return fmt.Sprintf("shard/%d/%d", shards, shard) }

// eventsTopic is where all processes tell what happens to their players.
const eventsTopic = "events"
