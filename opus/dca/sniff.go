package dca

import "encoding/binary"

// sniffPackets of one duration in a row are no coincidence.
const sniffPackets = 8

// Sniff reports whether a file that begins with head is DCA, and of which version, 0 or 1;
// ended says that head is all of it. DCA0 has nothing to know it by but that packets of one
// duration follow each other.
func Sniff(head []byte, ended bool) (version int, ok bool) {
	if len(head) >= len(magic) && string(head[:3]) == magic[:3] {
		return int(head[3] - '0'), head[3] >= '1' && head[3] <= '9'
	}
	duration, packets := int64(0), 0
	for len(head) >= lengthBytes {
		n := int(int16(binary.LittleEndian.Uint16(head)))
		if n < 1 || n > MaxPacketBytes {
			return 0, false
		}
		if len(head) < lengthBytes+n {
			return 0, !ended && packets >= sniffPackets
		}
		d := samples(head[lengthBytes : lengthBytes+n])
		if d == 0 || duration != 0 && d != duration {
			return 0, false
		}
		duration = d
		packets++
		head = head[lengthBytes+n:]
	}
	return 0, packets >= sniffPackets || packets > 0 && ended && len(head) == 0
}
