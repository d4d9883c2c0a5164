package store

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"
)

// Backup writes an archive of everything that is kept, as it is at one moment, and
// returns how many rows that are. Others may go on writing meanwhile.
func (s *Store) Backup(ctx context.Context, w io.Writer) (rows int64, err error) {
	zipped := gzip.NewWriter(w)
	err = s.read(ctx, "backup", func(tx *transaction) error {
		out := newLines(zipped)
		if err := s.backup(ctx, tx, out); err != nil {
			return err
		}
		rows = out.rows
		return out.buffer.Flush()
	})
	if err != nil {
		return 0, err
	}
	if err := zipped.Close(); err != nil {
		return 0, fmt.Errorf("store: write the archive: %w", err)
	}
	return rows, nil
}

func (s *Store) backup(ctx context.Context, tx *transaction, out *lines) error {
	head := archiveHead{Busker: "store", Archive: archiveVersion, At: time.Now().UTC().Format(time.RFC3339)}
	if err := tx.QueryRowContext(ctx, schemaVersion).Scan(&head.Schema); err != nil {
		return err
	}
	if err := out.write(head); err != nil {
		return err
	}
	for _, t := range tables {
		if err := out.table(ctx, tx, t); err != nil {
			return err
		}
	}
	sum := hex.EncodeToString(out.sum.Sum(nil))
	return out.write(archiveEnd{Rows: &out.rows, SHA256: sum})
}

// schemaVersion asks goose's table.
const schemaVersion = `SELECT max(version_id) FROM goose_db_version`

// lines writes values as lines of JSON and keeps their checksum.
type lines struct {
	buffer  *bufio.Writer
	sum     hash.Hash
	encoder *json.Encoder
	rows    int64
}

func newLines(w io.Writer) *lines {
	l := &lines{buffer: bufio.NewWriterSize(w, 64<<10), sum: sha256.New()}
	l.encoder = json.NewEncoder(io.MultiWriter(l.buffer, l.sum))
	l.encoder.SetEscapeHTML(false)
	return l
}

func (l *lines) write(v any) error { return l.encoder.Encode(v) }

func (l *lines) table(ctx context.Context, tx *transaction, t table) error {
	if err := l.write(archiveTable{t.name, t.columns()}); err != nil {
		return err
	}
	numbers, texts := make([]int64, len(t.numbers)), make([]string, len(t.texts))
	var into, row []any
	for i := range numbers {
		into, row = append(into, &numbers[i]), append(row, &numbers[i])
	}
	for i := range texts {
		into, row = append(into, &texts[i]), append(row, &texts[i])
	}
	text := `SELECT ` + strings.Join(t.columns(), ", ") + ` FROM ` + t.name + ` ORDER BY ` + t.order
	return tx.query(ctx, text, nil, func(rows *sql.Rows) error {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		l.rows++
		return l.write(row)
	})
}
