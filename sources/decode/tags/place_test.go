package tags_test

import (
	"testing"

	"busker/sources/decode/tags"
)

func TestPlaceIsReadFromEveryKindOfTag(t *testing.T) {
	want := tags.Place{AlbumArtist: "Ö", Genre: "Rock", Number: 3, Disc: 2, Year: 2004}
	v1 := make([]byte, 128)
	copy(v1, "TAG")
	copy(v1[93:], "1999")
	v1[126] = 7
	for _, tt := range []struct {
		name      string
		got, want tags.Place
	}{
		{"ID3v2.2", tags.ParseID3v2(tag(2, 0, frame22("TP2", "\x00\xd6")+frame22("TRK", "\x003/12")+frame22("TPA", "\x002")+
			frame22("TYE", "\x002004")+frame22("TCO", "\x00(17)Rock"))).Place, want},
		{"ID3v2.4", tags.ParseID3v2(tag(4, 0, frame24("TPE2", "\x00\x00", "\x03Ö")+frame24("TRCK", "\x00\x00", "\x0303")+frame24("TPOS", "\x00\x00", "\x032/2")+
			frame24("TDRC", "\x00\x00", "\x032004-05-06")+frame24("TCON", "\x00\x00", "\x03Rock"))).Place, want},
		{"ID3v1.1", tags.ParseID3v1(v1).Place, tags.Place{Number: 7, Year: 1999}},
		{"Vorbis", tags.FromComments([]string{"albumartist=Ö", "GENRE=Rock", "TRACKNUMBER=3", "DISCNUMBER=2", "DATE=2004-01", "DATE=1999"}).Place, want},
		{"RIFF", tags.ParseInfo([]byte("ITRK\x02\x00\x00\x003\x00IGNR\x05\x00\x00\x00Rock\x00\x00ICRD\x04\x00\x00\x002004")).Place, tags.Place{Genre: "Rock", Number: 3, Year: 2004}},
		{"APE", tags.ParseAPE(append(apeItem(0, "Album Artist", "Ö"), append(append(apeItem(0, "Track", "3/9"), apeItem(0, "Disc", "2")...),
			append(apeItem(0, "Year", "2004"), apeItem(0, "Genre", "Rock")...)...)...)).Place, want},
		{"nonsense", tags.FromComments([]string{"TRACKNUMBER=-1", "DISCNUMBER=10000", "DATE=20040506", "YEAR=soon", "GENRE=(17)"}).Place, tags.Place{}},
		{"numbers for names", tags.FromComments([]string{"GENRE=17", "TRACKNUMBER=A1", "DATE=0999"}).Place, tags.Place{}},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, tt.got, tt.want)
		}
	}
}
