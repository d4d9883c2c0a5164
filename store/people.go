package store

import (
	"context"
	"database/sql"
	"math"
	"slices"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/playlists"
	"busker/queue"
	"busker/session"
	"busker/settings"
	"busker/track"
)

// Personal is all that is kept that belongs to, or names, one person.
type Personal struct {
	User snowflake.ID `json:"user"`
	playlists.Personal
	Settings *settings.User `json:"settings,omitempty"` // nil = never chosen
	Queued   []QueuedTrack  `json:"queued"`             // what they asked for and queues still know
	Audit    []AuditEntry   `json:"audit"`              // what they did, newest first
	Blocked  []snowflake.ID `json:"blockedIn"`          // servers whose settings name them as blocked
}

// QueuedTrack is a track that somebody asked for and a queue knows: it waits, plays, was
// played not long ago, or was removed and can be brought back.
type QueuedTrack struct {
	Guild snowflake.ID `json:"guild"`
	Track track.Track  `json:"track"`
}

// ErasedPersonal counts what Erase took away.
type ErasedPersonal struct {
	playlists.Erased
	Queued, Audit int  // items of queues and entries of logs: kept without the person's id
	Settings      bool // deleted
}

// Export returns all that is kept that belongs to, or names, a person.
func (s *Store) Export(ctx context.Context, user snowflake.ID) (p Personal, err error) {
	err = s.read(ctx, "person_export", func(tx *transaction) error {
		p = Personal{User: user}
		if p.Personal, err = tx.personal(ctx, user); err != nil {
			return err
		}
		var chosen settings.User
		if err := tx.document(ctx, userSettings, user, &chosen); err != nil {
			return err
		}
		if chosen != (settings.User{}) {
			p.Settings = &chosen
		}
		if p.Queued, err = tx.queued(ctx, user); err != nil {
			return err
		}
		if p.Blocked, err = tx.blocked(ctx, user); err != nil {
			return err
		}
		p.Audit, err = tx.audit(ctx, auditColumns+`WHERE actor = $1 ORDER BY id DESC`, int64(user))
		return err
	})
	return p, err
}

func (tx *transaction) queued(ctx context.Context, user snowflake.ID) (all []QueuedTrack, err error) {
	err = tx.query(ctx, `SELECT guild, track FROM queue_item WHERE requester = $1 ORDER BY guild, item`, []any{int64(user)},
		func(rows *sql.Rows) error {
			var guild int64
			var text string
			if err := rows.Scan(&guild, &text); err != nil {
				return err
			}
			q := QueuedTrack{Guild: snowflake.ID(guild)}
			err := decode(text, &q.Track)
			all = append(all, q)
			return err
		})
	return all, err
}

// blocked finds the guilds that block a person. That is the server's choice: it can be
// seen, and Erase leaves it.
func (tx *transaction) blocked(ctx context.Context, user snowflake.ID) (guilds []snowflake.ID, err error) {
	err = tx.query(ctx, `SELECT guild, settings FROM guild_settings WHERE settings LIKE $1 ORDER BY guild`,
		[]any{`%"` + user.String() + `"%`}, func(rows *sql.Rows) error {
			var guild int64
			var text string
			if err := rows.Scan(&guild, &text); err != nil {
				return err
			}
			var g settings.Guild
			err := decode(text, &g)
			if slices.Contains(g.BlockedUsers, user) {
				guilds = append(guilds, snowflake.ID(guild))
			}
			return err
		})
	return guilds, err
}

// Erase deletes a person's settings, playlists and favourites, and takes their id off
// everything else: queues, history, the audit log and what they made or added in servers,
// which keep their tracks and counts. That a server blocks them is the server's and stays.
func (s *Store) Erase(ctx context.Context, user snowflake.ID) (ErasedPersonal, error) {
	return decideOn(ctx, s, "person_erase", func(tx *transaction) (gone ErasedPersonal, err error) {
		if gone.Erased, err = tx.erase(ctx, user); err != nil {
			return gone, err
		}
		n, err := tx.affected(ctx, `DELETE FROM user_settings WHERE user_id = $1`, int64(user))
		if err != nil {
			return gone, err
		}
		gone.Settings = n > 0
		if gone.Queued, err = tx.unname(ctx, user); err != nil {
			return gone, err
		}
		gone.Audit, err = tx.affected(ctx, `UPDATE audit SET actor = CASE WHEN actor = $1 THEN 0 ELSE actor END, detail = ''
			WHERE actor = $1 OR detail LIKE $2`, int64(user), "%"+user.String()+"%")
		return gone, err
	})
}

