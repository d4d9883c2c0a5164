package tags

import (
	"strconv"
	"strings"

	"busker/track"
)

// Gains collects the tags in which programs keep how loud a track is.
type Gains struct {
	lufs [gainKinds]float64
	has  [gainKinds]bool
	peak [2]float64 // of the track, of its album
}

// The kinds of gain, the preferred first. R128 gains are for Opus alone (RFC 7845
// §5.2.1) and come on top of its header's, which decoders apply.
const (
	r128Track = iota
	replayTrack
	r128Album
	replayAlbum
	gainKinds
)

// What a gain of 0 dB says of the loudness: EBU R 128's target, and ReplayGain 2.0's,
// which is what 89 dB of ReplayGain 1.0 are about.
const (
	r128LUFS   = -23
	replayLUFS = -18
)

// Add takes a tag whatever it is.
func (g *Gains) Add(name, value string) {
	switch strings.ToUpper(name) {
	case "R128_TRACK_GAIN":
		g.r128(r128Track, value)
	case "R128_ALBUM_GAIN":
		g.r128(r128Album, value)
	case "REPLAYGAIN_TRACK_GAIN":
		g.replay(replayTrack, value)
	case "REPLAYGAIN_ALBUM_GAIN":
		g.replay(replayAlbum, value)
	case "REPLAYGAIN_TRACK_PEAK":
		g.peak[0] = peakOf(value)
	case "REPLAYGAIN_ALBUM_PEAK":
		g.peak[1] = peakOf(value)
	}
}

// r128 takes a gain in 1/256 dB.
func (g *Gains) r128(kind int, value string) {
	n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 16)
	if err == nil {
		g.set(kind, r128LUFS-float64(n)/256)
	}
}

// replay takes a gain such as "-7.30 dB".
func (g *Gains) replay(kind int, value string) {
	value = strings.TrimSpace(strings.TrimSuffix(strings.ToLower(strings.TrimSpace(value)), "db"))
	db, err := strconv.ParseFloat(strings.Replace(value, ",", ".", 1), 64)
	if err == nil {
		g.set(kind, replayLUFS-db)
	}
}

// set believes what music can be: the gate of BS.1770 is at -70 LUFS.
func (g *Gains) set(kind int, lufs float64) {
	if lufs >= -70 && lufs <= 10 {
		g.lufs[kind], g.has[kind] = lufs, true
	}
}

func peakOf(value string) float64 {
	const most = 16 // +24 dB
	v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !(v > 0 && v <= most) {
		return 0
	}
	return v
}

// Loudness is what the tags say together: the track's own gain before its album's.
func (g *Gains) Loudness() track.Loudness {
	for kind, known := range g.has {
		if !known {
			continue
		}
		l := track.Loudness{LUFS: g.lufs[kind], Peak: g.peak[0], Known: true}
		if l.Peak == 0 {
			l.Peak = g.peak[1]
		}
		return l
	}
	return track.Loudness{}
}

// ReplayGain is the loudness of a track with a gain of so many dB.
func ReplayGain(db float64) track.Loudness {
	var g Gains
	g.set(replayTrack, replayLUFS-db)
	return g.Loudness()
}
