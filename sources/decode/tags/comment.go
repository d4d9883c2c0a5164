package tags

import (
	"encoding/base64"
	"encoding/binary"
	"strings"

	"busker/track"
)

// ParseComment reads a Vorbis comment header without its packet type: that of
// FLAC's VORBIS_COMMENT, of "\x03vorbis" and of "OpusTags" (Vorbis I §5).
//
//	vendor length:4 LE, vendor, count:4, { length:4, "NAME=value" } …
//
// What is read before b ends or breaks is returned.
func ParseComment(b []byte) Tags {
	var comments []string
	vendor, b := field(b)
	if vendor == nil || len(b) < 4 {
		return Tags{}
	}
	n := binary.LittleEndian.Uint32(b)
	for b = b[4:]; n > 0; n-- {
		var f []byte
		if f, b = field(b); f == nil {
			break
		}
		comments = append(comments, string(f))
	}
	return FromComments(comments)
}

// field cuts a length and that many bytes off b; it returns nil if they are not there.
func field(b []byte) (f, rest []byte) {
	if len(b) < 4 {
		return nil, nil
	}
	n := binary.LittleEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, nil
	}
	return b[4 : 4+n : 4+n], b[4+n:]
}

// FromComments understands comments of the form NAME=value.
func FromComments(comments []string) Tags {
	var t Tags
	var artists []string
	var front bool
	var gains Gains
	for _, c := range comments {
		name, value, _ := strings.Cut(c, "=")
		switch strings.ToUpper(name) {
		case "TITLE":
			t.Title = first(t.Title, Clean(value))
		case "ALBUM":
			t.Album = first(t.Album, Clean(value))
		case "ARTIST":
			if a := Clean(value); a != "" && len(artists) < 8 {
				artists = append(artists, a)
			}
		case "METADATA_BLOCK_PICTURE":
			raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
			if err == nil {
				t.picture(&front, raw)
			}
		case "COVERART": // older writers: the bare picture
			raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
			if err == nil && t.Artwork == nil {
				t.Artwork = Artwork(raw)
			}
		default:
			if !t.Add(name, value) {
				gains.Add(name, value)
			}
		}
	}
	t.Loudness = gains.Loudness()
	t.Artist = Clean(strings.Join(artists, ", "))
	return t
}

// AddPicture keeps the picture of a FLAC PICTURE block unless t has one.
func (t *Tags) AddPicture(b []byte) {
	front := t.Artwork != nil
	t.picture(&front, b)
}

// picture keeps the first picture, or better the first front cover.
func (t *Tags) picture(front *bool, b []byte) {
	art, cover := parsePicture(b)
	if art == nil || *front || t.Artwork != nil && !cover {
		return
	}
	t.Artwork, *front = art, cover
}

// parsePicture reads a FLAC PICTURE block (RFC 9639 §8.8), all lengths big endian:
//
//	type:4 length:4 MIME length:4 description width:4 height:4 depth:4 colours:4 length:4 data
func parsePicture(b []byte) (art *track.Artwork, cover bool) {
	const frontCover = 3
	if len(b) < 8 {
		return nil, false
	}
	kind := binary.BigEndian.Uint32(b)
	b = b[4:]
	for range 2 { // MIME type and description
		if len(b) < 4 {
			return nil, false
		}
		n := binary.BigEndian.Uint32(b)
		if uint64(n) > uint64(len(b)-4) {
			return nil, false
		}
		b = b[4+n:]
	}
	if len(b) < 20 {
		return nil, false
	}
	n := binary.BigEndian.Uint32(b[16:])
	if uint64(n) > uint64(len(b)-20) {
		return nil, false
	}
	return Artwork(b[20 : 20+n]), kind == frontCover
}
