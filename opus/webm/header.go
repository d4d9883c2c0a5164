package webm

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"time"
)

// Element ids (RFC 9559 §5.1), as far as audio needs them.
const (
	idEBML    = 0x1A45DFA3
	idDocType = 0x4282
	idSegment = 0x18538067

	idSeekHead, idSeek, idSeekID, idSeekPosition = 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC

	idInfo, idTimestampScale, idDuration, idTitle = 0x1549A966, 0x2AD7B1, 0x4489, 0x7BA9

	idTracks, idTrackEntry, idTrackNumber, idTrackType, idCodecID = 0x1654AE6B, 0xAE, 0xD7, 0x83, 0x86
	idCodecPrivate, idCodecDelay, idSeekPreRoll                   = 0x63A2, 0x56AA, 0x56BB
	idAudio, idChannels                                           = 0xE1, 0x9F
	idContentEncodings, idContentEncoding                         = 0x6D80, 0x6240
	idContentEncodingType, idContentCompression                   = 0x5033, 0x5034
	idContentCompAlgo, idContentCompSettings                      = 0x4254, 0x4255

	idTags, idTag, idTargets, idTargetTypeValue = 0x1254C367, 0x7373, 0x63C0, 0x68CA
	idSimpleTag, idTagName, idTagString         = 0x67C8, 0x45A3, 0x4487

	idCues, idCuePoint, idCueTime                         = 0x1C53BB6B, 0xBB, 0xB3
	idCueTrackPositions, idCueTrack, idCueClusterPosition = 0xB7, 0xF7, 0xF1

	idCluster, idTimestamp, idSimpleBlock   = 0x1F43B675, 0xE7, 0xA3
	idBlockGroup, idBlock, idDiscardPadding = 0xA0, 0xA1, 0x75A2
)

const (
	trackTypeAudio    = 2
	defaultScale      = 1_000_000 // ns per tick: timestamps in milliseconds
	headerStripping   = 3         // the one ContentCompAlgo that needs no decompressor
	targetTrack       = 30        // TargetTypeValue of a song; 50, the default, is its album
	targetAlbum       = 50
	codecOpus         = "A_OPUS"
	maxStrippedHeader = 64
	maxTags           = 256     // kept of a file, which may bring new ones for ever
	maxTagBytes       = 4 << 10 // name and value of one
)

// Track describes the Opus track.
type Track struct {
	Channels     int
	CodecPrivate []byte        // an OpusHead (RFC 7845 §5.1), as in Ogg; may be missing
	CodecDelay   time.Duration // the pre-skip
	SeekPreRoll  time.Duration // what to decode before the goal of a seek, 80 ms

	number   uint64
	stripped []byte // bytes taken off the front of every frame
}

// Meta is what the file says about itself.
type Meta struct {
	Title, Artist, Album string
	Tags                 map[string]string // by upper-case name; those of the song before those of the album
	Duration             time.Duration     // 0 when not known, as in live streams
}

// parseTracks returns the first Opus track.
func parseTracks(b []byte) (Track, error) {
	other := ""
	for id, entry := range children(b) {
		if id != idTrackEntry {
			continue
		}
		t, kind, codec, err := parseTrack(entry)
		switch {
		case kind != trackTypeAudio:
		case codec == codecOpus:
			return t, err
		case other == "":
			other = codec
		}
	}
	if other == "" {
		return Track{}, unsupported("The WebM file has no audio.", errors.New("no audio track"))
	}
	return Track{}, unsupported("The audio in the WebM file is not Opus.", &CodecError{other})
}

func parseTrack(b []byte) (t Track, kind uint64, codec string, err error) {
	t = Track{Channels: 1, SeekPreRoll: 80 * time.Millisecond}
	for id, v := range children(b) {
		switch id {
		case idTrackNumber:
			t.number = uintOf(v)
		case idTrackType:
			kind = uintOf(v)
		case idCodecID:
			codec = stringOf(v)
		case idCodecPrivate:
			t.CodecPrivate = append([]byte(nil), v...)
		case idCodecDelay:
			t.CodecDelay = bounded(uintOf(v))
		case idSeekPreRoll:
			t.SeekPreRoll = bounded(uintOf(v))
		case idAudio:
			for id, v := range children(v) {
				if id == idChannels {
					t.Channels = int(min(uintOf(v), 255))
				}
			}
		case idContentEncodings:
			t.stripped, err = parseEncodings(v)
		}
	}
	if t.CodecDelay == 0 && len(t.CodecPrivate) >= 19 {
		preSkip := binary.LittleEndian.Uint16(t.CodecPrivate[10:])
		t.CodecDelay = time.Duration(preSkip) * time.Second / 48000
	}
	return t, kind, codec, err
}

