package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"busker/internal/snowflake"
	"busker/queue"
	"busker/session"
)

// Sessions implements session.Store. Several processes may save at once.
type Sessions struct{ store *Store }

var _ session.Store = Sessions{}

// Sessions returns the part that keeps sessions.
func (s *Store) Sessions() Sessions { return Sessions{s} }

// Save implements session.Store: a few statements per guild, whatever its queue holds, and
// one for the tokens of all.
func (s Sessions) Save(ctx context.Context, changes []session.Change) (fenced []snowflake.ID, err error) {
	if len(changes) == 0 {
		return nil, nil
	}
	// In one order everywhere, so that two transactions do not wait for each other.
	changes = slices.Clone(changes)
	slices.SortStableFunc(changes, func(a, b session.Change) int { return cmp.Compare(a.Guild, b.Guild) })
	err = s.store.write(ctx, "session_save", func(tx *transaction) error {
		if fenced, err = fences(ctx, tx, changes); err != nil {
			return err
		}
		for i := range changes {
			if _, refused := slices.BinarySearch(fenced, changes[i].Guild); refused && changes[i].Token != 0 {
				continue
			}
			if err := saveChange(ctx, tx, &changes[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return fenced, err
}

func saveChange(ctx context.Context, tx *transaction, c *session.Change) error {
	if c.Sound != nil {
		err := tx.exec(ctx, `INSERT INTO session_sound (guild, sound) VALUES ($1, $2)
			ON CONFLICT (guild) DO UPDATE SET sound = excluded.sound`, int64(c.Guild), encode(c.Sound))
		if err != nil {
			return err
		}
	}
	if p := c.Place; p != nil {
		err := tx.exec(ctx, `INSERT INTO session_place (guild, channel, at, place) VALUES ($1, $2, $3, $4)
			ON CONFLICT (guild) DO UPDATE SET channel = excluded.channel, at = excluded.at, place = excluded.place`,
			int64(c.Guild), int64(p.Channel), millis(p.At), encode(p))
		if err != nil {
			return err
		}
	}
	if c.Whole != nil {
		if err := compact(ctx, tx, c.Guild, *c.Whole); err != nil {
			return err
		}
	}
	if err := saveSteps(ctx, tx, c.Guild, c.Queue); err != nil {
		return err
	}
	return saveApplied(ctx, tx, c.Guild, c.Applied)
}

// saveSteps appends to the log of a queue, and keeps the items that came with it.
func saveSteps(ctx context.Context, tx *transaction, guild snowflake.ID, steps []queue.Change) error {
	var items [][]any
	rows := make([][]any, 0, len(steps))
	for i := range steps {
		step := &steps[i]
		items = appendItems(items, guild, step.Items)
		rows = append(rows, []any{int64(guild), int64(step.Seq), encode(changeWithIDs(step))})
	}
	if err := tx.insert(ctx, itemColumns, 4, items, "ON CONFLICT DO NOTHING"); err != nil {
		return err
	}
	return tx.insert(ctx, "queue_change (guild, seq, change)", 3, rows, "ON CONFLICT DO NOTHING")
}

// Compact implements session.Store.
func (s Sessions) Compact(ctx context.Context, guild snowflake.ID, token uint64, state queue.State) error {
	return s.store.write(ctx, "session_compact", func(tx *transaction) error {
		if err := admit(ctx, tx, guild, token); err != nil {
			return err
		}
		return compact(ctx, tx, guild, state)
	})
}

func compact(ctx context.Context, tx *transaction, guild snowflake.ID, state queue.State) error {
	kept, items := stateWithIDs(&state)
	newer, err := tx.affected(ctx, `INSERT INTO queue_state (guild, seq, state) VALUES ($1, $2, $3)
		ON CONFLICT (guild) DO UPDATE SET seq = excluded.seq, state = excluded.state WHERE queue_state.seq < excluded.seq`,
		int64(guild), int64(state.Seq), encode(kept))
	if err != nil || newer == 0 {
		return err
	}
	if err := tx.exec(ctx, `DELETE FROM queue_change WHERE guild = $1 AND seq <= $2`,
		int64(guild), int64(state.Seq)); err != nil {
		return err
	}
	return keepItems(ctx, tx, guild, items, state.LastID)
}

// keepItems makes the rows of a guild's items up to the id last those of items. Newer
// ones belong to changes that are not in the state.
func keepItems(ctx context.Context, tx *transaction, guild snowflake.ID, items map[uint64]*queue.Item, last uint64) error {
	missing := make(map[uint64]bool, len(items))
	for id := range items {
		missing[id] = true
	}
	var unused []uint64
	err := tx.query(ctx, `SELECT item FROM queue_item WHERE guild = $1 AND item <= $2`, []any{int64(guild), int64(last)},
		func(rows *sql.Rows) error {
			var id int64
			err := rows.Scan(&id)
			if !missing[uint64(id)] {
				unused = append(unused, uint64(id))
			}
			delete(missing, uint64(id))
			return err
		})
	if err != nil {
		return err
	}
	if err := deleteItems(ctx, tx, guild, unused); err != nil {
		return err
	}
	var rows [][]any
	for id := range missing {
		rows = appendItems(rows, guild, []*queue.Item{items[id]})
	}
	return tx.insert(ctx, itemColumns, 4, rows, "ON CONFLICT DO NOTHING")
}

func deleteItems(ctx context.Context, tx *transaction, guild snowflake.ID, ids []uint64) error {
	for part := range slices.Chunk(ids, tx.most) {
		args := make([]any, 0, len(part)+1)
		for _, id := range part {
			args = append(args, int64(id))
		}
		text := `DELETE FROM queue_item WHERE item IN ` + places(1, len(part)) + ` AND guild = ` + place(len(part)+1)
		if err := tx.exec(ctx, text, append(args, int64(guild))...); err != nil {
			return err
		}
	}
	return nil
}

// Load implements session.Store.
func (s Sessions) Load(ctx context.Context, guild snowflake.ID) (saved session.Saved, err error) {
	err = s.store.read(ctx, "session_load", func(tx *transaction) error {
		saved = session.Saved{}
		return load(ctx, tx, guild, &saved)
	})
	return saved, err
}

func load(ctx context.Context, tx *transaction, guild snowflake.ID, saved *session.Saved) error {
	var sound, place, state sql.NullString
	var beat sql.NullInt64
	err := tx.QueryRowContext(ctx, `SELECT
		(SELECT sound FROM session_sound WHERE guild = $1),
		(SELECT place FROM session_place WHERE guild = $1),
		(SELECT state FROM queue_state WHERE guild = $1)`, int64(guild)).Scan(&sound, &place, &state)
	if err != nil {
		return err
	}
	saved.Found = sound.Valid || place.Valid || state.Valid
	if sound.Valid {
		saved.Sound = new(session.Sound)
		if err := decode(sound.String, saved.Sound); err != nil {
			return err
		}
	}
	if place.Valid {
		if err := decode(place.String, &saved.Place); err != nil {
			return err
		}
		err := tx.QueryRowContext(ctx, `SELECT at FROM heartbeat WHERE process = $1`, line(saved.Place.Process)).Scan(&beat)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if beat.Valid {
			saved.Beat = instant(beat.Int64)
		}
	}
	if saved.Applied, err = loadApplied(ctx, tx, guild); err != nil {
		return err
	}
	return loadQueue(ctx, tx, guild, state.String, saved)
}

// Unfinished implements session.Store.
func (s Sessions) Unfinished(ctx context.Context) (guilds []snowflake.ID, err error) {
	err = s.store.read(ctx, "session_unfinished", func(tx *transaction) error {
		guilds, err = tx.ids(ctx, `SELECT guild FROM session_place WHERE channel <> 0 ORDER BY at DESC, guild`)
		return err
	})
	return guilds, err
}

// Beat implements session.Store.
func (s Sessions) Beat(ctx context.Context, process string, at time.Time) error {
	return s.store.write(ctx, "session_beat", func(tx *transaction) error {
		err := tx.exec(ctx, `INSERT INTO heartbeat (process, at) VALUES ($1, $2)
			ON CONFLICT (process) DO UPDATE SET at = excluded.at`, line(process), millis(at))
		return err
	})
}
