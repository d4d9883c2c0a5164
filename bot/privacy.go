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
	// Privacy returns the codes of the guild's call as it is now. The members' codes
	// may take seconds of computing; ctx ends that.
	Privacy(ctx context.Context, guild snowflake.ID) (Codes, error)
}

// Codes are what people compare to be sure that nobody else hears their call.
type Codes struct {
	Encrypted bool   // what the bot sends is encrypted end to end
	Call      string // the call's voice privacy code, 30 digits
	Members   []Verification
}

// Verification is the code by which one member of a call and the bot know that they
// have each other's keys.
type Verification struct {
	User snowflake.ID
	Code string // 45 digits
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
	codes, err := c.b.codesOf(ctx, c.guild)
	if err != nil {
		return reply{}, err
	}
	if !codes.Encrypted || codes.Call == "" {
		return reply{text: c.plain()}, nil
	}
	lines := append([]string{
		fmt.Sprintf(textPrivacyCode, c.status.Channel, FormatCode(codes.Call)),
		textPrivacyHow,
		textVerification,
	}, verifications(codes.Members, c.user)...)
	return reply{text: strings.Join(lines, "\n")}, nil
}

// codesOf waits for its turn, and for the codes.
func (b *Bot) codesOf(ctx context.Context, guild snowflake.ID) (Codes, error) {
	ctx, cancel := context.WithTimeout(ctx, codesTimeout)
	defer cancel()
	codes, err := b.computeCodes(ctx, guild)
	if _, explained := fault.Message(err); err != nil && !explained && errors.Is(err, context.DeadlineExceeded) {
		err = fault.Wrap(fault.Timeout, textSlowCodes, err)
	}
	if err != nil {
		return Codes{}, fmt.Errorf("privacy codes: %w", err)
	}
	return codes, nil
}

func (b *Bot) computeCodes(ctx context.Context, guild snowflake.ID) (Codes, error) {
	select {
	case b.codes <- struct{}{}:
		defer func() { <-b.codes }()
	case <-ctx.Done():
		return Codes{}, ctx.Err()
	}
	return b.opts.Privacy.Privacy(ctx, guild)
}

// plain says why there is no code.
func (c *call) plain() string {
	if there, _ := c.b.opts.Voice.ChannelInfo(c.status.Channel); there.Stage {
		return fmt.Sprintf(textStagePlain, c.status.Channel)
	}
	return fmt.Sprintf(textPlain, c.status.Channel)
}

// verifications lists members with their codes, first whoever asked.
func verifications(members []Verification, first snowflake.ID) []string {
	members = slices.Clone(members)
	slices.SortStableFunc(members, func(a, b Verification) int {
		switch first {
		case a.User:
			return -1
		case b.User:
			return 1
		}
		return 0
	})
	var lines []string
	for _, m := range members[:min(len(members), maxCodes)] {
		lines = append(lines, fmt.Sprintf(textMemberCode, m.User, FormatCode(m.Code)))
	}
	if more := len(members) - maxCodes; more > 0 {
		lines = append(lines, fmt.Sprintf(textMoreCodes, more))
	}
	return lines
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
