package bot

import (
	"context"
	"time"

	"busker/player"
	"busker/track"
)

// Illustrator finds the pictures of tracks that came without one: those of long lists, and
// those that were queued before a restart. *sources.Set is one.
type Illustrator interface {
	// Artwork returns the picture of a track, nil when there is none.
	Artwork(ctx context.Context, t track.Track) (*track.Artwork, error)
}

// pictureTimeout is for finding one picture; a card without is better than a late one.
const pictureTimeout = 2 * time.Second

// illustration is the picture of the track a card shows, looked up once.
type illustration struct {
	item    uint64
	artwork *track.Artwork
}

// illustrate gives the track its picture.
func (c *card) illustrate(ctx context.Context, s player.Status) player.Status {
	if s.Track.Artwork != nil || c.b.opts.Illustrator == nil {
		return s
	}
	if c.illustration.item != s.ItemID {
		ctx, cancel := context.WithTimeout(ctx, pictureTimeout)
		defer cancel()
		artwork, err := c.b.opts.Illustrator.Artwork(ctx, s.Track)
		if err != nil {
			c.log.Debug("no picture", "err", err)
		}
		c.illustration = illustration{s.ItemID, artwork}
	}
	s.Track.Artwork = c.illustration.artwork
	return s
}
