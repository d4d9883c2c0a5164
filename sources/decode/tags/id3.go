package tags

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ID3HeaderBytes is the length of an ID3v2 header, ID3v1Bytes that of a whole ID3v1.
const (
	ID3HeaderBytes = 10
	ID3v1Bytes     = 128
)

// ID3Size returns the length in bytes of the ID3v2 tag b begins with, its header
// and footer included, or 0 if there is none.
//
//	"ID3" version:2 flags:1 size:4, seven bits each (ID3v2.4 §3.1)
func ID3Size(b []byte) int64 {
	if len(b) < ID3HeaderBytes || string(b[:3]) != "ID3" || b[3] == 0xFF || b[4] == 0xFF ||
		(b[6]|b[7]|b[8]|b[9])&0x80 != 0 {
		return 0
	}
	n := int64(synchsafe(b[6:])) + ID3HeaderBytes
	if b[5]&0x10 != 0 { // a footer follows
		n += ID3HeaderBytes
	}
	return n
}

// ParseID3v2 reads a tag of version 2.2, 2.3 or 2.4 that begins with its header.
// b may be cut short; what is whole is read.
func ParseID3v2(b []byte) Tags {
	var t Tags
	size := ID3Size(b)
	if size == 0 || b[3] < 2 || b[3] > 4 {
		return t
	}
	version, flags := b[3], b[5]
	body := b[ID3HeaderBytes:min(size, int64(len(b)))]
	if flags&0x80 != 0 && version < 4 {
		body = resync(body)
	}
	if flags&0x40 != 0 && version > 2 {
		body = skipExtended(body, version)
	}
	front := false
	var gains Gains
	for {
		id, data, rest := frame(body, version)
		if id == "" {
			t.Loudness = gains.Loudness()
			return t
		}
		body = rest
		switch id {
		case "TT2", "TIT2":
			t.Title = first(t.Title, Clean(values(data)))
		case "TP1", "TPE1":
			t.Artist = first(t.Artist, Clean(values(data)))
		case "TAL", "TALB":
			t.Album = first(t.Album, Clean(values(data)))
		case "TXX", "TXXX":
			gains.Add(ownText(data))
		case "TP2", "TPE2":
			t.Add("ALBUMARTIST", values(data))
		case "TRK", "TRCK":
			t.Add("TRACK", values(data))
		case "TPA", "TPOS":
			t.Add("DISC", values(data))
		case "TYE", "TYER", "TDRC":
			t.Add("DATE", values(data))
		case "TCO", "TCON":
			t.Add("GENRE", values(data))
		case "PIC", "APIC":
			t.attached(&front, data, version)
		}
	}
}

// frame cuts the next frame off b; id is empty after the last. A frame that is
// compressed or encrypted comes back without content.
func frame(b []byte, version byte) (id string, data, rest []byte) {
	header, idLen := 10, 4
	if version == 2 {
		header, idLen = 6, 3
	}
	if len(b) < header || b[0] == 0 {
		return "", nil, nil
	}
	id = string(b[:idLen])
	var size uint32
	var flags uint16
	switch version {
	case 2:
		size = uint32(b[3])<<16 | uint32(b[4])<<8 | uint32(b[5])
	case 3:
		size, flags = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint16(b[8:])
	default:
		size, flags = synchsafe(b[4:]), binary.BigEndian.Uint16(b[8:])
		if plain := binary.BigEndian.Uint32(b[4:]); size < plain && wrongSize(b[header:], size, plain) {
			size = plain
		}
	}
	b = b[header:]
	if uint64(size) > uint64(len(b)) {
		return "", nil, nil
	}
	data, rest = b[:size], b[size:]
	switch {
	case version == 3 && flags&0x00C0 != 0, version == 4 && flags&0x000C != 0:
		return id, nil, rest
	case version == 4:
		if flags&0x0001 != 0 && len(data) >= 4 { // data length indicator
			data = data[4:]
		}
		if flags&0x0002 != 0 {
			data = resync(data)
		}
	}
	return id, data, rest
}

// wrongSize reports whether a v2.4 frame size was written as a plain number, as
// some programs do: then a frame follows at the plain distance only.
func wrongSize(b []byte, synchsafe, plain uint32) bool {
	return !frameAt(b, synchsafe) && frameAt(b, plain)
}

func frameAt(b []byte, at uint32) bool {
	if uint64(at) >= uint64(len(b)) {
		return uint64(at) == uint64(len(b))
	}
	b = b[at:]
	if b[0] == 0 {
		return true // padding
	}
	for i := range min(4, len(b)) {
		if (b[i] < 'A' || b[i] > 'Z') && (b[i] < '0' || b[i] > '9') {
			return false
		}
	}
	return true
}

