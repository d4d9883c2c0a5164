package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"busker/internal/fault"
)

// operation names a call in metrics and errors.
type operation string

// patience is for one transaction, its waits for a connection and for others included: a
// database that has gone silent must keep nobody for long.
const patience = 15 * time.Second

// read runs do on one consistent view of the store.
func (s *Store) read(ctx context.Context, name operation, do func(*transaction) error) error {
	return s.transact(ctx, name, s.reader, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, do)
}

// write runs do as one transaction that does not depend on what it reads.
func (s *Store) write(ctx context.Context, name operation, do func(*transaction) error) error {
	return s.transact(ctx, name, s.writer, nil, do)
}

// decide runs do as one transaction that reads before it writes, as if no other ran
// beside it. do may be called several times.
func (s *Store) decide(ctx context.Context, name operation, do func(*transaction) error) error {
	return s.transact(ctx, name, s.writer, &sql.TxOptions{Isolation: sql.LevelSerializable}, do)
}

// retries is how often a transaction is tried that had to give way to others.
const retries = 20

func (s *Store) transact(ctx context.Context, name operation, db *sql.DB, o *sql.TxOptions, do func(*transaction) error) error {
	begun := time.Now()
	if name == "backup" || name == "restore" { // whose operator watches
		do = s.unhurried(ctx, do)
	} else {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	err := s.once(ctx, db, o, do)
	for n := 1; err != nil && s.engine.again(err) && n < retries; n++ {
		pause := time.NewTimer(rand.N(time.Duration(n) * 2 * time.Millisecond))
		select {
		case <-ctx.Done():
			pause.Stop()
			err = ctx.Err()
			continue
		case <-pause.C:
		}
		err = s.once(ctx, db, o, do)
	}
	if err != nil {
		if cause := ctx.Err(); cause != nil { // drivers report it in words of their own
			err = errors.Join(cause, err)
		}
		err = fmt.Errorf("store: %s: %w", name, s.explain(err))
	}
	s.opts.Metrics.done(name, time.Since(begun), err)
	return err
}

// unhurried has do take its time.
func (s *Store) unhurried(ctx context.Context, do func(*transaction) error) func(*transaction) error {
	return func(tx *transaction) error {
		for _, statement := range s.engine.unhurried() {
			if err := tx.exec(ctx, statement); err != nil {
				return err
			}
		}
		return do(tx)
	}
}

func (s *Store) once(ctx context.Context, db *sql.DB, o *sql.TxOptions, do func(*transaction) error) error {
	tx, err := db.BeginTx(ctx, o)
	if err != nil {
		return err
	}
	if err := do(&transaction{tx, s.engine.arguments()}); err != nil {
		_ = tx.Rollback() // the first error is the one that tells
		return err
	}
	return tx.Commit()
}

// What people read of a store that does not work.
const (
	textUnreachable = "I cannot reach my memory right now. Try it again in a moment."
	textNotAllowed  = "I may not read or write my memory."
	textFull        = "There is no room left in my memory."
	textDamaged     = "My memory is damaged. A backup has to be restored."
)

// explain attaches what an error of the driver means, unless it is told already.
func (s *Store) explain(err error) error {
	if _, told := fault.Message(err); !told && errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(fault.Unavailable, textUnreachable, err)
	}
	if err == nil || fault.KindOf(err) != fault.Internal {
		return err
	}
	if told := s.engine.meaning(err); told != nil {
		return told
	}
	return err
}
