package tags_test

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"busker/sources/decode/tags"
	"busker/track"
)

const png = "\x89PNG\r\n\x1a\n more"

// tag makes an ID3v2 tag.
func tag(version, flags byte, body string) []byte {
	n := len(body)
	return append([]byte{'I', 'D', '3', version, 0, flags, byte(n >> 21 & 127), byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127)}, body...)
}

func frame22(id, data string) string {
	n := len(data)
	return id + string([]byte{byte(n >> 16), byte(n >> 8), byte(n)}) + data
}

func frame23(id, data string) string {
	return id + string(binary.BigEndian.AppendUint32(nil, uint32(len(data)))) + "\x00\x00" + data
}

func frame24(id, flags, data string) string {
	n := len(data)
	return id + string([]byte{byte(n >> 21 & 127), byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127)}) + flags + data
}

func TestID3v2(t *testing.T) {
	long := strings.Repeat("x", 200)
	for _, tt := range []struct {
		name string
		b    []byte
		want tags.Tags
	}{
		{"2.2", tag(2, 0, frame22("TT2", "\x00T")+frame22("TP1", "\x00A")+frame22("TAL", "\x00B\x00")), tags.Tags{Title: "T", Artist: "A", Album: "B"}},
		{"2.3 Latin-1", tag(3, 0, frame23("TIT2", "\x00Tr\xe4ume")), tags.Tags{Title: "Träume"}},
		{"2.3 UTF-8 that calls itself Latin-1", tag(3, 0, frame23("TIT2", "\x00Träume")), tags.Tags{Title: "Träume"}},
		{"2.3 UTF-16", tag(3, 0, frame23("TIT2", "\x01\xff\xfeT\x00\xe4\x00")), tags.Tags{Title: "Tä"}},
		{"2.3 UTF-16 big endian", tag(3, 0, frame23("TIT2", "\x01\xfe\xff\x00T\x00\xe4")), tags.Tags{Title: "Tä"}},
		{"2.4 UTF-8, two artists", tag(4, 0, frame24("TPE1", "\x00\x00", "\x03A\x00Ö")), tags.Tags{Artist: "A, Ö"}},
		{"2.4 with a length indicator", tag(4, 0, frame24("TIT2", "\x00\x01", "\x00\x00\x00\x02\x03T")), tags.Tags{Title: "T"}},
		{"2.4 compressed is passed over", tag(4, 0, frame24("TIT2", "\x00\x08", "zip")+frame24("TALB", "\x00\x00", "\x03B")), tags.Tags{Album: "B"}},
		{"2.4 with plain sizes", tag(4, 0, frame23("TIT2", "\x03"+long)+frame23("TALB", "\x03B")), tags.Tags{Title: long, Album: "B"}},
		{"unsynchronised", tag(3, 0x80, frame23("TIT2", "\x01\xff\xfeT\x00")[:11]+"\xff\x00\xfeT\x00"), tags.Tags{Title: "T"}},
		{"extended header", tag(3, 0x40, "\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00"+frame23("TIT2", "\x00T")), tags.Tags{Title: "T"}},
		{"2.3 gain", tag(3, 0, frame23("TXXX", "\x00replaygain_track_gain\x00-6.50 dB")+frame23("TXXX", "\x01\xff\xfer\x00\x00\x00x\x00")+
			frame23("TXXX", "\x03REPLAYGAIN_TRACK_PEAK\x000.5\x00")), tags.Tags{Loudness: track.Loudness{LUFS: -11.5, Peak: 0.5, Known: true}}},
		{"2.3 gain in UTF-16", tag(3, 0, frame23("TXXX", "\x01"+wide("REPLAYGAIN_ALBUM_GAIN")+"\x00\x00"+wide("+2 dB"))), tags.Tags{Loudness: track.Loudness{LUFS: -20, Known: true}}},
		{"gain cut off", tag(3, 0, frame23("TXXX", "\x00replaygain_track_gain")), tags.Tags{}},
		{"padding", tag(3, 0, frame23("TIT2", "\x00T")+strings.Repeat("\x00", 50)), tags.Tags{Title: "T"}},
		{"picture", tag(3, 0, frame23("APIC", "\x00image/png\x00\x00desc\x00"+png)), tags.Tags{Artwork: &track.Artwork{MIME: "image/png", Bytes: []byte(png)}}},
		{"picture 2.2", tag(2, 0, frame22("PIC", "\x00PNG\x03\x00"+png)), tags.Tags{Artwork: &track.Artwork{MIME: "image/png", Bytes: []byte(png)}}},
		{"picture that is none", tag(3, 0, frame23("APIC", "\x00image/png\x00\x00\x00<script>")), tags.Tags{}},
		{"cut off", tag(3, 0, frame23("TIT2", "\x00T")+frame23("TALB", "\x00B"))[:25], tags.Tags{Title: "T"}},
		{"frame that promises more", tag(3, 0, "TIT2\xff\xff\xff\xff\x00\x00\x00T"), tags.Tags{}},
		{"not a tag", []byte("no tag at all"), tags.Tags{}},
	} {
		t.Run(tt.name, func(t *testing.T) { same(t, tags.ParseID3v2(tt.b), tt.want) })
	}
}

