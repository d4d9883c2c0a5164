package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"busker/internal/snowflake"
	"busker/player"
	"busker/playlists"
)

// Facts tell how the bot is.
type Facts interface{ Facts() FactSheet }

// FactSheet is how the bot was at one moment.
type FactSheet struct {
	Version string
	Started time.Time
	Guilds  int            // it is in
	Playing []snowflake.ID // guilds that have a player
	Library LibraryFacts
}

// LibraryFacts is how far the index of the music folder is.
type LibraryFacts struct {
	Tracks   int  // that can be found
	Files    int  // seen so far; 0 = there is no index
	Scanning bool // more will follow
}

const ofBot = "bot"

func statsCommands() []*command {
	return []*command{
		{name: "stats", about: aboutStats, topic: topicAbout, private: true, run: stats, options: options(
			oneOf("about", aboutStatsAbout, ofServer, ofMe, ofBot), integer("days", aboutStatsDays, 1, maxDays),
		)},
	}
}

// maxDays is the longest period of /stats.
const maxDays = 3650

func stats(ctx context.Context, c *call) (reply, error) {
	if c.text("about") == ofBot {
		return c.botStats(), nil
	}
	part, head := playlists.Plays{Guild: c.guild}, textStatsServer
	if c.text("about") == ofMe {
		part, head = playlists.Plays{User: c.user}, textStatsMine
	}
	text := c.w.Say(head)
	if days, given := c.number("days"); given {
		part.Since = time.Now().AddDate(0, 0, -min(max(days, 1), maxDays))
		text += " " + c.w.Say(textStatsSince, fmt.Sprintf("<t:%d:D>", part.Since.Unix()))
	}
	const ranks = 10
	part.Limit = ranks
	s, err := c.b.opts.Playlists.Stats(ctx, part)
	if err != nil {
		return reply{}, err
	}
	if s.Plays == 0 {
		return reply{text: c.w.Say(textNoStats)}, nil
	}
	lines := append([]string{text, c.w.Say(textStatsSum, s.Plays, minutes(s.Heard))}, c.ranks(s, part.User == 0)...)
	return reply{text: strings.Join(lines, "\n")}, nil
}

// ranks are the tracks played most and, where that says something, who asked for most.
func (c *call) ranks(s playlists.Stats, people bool) []string {
	lines := []string{"", c.w.Say(textStatsTracks)}
	for i, t := range s.Tracks {
		lines = append(lines, c.w.Say(textStatsTrack, i+1, c.w.line(t.Track), c.w.Say(textTimes, t.Plays)))
	}
	const few = 5
	if !people || len(s.Requesters) == 0 {
		return lines
	}
	lines = append(lines, "", c.w.Say(textStatsPeople))
	for i, u := range s.Requesters[:min(len(s.Requesters), few)] {
		lines = append(lines, c.w.Say(textStatsPerson, i+1, u.User, c.w.Say(textTimes, u.Plays), minutes(u.Heard)))
	}
	return lines
}

func minutes(d time.Duration) int { return int(d.Round(time.Minute) / time.Minute) }

func (c *call) botStats() reply {
	if c.b.opts.Facts == nil {
		return reply{text: c.w.Say(textNoStats)}
	}
	f := c.b.opts.Facts.Facts()
	lines := []string{
		c.w.Say(textBotVersion, f.Version), c.w.Say(textBotSince, fmt.Sprintf("<t:%d:R>", f.Started.Unix())),
		c.w.Say(textBotGuilds, f.Guilds), c.w.Say(textBotPlayers, c.b.playing(f.Playing)),
	}
	switch l := f.Library; {
	case l.Scanning:
		lines = append(lines, c.w.Say(textBotScanning, l.Tracks, l.Files))
	case l.Files > 0:
		lines = append(lines, c.w.Say(textBotLibrary, l.Tracks))
	}
	return reply{text: strings.Join(lines, "\n")}
}

// playing counts the guilds in which music plays now.
func (b *Bot) playing(guilds []snowflake.ID) int {
	n := 0
	for _, guild := range guilds {
		if s, ok := b.opts.Doer.Status(guild); ok && s.State == player.StatePlaying {
			n++
		}
	}
	return n
}
