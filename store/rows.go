package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
)

// transaction is a transaction of either engine.
type transaction struct {
	*sql.Tx
	most int // arguments of one statement that is as long as one likes
}

// exec runs a statement.
func (tx *transaction) exec(ctx context.Context, text string, args ...any) error {
	_, err := tx.ExecContext(ctx, text, args...)
	return err
}

// affected runs a statement and returns how many rows it changed.
func (tx *transaction) affected(ctx context.Context, text string, args ...any) (int, error) {
	result, err := tx.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// query calls scan for every row.
func (tx *transaction) query(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) error {
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// insert adds rows with few statements. into is "table (column, …)"; rest follows the
// values, such as ON CONFLICT.
func (tx *transaction) insert(ctx context.Context, into string, width int, rows [][]any, rest string) error {
	for part := range slices.Chunk(rows, max(1, tx.most/width)) {
		args := make([]any, 0, len(part)*width)
		for _, row := range part {
			args = append(args, row...)
		}
		if err := tx.exec(ctx, "INSERT INTO "+into+" VALUES "+places(len(part), width)+" "+rest, args...); err != nil {
			return err
		}
	}
	return nil
}

// places writes ($1, $2), ($3, $4), … for n rows.
func places(n, width int) string {
	var b strings.Builder
	for i := range n * width {
		switch {
		case i == 0:
			b.WriteString("($")
		case i%width == 0:
			b.WriteString("), ($")
		default:
			b.WriteString(", $")
		}
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteString(")")
	return b.String()
}

// ids returns the ids a query finds.
func (tx *transaction) ids(ctx context.Context, text string, args ...any) (ids []snowflake.ID, err error) {
	err = tx.query(ctx, text, args, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, snowflake.ID(id))
		return err
	})
	return ids, err
}

// condition is the WHERE of a query and its arguments.
type condition struct {
	texts []string
	args  []any
}

// and adds a condition that ends with an argument.
func (c *condition) and(text string, arg any) { c.texts = append(c.texts, text+c.next(arg)) }

// next adds an argument and returns how it is written.
func (c *condition) next(arg any) string {
	c.args = append(c.args, arg)
	return place(len(c.args))
}

func (c *condition) where() string {
	if len(c.texts) == 0 {
		return ""
	}
	return "WHERE " + strings.Join(c.texts, " AND ")
}

// encode returns v as JSON. What is kept is plain values: it cannot fail.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("store: encode %T: %v", v, err))
	}
	return string(b)
}

// decode reads what encode wrote.
func decode(text string, v any) error {
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fault.Wrap(fault.Corrupt, textDamaged, fmt.Errorf("decode %T: %w", v, err))
	}
	return nil
}

// line is text as both databases take it: valid UTF-8 without NUL.
func line(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// place writes the number of an argument.
func place(n int) string { return "$" + strconv.Itoa(n) }

func millis(t time.Time) int64 { return t.UnixMilli() }

func instant(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
