package voice

import (
	"sync"

	"busker/internal/snowflake"
	"busker/voice/line"
	"busker/voice/rtp"
)

// message is what a call is told, of the closed set below.
type message interface{ message() }

type (
	// From people: answered exactly once.
	joinRequest struct {
		channel snowflake.ID
		answer  chan<- error
	}
	leaveRequest struct{ answer chan<- error }
	abandon      struct {
		answer chan<- error
		cause  error
	} // the joinRequest with this answer
	giveUp struct{}

	// From the main gateway, with StateUpdate and ServerUpdate.
	lost    struct{}
	renewed struct{}

	// From op 4.
	asked struct {
		n   uint64
		err error
	}

	// From the pacer: the process stood still so often by now.
	stood struct{ stills uint64 }

	// From MayRejoin.
	judged struct {
		generation uint64 // of the newest session when it was asked
		err        error  // wraps ErrReplaced; nil: the guild is ours
		certain    bool   // that it is not
	}
	allowed struct{ stills uint64 }

	// From a session; only the newest generation is listened to.
	established struct {
		mode rtp.Mode
		link *line.Link
	}
	resuming struct{ err error }
	resumed  struct{}
	quiet    struct{} // silence was sent and the gateway told
	ended    struct{ err error }

	fromSession struct {
		generation uint64
		news       message
	}
)

func (joinRequest) message()  {}
func (leaveRequest) message() {}
func (abandon) message()      {}
func (giveUp) message()       {}
func (stood) message()        {}
func (judged) message()       {}
func (allowed) message()      {}
func (StateUpdate) message()  {}
func (ServerUpdate) message() {}
func (lost) message()         {}
func (renewed) message()      {}
func (asked) message()        {}
func (established) message()  {}
func (resuming) message()     {}
func (resumed) message()      {}
func (quiet) message()        {}
func (ended) message()        {}
func (fromSession) message()  {}

// inbox takes messages without ever blocking whoever brings them. A call empties
// it faster than Discord can fill it, because it never waits for anything else.
type inbox struct {
	wake chan struct{} // size 1: there is something to take

	mu       sync.Mutex
	messages []message
	closed   bool
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

// put leaves m and reports whether somebody will read it.
func (b *inbox) put(m message) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.messages = append(b.messages, m)
	select {
	case b.wake <- struct{}{}:
	default:
	}
	return true
}

// take returns what has come, oldest first.
func (b *inbox) take() []message {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.messages
	b.messages = nil
	return taken
}

// close refuses all further messages and returns the last ones.
func (b *inbox) close() []message {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	return b.take()
}
