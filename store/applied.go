package store

import (
	"context"
	"database/sql"

	"busker/internal/snowflake"
	"busker/session"
)

// saveApplied remembers commands, each in place of the one that is as old as nobody needs.
func saveApplied(ctx context.Context, tx *transaction, guild snowflake.ID, list []session.Applied) error {
	list = list[max(0, len(list)-session.MaxApplied):] // a statement changes no row twice
	rows := make([][]any, len(list))
	for i := range list {
		a := &list[i]
		rows[i] = []any{int64(guild), int64(a.N % session.MaxApplied), int64(a.N), line(a.Command), encode(a)}
	}
	return tx.insert(ctx, "session_command (guild, slot, n, command, applied)", 5, rows,
		`ON CONFLICT (guild, slot) DO UPDATE SET n = excluded.n, command = excluded.command, applied = excluded.applied
			WHERE session_command.n < excluded.n`)
}

func loadApplied(ctx context.Context, tx *transaction, guild snowflake.ID) (list []session.Applied, err error) {
	err = tx.query(ctx, `SELECT n, command, applied FROM session_command WHERE guild = $1 ORDER BY n`, []any{int64(guild)},
		func(rows *sql.Rows) error {
			var n int64
			var a session.Applied
			var text string
			if err := rows.Scan(&n, &a.Command, &text); err != nil {
				return err
			}
			a.N = uint64(n)
			err := decode(text, &a)
			list = append(list, a)
			return err
		})
	return list, err
}
