// Package lock has one process at a time use something on disk.
//
// The operating system holds the lock and gives it back when the process ends, however
// that happens. Where it, or the file system, has no locks, everybody gets one.
package lock

import (
	"errors"
	"fmt"
	"os"
)

// ErrTaken says that another process has the lock, or this one has it already.
var ErrTaken = errors.New("the lock is taken")

// Lock is held until Release.
type Lock struct{ file *os.File }

// Take locks a file made for that, or returns ErrTaken at once.
func Take(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("take lock: %w", err)
	}
	if err := take(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Lock{f}, nil
}

// Release gives the lock back. The file stays: who would remove it could remove that of
// the next. A nil Lock ignores it, and a second Release does nothing.
func (l *Lock) Release() {
	if l != nil {
		_ = l.file.Close() // nothing was written
	}
}
