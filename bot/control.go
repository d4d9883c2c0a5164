package bot

import (
	"context"
	"strconv"
	"time"

	"busker/internal/fault"
	"busker/player"
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

// needTrack refuses what makes sense only for a current track.
func (c *call) needTrack() error {
	if c.status.ItemID == 0 {
		return fault.New(fault.Invalid, textNothing)
	}
	return nil
}

func previous(ctx context.Context, c *call) (reply, error) {
	if err := c.mayEnd(c.status); err != nil {
		return reply{}, err
	}
	s, err := c.do(ctx, player.Previous{})
	return reply{text: c.w.Say(textPlaying, c.w.bold(s.Track))}, err
}

func replay(ctx context.Context, c *call) (reply, error) {
	if err := c.needTrack(); err != nil {
		return reply{}, err
	}
	s, err := c.do(ctx, player.Replay{})
	return reply{text: c.w.Say(textReplay, c.w.bold(s.Track))}, err
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
		return c.seekBy(ctx, at)
	}
	s, err := c.do(ctx, player.Seek{At: max(at, 0)})
	return reply{text: c.w.Say(textSeeked, c.w.progressText(s, max(at, 0)))}, err
}

// defaultStep is how far /forward and /rewind go when nobody says.
const defaultStep = 10 * time.Second

// steps makes the handler that goes forward, or back.
func steps(back bool) func(context.Context, *call) (reply, error) {
	return func(ctx context.Context, c *call) (reply, error) {
		if err := c.needTrack(); err != nil {
			return reply{}, err
		}
		step := defaultStep
		if typed := c.text("by"); typed != "" {
			by, _, err := parseSeek(typed)
			if err != nil {
				return reply{}, err
			}
			step = by.Abs()
		}
		if back {
			step = -step
		}
		return c.seekBy(ctx, step)
	}
}

func (c *call) seekBy(ctx context.Context, by time.Duration) (reply, error) {
	s, err := c.do(ctx, player.SeekBy{Delta: by})
	return reply{text: c.w.Say(textSeeked, c.w.progressText(s, s.Position))}, err
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

// tracks counts tracks in words.
func (w tongue) tracks(n int) string { return w.Say(textTracks, n) }

// What /sleep may wait for beside a time.
const sleepTrack = "track"

// sleep stops the music after a while, or with the end of the track; 0 takes that back.
func sleep(ctx context.Context, c *call) (reply, error) {
	minutes, timed := c.number("minutes")
	var cmd player.Sleep
	switch {
	case c.text("after") == sleepTrack:
		cmd.AfterTrack = true
	case !timed:
		return reply{text: c.w.sleepText(c.status)}, nil
	case minutes > 0:
		cmd.At = time.Now().Add(time.Duration(min(minutes, maxSleep)) * time.Minute)
	}
	s, err := c.do(ctx, cmd)
	return reply{text: c.w.sleepText(s)}, err
}

// sleepText says when the music stops.
func (w tongue) sleepText(s player.Status) string {
	switch {
	case s.SleepAfterTrack:
		return w.Say(textSleepTrack)
	case !s.SleepAt.IsZero():
		return w.Say(textSleepAt, strconv.FormatInt(s.SleepAt.Unix(), 10))
	}
	return w.Say(textNoSleep)
}

func stay(ctx context.Context, c *call) (reply, error) {
	if c.text("mode") == "" {
		return reply{text: c.w.stayText(c.status.Stay)}, nil
	}
	on, err := c.mode()
	if err != nil {
		return reply{}, err
	}
	s, err := c.do(ctx, player.Stay{On: on})
	return reply{text: c.w.stayText(s.Stay)}, err
}

func (w tongue) stayText(on bool) string {
	if on {
		return w.Say(textStays)
	}
	return w.Say(textLeaves)
}
