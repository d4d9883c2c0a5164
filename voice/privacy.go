package voice

import (
	"context"
	"fmt"
	"sync"

	"busker/internal/snowflake"
	"busker/voice/dave"
)

// Privacy is what people compare to be sure that nobody else listens.
type Privacy struct {
	Encrypted bool   // what we send is encrypted end to end
	Epoch     uint64 // of the group; every join and leave begins another
	Code      string // the call's voice privacy code: 30 digits, "" outside a group
	Members   []Verification
}

// Verification is the code of one other member and us: it stays the same for as
// long as both keep their keys.
type Verification struct {
	User snowflake.ID
	Code string // 45 digits
}

// Privacy returns the codes of the call as it is now. The members' codes take some
// 100 ms of computing each the first time, so ctx is looked at in between. The error
// is a fault when there is no connection.
func (c *Conn) Privacy(ctx context.Context) (Privacy, error) {
	session := c.shown.Load().session
	if session == nil {
		return Privacy{}, errOut()
	}
	if session.dave == nil {
		return Privacy{}, nil
	}
	return c.codes.privacy(ctx, session)
}

// codes remembers the pairwise codes of one epoch, which is as long as they are
// sure to hold.
type codes struct {
	mu      sync.Mutex
	session *session
	epoch   uint64
	known   map[snowflake.ID]string
}

// privacy asks again when the group changed under way.
func (c *codes) privacy(ctx context.Context, s *session) (Privacy, error) {
	for {
		status := s.dave.Status()
		members, err := c.members(ctx, s, status)
		switch {
		case ctx.Err() != nil:
			return Privacy{}, ctx.Err()
		case s.dave.Status().Epoch != status.Epoch:
			continue
		case err != nil:
			return Privacy{}, err
		}
		return Privacy{status.Sending == dave.Encrypted, status.Epoch, status.PrivacyCode, members}, nil
	}
}

func (c *codes) members(ctx context.Context, s *session, status dave.Status) (members []Verification, err error) {
	for _, user := range status.Members {
		if user == s.identity.User {
			continue
		}
		code, err := c.code(ctx, s, status.Epoch, user)
		if err != nil {
			return nil, err
		}
		members = append(members, Verification{user, code})
	}
	return members, nil
}

// code returns a pairwise code, computed without a lock.
func (c *codes) code(ctx context.Context, s *session, epoch uint64, user snowflake.ID) (string, error) {
	c.mu.Lock()
	if c.session != s || c.epoch != epoch {
		c.session, c.epoch, c.known = s, epoch, make(map[snowflake.ID]string)
	}
	known := c.known
	code, ok := known[user]
	c.mu.Unlock()
	if ok {
		return code, nil
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	code, err := s.dave.PairwiseCode(user)
	if err != nil {
		return "", fmt.Errorf("code of user %d: %w", user, err)
	}
	c.mu.Lock()
	known[user] = code
	c.mu.Unlock()
	return code, nil
}
