package dave

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"busker/internal/snowflake"
	"busker/voice/signal"
)

const (
	// maxFailures within failureWindow end the session: asking to be added again does
	// not help then.
	maxFailures   = 3
	failureWindow = 60 * time.Second
)

// Session is the end-to-end encryption of one voice session; it outlives resumes.
// HandleDAVE is called by one goroutine, SealFrame by another, everything else by any.
type Session struct {
	opts    Options
	log     *slog.Logger
	metrics *Metrics

	mu         sync.Mutex // guards what HandleDAVE and Check work on:
	mls        agreement
	version    int                   // of the epochs to come; 0 also before op 4
	running    int                   // described or executed last
	pending    map[uint16]transition // prepared and not executed
	key        *senderKey            // of the group's epoch; nil when not established
	serial     uint64                // of the newest key
	left       uint64                // serial when a group ended: by a downgrade, or because we were alone
	failures   []time.Time           // the newest
	unsent     []message             // what no socket took
	owed       owed
	recoveries int // ops 31 sent

	receivers  receivers
	sender     atomic.Pointer[sender]
	snapshot   atomic.Pointer[snapshot]
	pairwise   pairwise
	settled    chan struct{}
	settleOnce sync.Once
}

// NewSession returns a session before its Session Description: it sends nothing and
// takes nothing in the clear.
func NewSession(opts Options) *Session {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Metrics == nil {
		opts.Metrics = NewMetrics(nil)
	}
	s := &Session{
		opts:    opts,
		log:     opts.Logger,
		metrics: opts.Metrics,
		mls:     newAgreement(opts),
		pending: make(map[uint16]transition),
		settled: make(chan struct{}),
	}
	s.sender.Store(&sender{})
	s.snapshot.Store(&snapshot{})
	return s
}

// Settled is closed once it is known how the first audio is to be sent: a key was
// executed, the version is 0, or we are alone.
func (s *Session) Settled() <-chan struct{} { return s.settled }

// HandleDAVE is signal.DAVE. An error means that only a new voice session helps;
// messages that make no sense are ignored. A socket that takes no answer is left to
// its reader; the answer goes out before the next one, on the next socket.
func (s *Session) HandleDAVE(ctx context.Context, w signal.Writer, f signal.Frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Op == signal.OpResumed {
		s.owed.waiting = time.Time{} // nobody could let us in meanwhile
		s.repeat(ctx, w)
	}
	s.flush(ctx, w)
	err := s.handle(ctx, w, f)
	s.publish()
	if errors.Is(err, errIgnored) {
		s.log.Debug("ignored", "op", int(f.Op), "error", err)
		return nil
	}
	return err
}

// errIgnored: the message has no effect.
var errIgnored = errors.New("no effect")

func (s *Session) handle(ctx context.Context, w signal.Writer, f signal.Frame) error {
	if f.Binary {
		start := time.Now()
		defer s.metrics.took(start)
		return s.handleBinary(ctx, w, f.Op, f.Data)
	}
	switch f.Op {
	case signal.OpSessionDescription:
		return decode(f, func(d description) error { return s.described(ctx, w, int(d.Version)) })
	case signal.OpClientsConnect:
		return decode(f, func(d connected) error { s.mls.connected(d.Users); return nil })
	case signal.OpClientDisconnect:
		return decode(f, func(d disconnected) error { s.disconnected(d.User); return nil })
	case signal.OpDAVEPrepareTransition:
		return decode(f, func(d prepareTransition) error { return s.prepareTransition(ctx, w, d) })
	case signal.OpDAVEExecuteTransition:
		return decode(f, s.executeTransition)
	case signal.OpDAVEPrepareEpoch:
		return decode(f, func(d prepareEpoch) error { return s.prepareEpoch(ctx, w, d) })
	}
	return nil
}

// The payloads. What may be missing is a pointer, for 0 is a value.
type (
	description struct {
		Version uint16 `json:"dave_protocol_version"`
	}
	connected struct {
		Users []snowflake.ID `json:"user_ids"`
	}
	disconnected struct {
		User snowflake.ID `json:"user_id"`
	}
	prepareTransition struct {
		transitionID
		Version *uint16 `json:"protocol_version"`
	}
	prepareEpoch struct { // a transition id may be there, and means nothing
		Epoch   *uint64 `json:"epoch"`
		Version *uint16 `json:"protocol_version"`
	}
)

func decode[D any](f signal.Frame, handle func(D) error) error {
	var d D
	if string(f.Data) == "null" {
		return fmt.Errorf("%w: null", errIgnored)
	}
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return fmt.Errorf("%w: %w", errIgnored, err)
	}
	return handle(d)
}

// described handles op 4. A second one of the same version in the same session renews
// the transport's key, not the group: we are a member still, and a new key package
// would take the place of one that may be in a Welcome on its way.
func (s *Session) described(ctx context.Context, w signal.Writer, version int) error {
	s.running = version
	if version == 0 {
		s.goPlain()
		return nil
	}
	renewed := (s.mls.own != nil || s.mls.established()) && s.version == version
	if !renewed || s.sender.Load().sending == Plain {
		s.receivers.refusePlain(time.Now())
		s.sender.Store(&sender{})
	}
	if renewed {
		return nil
	}
	s.log.Info("the call is encrypted: waiting for a key", "version", version)
	s.version = version
	return s.renew(ctx, w)
}

