package mp3

import "encoding/binary"

// tag is what the frame in front of the audio says: that of Xing and LAME, in the
// place of side information and samples, or that of Fraunhofer's VBRI.
type tag struct {
	frames  int64 // with audio, 0 when not said
	bytes   int64 // of the whole stream, 0 when not said
	toc     []byte
	trims   bool  // delay and padding are known
	delay   int64 // samples the encoder put in front
	padding int64 // samples it appended
	gain    float64
	gained  bool // gain is known
}

// parseTag reads the tag in a first frame:
//
//	header side-info "Xing"|"Info" flags:4 [frames:4] [bytes:4] [TOC:100] [quality:4]
//	  "LAME"… version:9 method:1 lowpass:1 peak:8 flags:1 bitrate:1 delay:12 padding:12
//	header 32 bytes "VBRI" version:2 delay:2 quality:2 bytes:4 frames:4 …
func parseTag(frame []byte, h header) (t tag, ok bool) {
	if h.layer != 3 {
		return t, false
	}
	if b := tail(frame, headerBytes+32); len(b) >= 18 && string(b[:4]) == "VBRI" {
		t.bytes = int64(binary.BigEndian.Uint32(b[10:]))
		t.frames = int64(binary.BigEndian.Uint32(b[14:]))
		return t, true
	}
	side := headerBytes + h.sideBytes()
	b := tail(frame, side)
	if len(b) < 8 || string(b[:4]) != "Xing" && string(b[:4]) != "Info" {
		if h.crc { // the check sum comes between header and side information
			b = tail(frame, side+2)
		}
		if len(b) < 8 || string(b[:4]) != "Xing" && string(b[:4]) != "Info" {
			return t, false
		}
	}
	flags := binary.BigEndian.Uint32(b[4:])
	b = b[8:]
	if flags&1 != 0 && len(b) >= 4 {
		t.frames = int64(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	if flags&2 != 0 && len(b) >= 4 {
		t.bytes = int64(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	if flags&4 != 0 && len(b) >= 100 {
		t.toc = append([]byte{}, b[:100]...)
		b = b[100:]
	}
	if flags&8 != 0 && len(b) >= 4 {
		b = b[4:]
	}
	t.lame(b, h)
	return t, true
}

// lame reads the extension LAME and ffmpeg write behind the Xing tag.
func (t *tag) lame(b []byte, h header) {
	if len(b) < 24 || b[0] == 0 {
		return
	}
	t.replayGain(binary.BigEndian.Uint16(b[15:]))
	packed := uint32(b[21])<<16 | uint32(b[22])<<8 | uint32(b[23])
	delay, padding := int64(packed>>12), int64(packed&0xFFF)
	if total := t.frames * int64(h.samples); t.frames > 0 && delay+padding >= total {
		return
	}
	t.trims, t.delay, t.padding = true, delay, padding
}

// replayGain reads a ReplayGain field: kind:3 originator:3 negative:1 gain:9, in tenths
// of a dB. Kind 1 is the track's.
func (t *tag) replayGain(field uint16) {
	if field>>13 != 1 || field>>10&7 == 0 {
		return
	}
	t.gain, t.gained = float64(field&0x1FF)/10, true
	if field&0x200 != 0 {
		t.gain = -t.gain
	}
}

func tail(b []byte, from int) []byte {
	if from > len(b) {
		return nil
	}
	return b[from:]
}