// unname takes a person off the items of all queues. Who asked for an item can decide
// what a change does, so the changes in the log are carried out first.
func (tx *transaction) unname(ctx context.Context, user snowflake.ID) (int, error) {
	guilds, err := tx.ids(ctx, `SELECT DISTINCT guild FROM queue_item WHERE requester = $1
		UNION SELECT DISTINCT guild FROM queue_change WHERE change LIKE $2`, int64(user), `%"users":[%`+user.String()+`%`)
	if err != nil {
		return 0, err
	}
	for _, guild := range guilds {
		if err := tx.foldLog(ctx, guild); err != nil {
			return 0, err
		}
	}
	return tx.affected(ctx, `UPDATE queue_item SET requester = 0 WHERE requester = $1`, int64(user))
}

// foldLog carries out all changes in the log of a guild's queue. A queue that is damaged
// loses its log: nobody can play it any more, and there is nothing to preserve.
func (tx *transaction) foldLog(ctx context.Context, guild snowflake.ID) error {
	var saved session.Saved
	err := load(ctx, tx, guild, &saved)
	var whole *queue.Queue
	if err == nil {
		whole, err = queue.Restore(saved.Queue, saved.Log, queue.Options{})
	}
	switch {
	case fault.KindOf(err) == fault.Corrupt:
	case err != nil:
		return err
	default:
		if err := compact(ctx, tx, guild, whole.State()); err != nil {
			return err
		}
	}
	return tx.exec(ctx, `DELETE FROM queue_change WHERE guild = $1`, int64(guild))
}

// Export implements playlists.Store. Store.Export has more.
func (s Playlists) Export(ctx context.Context, user snowflake.ID) (p playlists.Personal, err error) {
	err = s.store.read(ctx, "playlists_export", func(tx *transaction) error {
		p, err = tx.personal(ctx, user)
		return err
	})
	return p, err
}

// Erase implements playlists.Store. Store.Erase takes away more.
func (s Playlists) Erase(ctx context.Context, user snowflake.ID) (playlists.Erased, error) {
	return decideOn(ctx, s.store, "playlists_erase", func(tx *transaction) (playlists.Erased, error) {
		return tx.erase(ctx, user)
	})
}

func (tx *transaction) personal(ctx context.Context, user snowflake.ID) (p playlists.Personal, err error) {
	lists, err := tx.lists(ctx, `owner = $1 AND kind = $2 ORDER BY id`, int64(user), ofUser)
	if err != nil {
		return p, err
	}
	for _, l := range lists {
		entries, err := tx.entries(ctx, `SELECT track, at, adder FROM playlist_entry WHERE playlist = $1 ORDER BY n`, l.ID)
		if err != nil {
			return p, err
		}
		p.Lists = append(p.Lists, playlists.Contents{Playlist: l, Entries: entries})
	}
	if p.Made, err = tx.lists(ctx, `maker = $1 AND NOT (owner = $1 AND kind = $2) ORDER BY id`, int64(user), ofUser); err != nil {
		return p, err
	}
	if p.Favourites, err = tx.favourites(ctx, user, 0, math.MaxInt32); err != nil {
		return p, err
	}
	if p.Plays, err = tx.plays(ctx, playColumns+`WHERE requester = $1 ORDER BY id DESC`, int64(user)); err != nil {
		return p, err
	}
	err = tx.query(ctx, `SELECT playlist, track, at, adder FROM playlist_entry JOIN playlist ON playlist.id = playlist
		WHERE adder = $1 AND NOT (owner = $1 AND kind = $2) ORDER BY playlist, n`, []any{int64(user), ofUser},
		func(rows *sql.Rows) (err error) {
			var a playlists.Addition
			a.Entry, err = scanEntry(rows, &a.List)
			p.Added = append(p.Added, a)
			return err
		})
	return p, err
}

func (tx *transaction) erase(ctx context.Context, user snowflake.ID) (gone playlists.Erased, err error) {
	for _, step := range []struct {
		text  string
		count *int
	}{
		{`DELETE FROM playlist WHERE owner = $1 AND kind = 'user'`, &gone.Lists},
		{`DELETE FROM favourite WHERE user_id = $1`, &gone.Favourites},
		{`UPDATE play SET requester = 0 WHERE requester = $1`, &gone.Plays},
		{`UPDATE playlist_entry SET adder = 0 WHERE adder = $1`, &gone.Entries},
		{`UPDATE playlist SET maker = 0 WHERE maker = $1`, new(int)},
	} {
		if *step.count, err = tx.affected(ctx, step.text, int64(user)); err != nil {
			return gone, err
		}
	}
	return gone, nil
}
