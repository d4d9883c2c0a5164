package ogg

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
)

// pictureTag holds a FLAC picture block in base64.
const pictureTag = "METADATA_BLOCK_PICTURE"

// FrontCover is the Type of the picture people mean (ID3v2 APIC §4.14).
const FrontCover = 3

// Picture is artwork inside a file.
type Picture struct {
	Type        int // as in ID3v2: 0 other, FrontCover, 4 back cover, …
	MIME        string
	Description string
	Data        []byte
}

// Picture returns the front cover among the tags' pictures, or else the first
// picture that is whole.
func (t Tags) Picture() (Picture, bool) {
	var best Picture
	found := false
	for _, v := range t.All(pictureTag) {
		block, err := base64.StdEncoding.DecodeString(v)
		if err != nil {
			continue
		}
		p, err := ParsePicture(block)
		if err != nil {
			continue
		}
		if p.Type == FrontCover {
			return p, true
		}
		if !found {
			best, found = p, true
		}
	}
	return best, found
}

// ParsePicture reads a picture block of FLAC (RFC 9639 §8.8), all big endian:
// type, MIME type, description, width, height, depth, colours, data; texts and
// data come with their length in front. Data is a part of block.
func ParsePicture(block []byte) (Picture, error) {
	c := cursor{rest: block}
	p := Picture{Type: int(c.uint32())}
	p.MIME = string(c.bytes())
	p.Description = string(c.bytes())
	c.skip(16)
	p.Data = c.bytes()
	if c.err != nil {
		return Picture{}, c.err
	}
	return p, nil
}

// cursor reads big-endian fields until one is missing.
type cursor struct {
	rest []byte
	err  error
}

func (c *cursor) take(n uint32) []byte {
	if c.err == nil && uint64(n) > uint64(len(c.rest)) {
		c.err = corrupt(errors.New("picture block cut off"))
	}
	if c.err != nil {
		return nil
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) skip(n uint32) { c.take(n) }

func (c *cursor) bytes() []byte { return c.take(c.uint32()) }

func (c *cursor) uint32() uint32 {
	b := c.take(4)
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}
