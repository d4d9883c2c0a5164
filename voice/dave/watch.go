package dave

import (
	"context"
	"fmt"
	"slices"
	"time"

	"busker/voice/signal"
)

// What goes into a socket that is just breaking may never arrive, and no resume tells:
// it repeats what the server said, not what we did. So what the server must have is
// kept until it shows that it has it.

const (
	// letIn is how long being let into the group may take. It takes the server's two
	// seconds for a transition and a round trip.
	letIn = 5 * time.Second
	// hopeless is how long we wait after having asked again. It is long because there may
	// be no group to be let into: somebody in the call whose client never speaks.
	hopeless = 30 * time.Second
	// overdue is how long the execution of a transition may take. The server's patience
	// is two seconds; two seconds later than this the others forget our old key.
	overdue = grace - 2*time.Second
)

// owed is what the server must have from us.
type owed struct {
	keyPackage []byte // op 26, until we are in the group
	commit     []byte // op 28, until the epoch ends

	alone   bool      // the server knows us, and has nobody to make a group with
	waiting time.Time // since when Check has seen us wait for the group; zero: not
	again   bool      // the key package was sent again
}

// Check looks after what should have come and did not, once in a while with the
// socket of the moment. Any goroutine may call it, and it never waits for HandleDAVE.
// A key package without an answer is sent again, a transition that is not executed is
// executed; an error means that only a new voice session helps.
func (s *Session) Check(ctx context.Context, w signal.Writer) error {
	if !s.mu.TryLock() {
		return nil // something is just coming
	}
	defer s.mu.Unlock()
	defer s.publish()
	s.executeOverdue()
	return s.checkGroup(ctx, w)
}

// checkGroup gives up when we are not let into a group that others are in, or could be.
func (s *Session) checkGroup(ctx context.Context, w signal.Writer) error {
	o := &s.owed
	now := time.Now()
	switch {
	case s.version == 0 || o.keyPackage == nil || o.alone || len(s.mls.recognised) < 2:
		o.waiting = time.Time{}
	case o.waiting.IsZero():
		o.waiting, o.again = now, false
	case now.Sub(o.waiting) < letIn:
	case o.again && now.Sub(o.waiting) < hopeless:
	case o.again:
		return fmt.Errorf("%w: not let into the group", ErrUnrecoverable)
	default:
		s.log.Warn("not let into the group, asking again")
		o.waiting, o.again = now, true
		s.repeat(ctx, w)
	}
	return nil
}

// repeat sends what the server may not have got, after a resume in place of what no
// socket took.
func (s *Session) repeat(ctx context.Context, w signal.Writer) {
	s.unsent = slices.DeleteFunc(s.unsent, func(m message) bool {
		return m.op == signal.OpMLSKeyPackage || m.op == signal.OpMLSCommitWelcome
	})
	if s.owed.keyPackage != nil {
		s.binary(ctx, w, signal.OpMLSKeyPackage, s.owed.keyPackage)
	}
	if s.owed.commit != nil {
		s.binary(ctx, w, signal.OpMLSCommitWelcome, s.owed.commit)
	}
	s.flush(ctx, w)
}

// executeOverdue executes the newest transition whose op 22 does not come. Everybody
// else is ready for it, or has reported a failure, and soon not for the one before.
// Transitions of a group that ended wait for ever: nobody has its keys.
func (s *Session) executeOverdue() {
	newest, found := uint16(0), false
	for id, t := range s.pending {
		if t.key == nil || t.key.serial <= s.left || t.version == 0 || time.Since(t.prepared) < overdue {
			continue
		}
		if !found || t.key.serial > s.pending[newest].key.serial {
			newest, found = id, true
		}
	}
	if found {
		s.log.Warn("transition executed without the server's word", "transition", newest)
		s.execute(newest)
	}
}
