package file

import (
	"bytes"

	"busker/track"
)

// maxCovers is how many bytes of pictures the tracks of one list keep.
const maxCovers = 8 << 20

// covers are the pictures of a list. The songs of an album have the same one, and no list
// holds the memory of hundreds for as long as its tracks are queued.
type covers struct {
	kept []*track.Artwork
	left int
}

// keep returns the one kept that equals a, or a itself, or nil when a is too much.
func (c *covers) keep(a *track.Artwork) *track.Artwork {
	if a == nil {
		return nil
	}
	for _, k := range c.kept {
		if bytes.Equal(k.Bytes, a.Bytes) {
			return k
		}
	}
	if len(a.Bytes) > c.left {
		return nil
	}
	c.left -= len(a.Bytes)
	c.kept = append(c.kept, a)
	return a
}
