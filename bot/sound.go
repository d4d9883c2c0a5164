package bot

import (
	"context"
	"time"

	"busker/internal/fault"
	"busker/player"
)

// What /loudness may be.
const (
	modeOn  = "on"
	modeOff = "off"
)

// crossfade sets how long tracks fade into each other, or tells it.
func crossfade(ctx context.Context, c *call) (reply, error) {
	seconds, given := c.number("seconds")
	if !given {
		return reply{text: c.w.crossfadeText(c.status)}, nil
	}
	s, err := c.do(ctx, player.Crossfade{Duration: time.Duration(seconds) * time.Second})
	return reply{text: c.w.crossfadeText(s)}, err
}

func (w tongue) crossfadeText(s player.Status) string {
	n := wholeSeconds(s.Crossfade)
	if n == 0 {
		return w.Say(textNoFade)
	}
	return w.Say(textCrossfade, w.Say(textSeconds, n))
}

// wholeSeconds rounds up, so that what is on never reads as off.
func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// loudness turns the same loudness for all tracks on or off, or tells it.
func loudness(ctx context.Context, c *call) (reply, error) {
	switch mode := c.text("mode"); mode {
	case "":
		return reply{text: c.w.loudnessText(c.status)}, nil
	case modeOn, modeOff:
		s, err := c.do(ctx, player.Normalise{On: mode == modeOn})
		return reply{text: c.w.loudnessText(s)}, err
	}
	return reply{}, fault.New(fault.Invalid, textBadMode)
}

func (w tongue) loudnessText(s player.Status) string {
	if s.Normalise {
		return w.Say(textLoudness)
	}
	return w.Say(textNoLoudness)
}
