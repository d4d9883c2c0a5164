// Package sessiontest has a session.Store in memory, and the tests any Store must pass.
package sessiontest

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"busker/internal/snowflake"
	"busker/queue"
	"busker/session"
)

// Store is a session.Store that lives as long as the process: where a test drops a
// Manager and makes another, it stands for what a disk would have kept.
type Store struct {
	mu     sync.Mutex
	guilds map[snowflake.ID]*row
	beats  map[string]time.Time
	err    error
	delay  time.Duration
	saves  int
}

// row is one guild, in JSON as on a disk, so that nothing is shared with who saved it.
type row struct {
	token               uint64 // newest known
	kept                bool   // anything but token
	sound, place, state []byte
	at                  time.Time
	channel             snowflake.ID
	seq                 uint64
	log                 map[uint64][]byte
	applied             []applied // by n
}

// applied is a command that was carried out.
type applied struct {
	n       uint64
	command string
	outcome []byte
}

// NewStore returns an empty Store.
func NewStore() *Store {
	return &Store{guilds: map[snowflake.ID]*row{}, beats: map[string]time.Time{}}
}

// Fail makes everything fail with err from now on; nil ends that.
func (s *Store) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Delay makes everything take d longer from now on.
func (s *Store) Delay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

// Saves returns how many transactions there have been.
func (s *Store) Saves() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saves
}

// Logged returns how many changes of a guild's queue are kept one by one.
func (s *Store) Logged(guild snowflake.ID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.guilds[guild]; r != nil {
		return len(r.log)
	}
	return 0
}

// enter waits as long as a call shall take and takes the lock, unless the call shall fail.
func (s *Store) enter(ctx context.Context) error {
	s.mu.Lock()
	delay := s.delay
	s.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
		}
	}
	s.mu.Lock()
	if err := cmp.Or(ctx.Err(), s.err); err != nil {
		s.mu.Unlock()
		return err
	}
	return nil
}

// Load implements session.Store.
func (s *Store) Load(ctx context.Context, guild snowflake.ID) (saved session.Saved, err error) {
	if err := s.enter(ctx); err != nil {
		return saved, err
	}
	defer s.mu.Unlock()
	r := s.guilds[guild]
	if r == nil || !r.kept {
		return saved, nil
	}
	saved.Found = true
	if r.sound != nil {
		saved.Sound = new(session.Sound)
	}
	for _, part := range []struct {
		of []byte
		to any
	}{{r.sound, saved.Sound}, {r.place, &saved.Place}, {r.state, &saved.Queue}} {
		if part.of != nil && err == nil {
			err = json.Unmarshal(part.of, part.to)
		}
	}
	for _, seq := range slices.Sorted(maps.Keys(r.log)) {
		var c queue.Change
		err = cmp.Or(err, json.Unmarshal(r.log[seq], &c))
		saved.Log = append(saved.Log, c)
	}
	for _, a := range r.applied {
		back := session.Applied{N: a.n, Command: a.command}
		err = cmp.Or(err, json.Unmarshal(a.outcome, &back))
		saved.Applied = append(saved.Applied, back)
	}
	saved.Beat = s.beats[saved.Place.Process]
	return saved, err
}

// Unfinished implements session.Store.
func (s *Store) Unfinished(ctx context.Context) ([]snowflake.ID, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var list []snowflake.ID
	for guild, r := range s.guilds {
		if r.channel != 0 {
			list = append(list, guild)
		}
	}
	slices.SortFunc(list, func(a, b snowflake.ID) int { return s.guilds[b].at.Compare(s.guilds[a].at) })
	return list, nil
}

// Take implements session.Store.
func (s *Store) Take(ctx context.Context, guild snowflake.ID, token uint64) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if !s.row(guild).admit(token) {
		return session.ErrFenced
	}
	return nil
}

// admit reports whether a token is not too old, and keeps it then.
func (r *row) admit(token uint64) bool {
	if token != 0 && token < r.token {
		return false
	}
	r.token = max(r.token, token)
	return true
}

// Save implements session.Store.
func (s *Store) Save(ctx context.Context, changes []session.Change) (fenced []snowflake.ID, err error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	s.saves++
	for _, c := range changes {
		r := s.row(c.Guild)
		if !r.admit(c.Token) {
			fenced = append(fenced, c.Guild)
			continue
		}
		r.kept = true
		if c.Sound != nil {
			r.sound = encode(c.Sound)
		}
		if c.Place != nil {
			r.place, r.at, r.channel = encode(c.Place), c.Place.At, c.Place.Channel
		}
		if c.Whole != nil {
			r.compact(*c.Whole)
		}
		r.remember(c.Applied)
		for _, step := range c.Queue {
			if _, kept := r.log[step.Seq]; !kept && step.Seq > r.seq {
				r.log[step.Seq] = encode(step)
			}
		}
	}
	return fenced, nil
}

// Compact implements session.Store.
func (s *Store) Compact(ctx context.Context, guild snowflake.ID, token uint64, state queue.State) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	r := s.row(guild)
	if !r.admit(token) {
		return session.ErrFenced
	}
	r.kept = true
	r.compact(state)
	return nil
}

func (r *row) compact(state queue.State) {
	if state.Seq > r.seq {
		r.state, r.seq = encode(state), state.Seq
		maps.DeleteFunc(r.log, func(seq uint64, _ []byte) bool { return seq <= state.Seq })
	}
}

// remember keeps the newest commands.
func (r *row) remember(list []session.Applied) {
	for _, a := range list {
		if len(r.applied) == 0 || a.N > r.applied[len(r.applied)-1].n {
			r.applied = append(r.applied, applied{a.N, a.Command, encode(a)})
		}
	}
	r.applied = slices.Clone(r.applied[max(0, len(r.applied)-session.MaxApplied):])
}

// Beat implements session.Store.
func (s *Store) Beat(ctx context.Context, process string, at time.Time) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.beats[process] = at
	return nil
}

func (s *Store) row(guild snowflake.ID) *row {
	if s.guilds[guild] == nil {
		s.guilds[guild] = &row{log: map[uint64][]byte{}}
	}
	return s.guilds[guild]
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // values only
	}
	return b
}
