package store

import (
	"context"
	"database/sql"
	"errors"

	"busker/internal/snowflake"
	"busker/settings"
)

// Settings implements settings.Store. A change given to it may be called several times,
// when somebody else changed the same settings meanwhile.
type Settings struct{ store *Store }

var _ settings.Store = Settings{}

// Settings returns the part that keeps what servers and people chose.
func (s *Store) Settings() Settings { return Settings{s} }

const (
	guildSettings    = `SELECT settings FROM guild_settings WHERE guild = $1`
	setGuildSettings = `INSERT INTO guild_settings (guild, settings) VALUES ($1, $2)
		ON CONFLICT (guild) DO UPDATE SET settings = excluded.settings`
	userSettings    = `SELECT settings FROM user_settings WHERE user_id = $1`
	setUserSettings = `INSERT INTO user_settings (user_id, settings) VALUES ($1, $2)
		ON CONFLICT (user_id) DO UPDATE SET settings = excluded.settings`
)

// Guild implements settings.Store.
func (s Settings) Guild(ctx context.Context, guild snowflake.ID) (g settings.Guild, err error) {
	err = s.store.read(ctx, "settings_guild", func(tx *transaction) error {
		g = settings.Default() // what is not kept, because it is newer than what is
		return tx.document(ctx, guildSettings, guild, &g)
	})
	return g, err
}

// ChangeGuild implements settings.Store.
func (s Settings) ChangeGuild(ctx context.Context, guild snowflake.ID, change func(*settings.Guild) error) (settings.Guild, error) {
	g, err := decideOn(ctx, s.store, "settings_guild_change", func(tx *transaction) (g settings.Guild, err error) {
		g = settings.Default()
		if err := tx.document(ctx, guildSettings, guild, &g); err != nil {
			return g, err
		}
		if err := change(&g); err != nil {
			return g, theirs{err}
		}
		if err := g.Check(); err != nil {
			return g, theirs{err}
		}
		return g, tx.exec(ctx, setGuildSettings, int64(guild), encode(g))
	})
	return g.Clone(), err
}

// User implements settings.Store.
func (s Settings) User(ctx context.Context, user snowflake.ID) (u settings.User, err error) {
	err = s.store.read(ctx, "settings_user", func(tx *transaction) error {
		u = settings.User{}
		return tx.document(ctx, userSettings, user, &u)
	})
	return u, err
}

// ChangeUser implements settings.Store.
func (s Settings) ChangeUser(ctx context.Context, user snowflake.ID, change func(*settings.User) error) (settings.User, error) {
	return decideOn(ctx, s.store, "settings_user_change", func(tx *transaction) (u settings.User, err error) {
		if err := tx.document(ctx, userSettings, user, &u); err != nil {
			return u, err
		}
		if err := change(&u); err != nil {
			return u, theirs{err}
		}
		return u, tx.exec(ctx, setUserSettings, int64(user), encode(u))
	})
}

// theirs is an error of a caller's function, which goes back as it came.
type theirs struct{ error }

// decideOn is decide with a result, the zero one when it fails.
func decideOn[T any](ctx context.Context, s *Store, name operation, do func(*transaction) (T, error)) (T, error) {
	var result, none T
	err := s.decide(ctx, name, func(tx *transaction) (err error) {
		result, err = do(tx)
		return err
	})
	var their theirs
	switch {
	case errors.As(err, &their):
		return none, their.error
	case err != nil:
		return none, err
	}
	return result, nil
}

// document decodes the text a query finds for an id into v, which stays as it is when
// there is none.
func (tx *transaction) document(ctx context.Context, text string, id snowflake.ID, v any) error {
	var found string
	switch err := tx.QueryRowContext(ctx, text, int64(id)).Scan(&found); {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return decode(found, v)
}
