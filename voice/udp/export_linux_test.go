package udp

import (
	"errors"
	"os"
	"time"
)

// Watched reports whether Go's poller watches a stream's socket: only then it can set
// deadlines.
func Watched(s *Stream) bool {
	return !errors.Is(s.socket.file.SetDeadline(time.Time{}), os.ErrNoDeadline)
}
