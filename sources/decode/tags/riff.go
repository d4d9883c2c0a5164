package tags

import "encoding/binary"

// ParseInfo reads the chunks of a RIFF LIST of type INFO, without its header.
func ParseInfo(b []byte) Tags {
	var t Tags
	for len(b) >= 8 {
		n := int64(binary.LittleEndian.Uint32(b[4:]))
		id := string(b[:4])
		b = b[8:]
		value := b[:min(n, int64(len(b)))]
		switch id {
		case "INAM":
			t.Title = first(t.Title, Clean(terminated(text(value))))
		case "IART":
			t.Artist = first(t.Artist, Clean(terminated(text(value))))
		case "IPRD":
			t.Album = first(t.Album, Clean(terminated(text(value))))
		case "ITRK", "IPRT":
			t.Add("TRACK", terminated(text(value)))
		case "ICRD":
			t.Add("DATE", terminated(text(value)))
		case "IGNR":
			t.Add("GENRE", terminated(text(value)))
		}
		b = b[min(n+n&1, int64(len(b))):]
	}
	return t
}