// attached reads an attached picture:
//
//	v2.2: encoding:1 format:3 type:1 description 0 picture
//	v2.3: encoding:1 MIME 0 type:1 description 0 picture
func (t *Tags) attached(front *bool, b []byte, version byte) {
	const frontCover = 3
	if len(b) < 6 {
		return
	}
	encoding := b[0]
	if b = b[1:]; version == 2 {
		b = b[3:]
	} else {
		_, rest, ok := bytes.Cut(b, []byte{0})
		if b = rest; !ok {
			return
		}
	}
	if len(b) < 2 {
		return
	}
	cover := b[0] == frontCover
	b = afterText(encoding, b[1:])
	art := Artwork(b)
	if art == nil || *front || t.Artwork != nil && !cover {
		return
	}
	t.Artwork, *front = art, cover
}

// afterText returns what follows the terminated text b begins with.
func afterText(encoding byte, b []byte) []byte {
	if encoding != 1 && encoding != 2 {
		_, rest, _ := bytes.Cut(b, []byte{0})
		return rest
	}
	for i := 0; i+1 < len(b); i += 2 {
		if b[i]|b[i+1] == 0 {
			return b[i+2:]
		}
	}
	return nil
}

// ownText reads a text frame whose name its writer made up: encoding:1 name 0 value.
func ownText(b []byte) (name, value string) {
	const most = 256 // bytes; none that is understood has more
	if len(b) < 2 {
		return "", ""
	}
	rest := afterText(b[0], b[1:])
	name = decodeText(b[0], b[1:min(len(b)-len(rest), most)])
	return strings.TrimRight(name, "\x00"), terminated(decodeText(b[0], rest[:min(len(rest), most)]))
}

// values decodes a text frame; several values become one text.
func values(b []byte) string {
	if len(b) < 2 {
		return ""
	}
	const most = 4096 // bytes; Clean keeps less
	encoding, b := b[0], b[1:]
	s := decodeText(encoding, b[:min(len(b), most)])
	var parts []string
	for _, p := range strings.Split(s, "\x00") {
		if p = strings.TrimSpace(p); p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}

// decodeText decodes the text of a frame that says how.
func decodeText(encoding byte, b []byte) string {
	switch encoding {
	case 0:
		return text(b)
	case 1, 2:
		return utf16Text(b)
	}
	return string(b)
}

// text reads what is called Latin-1 and often is UTF-8.
func text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

func utf16Text(b []byte) string {
	order := binary.ByteOrder(binary.BigEndian)
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		switch {
		case b[0] == 0xFF && b[1] == 0xFE:
			order = binary.LittleEndian
		case b[0] == 0xFE && b[1] == 0xFF:
			order = binary.BigEndian
		default:
			units = append(units, order.Uint16(b))
		}
	}
	return string(utf16.Decode(units))
}

// terminated cuts s at its first NUL.
func terminated(s string) string {
	s, _, _ = strings.Cut(s, "\x00")
	return s
}

// resync undoes the unsynchronisation scheme: FF 00 stands for FF (ID3v2.3 §5).
func resync(b []byte) []byte { return bytes.ReplaceAll(b, []byte{0xFF, 0}, []byte{0xFF}) }

func skipExtended(b []byte, version byte) []byte {
	if len(b) < 4 {
		return nil
	}
	n := uint64(binary.BigEndian.Uint32(b)) + 4
	if version == 4 { // there the size counts itself
		n = uint64(synchsafe(b))
	}
	return b[min(n, uint64(len(b))):]
}

func synchsafe(b []byte) uint32 {
	return uint32(b[0]&0x7F)<<21 | uint32(b[1]&0x7F)<<14 | uint32(b[2]&0x7F)<<7 | uint32(b[3]&0x7F)
}

// ParseID3v1 reads the last 128 bytes of a file.
//
//	"TAG" title:30 artist:30 album:30 year:4 comment:30 genre:1
//
// Version 1.1 takes the last two bytes of the comment: 0 and the track's number.
func ParseID3v1(b []byte) Tags {
	if len(b) < ID3v1Bytes || string(b[:3]) != "TAG" {
		return Tags{}
	}
	t := Tags{
		Title:  Clean(terminated(text(b[3:33]))),
		Artist: Clean(terminated(text(b[33:63]))),
		Album:  Clean(terminated(text(b[63:93]))),
		Place:  Place{Year: year(text(b[93:97]))},
	}
	if b[125] == 0 {
		t.Number = int(b[126])
	}
	return t
}
