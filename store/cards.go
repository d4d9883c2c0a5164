package store

import (
	"context"
	"database/sql"
	"errors"

	"busker/internal/snowflake"
)

// Card is where a guild's one message about what plays is.
type Card struct {
	Channel snowflake.ID // the text channel it is in
	Message snowflake.ID // 0 = the guild has a channel for it and no message
	Serial  uint64       // grows with every message, so that an old one's buttons are known as old
}

// Cards keeps where cards are, so that a restarted bot goes on with the one there is.
type Cards struct{ store *Store }

// Cards returns the part that keeps where cards are.
func (s *Store) Cards() Cards { return Cards{s} }

// Card returns a guild's card, the zero Card when it has none.
func (c Cards) Card(ctx context.Context, guild snowflake.ID) (card Card, err error) {
	err = c.store.read(ctx, "card", func(tx *transaction) error {
		var channel, message, serial int64
		err := tx.QueryRowContext(ctx, `SELECT channel, message, serial FROM card WHERE guild = $1`, int64(guild)).
			Scan(&channel, &message, &serial)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		card = Card{snowflake.ID(channel), snowflake.ID(message), uint64(serial)}
		return err
	})
	return card, err
}

// SetCard keeps a guild's card; the zero Card forgets it.
func (c Cards) SetCard(ctx context.Context, guild snowflake.ID, card Card) error {
	return c.store.write(ctx, "card_set", func(tx *transaction) error {
		if card == (Card{}) {
			return tx.exec(ctx, `DELETE FROM card WHERE guild = $1`, int64(guild))
		}
		return tx.exec(ctx, `INSERT INTO card (guild, channel, message, serial) VALUES ($1, $2, $3, $4)
			ON CONFLICT (guild) DO UPDATE SET channel = excluded.channel, message = excluded.message, serial = excluded.serial`,
			int64(guild), int64(card.Channel), int64(card.Message), int64(card.Serial))
	})
}

// All returns all cards, by guild.
func (c Cards) All(ctx context.Context) (all map[snowflake.ID]Card, err error) {
	err = c.store.read(ctx, "card_all", func(tx *transaction) error {
		all = map[snowflake.ID]Card{}
		return tx.query(ctx, `SELECT guild, channel, message, serial FROM card`, nil, func(rows *sql.Rows) error {
			var guild, channel, message, serial int64
			err := rows.Scan(&guild, &channel, &message, &serial)
			all[snowflake.ID(guild)] = Card{snowflake.ID(channel), snowflake.ID(message), uint64(serial)}
			return err
		})
	})
	return all, err
}
