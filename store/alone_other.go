//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package store

import "io"

// claim keeps nobody out on these systems.
func claim(string) (io.Closer, error) { return nopCloser{}, nil }
