package voice

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/voice/dave"
)

// Privacy is what people compare to be sure that nobody else listens.
type Privacy struct {
	Encrypted bool           // what we send is encrypted end to end
	Epoch     uint64         // of the group; every join and leave begins another
	Code      string         // the call's voice privacy code: 30 digits, "" outside a group
	Members   []snowflake.ID // of the group but for us, ascending; PairwiseCode has their codes
}

// Privacy returns how private the call is now. It costs nothing. The error is a fault
// when there is no connection.
func (c *Conn) Privacy() (Privacy, error) {
	session := c.shown.Load().session
	switch {
	case session == nil:
		return Privacy{}, errOut()
	case session.dave == nil:
		return Privacy{}, nil
	}
	now := session.dave.Status()
	return Privacy{
		Encrypted: now.Sending == dave.Encrypted, Epoch: now.Epoch, Code: now.PrivacyCode,
		Members: slices.DeleteFunc(slices.Clone(now.Members), func(u snowflake.ID) bool { return u == session.identity.User }),
	}, nil
}

// PairwiseCode returns the 45 digits by which a member of the call and we know that we
// have each other's keys. They stay the same for as long as both keep their keys. The
// first time it takes some 100 ms of computing, which ctx can prevent but not break
// off. The error is a fault: NotFound when user is not a member.
func (c *Conn) PairwiseCode(ctx context.Context, user snowflake.ID) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	session := c.shown.Load().session
	if session == nil {
		return "", errOut()
	}
	if session.dave == nil {
		return "", errStranger(user, errors.New("no end-to-end encryption"))
	}
	code, err := session.dave.PairwiseCode(user)
	switch {
	case errors.Is(err, dave.ErrNotMember):
		return "", errStranger(user, err)
	case err != nil:
		return "", fmt.Errorf("pairwise code of user %d: %w", user, err)
	}
	return code, nil
}

func errStranger(user snowflake.ID, err error) error {
	return fault.Wrapf(fault.NotFound, err, "<@%s> and I share no keys at the moment.", user)
}
