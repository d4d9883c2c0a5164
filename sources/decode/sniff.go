package decode

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"busker/internal/fault"
	"busker/sources/decode/aac"
	"busker/sources/decode/mp3"
)

// kind is what content turned out to be.
type kind struct {
	name string // for people
	// open decodes it in process; nil, or an error wrapping errElsewhere, leaves
	// it to ffmpeg.
	open opener
	// demuxer is ffmpeg's name of the container. It is always forced: no probing
	// finds a playlist, and with it a way to other files, in what came from outside.
	demuxer string
	// whole says that its table of contents may be at its end, so that ffmpeg
	// needs a file it can seek in.
	whole bool
	// refuse is what to say of content that is no audio at all.
	refuse fault.Term
	what   string // the argument of refuse, if it has one
	broken bool   // and that something is wrong with it
}

// Names of formats that are words, not marks, and so are translated.
const (
	nameModule    fault.Term = "tracker module"
	nameFlash     fault.Term = "Flash video"
	nameMPEG      fault.Term = "MPEG video"
	nameAVI       fault.Term = "AVI video"
	nameOgg       fault.Term = "Ogg video"
	nameTransport fault.Term = "MPEG transport stream"
)

// What to say of content that comes in many formats.
const (
	aPicture  fault.Term = "This is a picture (%s), not audio."
	anArchive fault.Term = "This is an archive (%s), not audio. Unpack it first."
)

// magic is content known by bytes at a fixed place.
type magic struct {
	at    int
	bytes string
	kind  kind
}

