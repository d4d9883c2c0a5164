package store

import (
	"context"
	"database/sql"
	"time"

	"busker/internal/snowflake"
	"busker/playlists"
)

// Played implements playlists.Store.
func (s Playlists) Played(ctx context.Context, plays ...playlists.Play) error {
	if len(plays) == 0 {
		return nil
	}
	rows := make([][]any, len(plays))
	for i := range plays {
		p := &plays[i]
		rows[i] = []any{int64(p.Guild), int64(p.User), keyOf(p.Track), encode(p.Track), millis(p.At), int64(p.Heard)}
	}
	return s.store.write(ctx, "history_add", func(tx *transaction) error {
		return tx.insert(ctx, "play (guild, requester, track_key, track, at, heard)", len(rows[0]), rows, "")
	})
}

// partOf is the condition that Plays stand for.
func partOf(p playlists.Plays) *condition {
	c := new(condition)
	if p.Guild != 0 {
		c.and("guild = ", int64(p.Guild))
	}
	if p.User != 0 {
		c.and("requester = ", int64(p.User))
	}
	if !p.Since.IsZero() {
		c.and("at >= ", millis(p.Since))
	}
	if p.Before != 0 {
		c.and("id < ", p.Before)
	}
	return c
}

const playColumns = `SELECT id, guild, requester, track, at, heard FROM play `

// Recent implements playlists.Store.
func (s Playlists) Recent(ctx context.Context, p playlists.Plays) (plays []playlists.Play, err error) {
	err = s.store.read(ctx, "history", func(tx *transaction) error {
		part := partOf(p)
		plays, err = tx.plays(ctx, playColumns+part.where()+` ORDER BY id DESC LIMIT `+part.next(p.Most()), part.args...)
		return err
	})
	return plays, err
}

func (tx *transaction) plays(ctx context.Context, text string, args ...any) (plays []playlists.Play, err error) {
	err = tx.query(ctx, text, args, func(rows *sql.Rows) error {
		var p playlists.Play
		var guild, user, at, heard int64
		var track string
		if err := rows.Scan(&p.ID, &guild, &user, &track, &at, &heard); err != nil {
			return err
		}
		p.Guild, p.User, p.At, p.Heard = snowflake.ID(guild), snowflake.ID(user), instant(at), time.Duration(heard)
		err := decode(track, &p.Track)
		plays = append(plays, p)
		return err
	})
	return plays, err
}

// Stats implements playlists.Store.
func (s Playlists) Stats(ctx context.Context, p playlists.Plays) (stats playlists.Stats, err error) {
	p.Before = 0
	err = s.store.read(ctx, "history_stats", func(tx *transaction) error {
		stats = playlists.Stats{}
		var heard int64
		part := partOf(p)
		err := tx.QueryRowContext(ctx, `SELECT count(*), CAST(coalesce(sum(heard), 0) AS BIGINT) FROM play `+part.where(), part.args...).
			Scan(&stats.Plays, &heard)
		if err != nil {
			return err
		}
		stats.Heard = time.Duration(heard)
		if stats.Tracks, err = tx.topTracks(ctx, p); err != nil {
			return err
		}
		stats.Requesters, err = tx.topRequesters(ctx, p)
		return err
	})
	return stats, err
}

func (tx *transaction) topTracks(ctx context.Context, p playlists.Plays) (top []playlists.TrackCount, err error) {
	part := partOf(p)
	err = tx.query(ctx, `SELECT play.track, top.plays, top.heard FROM play JOIN (
			SELECT max(id) AS latest, count(*) AS plays, CAST(sum(heard) AS BIGINT) AS heard FROM play `+part.where()+`
			GROUP BY track_key ORDER BY 2 DESC, 3 DESC, 1 DESC LIMIT `+part.next(p.Most())+`) AS top ON play.id = top.latest
		ORDER BY top.plays DESC, top.heard DESC, top.latest DESC`, part.args,
		func(rows *sql.Rows) error {
			var c playlists.TrackCount
			var track string
			var heard int64
			if err := rows.Scan(&track, &c.Plays, &heard); err != nil {
				return err
			}
			c.Heard = time.Duration(heard)
			err := decode(track, &c.Track)
			top = append(top, c)
			return err
		})
	return top, err
}

func (tx *transaction) topRequesters(ctx context.Context, p playlists.Plays) (top []playlists.UserCount, err error) {
	part := partOf(p)
	part.and("requester <> ", 0)
	err = tx.query(ctx, `SELECT requester, count(*), CAST(sum(heard) AS BIGINT) FROM play `+part.where()+`
		GROUP BY requester ORDER BY 2 DESC, 3 DESC, 1 LIMIT `+part.next(p.Most()), part.args,
		func(rows *sql.Rows) error {
			var c playlists.UserCount
			var user, heard int64
			err := rows.Scan(&user, &c.Plays, &heard)
			c.User, c.Heard = snowflake.ID(user), time.Duration(heard)
			top = append(top, c)
			return err
		})
	return top, err
}

// Forget implements playlists.Store.
func (s Playlists) Forget(ctx context.Context, before time.Time) (n int, err error) {
	return s.store.expire(ctx, "play", before)
}
