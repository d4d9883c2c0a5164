package loudness

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"math"
	"strconv"

	"busker/track"
)

// content is a hash of what tells a track's content from others: enough of a SHA-256, and
// no secret of a link.
type content [16]byte

func contentOf(t track.Track) (c content) {
	h := sha256.New()
	for _, s := range [...]string{t.Source, t.URI, t.Version} {
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], uint64(len(s)))
		_, _ = h.Write(n[:]) // a hash takes everything
		_, _ = h.Write([]byte(s))
	}
	copy(c[:], h.Sum(nil))
	return c
}

// entry is one track's loudness, as exactly as a line has it.
type entry struct {
	content
	lufs    int32 // hundredths of an LU
	peak    int32 // ten-thousandths of full scale; 0 = unknown
	passing bool  // it is not written down
}

const (
	// lufsBound is far from all sound, in hundredths.
	lufsBound = 200_00
	// peakBound is +40 dB.
	peakBound = 100_0000
)

// entryOf returns what is kept of l; false = it is no loudness.
func entryOf(t track.Track, l track.Loudness) (entry, bool) {
	lufs, peak := math.Round(100*l.LUFS), math.Round(10_000*l.Peak)
	if !l.Known || !(math.Abs(lufs) < lufsBound) || !(peak >= 0) {
		return entry{}, false
	}
	return entry{contentOf(t), int32(lufs), int32(min(peak, peakBound)), t.Version == ""}, true
}

func (e *entry) loudness() track.Loudness {
	return track.Loudness{LUFS: float64(e.lufs) / 100, Peak: float64(e.peak) / 10_000, Known: true}
}

// lineBytes is the longest line:
//
//	<content, 32 digits> <LUFS × 100> <peak × 10 000> <CRC-32C of that, 8 digits>\n
const lineBytes = 32 + 1 + 6 + 1 + 7 + 1 + 8 + 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendLine writes e behind b.
func (e *entry) appendLine(b []byte) []byte {
	from := len(b)
	b = hex.AppendEncode(b, e.content[:])
	b = strconv.AppendInt(append(b, ' '), int64(e.lufs), 10)
	b = strconv.AppendInt(append(b, ' '), int64(e.peak), 10)
	sum := binary.BigEndian.AppendUint32(nil, crc32.Checksum(b[from:], castagnoli))
	b = hex.AppendEncode(append(b, ' '), sum)
	return append(b, '\n')
}

// parse reads a line, which has to be as appendLine writes it.
func parse(line []byte) (e entry, ok bool) {
	fields := bytes.Fields(line)
	if len(fields) != 4 || len(fields[0]) != hex.EncodedLen(len(e.content)) {
		return entry{}, false
	}
	_, err1 := hex.Decode(e.content[:], fields[0])
	lufs, err2 := strconv.ParseInt(string(fields[1]), 10, 32)
	peak, err3 := strconv.ParseInt(string(fields[2]), 10, 32)
	e.lufs, e.peak = int32(lufs), int32(peak)
	if err1 != nil || err2 != nil || err3 != nil || max(lufs, -lufs) >= lufsBound || peak < 0 || peak > peakBound {
		return entry{}, false
	}
	return e, bytes.Equal(e.appendLine(nil), line)
}
