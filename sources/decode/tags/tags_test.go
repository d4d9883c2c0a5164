package tags_test

import (
	"encoding/base64"
	"encoding/binary"
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

func same(t *testing.T, got, want tags.Tags) {
	t.Helper()
	art := func(a *track.Artwork) string {
		if a == nil {
			return ""
		}
		return a.MIME + string(a.Bytes)
	}
	if got.Title != want.Title || got.Artist != want.Artist || got.Album != want.Album || art(got.Artwork) != art(want.Artwork) {
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
	if a := got.Artwork; a != nil && (len(a.Bytes) > size || len(a.Bytes) > track.MaxArtworkBytes) {
		t.Errorf("a picture of %d bytes out of %d", len(a.Bytes), size)
	}
}
