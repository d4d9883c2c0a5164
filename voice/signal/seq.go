package signal

import "sync/atomic"

// Seq remembers the number of the newest numbered frame of a session, over all its
// sockets. It is opaque: it wraps, and is never compared. The zero Seq has seen
// none. It may be used concurrently.
type Seq struct{ next atomic.Int64 }

// Last returns the newest number, NoSeq before the first.
func (s *Seq) Last() int64 { return s.next.Load() - 1 }

func (s *Seq) saw(n int64) {
	if n != NoSeq {
		s.next.Store(n + 1)
	}
}
