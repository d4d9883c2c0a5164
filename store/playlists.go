package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"busker/internal/snowflake"
	"busker/playlists"
	"busker/track"
)

// Playlists implements playlists.Store.
type Playlists struct{ store *Store }

var _ playlists.Store = Playlists{}

// Playlists returns the part that keeps playlists, favourites and what was played.
func (s *Store) Playlists() Playlists { return Playlists{s} }

// kinds of owners.
const (
	ofUser  = "user"
	ofGuild = "guild"
)

func kindOf(o playlists.Owner) string {
	if o.Guild {
		return ofGuild
	}
	return ofUser
}

const listColumns = `id, owner, kind, maker, name, version, tracks, length, updated`

func scanList(row interface{ Scan(...any) error }) (p playlists.Playlist, err error) {
	var owner, maker, length, updated int64
	var kind string
	err = row.Scan(&p.ID, &owner, &kind, &maker, &p.Name, &p.Version, &p.Tracks, &length, &updated)
	p.Owner = playlists.Owner{ID: snowflake.ID(owner), Guild: kind == ofGuild}
	p.Maker, p.Length, p.Updated = snowflake.ID(maker), time.Duration(length), instant(updated)
	return p, err
}

// lists returns the playlists a condition names.
func (tx *transaction) lists(ctx context.Context, where string, args ...any) (found []playlists.Playlist, err error) {
	err = tx.query(ctx, `SELECT `+listColumns+` FROM playlist WHERE `+where, args, func(rows *sql.Rows) error {
		p, err := scanList(rows)
		found = append(found, p)
		return err
	})
	return found, err
}

// list returns one playlist. A version other than 0 must be its.
func (tx *transaction) list(ctx context.Context, id, version int64) (playlists.Playlist, error) {
	p, err := scanList(tx.QueryRowContext(ctx, `SELECT `+listColumns+` FROM playlist WHERE id = $1`, id))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return p, playlists.ErrNotFound
	case err == nil && version != 0 && version != p.Version:
		return p, playlists.ErrChanged
	}
	return p, err
}

// Lists implements playlists.Store.
func (s Playlists) Lists(ctx context.Context, o playlists.Owner) (found []playlists.Playlist, err error) {
	err = s.store.read(ctx, "playlists", func(tx *transaction) error {
		found, err = tx.lists(ctx, `owner = $1 AND kind = $2`, int64(o.ID), kindOf(o))
		return err
	})
	// Sorted here: databases do not agree on the order of letters.
	slices.SortFunc(found, func(a, b playlists.Playlist) int {
		return strings.Compare(playlists.NameKey(a.Name), playlists.NameKey(b.Name))
	})
	return found, err
}

// List implements playlists.Store.
func (s Playlists) List(ctx context.Context, id int64) (p playlists.Playlist, err error) {
	err = s.store.read(ctx, "playlist", func(tx *transaction) error {
		p, err = tx.list(ctx, id, 0)
		return err
	})
	return p, err
}

// Create implements playlists.Store.
func (s Playlists) Create(ctx context.Context, p playlists.Playlist, entries ...playlists.Entry) (playlists.Playlist, error) {
	name, err := playlists.Name(p.Name)
	if err != nil {
		return playlists.Playlist{}, err
	}
	return decideOn(ctx, s.store, "playlist_create", func(tx *transaction) (playlists.Playlist, error) {
		p := playlists.Playlist{Owner: p.Owner, Maker: p.Maker, Name: name}
		if err := tx.free(ctx, p); err != nil {
			return p, err
		}
		var owned int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM playlist WHERE owner = $1 AND kind = $2`,
			int64(p.Owner.ID), kindOf(p.Owner)).Scan(&owned); err != nil {
			return p, err
		}
		if err := s.store.opts.Limits.CheckLists(owned + 1); err != nil {
			return p, err
		}
		if err := tx.QueryRowContext(ctx, `INSERT INTO playlist (owner, kind, maker, name, name_key, version, tracks, length, updated)
			VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0) RETURNING id`,
			int64(p.Owner.ID), kindOf(p.Owner), int64(p.Maker), p.Name, playlists.NameKey(p.Name)).Scan(&p.ID); err != nil {
			return p, err
		}
		return s.append(ctx, tx, p, entries)
	})
}

// free refuses a name that another playlist of the owner has.
func (tx *transaction) free(ctx context.Context, p playlists.Playlist) error {
	var others int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM playlist WHERE owner = $1 AND kind = $2 AND name_key = $3 AND id <> $4`,
		int64(p.Owner.ID), kindOf(p.Owner), playlists.NameKey(p.Name), p.ID).Scan(&others)
	if err == nil && others > 0 {
		return playlists.ErrNameTaken
	}
	return err
}

// Rename implements playlists.Store.
func (s Playlists) Rename(ctx context.Context, id int64, name string) (playlists.Playlist, error) {
	name, err := playlists.Name(name)
	if err != nil {
		return playlists.Playlist{}, err
	}
	return decideOn(ctx, s.store, "playlist_rename", func(tx *transaction) (playlists.Playlist, error) {
		p, err := tx.list(ctx, id, 0)
		if err != nil {
			return p, err
		}
		p.Name = name
		if err := tx.free(ctx, p); err != nil {
			return p, err
		}
		return tx.changed(ctx, p)
	})
}

// changed keeps the next version of a playlist.
func (tx *transaction) changed(ctx context.Context, p playlists.Playlist) (playlists.Playlist, error) {
	p.Version++
	p.Updated = instant(millis(time.Now()))
	return p, tx.exec(ctx, `UPDATE playlist SET name = $2, name_key = $3, version = $4, tracks = $5, length = $6, updated = $7 WHERE id = $1`,
		p.ID, p.Name, playlists.NameKey(p.Name), p.Version, p.Tracks, int64(p.Length), millis(p.Updated))
}

// Delete implements playlists.Store.
func (s Playlists) Delete(ctx context.Context, id int64) error {
	return s.store.decide(ctx, "playlist_delete", func(tx *transaction) error {
		n, err := tx.affected(ctx, `DELETE FROM playlist WHERE id = $1`, id)
		if err == nil && n == 0 {
			return playlists.ErrNotFound
		}
		return err
	})
}

// trackKey is the hash of what tells tracks apart; a URI may be longer than an index takes.
func trackKey(k playlists.Key) string {
	sum := sha256.Sum256([]byte(k.Source + "\x00" + k.URI))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func keyOf(t track.Track) string { return trackKey(playlists.KeyOf(t)) }
