package gateway

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
	"busker/internal/snowflake"
)

// isNewest reports whether events of a session still count: one that was given up
// may have some to deliver.
func (s *shard) isNewest(session *discordgo.Session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return session == s.newest
}

// formerSessions is how many sessions of a shard are remembered: Discord tells of the
// end of a voice state within minutes, and sessions are lost seldom.
const formerSessions = 16

// renew notes the id of a session that begins.
func (s *shard) renew(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessionID != "" {
		s.former = append(s.former, s.sessionID)
		s.former = s.former[max(0, len(s.former)-formerSessions):]
	}
	s.sessionID = id
}

// presentSession returns the id of the session there is, "" before the first.
func (s *shard) presentSession() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessionID
}

// isFormer reports whether id is that of a session we lost.
func (s *shard) isFormer(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return id != s.sessionID && slices.Contains(s.former, id)
}

// serves reports whether guild is one of this shard's.
func (s *shard) serves(guild snowflake.ID) bool { return shardNumber(guild, s.plan.shards) == s.id }

// connected is called on READY and RESUMED, inside discordgo's Open. A connection
// has a command budget of its own: Discord counts by connection, and after a lost
// session every player of the shard needs an op 4 at once.
func (s *shard) connected(session *discordgo.Session, resumeURL string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if resumeURL != "" {
		s.resumeURL = resumeURL
	}
	if s.live == nil {
		close(s.up)
		s.g.metrics.connected.Inc()
	} else {
		close(s.live.gone)
	}
	s.live = &connection{session, newCommandBudget(), make(chan struct{})}
	if !s.wasReady {
		s.wasReady = true
		s.g.shardReady()
	}
}

func (s *shard) down() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live != nil {
		close(s.live.gone)
		s.live, s.up = nil, make(chan struct{})
		s.g.metrics.connected.Dec()
	}
}

func (s *shard) online() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live != nil
}

// send calls write once the shard is connected and the connection's budget allows.
func (s *shard) send(ctx context.Context, write func(*discordgo.Session) error) error {
	for {
		c, err := s.waitUp(ctx)
		if err != nil {
			return fault.Wrap(fault.Unavailable, "Discord cannot be reached at the moment.", err)
		}
		if err := c.turn(ctx); errors.Is(err, errGone) {
			continue
		} else if err != nil {
			return fault.Wrap(fault.Busy, "Too many voice channels are being joined at the moment. Try again in a minute.", err)
		}
		err = write(c.session)
		if err == nil {
			s.g.metrics.commands.Inc()
		}
		if !errors.Is(err, discordgo.ErrWSNotFound) {
			return err
		}
		select { // discordgo has noticed the loss, and in a moment so will we
		case <-c.gone:
		case <-ctx.Done():
		}
	}
}

func (s *shard) waitUp(ctx context.Context) (*connection, error) {
	for {
		s.mu.Lock()
		c, up := s.live, s.up
		s.mu.Unlock()
		if c != nil {
			return c, nil
		}
		select {
		case <-up:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// errGone ends a wait for the budget of a connection that was lost meanwhile.
var errGone = errors.New("connection lost")

// turn waits for the budget; in vain when ctx ends before, which it knows at once.
func (c *connection) turn(ctx context.Context) error {
	place := c.commands.Reserve()
	wait := place.Delay()
	if until, ok := ctx.Deadline(); ok && time.Until(until) < wait {
		place.Cancel()
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-c.gone:
		return errGone
	case <-ctx.Done():
		place.Cancel()
		return ctx.Err()
	}
}