var magics = []magic{
	{0, "fLaC", kind{name: "FLAC", open: openFLAC, demuxer: "flac"}},
	{0, "FORM\x00\x00\x00\x00AIFF", kind{name: "AIFF", demuxer: "aiff", whole: true}},
	{0, "FORM\x00\x00\x00\x00AIFC", kind{name: "AIFF-C", demuxer: "aiff", whole: true}},
	{0, ".snd", kind{name: "Sun AU", demuxer: "au"}},
	{0, "caff\x00\x01", kind{name: "Core Audio", demuxer: "caf", whole: true}},
	{0, "MAC ", kind{name: "Monkey's Audio", demuxer: "ape", whole: true}},
	{0, "wvpk", kind{name: "WavPack", demuxer: "wv"}},
	{0, "TTA1", kind{name: "True Audio", demuxer: "tta"}},
	{0, "MPCK", kind{name: "Musepack", demuxer: "mpc8", whole: true}},
	{0, "MP+", kind{name: "Musepack", demuxer: "mpc", whole: true}},
	{0, "tBaK", kind{name: "TAK", demuxer: "tak", whole: true}},
	{0, "OFR ", kind{name: "OptimFROG"}},
	{0, "DSD ", kind{name: "DSD", demuxer: "dsf", whole: true}},
	{0, "FRM8", kind{name: "DSD", demuxer: "iff", whole: true}},
	{0, "#!AMR", kind{name: "AMR", demuxer: "amr"}},
	{0, "Creative Voice File\x1a", kind{name: "Creative Voice", demuxer: "voc"}},
	{0, "riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00", kind{name: "Wave64", demuxer: "w64", whole: true}},
	{0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", kind{name: "Windows Media", demuxer: "asf"}},
	{0, ".RMF", kind{name: "RealMedia", demuxer: "rm"}},
	{0, ".ra\xfd", kind{name: "RealAudio", demuxer: "rm"}},
	{0, "FLV\x01", kind{name: string(nameFlash), demuxer: "flv"}},
	{0, "ADIF", kind{name: "AAC (ADIF)", demuxer: "aac"}},
	{0, "\x00\x00\x01\xba", kind{name: string(nameMPEG), demuxer: "mpeg"}},
	{0, "\x0b\x77", kind{name: "Dolby Digital", demuxer: "ac3"}},
	{0, "\x7f\xfe\x80\x01", kind{name: "DTS", demuxer: "dts"}},
	{0, "MThd", kind{name: "MIDI"}},
	{0, "Extended Module: ", kind{name: string(nameModule)}},
	{0, "IMPM", kind{name: string(nameModule)}},
	{44, "SCRM", kind{name: string(nameModule)}},

	{0, "\x89PNG\r\n\x1a\n", kind{refuse: aPicture, what: "PNG"}},
	{0, "\xff\xd8\xff", kind{refuse: aPicture, what: "JPEG"}},
	{0, "GIF8", kind{refuse: aPicture, what: "GIF"}},
	{0, "RIFF\x00\x00\x00\x00WEBP", kind{refuse: aPicture, what: "WebP"}},
	{0, "BM", kind{refuse: aPicture, what: "BMP"}},
	{0, "II*\x00", kind{refuse: aPicture, what: "TIFF"}},
	{0, "MM\x00*", kind{refuse: aPicture, what: "TIFF"}},
	{4, "ftypavif", kind{refuse: aPicture, what: "AVIF"}},
	{4, "ftyphei", kind{refuse: aPicture, what: "HEIC"}},
	{4, "ftypmif1", kind{refuse: aPicture, what: "HEIF"}},
	{0, "%PDF-", kind{refuse: "This is a PDF document, not audio."}},
	{0, "PK\x03\x04", kind{refuse: anArchive, what: "ZIP"}},
	{0, "PK\x05\x06", kind{refuse: "This is an empty ZIP archive, not audio."}},
	{0, "\x1f\x8b", kind{refuse: anArchive, what: "gzip"}},
	{0, "Rar!\x1a\x07", kind{refuse: anArchive, what: "RAR"}},
	{0, "7z\xbc\xaf\x27\x1c", kind{refuse: anArchive, what: "7z"}},
	{0, "\xfd7zXZ", kind{refuse: anArchive, what: "xz"}},
	{0, "BZh", kind{refuse: anArchive, what: "bzip2"}},
	{0, "\x7fELF", kind{refuse: "This is a program, not audio."}},
	{0, "MZ", kind{refuse: "This is a program, not audio."}},
}

func (m magic) matches(b []byte) bool {
	if len(b) < m.at+len(m.bytes) {
		return false
	}
	for i := range len(m.bytes) {
		sized := m.at == 0 && len(m.bytes) == 12 && (m.bytes[:4] == "FORM" || m.bytes[:4] == "RIFF")
		if sized && i >= 4 && i < 8 {
			continue // the length of the file
		}
		if b[m.at+i] != m.bytes[i] {
			return false
		}
	}
	return true
}

// sniff says what content beginning with b is. ended says that b is all of it; hard
// says to look for frames in the middle of b as well.
func sniff(b []byte, ended, hard bool) (kind, bool) {
	if len(b) == 0 {
		return kind{refuse: "This file is empty.", broken: true}, true
	}
	dca := func(b []byte) (kind, bool) { return sniffDCA(b, ended) }
	for _, f := range []func([]byte) (kind, bool){sniffContainer, sniffMagic, sniffFrames, dca, sniffText} {
		if k, ok := f(b); ok {
			return k, true
		}
	}
	if k, ok := sniffStray(b); ok && hard {
		return k, true
	}
	if ended && len(bytes.Trim(b, "\x00")) == 0 {
		return kind{refuse: "This file holds nothing but zeros.", broken: true}, true
	}
	return kind{}, false
}

func sniffMagic(b []byte) (kind, bool) {
	for _, m := range magics {
		if m.matches(b) {
			return m.kind, true
		}
	}
	return kind{}, false
}

// sniffContainer knows the containers that say inside what they hold.
func sniffContainer(b []byte) (kind, bool) {
	switch {
	case len(b) >= 12 && (string(b[:4]) == "RIFF" || string(b[:4]) == "RF64" || string(b[:4]) == "BW64"):
		switch string(b[8:12]) {
		case "WAVE":
			return kind{name: "WAV", open: openWAV, demuxer: "wav"}, true
		case "AVI ":
			return kind{name: string(nameAVI), demuxer: "avi", whole: true}, true
		}
	case bytes.HasPrefix(b, []byte("OggS")):
		return sniffOgg(b), true
	case bytes.HasPrefix(b, []byte("\x1a\x45\xdf\xa3")):
		if i := bytes.Index(b[:min(len(b), 128)], []byte("webm")); i > 0 {
			return kind{name: "WebM", open: openWebM, demuxer: "matroska"}, true
		}
		return kind{name: "Matroska", open: openWebM, demuxer: "matroska"}, true
	case len(b) >= 12 && string(b[4:8]) == "ftyp":
		brand := string(b[8:12])
		if brand == "avif" || brand == "avis" || brand == "mif1" || strings.HasPrefix(brand, "hei") || strings.HasPrefix(brand, "hev") {
			return kind{}, false
		}
		return kind{name: "MP4", open: openMP4, demuxer: "mov", whole: true}, true
	case len(b) >= 8 && quickTimeBox(b):
		return kind{name: "QuickTime", open: openMP4, demuxer: "mov", whole: true}, true
	case len(b) > 376 && b[0] == 0x47 && b[188] == 0x47 && b[376] == 0x47:
		return kind{name: string(nameTransport), demuxer: "mpegts"}, true
	}
	return kind{}, false
}

// quickTimeBox reports whether b begins with a box an old QuickTime file begins with.
func quickTimeBox(b []byte) bool {
	switch string(b[4:8]) {
	case "moov", "mdat", "wide", "free", "skip", "pnot":
		size := binary.BigEndian.Uint32(b)
		return size == 1 || size >= 8
	}
	return false
}

// sniffOgg looks at the first pages, each of which begins a stream inside.
func sniffOgg(b []byte) kind {
	head := b[:min(len(b), 4096)]
	has := func(s string) bool { return bytes.Contains(head, []byte(s)) }
	switch {
	case has("\x80theora"), has("BBCD\x00"):
		return kind{name: string(nameOgg), open: openOggOpus, demuxer: "ogg", whole: true}
	case has("OpusHead"):
		return kind{name: "Ogg Opus", open: openOggOpus, demuxer: "ogg", whole: true}
	case has("\x01vorbis"):
		return kind{name: "Ogg Vorbis", open: openOggVorbis, demuxer: "ogg", whole: true}
	case has("\x7fFLAC"):
		return kind{name: "Ogg FLAC", demuxer: "ogg", whole: true}
	case has("Speex   "):
		return kind{name: "Ogg Speex", demuxer: "ogg", whole: true}
	}
	return kind{name: "Ogg", demuxer: "ogg", whole: true}
}

// sniffFrames knows the formats that are nothing but frames one after the other.
func sniffFrames(b []byte) (kind, bool) { return frames(b, false) }

// sniffStray finds such frames behind something else: a radio or a cut file may
// begin in the middle of one.
func sniffStray(b []byte) (kind, bool) { return frames(b, true) }

func frames(b []byte, lenient bool) (kind, bool) {
	if aac.Sniff(b, lenient) {
		return kind{name: "AAC", open: openADTS, demuxer: "aac"}, true
	}
	if layer, ok := mp3.Sniff(b, lenient); ok {
		return kind{name: [...]string{"", "MP1", "MP2", "MP3"}[layer], open: openMP3, demuxer: "mp3"}, true
	}
	return kind{}, false
}

// sniffText names what is written in letters.
func sniffText(b []byte) (kind, bool) {
	if !looksLikeText(b) {
		return kind{}, false
	}
	text := strings.ToLower(string(bytes.TrimSpace(bytes.TrimPrefix(b[:min(len(b), 2048)], []byte("\xef\xbb\xbf")))))
	has := func(prefixes ...string) bool {
		for _, p := range prefixes {
			if strings.HasPrefix(text, p) {
				return true
			}
		}
		return false
	}
	switch {
	case text == "":
		return kind{refuse: "This file is empty.", broken: true}, true
	case has("#extm3u", "[playlist]", "<asx", "ffconcat") || has("<?xml") && (strings.Contains(text, "<playlist") || strings.Contains(text, "<mpd")):
		return kind{refuse: "This is a playlist, not audio. Play one of the links in it."}, true
	case has("<!doctype html", "<html", "<head", "<body", "<script") || has("<!--", "<?xml") && strings.Contains(text, "<html"):
		return kind{refuse: "This is a web page (HTML), not audio."}, true
	case has("<svg") || has("<?xml") && strings.Contains(text, "<svg"):
		return kind{refuse: aPicture, what: "SVG"}, true
	case has("<?xml"):
		return kind{refuse: "This is an XML document, not audio."}, true
	case has("{", "[") && strings.Contains(text, `"`):
		return kind{refuse: "This is JSON data, not audio."}, true
	}
	return kind{refuse: "This is text, not audio."}, true
}

// looksLikeText reports whether b is UTF-8 without control characters no text has.
func looksLikeText(b []byte) bool {
	b = b[:min(len(b), 4096)]
	for i := 0; i < utf8.UTFMax && len(b) > 0 && !utf8.Valid(b); i++ {
		b = b[:len(b)-1] // the cut may have hit a character
	}
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' || c == 0x7F {
			return false
		}
	}
	return utf8.Valid(b)
}
