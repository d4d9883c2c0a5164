package mp4

import (
	"encoding/binary"
	"fmt"
)

// Track describes the audio track.
type Track struct {
	// Codec is the sample entry: "mp4a", "alac", "Opus", "fLaC", "ac-3", "enca" …
	Codec string
	// Object is the object type of an "mp4a" (ISO 14496-1 table 5): 0x40 MPEG-4
	// AAC, 0x67 MPEG-2 AAC LC, 0x69 and 0x6B MP3; 0 when not said.
	Object byte
	// Config is the decoder specific info: of AAC the AudioSpecificConfig.
	Config []byte
	// Timescale is in units per second. The times below count in it.
	Timescale int64
	Start     int64 // of the presentation in the media: what lies before is priming
	Length    int64 // of the presentation; -1 when the file does not say
	Units     int64 // access units in the tables; 0 in fragmented files

	id uint32
	tables
}

// tables are the sample tables as they are in the file (ISO 14496-12 §8.6, §8.7).
type tables struct {
	times   []byte // stts: { count:4 delta:4 }
	chunks  []byte // stsc: { first chunk:4 units per chunk:4 description:4 }
	sizes   []byte // stsz: size:4 each, unless they are all of one
	size    uint32
	offsets []byte // stco or co64: offset:4 or :8 of each chunk
	wide    bool
}

// parseMoov finds the first audio track that has anything to play.
func parseMoov(moov []byte) (*Track, error) {
	movie := timescale(find(moov, "mvhd"))
	silent := ErrSilent
	for kind, trak := range boxes(moov) {
		if kind != "trak" {
			continue
		}
		if handler := find(trak, "mdia", "hdlr"); len(handler) < 12 || string(handler[8:12]) != "soun" {
			continue
		}
		t, err := parseTrack(trak, movie)
		if err == nil {
			return t, nil
		}
		silent = err
	}
	return nil, silent
}

func parseTrack(trak []byte, movie int64) (*Track, error) {
	t := &Track{Length: -1}
	if version, _, b := full(find(trak, "tkhd")); len(b) >= 20 {
		t.id = binary.BigEndian.Uint32(b[8+8*min(int(version), 1):])
	}
	header := find(trak, "mdia", "mdhd")
	if t.Timescale = timescale(header); t.Timescale <= 0 {
		return nil, fmt.Errorf("%w: no time scale", ErrFormat)
	}
	stbl := find(trak, "mdia", "minf", "stbl")
	if err := t.entry(find(stbl, "stsd")); err != nil {
		return nil, err
	}
	if err := t.parseTables(stbl); err != nil {
		return nil, err
	}
	t.Length = t.mediaLength(header)
	t.edits(find(trak, "edts", "elst"), movie)
	return t, nil
}

// timescale reads that of a movie or media header: version:1 flags:3 times:8|16 timescale:4.
func timescale(b []byte) int64 {
	version, _, b := full(b)
	at := 8 + 8*min(int(version), 1)
	if len(b) < at+4 {
		return 0
	}
	return int64(binary.BigEndian.Uint32(b[at:]))
}

func (t *Track) mediaLength(header []byte) int64 {
	var length int64 = -1
	switch version, _, b := full(header); {
	case version == 0 && len(b) >= 16:
		length = int64(binary.BigEndian.Uint32(b[12:]))
	case version == 1 && len(b) >= 28:
		length = int64(binary.BigEndian.Uint64(b[20:]))
	}
	if length <= 0 || length >= 1<<32-1 {
		return -1
	}
	return length
}

