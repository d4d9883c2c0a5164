package store

import (
	"context"
	"database/sql"
	"slices"

	"busker/internal/snowflake"
	"busker/session"
)

// raise keeps a token unless a newer one is known. Where others write at the same time,
// the row is ours until the transaction ends: who comes with a newer token waits, and who
// comes with an older one sees ours.
const raise = ` ON CONFLICT (guild) DO UPDATE SET token = excluded.token WHERE session_token.token <= excluded.token`

// Take implements session.Store.
func (s Sessions) Take(ctx context.Context, guild snowflake.ID, token uint64) error {
	return s.store.write(ctx, "session_take", func(tx *transaction) error {
		return admit(ctx, tx, guild, token)
	})
}

// admit keeps the token of one guild, or fails with ErrFenced.
func admit(ctx context.Context, tx *transaction, guild snowflake.ID, token uint64) error {
	if token == 0 {
		return nil
	}
	n, err := tx.affected(ctx, `INSERT INTO session_token (guild, token) VALUES ($1, $2)`+raise, int64(guild), int64(token))
	if err == nil && n == 0 {
		err = session.ErrFenced
	}
	return err
}

// fences keeps the tokens of changes, which are in the order of their guilds, and returns
// the guilds that have a newer one.
func fences(ctx context.Context, tx *transaction, changes []session.Change) (fenced []snowflake.ID, err error) {
	var rows [][]any
	for i := range changes {
		guild, token := changes[i].Guild, changes[i].Token
		if token != 0 && (len(rows) == 0 || rows[len(rows)-1][0] != int64(guild)) {
			rows = append(rows, []any{int64(guild), int64(token)})
			fenced = append(fenced, guild)
		}
	}
	for part := range slices.Chunk(rows, max(1, tx.most/2)) {
		text := `INSERT INTO session_token (guild, token) VALUES ` + places(len(part), 2) + raise + ` RETURNING guild`
		err := tx.query(ctx, text, slices.Concat(part...), func(rows *sql.Rows) error {
			var guild int64
			err := rows.Scan(&guild)
			if i, found := slices.BinarySearch(fenced, snowflake.ID(guild)); found {
				fenced = slices.Delete(fenced, i, i+1)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return fenced, nil
}
