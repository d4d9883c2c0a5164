package mp3

// header describes a frame (ISO 11172-3 §2.4.2.3):
//
//	sync:11 version:2 layer:2 unprotected:1 bitrate:4 rate:2 padding:1 private:1
//	mode:2 extension:2 copyright:1 original:1 emphasis:2
type header struct {
	version int // 1 MPEG-1, 2 MPEG-2, 3 MPEG-2.5
	layer   int // 1..3
	rate    int // hertz
	bitrate int // bits per second
	size    int // bytes, header included
	samples int // per channel
	mono    bool
	crc     bool
}

// Bounds of a frame: 384 kb/s at 32 kHz in layer II, 1152 samples.
const (
	maxFrameBytes   = 1730
	maxFrameSamples = 1152
	headerBytes     = 4
)

// kilobits[version 1 or not][layer-1][index]; index 0 is free format, 15 forbidden.
var kilobits = [2][3][15]int{
	{
		{0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
		{0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
		{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
	},
	{
		{0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
		{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
		{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
	},
}

var rates = [3]int{44100, 48000, 32000} // of MPEG-1; halved for each later version

// parseHeader reads the header b begins with. Free format is not understood.
func parseHeader(b []byte) (h header, ok bool) {
	if len(b) < headerBytes || b[0] != 0xFF || b[1]&0xE0 != 0xE0 {
		return h, false
	}
	version, layer := b[1]>>3&3, b[1]>>1&3
	index, rate := int(b[2]>>4), int(b[2]>>2&3)
	if version == 1 || layer == 0 || index == 0 || index == 15 || rate == 3 || b[3]&3 == 2 {
		return h, false
	}
	h.version = map[byte]int{3: 1, 2: 2, 0: 3}[version]
	h.layer = 4 - int(layer)
	h.rate = rates[rate] >> (h.version - 1)
	h.mono, h.crc = b[3]>>6 == 3, b[1]&1 == 0
	h.bitrate = kilobits[min(h.version-1, 1)][h.layer-1][index] * 1000
	padding := int(b[2] >> 1 & 1)
	switch {
	case h.layer == 1:
		h.samples = 384
		h.size = (12*h.bitrate/h.rate + padding) * 4
	case h.layer == 3 && h.version > 1:
		h.samples = 576
		h.size = 72*h.bitrate/h.rate + padding
	default:
		h.samples = 1152
		h.size = 144*h.bitrate/h.rate + padding
	}
	return h, h.size > headerBytes
}

// like reports whether h and other may be frames of one stream.
func (h header) like(other header) bool {
	return h.version == other.version && h.layer == other.layer && h.rate == other.rate
}

// sideBytes is the length of layer III side information (§2.4.1.7).
func (h header) sideBytes() int {
	switch {
	case h.version == 1 && !h.mono:
		return 32
	case h.version == 1 || !h.mono:
		return 17
	}
	return 9
}

// Sniff reports whether b begins with three frames of one stream, and their layer.
// Garbage in front is skipped only where a whole buffer was searched: lenient says so.
func Sniff(b []byte, lenient bool) (layer int, ok bool) {
	for i := 0; i+headerBytes <= len(b); i++ {
		if n, layer := run(b[i:]); n >= 3 {
			return layer, true
		}
		if !lenient {
			return 0, false
		}
	}
	return 0, false
}

// run counts the frames of one stream at the beginning of b; one cut off by the
// end of b counts.
func run(b []byte) (n, layer int) {
	first, ok := parseHeader(b)
	if !ok {
		return 0, 0
	}
	for h := first; ok && h.like(first); h, ok = parseHeader(b) {
		n++
		if len(b) < h.size {
			break
		}
		b = b[h.size:]
	}
	return n, first.layer
}
