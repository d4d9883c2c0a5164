package dave

import (
	"context"
	"time"

	"busker/internal/snowflake"
	"busker/voice/signal"
)

// transition is a change of how frames are sent: prepared by op 21, 29 or 30, and
// waiting to be executed by op 22.
type transition struct {
	version int
	key     *senderKey // of the epoch it was prepared in; nil when we were in no group

	prepared time.Time
}

// reinitialisation is the transition that is executed as soon as it is prepared. Its
// id is one like any other in every other respect.
const reinitialisation = 0

// transitionID is the payload of ops 22, 23 and 31; nil when it is missing, for 0 is
// an id.
type transitionID struct {
	ID *uint16 `json:"transition_id"`
}

// enterEpoch makes the keys of the epoch the group has come to. Receivers are ready
// from now on; the sender's key waits for a transition.
func (s *Session) enterEpoch() {
	group, secrets := s.mls.group, make(map[snowflake.ID][]byte)
	for _, m := range group.Members() {
		user, ok := parseIdentity(m.Identity)
		if !ok || user == s.opts.User {
			continue
		}
		if secrets[user] = baseSecret(group, user); !s.mls.recognised[user] {
			s.log.Debug("a member is not in the call", "user", user)
		}
	}
	s.receivers.prepare(secrets, time.Now())
	s.owed = owed{}
	s.serial++
	s.key = newSenderKey(group, s.opts.User, s.serial)
	s.metrics.epochs.Inc()
}

// prepare keeps a transition for its execution and says that we are ready, or
// executes it at once.
func (s *Session) prepare(ctx context.Context, w signal.Writer, id uint16, t transition) {
	s.pending[id] = t
	if id == reinitialisation {
		s.execute(id)
		return
	}
	s.text(ctx, w, signal.OpDAVETransitionReady, transitionID{&id})
}

// execute changes how frames are sent.
func (s *Session) execute(id uint16) {
	t, ok := s.pending[id]
	if !ok {
		s.log.Debug("unknown transition not executed", "transition", id)
		return
	}
	delete(s.pending, id)
	s.running = t.version
	if t.version == 0 {
		s.goPlain()
		s.receivers.expire(time.Now())
	} else {
		s.receivers.refusePlain(time.Now().Add(grace))
		if t.key == nil && !s.mls.established() {
			s.owed.alone, s.left = true, s.serial
		}
		s.send(s.nextSender(t))
	}
	s.metrics.transitions.WithLabelValues(s.sender.Load().sending.String()).Inc()
}

// goPlain sends and takes frames in the clear, and leaves the group.
func (s *Session) goPlain() {
	s.mls.leave()
	s.version, s.key, s.owed, s.left = 0, nil, owed{}, s.serial
	s.receivers.takePlain()
	s.send(&sender{sending: Plain})
}

// nextSender is what the execution of a transition to an encrypted version leads to.
func (s *Session) nextSender(t transition) *sender {
	now := s.sender.Load()
	switch {
	case t.key == nil && !s.mls.established():
		return &sender{} // alone
	case t.key == nil && now.sending == Encrypted:
		return now // the group came meanwhile, and has a transition of its own
	case t.key == nil:
		return &sender{}
	case now.sending == Encrypted && now.key.serial >= t.key.serial:
		// Executed in another order than prepared. Everybody is ready for the newer
		// epoch, and who joined with it has no keys of the older.
		return now
	case t.key.serial <= s.left:
		return &sender{} // the group is no more
	}
	return &sender{Encrypted, t.key}
}

// send makes next the sender, and tells who waits for the first.
func (s *Session) send(next *sender) {
	now := s.sender.Load()
	if now.sending != next.sending || now.key != next.key {
		s.sender.Store(next)
		s.logSender(next)
	}
	if waiting := next.sending == Nothing && s.mls.established(); !waiting {
		s.settleOnce.Do(func() { close(s.settled) })
	}
}

func (s *Session) logSender(now *sender) {
	switch now.sending {
	case Encrypted:
		s.log.Info("sending encrypted audio", "epoch", now.key.epoch, "members", now.key.members)
	case Plain:
		s.log.Info("sending plain audio: the call is not encrypted")
	default:
		s.log.Info("sending no audio: nobody to encrypt for")
	}
}
