package bot

import (
	"context"
	"slices"
	"sync"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
	"busker/queue"
)

// Who may skip: DJs; whoever asked for the track, if the server grants it; where the
// server has votes, the listeners together; else whoever controls the music.

func skip(ctx context.Context, c *call) (reply, error) {
	if err := c.needTrack(); err != nil {
		return reply{}, err
	}
	count, _ := c.number("count")
	text, _, err := c.skip(ctx, max(count, 1))
	return reply{text: text}, err
}

// skip skips the current track and count-1 after it, or votes for that, and says what came
// of it, and whether it was skipped.
func (c *call) skip(ctx context.Context, count int) (text string, skipped bool, err error) {
	done, err := c.b.turns.take(ctx, c.guild)
	if err != nil {
		return "", false, err
	}
	defer done()
	now, _ := c.b.opts.Doer.Status(c.guild)
	if now.ItemID == 0 || now.ItemID != c.status.ItemID {
		return "", false, fault.New(fault.Invalid, textStaleCard)
	}
	if !c.skips(now, count) {
		if c.chosen.VoteSkip == 0 {
			return "", false, fault.Newf(fault.Denied, textDJOnly, mentions(c.chosen.DJRoles))
		}
		votes, needed, err := c.vote(now, count)
		if err != nil {
			return "", false, err
		}
		if votes < needed {
			return c.w.Say(textVoted, c.w.bold(now.Track), votes, needed), false, nil
		}
	}
	_, err = c.do(ctx, player.Skip{Count: count})
	c.b.votes.forget(c.guild)
	return c.w.skipped(now, count), true, err
}

// skipped says what was skipped.
func (w tongue) skipped(before player.Status, count int) string {
	if count > 1 {
		return w.Say(textSkipped, w.tracks(min(count, len(before.Queue)+1)))
	}
	return w.Say(textSkipped, w.bold(before.Track))
}

// skips reports whether whoever asked may skip without a vote.
func (c *call) skips(now player.Status, count int) bool {
	own := c.chosen.RequesterRights && count == 1 && now.Requester == queue.UserID(c.user)
	if c.chosen.VoteSkip > 0 {
		return own || c.manages() || c.hasOne(c.chosen.DJRoles)
	}
	return own || c.isDJ()
}

// mayEnd refuses, where the listeners vote on skipping, what would end the current track
// just as a skip does, to who could not skip it without a vote.
func (c *call) mayEnd(now player.Status) error {
	if c.chosen.VoteSkip == 0 || now.ItemID == 0 || c.skips(now, 1) {
		return nil
	}
	return fault.New(fault.Denied, textVoteFirst)
}

// vote counts a vote for skipping; only listeners have one.
func (c *call) vote(now player.Status, count int) (votes, needed int, err error) {
	if count > 1 {
		return 0, 0, fault.New(fault.Denied, textVoteOne)
	}
	listeners := c.listeners(now.Channel)
	if !slices.Contains(listeners, c.user) {
		return 0, 0, fault.New(fault.Denied, textNoVoice)
	}
	votes = c.b.votes.cast(c.guild, now.ItemID, c.user, listeners)
	needed = max(1, (len(listeners)*c.chosen.VoteSkip+99)/100)
	return votes, needed, nil
}

// listeners are the people in a voice channel, without the bot.
func (c *call) listeners(channel snowflake.ID) []snowflake.ID {
	there, _ := c.b.opts.Voice.ChannelInfo(channel)
	return there.Listeners
}

// votes are those who want the current track skipped, in each guild.
type votes struct {
	mu     sync.Mutex
	guilds map[snowflake.ID]ballot
}

// ballot is about one item of the queue.
type ballot struct {
	item uint64
	cast map[snowflake.ID]bool
}

// cast adds a vote, which counts once, and returns how many of those who listen now have
// voted.
func (v *votes) cast(guild snowflake.ID, item uint64, user snowflake.ID, listeners []snowflake.ID) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.guilds == nil {
		v.guilds = map[snowflake.ID]ballot{}
	}
	b := v.guilds[guild]
	if b.item != item {
		b = ballot{item: item, cast: map[snowflake.ID]bool{}}
		v.guilds[guild] = b
	}
	b.cast[user] = true
	count := 0
	for _, listener := range listeners {
		if b.cast[listener] {
			count++
		}
	}
	return count
}

func (v *votes) forget(guild snowflake.ID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.guilds, guild)
}
