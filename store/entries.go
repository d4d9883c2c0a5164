package store

import (
	"context"
	"database/sql"
	"math"
	"slices"

	"busker/internal/snowflake"
	"busker/playlists"
)

// Entries implements playlists.Store.
func (s Playlists) Entries(ctx context.Context, id int64, from, limit int) (entries []playlists.Entry, err error) {
	if limit <= 0 {
		limit = math.MaxInt32
	}
	err = s.store.read(ctx, "playlist_entries", func(tx *transaction) error {
		if _, err := tx.list(ctx, id, 0); err != nil {
			return err
		}
		entries, err = tx.entries(ctx, `SELECT track, at, adder FROM playlist_entry
			WHERE playlist = $1 ORDER BY n LIMIT $2 OFFSET $3`, id, limit, max(from, 0))
		return err
	})
	return entries, err
}

// entries returns what a query finds: track, time and person.
func (tx *transaction) entries(ctx context.Context, text string, args ...any) (entries []playlists.Entry, err error) {
	err = tx.query(ctx, text, args, func(rows *sql.Rows) error {
		e, err := scanEntry(rows)
		entries = append(entries, e)
		return err
	})
	return entries, err
}

func scanEntry(rows *sql.Rows, before ...any) (e playlists.Entry, err error) {
	var track string
	var at, by int64
	if err := rows.Scan(append(before, &track, &at, &by)...); err != nil {
		return e, err
	}
	e.Added, e.By = instant(at), snowflake.ID(by)
	return e, decode(track, &e.Track)
}

// Append implements playlists.Store.
func (s Playlists) Append(ctx context.Context, id int64, entries ...playlists.Entry) (playlists.Playlist, error) {
	return decideOn(ctx, s.store, "playlist_append", func(tx *transaction) (playlists.Playlist, error) {
		p, err := tx.list(ctx, id, 0)
		if err != nil {
			return p, err
		}
		return s.append(ctx, tx, p, entries)
	})
}

// append adds entries to a playlist and keeps its next version.
func (s Playlists) append(ctx context.Context, tx *transaction, p playlists.Playlist, entries []playlists.Entry) (playlists.Playlist, error) {
	p.Tracks += len(entries)
	if err := s.store.opts.Limits.CheckEntries(p.Tracks); err != nil {
		return p, err
	}
	var last int64
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(n), 0) FROM playlist_entry WHERE playlist = $1`, p.ID).Scan(&last); err != nil {
		return p, err
	}
	rows := make([][]any, len(entries))
	for i, e := range entries {
		p.Length += e.Track.Length
		rows[i] = []any{p.ID, last + 1 + int64(i), encode(e.Track), millis(e.Added), int64(e.By)}
	}
	if err := tx.insert(ctx, "playlist_entry (playlist, n, track, at, adder)", 5, rows, ""); err != nil {
		return p, err
	}
	return tx.changed(ctx, p)
}

// Replace implements playlists.Store.
func (s Playlists) Replace(ctx context.Context, id, version int64, entries []playlists.Entry) (playlists.Playlist, error) {
	return decideOn(ctx, s.store, "playlist_replace", func(tx *transaction) (playlists.Playlist, error) {
		p, err := tx.list(ctx, id, version)
		if err != nil {
			return p, err
		}
		if err := tx.exec(ctx, `DELETE FROM playlist_entry WHERE playlist = $1`, id); err != nil {
			return p, err
		}
		p.Tracks, p.Length = 0, 0
		return s.append(ctx, tx, p, entries)
	})
}

// RemoveAt implements playlists.Store.
func (s Playlists) RemoveAt(ctx context.Context, id, version int64, at ...int) (playlists.Playlist, error) {
	return decideOn(ctx, s.store, "playlist_remove", func(tx *transaction) (playlists.Playlist, error) {
		p, err := tx.list(ctx, id, version)
		if err != nil {
			return p, err
		}
		numbers, err := tx.numbers(ctx, id)
		if err != nil {
			return p, err
		}
		var gone []any
		for i, n := range numbers {
			if slices.Contains(at, i) {
				gone = append(gone, n)
			}
		}
		for part := range slices.Chunk(gone, tx.most) {
			text := `DELETE FROM playlist_entry WHERE n IN ` + places(1, len(part)) + ` AND playlist = ` + place(len(part)+1) +
				` RETURNING track, at, adder`
			removed, err := tx.entries(ctx, text, append(slices.Clone(part), id)...)
			if err != nil {
				return p, err
			}
			for i := range removed {
				p.Tracks--
				p.Length -= removed[i].Track.Length
			}
		}
		return tx.changed(ctx, p)
	})
}

// numbers returns the n of a playlist's entries in order.
func (tx *transaction) numbers(ctx context.Context, id int64) (numbers []int64, err error) {
	err = tx.query(ctx, `SELECT n FROM playlist_entry WHERE playlist = $1 ORDER BY n`, []any{id}, func(rows *sql.Rows) error {
		var n int64
		err := rows.Scan(&n)
		numbers = append(numbers, n)
		return err
	})
	return numbers, err
}
