package mp4

import (
	"encoding/binary"
	"strconv"
	"strings"

	"busker/sources/decode/tags"
)

// parseTags reads what iTunes and its like keep in moov/udta/meta/ilst.
func parseTags(moov []byte) (t tags.Tags) {
	var gains tags.Gains
	for kind, item := range boxes(itemList(moov)) {
		value := itemValue(item)
		switch kind {
		case "\xa9nam":
			t.Title = tags.Clean(string(value))
		case "\xa9ART":
			t.Artist = tags.Clean(string(value))
		case "\xa9alb":
			t.Album = tags.Clean(string(value))
		case "aART":
			t.Add("ALBUMARTIST", string(value))
		case "\xa9gen":
			t.Add("GENRE", string(value))
		case "\xa9day":
			t.Add("DATE", string(value))
		case "trkn":
			t.Add("TRACK", ordinal(value))
		case "disk":
			t.Add("DISC", ordinal(value))
		case "covr":
			if t.Artwork == nil {
				t.Artwork = tags.Artwork(value)
			}
		case "----":
			gains.Add(freeform(item), string(value[:min(len(value), 64)]))
		}
	}
	t.Loudness = gains.Loudness()
	return t
}

func itemList(moov []byte) []byte {
	meta := find(moov, "udta", "meta")
	if len(meta) >= 8 && string(meta[4:8]) != "hdlr" { // a full box, but for QuickTime
		meta = meta[4:]
	}
	return find(meta, "ilst")
}

// itemValue returns the content of an item's data box: type:4 locale:4 value.
func itemValue(item []byte) []byte {
	data := find(item, "data")
	if len(data) < 8 {
		return nil
	}
	return data[8:]
}

// ordinal reads the number of a track or disc: 0:2 number:2 of:2 ….
func ordinal(value []byte) string {
	if len(value) < 4 {
		return ""
	}
	return strconv.Itoa(int(binary.BigEndian.Uint16(value[2:])))
}

// freeform returns the name of an item that is not of Apple's own kinds.
func freeform(item []byte) string {
	_, _, name := full(find(item, "name"))
	return string(name[:min(len(name), 64)])
}

// gapless reads iTunSMPB, where iTunes says what is padding: hexadecimal words, of
// which the second is the priming and the fourth the length in samples.
func (t *Track) gapless(moov []byte) {
	for kind, item := range boxes(itemList(moov)) {
		if kind != "----" || freeform(item) != "iTunSMPB" {
			continue
		}
		words := strings.Fields(string(itemValue(item)))
		if len(words) < 4 {
			return
		}
		priming, err1 := strconv.ParseInt(words[1], 16, 32)
		length, err2 := strconv.ParseInt(words[3], 16, 64)
		if err1 == nil && err2 == nil && priming >= 0 && priming < 16384 && length > 0 && length < 1<<40 {
			t.Start, t.Length = priming, length
		}
		return
	}
}
