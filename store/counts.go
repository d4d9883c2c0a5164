package store

import (
	"context"
	"fmt"
)

// Counts is how much is kept.
type Counts struct {
	Guilds     int // with a queue, settings or a sound of their own
	Users      int // with settings, playlists or favourites
	Queued     int // items that queues know
	Playlists  int
	Entries    int // of playlists
	Favourites int
	Plays      int
	Audit      int
}

// Count counts what is kept. It reads whole indexes: ask at most once a minute.
func (s *Store) Count(ctx context.Context) (c Counts, err error) {
	err = s.read(ctx, "count", func(tx *transaction) error {
		return tx.QueryRowContext(ctx, `SELECT
			(SELECT count(*) FROM (SELECT guild FROM session_sound UNION SELECT guild FROM queue_state
				UNION SELECT guild FROM guild_settings UNION SELECT guild FROM session_place) AS guilds),
			(SELECT count(*) FROM (SELECT user_id FROM user_settings UNION SELECT user_id FROM favourite
				UNION SELECT owner FROM playlist WHERE kind = 'user') AS users),
			(SELECT count(*) FROM queue_item), (SELECT count(*) FROM playlist), (SELECT count(*) FROM playlist_entry),
			(SELECT count(*) FROM favourite), (SELECT count(*) FROM play), (SELECT count(*) FROM audit)`).
			Scan(&c.Guilds, &c.Users, &c.Queued, &c.Playlists, &c.Entries, &c.Favourites, &c.Plays, &c.Audit)
	})
	return c, err
}

// Size returns how many bytes the store takes on disk, without SQLite's write-ahead log.
func (s *Store) Size(ctx context.Context) (bytes int64, err error) {
	if err := s.reader.QueryRowContext(ctx, s.engine.sizeQuery()).Scan(&bytes); err != nil {
		return 0, fmt.Errorf("store: size: %w", s.explain(err))
	}
	return bytes, nil
}
