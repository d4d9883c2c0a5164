package store

import (
	"context"
	"fmt"
	"time"

	"busker/internal/snowflake"
	"busker/session"
)

const (
	// passEvery is the time between two passes of retention.
	passEvery = time.Hour
	// firstPass is when the first one is. A guild that came back while the bot was off
	// must have been heard of by then.
	firstPass = 10 * time.Minute
	// expireBatch is how many rows one transaction deletes: it holds others up for some
	// milliseconds.
	expireBatch = 1000
)

// Run deletes what has become too old, every hour until ctx ends; the first time is a while
// after the start, when it is known which guilds the bot is in. What goes wrong is logged
// and tried again an hour later.
func (s *Store) Run(ctx context.Context) error {
	next := time.NewTimer(firstPass)
	defer next.Stop()
	for {
		if size, err := s.Size(ctx); err == nil {
			s.opts.Metrics.size.Set(float64(size))
		}
		select {
		case <-next.C:
			next.Reset(passEvery)
		case <-ctx.Done():
			return nil
		}
		if err := s.Expire(ctx, time.Now()); err != nil && ctx.Err() == nil {
			s.opts.Logger.Warn("old entries of the store could not be deleted", "err", err)
		}
	}
}

// Keeps returns for how long plays and entries of the audit log are kept, 0 = for ever.
func (s *Store) Keeps() (history, audit time.Duration) {
	return s.opts.KeepHistory, s.opts.KeepAudit
}

// Expire deletes what is too old at a time, as Options have it.
func (s *Store) Expire(ctx context.Context, now time.Time) error {
	for _, old := range []struct {
		table string
		keep  time.Duration
	}{
		{"play", s.opts.KeepHistory},
		{"audit", s.opts.KeepAudit},
		{"heartbeat", session.MaxSilence},
	} {
		if old.keep <= 0 {
			continue
		}
		if _, err := s.expire(ctx, old.table, now.Add(-old.keep)); err != nil {
			return err
		}
	}
	if err := s.expireGuilds(ctx, now); err != nil {
		return err
	}
	for _, statement := range s.engine.tidy() {
		if _, err := s.writer.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("store: tidy up: %w", s.explain(err))
		}
	}
	return nil
}

// expire deletes the rows of a table that are older than a time, in batches.
func (s *Store) expire(ctx context.Context, table string, before time.Time) (total int, err error) {
	key := "id"
	if table == "heartbeat" {
		key = "process"
	}
	text := `DELETE FROM ` + table + ` WHERE ` + key + ` IN (SELECT ` + key + ` FROM ` + table + ` WHERE at < $1 LIMIT $2)`
	for n := expireBatch; n == expireBatch; total += n {
		err = s.write(ctx, "expire", func(tx *transaction) error {
			n, err = tx.affected(ctx, text, millis(before), expireBatch)
			return err
		})
		if err != nil {
			return total, err
		}
		s.opts.Metrics.expired.WithLabelValues(table).Add(float64(n))
	}
	return total, nil
}

// expireGuilds erases guilds that the bot was removed from long enough ago.
func (s *Store) expireGuilds(ctx context.Context, now time.Time) error {
	if s.opts.KeepDeparted <= 0 {
		return nil
	}
	var guilds []snowflake.ID
	err := s.read(ctx, "departed", func(tx *transaction) (err error) {
		guilds, err = tx.ids(ctx, `SELECT guild FROM departed_guild WHERE at < $1`, millis(now.Add(-s.opts.KeepDeparted)))
		return err
	})
	for _, guild := range guilds {
		if err == nil {
			err = s.EraseGuild(ctx, guild)
		}
		if err == nil {
			s.opts.Metrics.expired.WithLabelValues("departed_guild").Inc()
		}
	}
	return err
}
