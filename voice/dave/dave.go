// Package dave is Discord's end-to-end encryption of audio (DAVE, protocol version 1)
// for one voice session: it takes part in the group's key agreement, and seals and
// opens media frames with the keys agreed.
//
// It knows the voice gateway's ops 4, 11, 13 and 21 to 31 and nothing else of it: no
// sockets, no RTP, no Opus. It starts no goroutines. The group itself is voice/mls.
//
// Two clocks run apart in it. The group goes from epoch to epoch with the commits and
// Welcomes the server chooses (ops 29 and 30). Senders change to the key of an epoch
// only when the transition that came with it is executed (op 22), while receivers are
// ready from its preparation on. A transition holds the key object of its epoch, and
// there is one such object per epoch, with the nonce counter in it.
package dave

import (
	"errors"
	"io"
	"log/slog"

	"busker/internal/snowflake"
	"busker/voice/mls"
)

// Version is the newest protocol version spoken.
const Version = 1

// Errors that callers tell apart.
var (
	// ErrNoKey: there is no key to seal with, because none is agreed yet or nobody else
	// is in the call. The frame must not be sent.
	ErrNoKey = errors.New("dave: no key to seal with")
	// ErrUnrecoverable: the key agreement failed again and again. Only a new voice
	// session helps.
	ErrUnrecoverable = errors.New("dave: key agreement failed too often")
)

// Options of a Session. User, Channel and Key are required.
type Options struct {
	User    snowflake.ID
	Channel func() snowflake.ID // where our newest voice state says we are
	Key     *mls.SignatureKey   // one per process
	Random  io.Reader           // nil: crypto/rand
	Logger  *slog.Logger        // nil: discards
	Metrics *Metrics            // nil: counts for nobody
}

// Sending says how frames are sent.
type Sending uint8

// The ways to send.
const (
	Nothing   Sending = iota // no key: frames are dropped
	Plain                    // version 0
	Encrypted                // version 1 and a key
)

// String returns a word for logs and metrics.
func (s Sending) String() string {
	switch s {
	case Plain:
		return "plain"
	case Encrypted:
		return "encrypted"
	}
	return "nothing"
}
