// Package dave is Discord's end-to-end encryption of audio (DAVE, protocol version 1)
// for one voice session: it takes part in the group's key agreement, and seals and
// opens media frames with the keys agreed.
//
// It knows the voice gateway's ops 4, 11, 13 and 21 to 31 and nothing else of it: no
// sockets, no RTP, no Opus. It starts no goroutines. The group itself is voice/mls.
package dave

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"busker/internal/snowflake"
	"busker/voice/mls"
	"busker/voice/signal"
)

// Version is the newest protocol version spoken.
const Version = 1

// ErrNoKey: there is no key to seal with, because none is agreed yet or nobody else is
// in the call. The frame must not be sent.
var ErrNoKey = errors.New("dave: no key to seal with")

// Options of a Session. User, Channel and Key are required.
type Options struct {
	User    snowflake.ID
	Channel func() snowflake.ID // where our newest voice state says we are
	Key     *mls.SignatureKey   // one per process
	Random  io.Reader           // nil: crypto/rand
	Logger  *slog.Logger
	Metrics *Metrics
}

// Metrics counts what sessions do.
type Metrics struct{}

// Session is the end-to-end encryption of one voice session; it outlives resumes.
// HandleDAVE is called by one goroutine, SealFrame by another, everything else by any.
type Session struct{}

// NewSession returns a session before its Session Description.
func NewSession(opts Options) *Session { return new(Session) }

// HandleDAVE is signal.DAVE. An error means that only a new voice session helps.
func (s *Session) HandleDAVE(ctx context.Context, w signal.Writer, f signal.Frame) error { return nil }

// Settled is closed once it is known how the first audio is to be sent: a key was
// executed, the version is 0, or we are alone.
func (s *Session) Settled() <-chan struct{} { return nil }

// SealFrame appends the frame as it is to be sent to dst and allocates nothing when
// dst has room. Under version 0 that is the frame itself; ErrNoKey when there is no key.
func (s *Session) SealFrame(dst, opus []byte) ([]byte, error) { return nil, ErrNoKey }

// OpenFrame appends the media in a frame received from a user to dst.
func (s *Session) OpenFrame(dst []byte, from snowflake.ID, frame []byte) ([]byte, error) {
	return nil, errors.New("dave: not written yet")
}

// Sending says how frames are sent.
type Sending uint8

// The ways to send.
const (
	Nothing   Sending = iota // no key: frames are dropped
	Plain                    // version 0
	Encrypted                // version 1 and a key
)

// Status is how a session was at one moment. It never changes.
type Status struct {
	Version     int            // of the protocol, as executed or described last
	Sending     Sending        // what SealFrame does
	Established bool           // we are in a group with others
	Epoch       uint64         // of the group; 0 when not established
	Members     []snowflake.ID // of the group, ourselves included, ascending; nil when not established
	PrivacyCode string         // 30 digits, "" when not established
	Recoveries  int            // ops 31 sent
}

// Status returns a snapshot.
func (s *Session) Status() Status { return Status{} }

// PairwiseCode returns the 45 digits by which user and we can verify each other's keys;
// an error when user is not in the group. It takes some 100 ms of computing.
func (s *Session) PairwiseCode(user snowflake.ID) (string, error) {
	return "", errors.New("dave: not written yet")
}
