package session

import (
	"cmp"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"busker/internal/snowflake"
)

// What a zero in Options stands for.
const (
	DefaultEvery        = 50 * time.Millisecond
	DefaultHeartbeat    = 500 * time.Millisecond
	DefaultTimeout      = 5 * time.Second
	DefaultFlushTimeout = 2 * time.Second
)

// Options describe a Keeper. Store is required.
type Options struct {
	Store Store

	// Process names this run of the program: it must be another one after every start,
	// or positions would go on while nothing played. "" = a random one.
	Process string
	// Token is asked what a guild's changes are to be stamped with, when they are handed
	// over, and by what the guild is taken when it is loaded: see Change.Token. It never
	// waits. nil = 0 for all.
	Token func(guild snowflake.ID) uint64
	// OnFenced is told of guilds whose changes the Store refuses: they are another
	// process's now. It is called by Run's goroutines and must not wait; nil = nobody is.
	OnFenced func(guild snowflake.ID)

	// Every is the least time from one transaction to the next: changes that come
	// meanwhile share one. A change that comes after a pause does not wait.
	// 0 = DefaultEvery.
	Every time.Duration
	// Heartbeat is the time between two signs of life, by which positions are wrong at
	// most after the process was killed; 0 = DefaultHeartbeat.
	Heartbeat time.Duration
	// Timeout bounds one call of the Store, and as long again for each 10,000 tracks that
	// are in it; 0 = DefaultTimeout.
	Timeout time.Duration
	// FlushTimeout bounds the saving of what is left at the end; 0 = DefaultFlushTimeout.
	FlushTimeout time.Duration

	Logger  *slog.Logger // nil = none
	Metrics *Metrics     // nil = counted nowhere
}

// fill replaces zeros by the defaults, or says what is missing.
func (o *Options) fill() error {
	if o.Store == nil {
		return errors.New("session options: Store is required")
	}
	if o.Every < 0 || o.Heartbeat < 0 || o.Timeout < 0 || o.FlushTimeout < 0 {
		return errors.New("session options: no time may be negative")
	}
	if o.Process == "" {
		o.Process = rand.Text()
	}
	if o.OnFenced == nil {
		o.OnFenced = func(snowflake.ID) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	o.Every = cmp.Or(o.Every, DefaultEvery)
	o.Heartbeat = cmp.Or(o.Heartbeat, DefaultHeartbeat)
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	o.FlushTimeout = cmp.Or(o.FlushTimeout, DefaultFlushTimeout)
	return nil
}
