package bot

import (
	"context"
	"fmt"
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
		return reply{text: crossfadeText(c.status)}, nil
	}
	s, err := c.do(ctx, player.Crossfade{Duration: time.Duration(seconds) * time.Second})
	return reply{text: crossfadeText(s)}, err
}

func crossfadeText(s player.Status) string {
	switch n := wholeSeconds(s.Crossfade); n {
	case 0:
		return textNoFade
	case 1:
		return fmt.Sprintf(textCrossfade, textSecond)
	default:
		return fmt.Sprintf(textCrossfade, fmt.Sprintf(textSeconds, n))
	}
}

// wholeSeconds rounds up, so that what is on never reads as off.
func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// loudness turns the same loudness for all tracks on or off, or tells it.
func loudness(ctx context.Context, c *call) (reply, error) {
	switch mode := c.text("mode"); mode {
	case "":
		return reply{text: loudnessText(c.status)}, nil
	case modeOn, modeOff:
		s, err := c.do(ctx, player.Normalise{On: mode == modeOn})
		return reply{text: loudnessText(s)}, err
	}
	return reply{}, fault.New(fault.Invalid, textBadMode)
}

func loudnessText(s player.Status) string {
	if s.Normalise {
		return textLoudness
	}
	return textNoLoudness
}