// wide is s in UTF-16 with a mark.
func wide(s string) string {
	b := "\xff\xfe"
	for _, r := range s {
		b += string([]byte{byte(r), 0})
	}
	return b
}

func same(t *testing.T, got, want tags.Tags) {
	t.Helper()
	art := func(a *track.Artwork) string {
		if a == nil {
			return ""
		}
		return a.MIME + string(a.Bytes)
	}
	if got.Loudness != want.Loudness || got.Title != want.Title || got.Artist != want.Artist || got.Album != want.Album || art(got.Artwork) != art(want.Artwork) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestID3Size(t *testing.T) {
	for _, tt := range []struct {
		b    string
		want int64
	}{
		{"ID3\x03\x00\x00\x00\x00\x02\x01", 267},
		{"ID3\x04\x00\x10\x00\x00\x00\x01", 21},
		{"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", 1<<28 - 1 + 10},
		{"ID3\x03\x00\x00\x80\x00\x00\x00", 0},
		{"ID3", 0},
		{"TAG\x03\x00\x00\x00\x00\x02\x01", 0},
	} {
		if got := tags.ID3Size([]byte(tt.b)); got != tt.want {
			t.Errorf("%q: %d, want %d", tt.b, got, tt.want)
		}
	}
}

// picture makes a FLAC PICTURE block.
func picture(kind uint32, data string) []byte {
	b := binary.BigEndian.AppendUint32(nil, kind)
	b = append(binary.BigEndian.AppendUint32(b, 9), "image/png"...)
	b = binary.BigEndian.AppendUint32(b, 0)
	b = append(b, make([]byte, 16)...)
	return append(binary.BigEndian.AppendUint32(b, uint32(len(data))), data...)
}

func TestComments(t *testing.T) {
	encode := base64.StdEncoding.EncodeToString
	art := &track.Artwork{MIME: "image/png", Bytes: []byte(png + "front")}
	same(t, tags.FromComments([]string{
		"title=T", "TITLE=second", "Artist=A", "artist=B", "ALBUM=C", "nonsense", "=", "",
		"METADATA_BLOCK_PICTURE=" + encode(picture(0, png+"other")),
		"METADATA_BLOCK_PICTURE=" + encode(picture(3, png+"front")),
		"METADATA_BLOCK_PICTURE=" + encode(picture(3, png+"again")),
		"METADATA_BLOCK_PICTURE=!",
	}), tags.Tags{Title: "T", Artist: "A, B", Album: "C", Artwork: art})
}

func TestParseCommentBelievesNoLength(t *testing.T) {
	b := binary.LittleEndian.AppendUint32(nil, 0)
	b = binary.LittleEndian.AppendUint32(b, 1<<32-1) // so many comments
	b = append(binary.LittleEndian.AppendUint32(b, 7), "TITLE=T"...)
	same(t, tags.ParseComment(b), tags.Tags{Title: "T"})
	same(t, tags.ParseComment(append(b, 0xFF, 0xFF, 0xFF, 0xFF)), tags.Tags{Title: "T"})
}

func TestInfoListAndID3v1(t *testing.T) {
	same(t, tags.ParseInfo([]byte("INAM\x03\x00\x00\x00abc\x00IART\x02\x00\x00\x00A\x00IPRD\xff\xff\xff\xffAlbum")),
		tags.Tags{Title: "abc", Artist: "A", Album: "Album"})
	b := make([]byte, 128)
	copy(b, "TAG")
	copy(b[3:], "T\x00rest")
	copy(b[33:], "\xc4rtist")
	same(t, tags.ParseID3v1(b), tags.Tags{Title: "T", Artist: "Ärtist"})
}

func TestGains(t *testing.T) {
	for _, tt := range []struct {
		name string
		tags []string
		want track.Loudness
	}{
		{"nothing", nil, track.Loudness{}},
		{"track", []string{"REPLAYGAIN_TRACK_GAIN=-7.30 dB", "REPLAYGAIN_TRACK_PEAK=0.988553"}, track.Loudness{LUFS: -10.7, Peak: 0.988553, Known: true}},
		{"track before album", []string{"replaygain_album_gain=-1 dB", "replaygain_track_gain=+3.5dB"}, track.Loudness{LUFS: -21.5, Known: true}},
		{"album alone", []string{"REPLAYGAIN_ALBUM_GAIN=-1,25 dB", "REPLAYGAIN_ALBUM_PEAK=1.1"}, track.Loudness{LUFS: -16.75, Peak: 1.1, Known: true}},
		{"R128", []string{"R128_TRACK_GAIN=-2560", "REPLAYGAIN_TRACK_GAIN=-1 dB"}, track.Loudness{LUFS: -13, Known: true}},
		{"R128 of the album after ReplayGain of the track", []string{"R128_ALBUM_GAIN=256", "REPLAYGAIN_TRACK_GAIN=-1 dB"}, track.Loudness{LUFS: -17, Known: true}},
		{"R128 of the album", []string{"R128_ALBUM_GAIN=256"}, track.Loudness{LUFS: -24, Known: true}},
		{"nonsense", []string{"R128_TRACK_GAIN=70000", "R128_ALBUM_GAIN=1.5", "REPLAYGAIN_TRACK_GAIN=NaN", "REPLAYGAIN_ALBUM_GAIN=-Inf dB", "REPLAYGAIN_TRACK_PEAK=NaN"}, track.Loudness{}},
		{"too loud to be true", []string{"REPLAYGAIN_TRACK_GAIN=-64 dB"}, track.Loudness{}},
		{"peak alone", []string{"REPLAYGAIN_TRACK_PEAK=1"}, track.Loudness{}},
	} {
		if got := tags.FromComments(tt.tags).Loudness; got.Known != tt.want.Known || math.Abs(got.LUFS-tt.want.LUFS) > 1e-9 || got.Peak != tt.want.Peak {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// apeItem is an item of an APE tag.
func apeItem(flags uint32, key, value string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(value)))
	b = binary.LittleEndian.AppendUint32(b, flags)
	return append(append(append(b, key...), 0), value...)
}

// apeFooter ends a tag of items.
func apeFooter(items []byte) []byte {
	b := append([]byte("APETAGEX"), 0xD0, 7, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(items)+tags.APEFooterBytes))
	return append(b, make([]byte, 16)...)
}

func TestAPE(t *testing.T) {
	items := slices.Concat(apeItem(0, "Title", "T"), apeItem(2, "Cover Art (Front)", "\x89PNG"), apeItem(0, "Artist", "A\x00B"),
		apeItem(0, "REPLAYGAIN_TRACK_GAIN", "-3 dB"), apeItem(0, "Album", "C"))
	if n := tags.APESize(apeFooter(items)); n != int64(len(items)+32) {
		t.Errorf("%d bytes, not %d", n, len(items)+32)
	}
	want := tags.Tags{Title: "T", Artist: "A, B", Album: "C", Loudness: track.Loudness{LUFS: -15, Known: true}}
	same(t, tags.ParseAPE(items), want)
	same(t, tags.ParseAPE(append(items, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 'x', 0)), want)
	if tags.APESize(make([]byte, 32)) != 0 || tags.APESize([]byte("APETAGEX")) != 0 {
		t.Error("a tag where there is none")
	}
}

func FuzzAPE(f *testing.F) {
	f.Add(apeItem(0, "Title", "T"))
	f.Add(apeFooter(apeItem(0, "REPLAYGAIN_TRACK_GAIN", "-3 dB")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if n := tags.APESize(b); n < 0 || n > 4<<20 {
			t.Errorf("%d bytes", n)
		}
		sane(t, tags.ParseAPE(b), len(b))
	})
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		" a\r\nb\t": "a  b", "a\x00b": "ab", "\u202eevil": "evil", "a\xffb": "a�b", "👩\u200d🎤": "👩\u200d🎤",
		strings.Repeat("ö", 300): strings.Repeat("ö", 255) + "…",
	} {
		if got := tags.Clean(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestArtwork(t *testing.T) {
	for _, b := range []string{"", "text", "<svg/>", png + strings.Repeat("x", track.MaxArtworkBytes)} {
		if tags.Artwork([]byte(b)) != nil {
			t.Errorf("%.20q… was taken", b)
		}
	}
}

func FuzzID3v2(f *testing.F) {
	f.Add(tag(4, 0, frame24("TIT2", "\x00\x00", "\x03T")+frame24("APIC", "\x00\x00", "\x00image/png\x00\x03\x00"+png)))
	f.Add(tag(3, 0xC0, "\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00"+frame23("TPE1", "\x01\xff\xfeA\x00")))
	f.Add(tag(2, 0x80, frame22("PIC", "\x01PNG\x03\x00\x00"+png)))
	f.Fuzz(func(t *testing.T, b []byte) { sane(t, tags.ParseID3v2(b), len(b)) })
}

func FuzzComment(f *testing.F) {
	b := append(binary.LittleEndian.AppendUint32(nil, 1), "v\x01\x00\x00\x00"...)
	f.Add(append(b, "\x07\x00\x00\x00TITLE=T"...), picture(3, png))
	f.Fuzz(func(t *testing.T, b, block []byte) {
		c := tags.ParseComment(b)
		c.AddPicture(block)
		sane(t, c, len(b)+len(block))
	})
}

func FuzzInfo(f *testing.F) {
	f.Add([]byte("INAM\x03\x00\x00\x00abc\x00IART\x02\x00\x00\x00A\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		sane(t, tags.ParseInfo(b), len(b))
		sane(t, tags.ParseID3v1(b), len(b))
	})
}

// sane checks that nothing was made up.
func sane(t *testing.T, got tags.Tags, size int) {
	t.Helper()
	for _, s := range []string{got.Title, got.Artist, got.Album} {
		if s != tags.Clean(s) || len([]rune(s)) > 256 {
			t.Errorf("%q", s)
		}
	}
	if l := got.Loudness; !(l.LUFS >= -70 && l.LUFS <= 10 && l.Peak >= 0 && l.Peak <= 16) || !l.Known && l != (track.Loudness{}) {
		t.Errorf("%+v", l)
	}
	if a := got.Artwork; a != nil && (len(a.Bytes) > size || len(a.Bytes) > track.MaxArtworkBytes) {
		t.Errorf("a picture of %d bytes out of %d", len(a.Bytes), size)
	}
}
