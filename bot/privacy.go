package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
)

// Privacy tells how voice calls are encrypted.
type Privacy interface {
	// Privacy returns how private the guild's call is now. It never waits.
	Privacy(guild snowflake.ID) (CallPrivacy, error)
	// PairwiseCode returns the code by which a member of the guild's call and the bot
	// know that they have each other's keys: 45 digits. It may take a tenth of a
	// second of computing. The error is a fault, NotFound when user is no member.
	PairwiseCode(ctx context.Context, guild, user snowflake.ID) (string, error)
}

// CallPrivacy is how private a call is.
type CallPrivacy struct {
	Encrypted bool           // what the bot sends is encrypted end to end
	Code      string         // the call's voice privacy code, 30 digits
	Members   []snowflake.ID // who has the keys, but for the bot
}

const (
	// maxCodes is how many members' codes one answer shows: as many as fit, with room.
	maxCodes = 15
	// codesAtOnce bounds the calls whose codes are computed at the same time: each
	// keeps a core busy.
	codesAtOnce = 1
	// codesTimeout is for the codes of one call, waiting for its turn included.
	codesTimeout = time.Minute
)

// privacy shows the codes of the call the user is in.
func privacy(ctx context.Context, c *call) (reply, error) {
	var codes []string
	call, err := c.b.opts.Privacy.Privacy(c.guild)
	if err == nil && call.secret() {
		if codes, err = c.codes(ctx, call.Members); err == nil { // which took its time
			call, err = c.b.opts.Privacy.Privacy(c.guild)
		}
	}
	switch {
	case err != nil:
		return reply{}, fmt.Errorf("privacy: %w", err)
	case !call.secret():
		return reply{text: c.plain()}, nil
	}
	lines := append([]string{
		c.w.Say(textPrivacyCode, c.status.Channel, FormatCode(call.Code)),
		c.w.Say(textPrivacyHow),
		c.w.Say(textVerification),
	}, codes...)
	return reply{text: strings.Join(lines, "\n")}, nil
}

func (p CallPrivacy) secret() bool { return p.Encrypted && p.Code != "" }

// codes lists members with their codes, first whoever asked. It waits for its turn
// and computes no more codes than are shown.
func (c *call) codes(ctx context.Context, members []snowflake.ID) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, codesTimeout)
	defer cancel()
	shown := inFront(members, c.user)
	shown = shown[:min(len(shown), maxCodes)]
	lines, err := c.b.computeCodes(ctx, c.w, c.guild, shown)
	if _, explained := fault.Message(err); !explained && errors.Is(err, context.DeadlineExceeded) {
		err = fault.Wrap(fault.Timeout, textSlowCodes, err)
	}
	if more := len(members) - len(shown); more > 0 {
		lines = append(lines, c.w.Say(textMoreCodes, more))
	}
	return lines, err
}

// computeCodes leaves out who is no member any more.
func (b *Bot) computeCodes(ctx context.Context, w tongue, guild snowflake.ID, members []snowflake.ID) (lines []string, err error) {
	select {
	case b.codes <- struct{}{}:
		defer func() { <-b.codes }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for _, user := range members {
		code, err := b.opts.Privacy.PairwiseCode(ctx, guild, user)
		switch {
		case fault.KindOf(err) == fault.NotFound:
		case err != nil:
			return nil, fmt.Errorf("code of user %d: %w", user, err)
		default:
			lines = append(lines, w.Say(textMemberCode, user, FormatCode(code)))
		}
	}
	return lines, nil
}

// inFront returns members with one of them, if they are there, before the others.
func inFront(members []snowflake.ID, first snowflake.ID) []snowflake.ID {
	members = slices.Clone(members)
	if i := slices.Index(members, first); i > 0 {
		copy(members[1:], members[:i])
		members[0] = first
	}
	return members
}

// plain says why there is no code.
func (c *call) plain() string {
	if there, _ := c.b.opts.Voice.ChannelInfo(c.status.Channel); there.Stage {
		return c.w.Say(textStagePlain, c.status.Channel)
	}
	return c.w.Say(textPlain, c.status.Channel)
}

// FormatCode writes a code as Discord's clients do: in blocks of five digits.
func FormatCode(code string) string {
	const size = 5
	var all []string
	for b := range slices.Chunk([]byte(code), size) {
		all = append(all, string(b))
	}
	return strings.Join(all, " ")
}
