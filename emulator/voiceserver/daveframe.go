package voiceserver

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"busker/opus"
)

// A DAVE frame of audio (reference 4.10), of which all but the marker is checked for
// its form only, without keys:
//
//	ciphertext | tag (8) | nonce ULEB128 (1–5) | ranges (video only) | size of all after the ciphertext u8 | FA FA
const (
	daveTagBytes  = 8
	daveTailBytes = 3 // size and marker
)

var daveMarker = []byte{0xFA, 0xFA}

// daveNonce returns the truncated nonce of a DAVE frame; ok is false for anything else.
func daveNonce(frame []byte) (nonce uint32, ok bool) {
	n := len(frame)
	if n < daveTagBytes+daveTailBytes || !bytes.HasSuffix(frame, daveMarker) {
		return 0, false
	}
	size := int(frame[n-daveTailBytes])
	if size <= daveTagBytes+daveTailBytes || size > n {
		return 0, false
	}
	rest := frame[n-size+daveTagBytes : n-daveTailBytes]
	value, used := binary.Uvarint(rest)
	if used <= 0 || value > math.MaxUint32 {
		return 0, false
	}
	return uint32(value), rangesFit(rest[used:], n-size)
}

// rangesFit reads pairs of offset and size: ascending, apart, inside the frame.
func rangesFit(b []byte, frame int) bool {
	end := uint64(0)
	for len(b) > 0 {
		var pair [2]uint64
		for i := range pair {
			value, used := binary.Uvarint(b)
			if used <= 0 {
				return false
			}
			pair[i], b = value, b[used:]
		}
		if pair[0] < end || pair[0] > uint64(frame) || pair[1] > uint64(frame)-pair[0] {
			return false
		}
		end = pair[0] + pair[1]
	}
	return true
}

// checkDAVE checks what can be seen without keys: that a frame is encrypted when it
// has to be, and that its nonce grows until a new key was given. The session's
// stream is locked.
func (s *Server) checkDAVE(live *session, p received) {
	c := live.call.Load()
	if c == nil || c.service == nil || string(p.payload) == opus.SilenceFrame {
		return
	}
	nonce, sealed := daveNonce(p.payload)
	if !sealed {
		if time.Now().UnixNano() > live.plainUntil.Load() {
			s.violate(live, DAVEPlaintext, fmt.Sprintf("%d bytes at sequence %d", len(p.payload), p.header.sequence))
		}
		return
	}
	if (!live.stream.sealed || nonce <= live.stream.nonce) && !live.fresh.take(p.at) {
		s.violate(live, DAVENonceBack, fmt.Sprintf("%d after %d at sequence %d", nonce, live.stream.nonce, p.header.sequence))
	}
	live.stream.sealed, live.stream.nonce = true, nonce
}