// bounded takes a duration in ns that is short by nature.
func bounded(ns uint64) time.Duration { return time.Duration(min(ns, uint64(5*time.Second))) }

// parseEncodings returns what header stripping took off, the only encoding that
// muxers use on audio.
func parseEncodings(b []byte) (stripped []byte, err error) {
	for id, encoding := range children(b) {
		if id != idContentEncoding {
			continue
		}
		algo, kind, settings := uint64(0), uint64(0), []byte(nil)
		for id, v := range children(encoding) {
			if id == idContentEncodingType {
				kind = uintOf(v)
			}
			if id != idContentCompression {
				continue
			}
			for id, v := range children(v) {
				switch id {
				case idContentCompAlgo:
					algo = uintOf(v)
				case idContentCompSettings:
					settings = v
				}
			}
		}
		if kind != 0 || algo != headerStripping || len(settings) > maxStrippedHeader || stripped != nil {
			return nil, unsupported("The audio in the WebM file is compressed once more or encrypted.",
				errors.New("content encoding is not header stripping"))
		}
		stripped = append([]byte{}, settings...)
	}
	return stripped, nil
}

// parseInfo returns ns per tick and fills what the segment says of itself.
func (m *Meta) parseInfo(b []byte) (scale int64) {
	scale = defaultScale
	ticks := 0.0
	for id, v := range children(b) {
		switch id {
		case idTimestampScale:
			if s := uintOf(v); s > 0 && s <= uint64(time.Hour) {
				scale = int64(s)
			}
		case idDuration:
			ticks = floatOf(v)
		case idTitle:
			m.Title = stringOf(v)
		}
	}
	if ns := ticks * float64(scale); ns > 0 && ns < math.MaxInt64/2 {
		m.Duration = time.Duration(ns)
	}
	return scale
}

// parseTags adds the tags. A file may hold several Tags.
func (m *Meta) parseTags(b []byte) {
	if m.Tags == nil {
		m.Tags = make(map[string]string)
	}
	song, album, rest := map[string]string{}, map[string]string{}, map[string]string{}
	for id, tag := range children(b) {
		if id != idTag {
			continue
		}
		switch target(tag) {
		case targetTrack:
			collect(song, tag)
		case targetAlbum:
			collect(album, tag)
		default:
			collect(rest, tag)
		}
	}
	if song["TITLE"] != "" && album["TITLE"] != "" {
		song["ALBUM"] = album["TITLE"]
	}
	for _, tags := range []map[string]string{song, album, rest} {
		for name, v := range tags {
			if m.Tags[name] == "" && len(m.Tags) < maxTags {
				m.Tags[name] = v
			}
		}
	}
	m.Title = first(m.Title, m.Tags["TITLE"])
	m.Artist = first(m.Artist, m.Tags["ARTIST"], m.Tags["LEAD_PERFORMER"])
	m.Album = first(m.Album, m.Tags["ALBUM"])
}

// target returns what the tag is about.
func target(tag []byte) uint64 {
	for id, v := range children(tag) {
		if id != idTargets {
			continue
		}
		for id, v := range children(v) {
			if id == idTargetTypeValue {
				return uintOf(v)
			}
		}
	}
	return targetAlbum
}

func collect(into map[string]string, tag []byte) {
	for id, simple := range children(tag) {
		if id != idSimpleTag {
			continue
		}
		name, value := "", ""
		for id, v := range children(simple) {
			switch id {
			case idTagName:
				name = strings.ToUpper(stringOf(v))
			case idTagString:
				value = stringOf(v)
			}
		}
		if name != "" && into[name] == "" && len(name)+len(value) <= maxTagBytes {
			into[name] = value
		}
	}
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