func (s *Session) disconnected(user snowflake.ID) {
	s.mls.disconnected(user)
	s.receivers.drop(user)
}

// prepareTransition handles op 21: a change of the version that comes without a
// commit.
func (s *Session) prepareTransition(ctx context.Context, w signal.Writer, d prepareTransition) error {
	if d.ID == nil || d.Version == nil {
		return fmt.Errorf("%w: no transition id or version", errIgnored)
	}
	if *d.Version == 0 {
		s.receivers.takePlain()
	}
	s.prepare(ctx, w, *d.ID, transition{int(*d.Version), s.key, time.Now()})
	return nil
}

// executeTransition handles op 22.
func (s *Session) executeTransition(d transitionID) error {
	if d.ID == nil {
		return fmt.Errorf("%w: no transition id", errIgnored)
	}
	s.execute(*d.ID)
	return nil
}

// prepareEpoch handles op 24. Epoch 1 means that the group is made anew, and we ask to
// be in it; what is sent and received stays until a transition. To version 0 there is
// no epoch.
func (s *Session) prepareEpoch(ctx context.Context, w signal.Writer, d prepareEpoch) error {
	if d.Epoch == nil || d.Version != nil && *d.Version == 0 {
		return fmt.Errorf("%w: no epoch or version", errIgnored)
	}
	switch {
	case d.Version != nil:
		s.version = int(*d.Version)
	case s.version == 0:
		s.version = Version
	}
	if *d.Epoch != 1 {
		return nil
	}
	return s.renew(ctx, w)
}

// renew asks to be added to the group, as somebody new.
func (s *Session) renew(ctx context.Context, w signal.Writer) error {
	s.key = nil
	keyPackage, err := s.mls.renew()
	if err != nil {
		return err
	}
	s.owed = owed{keyPackage: keyPackage}
	s.binary(ctx, w, signal.OpMLSKeyPackage, keyPackage)
	return nil
}

func (s *Session) handleBinary(ctx context.Context, w signal.Writer, op signal.Op, b []byte) error {
	switch op {
	case signal.OpMLSExternalSender:
		if err := s.mls.setExternal(b); err != nil {
			return fmt.Errorf("%w: external sender: %w", errIgnored, err)
		}
	case signal.OpMLSProposals:
		return s.proposals(ctx, w, b)
	case signal.OpMLSAnnounceCommit, signal.OpMLSWelcome:
		if len(b) < 2 {
			return fmt.Errorf("%w: no transition id", errIgnored)
		}
		return s.newEpoch(ctx, w, op, binary.BigEndian.Uint16(b), b[2:])
	}
	return nil
}

// proposals handles op 27.
func (s *Session) proposals(ctx context.Context, w signal.Writer, b []byte) error {
	s.owed.alone = false
	commit, err := s.mls.propose(b)
	if err != nil {
		return fmt.Errorf("%w: proposals: %w", errIgnored, err)
	}
	s.owed.commit = commit
	if commit == nil {
		return nil
	}
	s.metrics.sent.Inc()
	s.binary(ctx, w, signal.OpMLSCommitWelcome, commit)
	return nil
}

// newEpoch handles ops 29 and 30.
func (s *Session) newEpoch(ctx context.Context, w signal.Writer, op signal.Op, id uint16, b []byte) error {
	var won bool
	var err error
	switch {
	case s.version == 0:
		err = errNotOurs
	case op == signal.OpMLSAnnounceCommit:
		won, err = s.mls.announce(b)
	case s.mls.established():
		err = errNotOurs
	default:
		err = s.mls.welcome(b)
	}
	if errors.Is(err, errNotOurs) {
		return fmt.Errorf("%w: %w", errIgnored, err)
	}
	if err != nil {
		return s.recover(ctx, w, id, err)
	}
	if won {
		s.metrics.won.Inc()
	}
	s.enterEpoch()
	s.log.Debug("epoch entered", "epoch", s.key.epoch, "members", s.key.members, "transition", id, "own", won)
	s.prepare(ctx, w, id, transition{s.version, s.key, time.Now()})
	return nil
}

// recover reports a commit or Welcome that failed and asks to be added anew. What is
// sent and received stays until the next transition.
func (s *Session) recover(ctx context.Context, w signal.Writer, id uint16, cause error) error {
	now := time.Now()
	s.metrics.recoveries.Inc()
	s.failures = slices.DeleteFunc(s.failures, func(t time.Time) bool { return now.Sub(t) > failureWindow })
	s.failures = append(s.failures, now)
	if len(s.failures) >= maxFailures {
		return fmt.Errorf("%w: %w", ErrUnrecoverable, cause)
	}
	s.log.Warn("key agreement failed, asking to be added again", "transition", id, "error", cause)
	s.recoveries++
	s.text(ctx, w, signal.OpMLSInvalidCommit, transitionID{&id})
	return s.renew(ctx, w)
}
