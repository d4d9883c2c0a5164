package store

import (
	"cmp"
	"context"
	"time"

	"busker/internal/snowflake"
	"busker/playlists"
	"busker/track"
)

// Like implements playlists.Store.
func (s Playlists) Like(ctx context.Context, user snowflake.ID, t track.Track, at time.Time) (added bool, err error) {
	return decideOn(ctx, s.store, "favourite_add", func(tx *transaction) (added bool, err error) {
		var liked, had int
		var last int64
		err = tx.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(CASE WHEN track_key = $2 THEN 1 ELSE 0 END), 0), coalesce(max(n), 0)
			FROM favourite WHERE user_id = $1`, int64(user), keyOf(t)).Scan(&liked, &had, &last)
		if err != nil || had > 0 {
			return false, err
		}
		if err := s.store.opts.Limits.CheckFavourites(liked + 1); err != nil {
			return false, err
		}
		return true, tx.exec(ctx, `INSERT INTO favourite (user_id, n, track_key, track, at) VALUES ($1, $2, $3, $4, $5)`,
			int64(user), last+1, keyOf(t), encode(t), millis(at))
	})
}

// Unlike implements playlists.Store.
func (s Playlists) Unlike(ctx context.Context, user snowflake.ID, k playlists.Key) (removed bool, err error) {
	err = s.store.write(ctx, "favourite_remove", func(tx *transaction) error {
		n, err := tx.affected(ctx, `DELETE FROM favourite WHERE user_id = $1 AND track_key = $2`, int64(user), trackKey(k))
		removed = n > 0
		return err
	})
	return removed, err
}

// Liked implements playlists.Store.
func (s Playlists) Liked(ctx context.Context, user snowflake.ID, from, limit int) (entries []playlists.Entry, total int, err error) {
	err = s.store.read(ctx, "favourites", func(tx *transaction) error {
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM favourite WHERE user_id = $1`, int64(user)).Scan(&total)
		if err != nil {
			return err
		}
		entries, err = tx.favourites(ctx, user, from, cmp.Or(limit, playlists.DefaultPage))
		return err
	})
	return entries, total, err
}

func (tx *transaction) favourites(ctx context.Context, user snowflake.ID, from, limit int) ([]playlists.Entry, error) {
	return tx.entries(ctx, `SELECT track, at, user_id FROM favourite WHERE user_id = $1 ORDER BY n DESC LIMIT $2 OFFSET $3`,
		int64(user), max(limit, 0), max(from, 0))
}
