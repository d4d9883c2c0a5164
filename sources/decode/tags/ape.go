package tags

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// APEFooterBytes is the length of the footer an APEv2 tag ends with.
const APEFooterBytes = 32

// maxAPE is how much of such a tag is worth reading; pictures make them large.
const maxAPE = 4 << 20

// APESize returns the length in bytes of the APEv2 tag that ends with the footer b,
// without the header some have in front, or 0 if there is none.
//
//	"APETAGEX" version:4 size:4 items:4 flags:4 reserved:8, little endian
func APESize(b []byte) int64 {
	if len(b) < APEFooterBytes || string(b[:8]) != "APETAGEX" {
		return 0
	}
	n := int64(binary.LittleEndian.Uint32(b[12:]))
	if n < APEFooterBytes || n > maxAPE {
		return 0
	}
	return n
}

// ParseAPE reads the items of a tag as long as APESize says.
//
//	{ length:4 flags:4 key 0 value } …
func ParseAPE(b []byte) Tags {
	var t Tags
	var gains Gains
	for len(b) >= 8 {
		n, flags := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		key, rest, ok := bytes.Cut(b[8:], []byte{0})
		if !ok || uint64(n) > uint64(len(rest)) {
			break
		}
		value := rest[:n]
		b = rest[n:]
		if flags&6 != 0 { // not text
			continue
		}
		switch strings.ToLower(string(key[:min(len(key), 64)])) {
		case "title":
			t.Title = first(t.Title, Clean(several(value)))
		case "artist":
			t.Artist = first(t.Artist, Clean(several(value)))
		case "album":
			t.Album = first(t.Album, Clean(several(value)))
		default:
			if t.Add(string(key[:min(len(key), 64)]), several(value)) {
				continue
			}
			gains.Add(string(key[:min(len(key), 64)]), string(value[:min(n, 64)]))
		}
	}
	t.Loudness = gains.Loudness()
	return t
}

// several makes one text of the values of a list.
func several(b []byte) string {
	const most = 4096 // bytes; Clean keeps less
	return string(bytes.ReplaceAll(b[:min(len(b), most)], []byte{0}, []byte(", ")))
}
