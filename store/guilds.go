package store

import (
	"context"
	"time"

	"busker/internal/snowflake"
)

// Departed notes that the bot was removed from a guild. What is kept of it is erased
// after Options.KeepDeparted, unless the guild returns.
func (s *Store) Departed(ctx context.Context, guild snowflake.ID, at time.Time) error {
	return s.write(ctx, "guild_departed", func(tx *transaction) error {
		return tx.exec(ctx, `INSERT INTO departed_guild (guild, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, int64(guild), millis(at))
	})
}

// Returned notes that the bot is in these guilds, again or still.
func (s *Store) Returned(ctx context.Context, guilds ...snowflake.ID) error {
	var away []snowflake.ID
	err := s.read(ctx, "departed", func(tx *transaction) (err error) {
		away, err = tx.ids(ctx, `SELECT guild FROM departed_guild`)
		return err
	})
	if err != nil || len(away) == 0 {
		return err
	}
	return s.write(ctx, "guild_returned", func(tx *transaction) error {
		for _, guild := range guilds {
			if err := tx.exec(ctx, `DELETE FROM departed_guild WHERE guild = $1`, int64(guild)); err != nil {
				return err
			}
		}
		return nil
	})
}

// EraseGuild deletes everything that is kept of a guild, its playlists and its history
// included. People's own settings, playlists and favourites stay.
func (s *Store) EraseGuild(ctx context.Context, guild snowflake.ID) error {
	return s.write(ctx, "guild_erase", func(tx *transaction) error {
		for _, table := range guildTables {
			if err := tx.exec(ctx, `DELETE FROM `+table+` WHERE guild = $1`, int64(guild)); err != nil {
				return err
			}
		}
		return tx.exec(ctx, `DELETE FROM playlist WHERE owner = $1 AND kind = $2`, int64(guild), ofGuild)
	})
}

// guildTables are the tables with a column guild, the token first, as where changes are
// saved: two transactions about a guild then wait for each other there and nowhere else.
var guildTables = []string{
	"session_token", "guild_settings", "session_sound", "session_place", "session_command", "queue_item", "queue_state", "queue_change",
	"card", "play", "audit", "departed_guild",
}