// edits reads the first edit that shows media, which is where encoders say what is
// priming: { duration:4|8 media time:4|8 rate:4 } (§8.6.6).
func (t *Track) edits(elst []byte, movie int64) {
	version, _, b := full(elst)
	if len(b) < 4 || movie <= 0 {
		return
	}
	b = b[4:]
	width := 4 + 4*min(int(version), 1)
	for ; len(b) >= 2*width+4; b = b[2*width+4:] {
		var duration, start int64
		if width == 4 {
			duration, start = int64(binary.BigEndian.Uint32(b)), int64(int32(binary.BigEndian.Uint32(b[4:])))
		} else {
			duration, start = int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))
		}
		if start < 0 || start > 1<<48 || duration < 0 || duration > 1<<48 {
			continue // an empty edit, or nonsense
		}
		t.Start = start
		more := len(b) >= 2*(2*width+4) // several edits: believe the media's length
		switch {
		case duration > 0 && !more:
			t.Length = t.exact(scale(duration, t.Timescale, movie), t.Length-start, movie)
		case t.Length > start:
			t.Length -= start
		}
		return
	}
}

// exact returns the length of an edit. It is given in units of the movie, which may be
// a whole millisecond: if the media ends within one of there, that is meant.
func (t *Track) exact(edit, media, movie int64) int64 {
	if off := edit - media; media > 0 && max(off, -off) <= t.Timescale/movie+1 {
		return media
	}
	return edit
}

// scale returns n·to/from, rounded.
func scale(n, to, from int64) int64 {
	return n/from*to + (n%from*to+from/2)/from
}

// entry reads the sample description (§12.2.3):
//
//	"mp4a" 0:6 reference:2 version:2 0:6 channels:2 bits:2 0:4 rate:4 boxes…
func (t *Track) entry(stsd []byte) error {
	_, _, b := full(stsd)
	if len(b) < 4 {
		return fmt.Errorf("%w: no sample description", ErrFormat)
	}
	for kind, content := range boxes(b[4:]) {
		t.Codec = kind
		if len(content) < 28 {
			return fmt.Errorf("%w: sample description of %d bytes", ErrFormat, len(content))
		}
		// QuickTime has longer versions 1 and 2.
		at := 28 + map[uint16]int{1: 16, 2: 36}[binary.BigEndian.Uint16(content[8:])]
		if at <= len(content) {
			t.decoder(content[at:])
		}
		return nil
	}
	return fmt.Errorf("%w: no sample description", ErrFormat)
}

func (t *Track) decoder(b []byte) {
	esds := find(b, "esds")
	if esds == nil {
		esds = find(b, "wave", "esds")
	}
	_, _, b = full(esds)
	t.descriptor(b)
}

// descriptor reads an ES descriptor (ISO 14496-1 §7.2.6):
//
//	3 length ES:2 flags:1 … { 4 length object:1 stream:1 buffer:3 max:4 avg:4 { 5 length config } }
func (t *Track) descriptor(b []byte) {
	tag, b, _ := descriptor(b)
	if tag != 3 || len(b) < 3 {
		return
	}
	flags := b[2]
	b = b[3:]
	skip := 0
	if flags&0x80 != 0 { // depends on another stream
		skip += 2
	}
	if flags&0x40 != 0 && len(b) > skip { // a URL
		skip += 1 + int(b[skip])
	}
	if flags&0x20 != 0 { // a clock reference
		skip += 2
	}
	if skip > len(b) {
		return
	}
	tag, b, _ = descriptor(b[skip:])
	if tag != 4 || len(b) < 13 {
		return
	}
	t.Object = b[0]
	if tag, config, _ := descriptor(b[13:]); tag == 5 {
		t.Config = config
	}
}

// descriptor cuts a tag, its length in groups of seven bits, and its content off b.
func descriptor(b []byte) (tag byte, content, rest []byte) {
	if len(b) < 2 {
		return 0, nil, nil
	}
	tag, b = b[0], b[1:]
	n := 0
	for i := 0; i < 4 && len(b) > 0; i++ {
		c := b[0]
		b = b[1:]
		n = n<<7 | int(c&0x7F)
		if c&0x80 == 0 {
			break
		}
	}
	n = min(n, len(b))
	return tag, b[:n], b[n:]
}
