package aac

// header is that of an ADTS frame (ISO 14496-3 §1.A.2):
//
//	sync:12 id:1 layer:2 no crc:1 profile:2 rate:4 private:1 channels:3 …:4
//	length:13 fullness:11 blocks-1:2 [crc:16]
type header struct {
	profile  byte // audio object type less one
	rate     byte // index
	channels byte
	size     int // of the frame in bytes, header included
	offset   int // of the access unit in the frame
	blocks   int // access units in the frame
}

const headerBytes = 7

var rates = [...]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}

func parseHeader(b []byte) (h header, ok bool) {
	if len(b) < headerBytes || b[0] != 0xFF || b[1]&0xF6 != 0xF0 {
		return h, false
	}
	h = header{
		profile:  b[2] >> 6,
		rate:     b[2] >> 2 & 15,
		channels: b[2]&1<<2 | b[3]>>6,
		size:     int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5,
		offset:   headerBytes,
		blocks:   int(b[6]&3) + 1,
	}
	if b[1]&1 == 0 { // a check sum, and the positions of further blocks
		h.offset += 2 * h.blocks
	}
	return h, int(h.rate) < len(rates) && h.size > h.offset
}

// like reports whether h and other may be frames of one stream.
func (h header) like(other header) bool {
	return h.profile == other.profile && h.rate == other.rate && h.channels == other.channels
}

// config is the AudioSpecificConfig of the stream (§1.6.2.1): object type:5
// rate:4 channels:4 0:3.
func (h header) config() []byte {
	v := uint16(h.profile+1)<<11 | uint16(h.rate)<<7 | uint16(h.channels)<<3
	return []byte{byte(v >> 8), byte(v)}
}

// Sniff reports whether b begins with three frames of one stream, or, if lenient,
// whether three lie anywhere in it.
func Sniff(b []byte, lenient bool) bool {
	for i := 0; i+headerBytes <= len(b); i++ {
		if run(b[i:]) >= 3 {
			return true
		}
		if !lenient {
			return false
		}
	}
	return false
}

// run counts the frames of one stream at the beginning of b; one cut off by the
// end of b counts.
func run(b []byte) (n int) {
	first, ok := parseHeader(b)
	for h := first; ok && h.like(first); h, ok = parseHeader(b) {
		n++
		if len(b) < h.size {
			break
		}
		b = b[h.size:]
	}
	return n
}
