package store

import (
	"cmp"
	"context"
	"database/sql"
	"time"

	"busker/internal/snowflake"
)

// AuditEntry is one thing that was done, or was tried, in a guild.
type AuditEntry struct {
	ID      int64        `json:"id"` // given by Add; a later entry has a greater one
	Guild   snowflake.ID `json:"guild"`
	Actor   snowflake.ID `json:"actor,omitzero"`   // who did it; 0 = the bot itself, or somebody whose data was erased
	Face    string       `json:"face,omitempty"`   // where they did it: a command, a button, the web page
	Command string       `json:"command"`          // what they did
	Detail  string       `json:"detail,omitempty"` // with what, in short
	Result  string       `json:"result,omitempty"` // kind of the fault that came of it; "" = it was done
	At      time.Time    `json:"at"`
}

// AuditQuery names a part of a guild's log. The zero values of its fields leave nothing out.
type AuditQuery struct {
	Guild   snowflake.ID // always
	Actor   snowflake.ID
	Command string
	Since   time.Time
	Before  int64 // only entries older than that of this ID
	Limit   int   // at most so many; 0 = 100
}

const (
	auditPage = 100
	// maxDetail is how much of a detail is kept, in bytes.
	maxDetail = 500
)

// Audit keeps who did what.
type Audit struct{ store *Store }

// Audit returns the part that keeps who did what.
func (s *Store) Audit() Audit { return Audit{s} }

// Add appends entries in one transaction. Their IDs are ignored.
func (a Audit) Add(ctx context.Context, entries ...AuditEntry) error {
	if len(entries) == 0 {
		return nil
	}
	rows := make([][]any, len(entries))
	for i, e := range entries {
		rows[i] = []any{
			int64(e.Guild), int64(e.Actor), line(e.Face), line(e.Command),
			line(e.Detail[:min(len(e.Detail), maxDetail)]), line(e.Result), millis(e.At),
		}
	}
	return a.store.write(ctx, "audit_add", func(tx *transaction) error {
		return tx.insert(ctx, "audit (guild, actor, face, command, detail, result, at)", len(rows[0]), rows, "")
	})
}

const auditColumns = `SELECT id, guild, actor, face, command, detail, result, at FROM audit `

// List returns entries, newest first.
func (a Audit) List(ctx context.Context, q AuditQuery) (entries []AuditEntry, err error) {
	c := new(condition)
	c.and("guild = ", int64(q.Guild))
	if q.Actor != 0 {
		c.and("actor = ", int64(q.Actor))
	}
	if q.Command != "" {
		c.and("command = ", line(q.Command))
	}
	if !q.Since.IsZero() {
		c.and("at >= ", millis(q.Since))
	}
	if q.Before != 0 {
		c.and("id < ", q.Before)
	}
	text := auditColumns + c.where() + ` ORDER BY id DESC LIMIT ` + c.next(cmp.Or(max(q.Limit, 0), auditPage))
	err = a.store.read(ctx, "audit_list", func(tx *transaction) error {
		entries, err = tx.audit(ctx, text, c.args...)
		return err
	})
	return entries, err
}

func (tx *transaction) audit(ctx context.Context, text string, args ...any) (entries []AuditEntry, err error) {
	err = tx.query(ctx, text, args, func(rows *sql.Rows) error {
		var e AuditEntry
		var guild, actor, at int64
		err := rows.Scan(&e.ID, &guild, &actor, &e.Face, &e.Command, &e.Detail, &e.Result, &at)
		e.Guild, e.Actor, e.At = snowflake.ID(guild), snowflake.ID(actor), instant(at)
		entries = append(entries, e)
		return err
	})
	return entries, err
}
