package bot

import (
	"context"
	"time"

	"busker/internal/fault"
	"busker/player"
	"busker/queue"
)

// says makes the handler of a command that is one player command and one answer.
func says(text string, cmd player.Command) func(context.Context, *call) (reply, error) {
	return func(ctx context.Context, c *call) (reply, error) {
		_, err := c.do(ctx, cmd)
		return reply{text: c.w.Say(text)}, err
	}
}

func join(ctx context.Context, c *call) (reply, error) {
	c.b.places.set(c.guild, c.channel)
	s, err := c.do(ctx, player.Join{Channel: c.voice})
	return reply{text: c.w.Say(textJoined, s.Channel)}, err
}

func skip(ctx context.Context, c *call) (reply, error) {
	if err := c.needTrack(); err != nil {
		return reply{}, err
	}
	_, err := c.do(ctx, player.Skip{})
	return reply{text: c.w.Say(textSkipped, c.w.bold(c.status.Track))}, err
}

// needTrack refuses what makes sense only for a current track.
func (c *call) needTrack() error {
	if c.status.ItemID == 0 {
		return fault.New(fault.Invalid, textNothing)
	}
	return nil
}

func seek(ctx context.Context, c *call) (reply, error) {
	at, relative, err := parseSeek(c.text("to"))
	if err != nil {
		return reply{}, err
	}
	if err := c.needTrack(); err != nil {
		return reply{}, err
	}
	if relative {
		at += c.status.Position
	}
	at = max(at, 0)
	s, err := c.do(ctx, player.Seek{At: at})
	return reply{text: c.w.Say(textSeeked, c.w.progressText(s, at))}, err
}

// progressText is "1:23 / 4:40", or "1:23" where there is no end.
func (w tongue) progressText(s player.Status, at time.Duration) string {
	switch {
	case s.Track.Live:
		return w.Say(textLive)
	case s.Length > 0:
		return clock(at) + " / " + clock(s.Length)
	}
	return clock(at)
}

func volume(ctx context.Context, c *call) (reply, error) {
	percent, given := c.number("percent")
	if !given {
		return reply{text: c.w.Say(textVolumeIs, c.status.Volume)}, nil
	}
	s, err := c.do(ctx, player.Volume{Percent: percent})
	return reply{text: c.w.Say(textVolume, s.Volume)}, err
}

func nowPlaying(_ context.Context, c *call) (reply, error) {
	if err := c.needTrack(); err != nil {
		return reply{}, err
	}
	c.b.places.set(c.guild, c.channel)
	c.b.askCard(c.guild)
	text := c.w.Say(textNow, c.w.bold(c.status.Track), c.w.progressText(c.status, c.status.Position))
	if line := small(c.w.soundParts(c.status)); line != "" {
		text += "\n" + line
	}
	return reply{text: text}, nil
}

func shuffle(ctx context.Context, c *call) (reply, error) {
	s, err := c.do(ctx, player.Shuffle{})
	return reply{text: c.w.Say(textShuffled, c.w.tracks(len(s.Queue)))}, err
}

func loop(ctx context.Context, c *call) (reply, error) {
	mode, err := queue.ParseLoop(c.text("mode"))
	if err != nil {
		return reply{}, fault.Wrap(fault.Invalid, textBadLoop, err)
	}
	_, err = c.do(ctx, player.Loop{Mode: mode})
	return reply{text: c.w.loopText(mode)}, err
}

func (w tongue) loopText(mode queue.Loop) string {
	switch mode {
	case queue.Track:
		return w.Say(textLoopTrack)
	case queue.All:
		return w.Say(textLoopQueue)
	}
	return w.Say(textLoopOff)
}

func remove(ctx context.Context, c *call) (reply, error) {
	number, _ := c.number("track")
	name := c.w.upcoming(c.status, number)
	_, err := c.do(ctx, player.Remove{Index: number - 1})
	return reply{text: c.w.Say(textRemoved, name)}, err
}

func move(ctx context.Context, c *call) (reply, error) {
	from, _ := c.number("track")
	to, _ := c.number("to")
	name := c.w.upcoming(c.status, from)
	_, err := c.do(ctx, player.Move{From: from - 1, To: to - 1})
	return reply{text: c.w.Say(textMoved, name, to)}, err
}

// upcoming names the queue's track of a number people count from 1.
func (w tongue) upcoming(s player.Status, number int) string {
	if number < 1 || number > len(s.Queue) {
		return ""
	}
	return w.bold(s.Queue[number-1].Track)
}

func clearQueue(ctx context.Context, c *call) (reply, error) {
	_, err := c.do(ctx, player.Clear{})
	return reply{text: c.w.Say(textCleared, c.w.tracks(len(c.status.Queue)))}, err
}

// tracks counts tracks in words.
func (w tongue) tracks(n int) string {
	return w.Say(textTracks, n)
}
