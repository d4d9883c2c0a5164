package store

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"

	"busker/internal/fault"
)

// RestoreOptions say what Restore may do. The zero value takes no risk.
type RestoreOptions struct {
	Replace bool // delete what the store holds; otherwise it must be empty
}

var errNotEmpty = fault.New(fault.Invalid, "The store holds something already, which would be lost.")

const textNoArchive = "This is no backup of Busker, or it is damaged."

// maxLine is the longest line of an archive, in bytes: a queue of the greatest length and
// all of its undo take one megabyte.
const maxLine = 64 << 20

// Restore reads an archive that Backup wrote, of either engine, in one transaction, and
// returns how many rows it brought. No bot should run on the store meanwhile: it would not
// see what was restored, and write what it had.
func (s *Store) Restore(ctx context.Context, r io.Reader, o RestoreOptions) (rows int64, err error) {
	// Not decide: that may begin anew, and r can be read once.
	err = s.write(ctx, "restore", func(tx *transaction) error {
		if err := tx.makeEmpty(ctx, o.Replace); err != nil {
			return err
		}
		var known int64
		if err := tx.QueryRowContext(ctx, schemaVersion).Scan(&known); err != nil {
			return err
		}
		in, err := openArchive(r, known)
		if err != nil {
			return err
		}
		if rows, err = in.restore(ctx, tx); err != nil {
			return s.refused(cmp.Or(ctx.Err(), err))
		}
		for _, statement := range s.engine.afterImport() {
			if err := tx.exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return rows, nil
}

// makeEmpty deletes everything when it may, and otherwise refuses when there is something.
//
// The tokens of former owners go in any case: what is restored belongs to nobody yet, and
// another Redis may count from 1 again. So do the commands, which changed something else.
func (tx *transaction) makeEmpty(ctx context.Context, may bool) error {
	for _, table := range []string{"session_token", "session_command"} {
		if err := tx.exec(ctx, `DELETE FROM `+table); err != nil {
			return err
		}
	}
	for _, t := range slices.Backward(tables) {
		if may {
			if err := tx.exec(ctx, `DELETE FROM `+t.name); err != nil {
				return err
			}
			continue
		}
		var some bool
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM `+t.name+`)`).Scan(&some); err != nil {
			return err
		}
		if some {
			return errNotEmpty
		}
	}
	return nil
}

// archive reads the lines of an archive and keeps their checksum.
type archive struct {
	zipped  *gzip.Reader
	scanner *bufio.Scanner
	sum     hash.Hash
}

// openArchive reads the first line.
func openArchive(r io.Reader, known int64) (*archive, error) {
	zipped, err := gzip.NewReader(r)
	if err != nil {
		return nil, damaged("open", err)
	}
	a := &archive{zipped: zipped, scanner: bufio.NewScanner(zipped), sum: sha256.New()}
	a.scanner.Buffer(nil, maxLine)
	line, err := a.next()
	if err != nil {
		return nil, err
	}
	var head archiveHead
	if err := json.Unmarshal(line, &head); err != nil || head.Busker != "store" || head.Archive < 1 {
		return nil, damaged("read the first line", err)
	}
	if head.Archive > archiveVersion || head.Schema > known {
		return nil, fmt.Errorf("archive %d of schema %d: %w", head.Archive, head.Schema, errNewer)
	}
	a.add(line)
	return a, nil
}

// next returns the next line, which is valid until next is called again.
func (a *archive) next() ([]byte, error) {
	if !a.scanner.Scan() {
		return nil, damaged("read", errors.Join(a.scanner.Err(), io.ErrUnexpectedEOF))
	}
	return a.scanner.Bytes(), nil
}

func (a *archive) add(line []byte) {
	a.sum.Write(line)
	a.sum.Write([]byte("\n"))
}

// restore inserts all rows and checks, at the end, that they were all and as written.
func (a *archive) restore(ctx context.Context, tx *transaction) (rows int64, err error) {
	in := intake{tx: tx}
	for {
		line, err := a.next()
		if err != nil {
			return 0, err
		}
		if end, ok := endOf(line); ok {
			if err := in.flush(ctx); err != nil {
				return 0, err
			}
			return in.rows, a.finish(end, in.rows)
		}
		a.add(line)
		if bytes.HasPrefix(line, []byte("[")) {
			err = in.row(ctx, line)
		} else {
			err = in.begin(ctx, line)
		}
		if err != nil {
			return 0, err
		}
	}
}

// intake inserts rows, many at a time.
type intake struct {
	tx      *transaction
	into    table
	columns []string
	waiting [][]any
	rows    int64
}

func (in *intake) begin(ctx context.Context, line []byte) (err error) {
	if err := in.flush(ctx); err != nil {
		return err
	}
	in.into, in.columns, err = tableOf(line)
	return err
}

func (in *intake) row(ctx context.Context, line []byte) error {
	row, err := rowOf(line, in.into, in.columns)
	if err != nil {
		return err
	}
	in.rows++
	if in.waiting = append(in.waiting, row); len(in.waiting)*len(row) < in.tx.most {
		return nil
	}
	return in.flush(ctx)
}

func (in *intake) flush(ctx context.Context) error {
	rows := in.waiting
	in.waiting = nil
	return in.tx.insert(ctx, in.into.name+" ("+strings.Join(in.columns, ", ")+")", max(1, len(in.columns)), rows, "")
}

// finish checks the last line, and that it is the last.
func (a *archive) finish(end archiveEnd, rows int64) error {
	if *end.Rows != rows || end.SHA256 != hex.EncodeToString(a.sum.Sum(nil)) {
		return damaged("compare the checksum", nil)
	}
	if a.scanner.Scan() || a.scanner.Err() != nil {
		return damaged("read the end", a.scanner.Err())
	}
	return nil
}

func endOf(line []byte) (end archiveEnd, ok bool) {
	if !bytes.HasPrefix(line, []byte(`{"rows"`)) {
		return end, false
	}
	err := json.Unmarshal(line, &end)
	return end, err == nil && end.Rows != nil
}

// tableOf reads the line before a table's rows. Only names this program knows get into SQL.
func tableOf(line []byte) (table, []string, error) {
	var head archiveTable
	if err := json.Unmarshal(line, &head); err != nil {
		return table{}, nil, damaged("read a table's line", err)
	}
	t, ok := tableNamed(head.Table)
	if !ok || len(head.Columns) == 0 {
		return table{}, nil, damaged("read a table's line", fmt.Errorf("no table %q", head.Table))
	}
	for i, c := range head.Columns {
		if !slices.Contains(t.columns(), c) || slices.Contains(head.Columns[:i], c) {
			return table{}, nil, damaged("read a table's line", fmt.Errorf("no column %q, or twice", c))
		}
	}
	return t, head.Columns, nil
}

// rowOf reads a row: a number where the column holds numbers, text where it holds text.
func rowOf(line []byte, t table, columns []string) ([]any, error) {
	var values []json.RawMessage
	if err := json.Unmarshal(line, &values); err != nil || len(values) != len(columns) || len(columns) == 0 {
		return nil, damaged("read a row of "+t.name, err)
	}
	row := make([]any, len(values))
	for i, c := range columns {
		var err error
		if slices.Contains(t.numbers, c) {
			row[i], err = valueOf[int64](values[i])
		} else {
			row[i], err = valueOf[string](values[i])
		}
		if err != nil {
			return nil, damaged("read a row of "+t.name, err)
		}
	}
	return row, nil
}

func valueOf[T any](raw json.RawMessage) (any, error) {
	var v *T
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, err
	}
	if v == nil {
		return nil, errors.New("null")
	}
	return *v, nil
}

// damaged says what is wrong with an archive.
func damaged(doing string, err error) error {
	if err != nil {
		err = fmt.Errorf("%s: %w", doing, err)
	} else {
		err = errors.New(doing)
	}
	return fault.Wrap(fault.Corrupt, textNoArchive, err)
}

// refused is an error of inserting rows: what the database has no other name for is the
// fault of the rows.
func (s *Store) refused(err error) error {
	if fault.KindOf(err) != fault.Internal || s.engine.meaning(err) != nil {
		return err
	}
	return damaged("insert", err)
}
