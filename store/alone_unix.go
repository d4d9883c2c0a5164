//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"busker/internal/fault"
)

// claim takes a file beside the store's for this process, until it is closed or the process
// ends, however that happens. The store's own file would not do: SQLite loses its locks
// when anybody else in the process closes that.
func claim(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the store's lock: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	_ = f.Close() // nothing was written
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fault.Wrap(fault.Busy, "Another Busker uses this store. Stop that one first.", err)
	}
	return nopCloser{}, nil // a file system without locks: nobody can be kept out
}
