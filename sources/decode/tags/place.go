package tags

import (
	"strconv"
	"strings"
)

// Place is where a track stands in a collection.
type Place struct {
	AlbumArtist string // whose album it is; often empty where that is the artist
	Genre       string
	Number      int // on its disc, 1..9999; 0 = unknown
	Disc        int // 1..999; 0 = unknown
	Year        int // of its release, 1000..9999; 0 = unknown
}

// Add takes a tag of Vorbis comments, of APE or as ffmpeg calls it, and keeps the first of
// each kind. It reports whether it is of a kind it understands.
func (p *Place) Add(name, value string) bool {
	const most = 4096 // bytes; Clean keeps less
	value = value[:min(len(value), most)]
	switch strings.ToUpper(name) {
	case "ALBUMARTIST", "ALBUM ARTIST", "ALBUM_ARTIST":
		p.AlbumArtist = first(p.AlbumArtist, Clean(value))
	case "GENRE":
		p.Genre = first(p.Genre, genre(value))
	case "TRACKNUMBER", "TRACK", "PART_NUMBER": // the last is Matroska's
		p.Number = known(p.Number, number(value, 9999))
	case "DISCNUMBER", "DISC":
		p.Disc = known(p.Disc, number(value, 999))
	case "DATE", "YEAR", "DATE_RELEASED":
		p.Year = known(p.Year, year(value))
	default:
		return false
	}
	return true
}

func (p *Place) merge(other Place) {
	p.AlbumArtist = first(p.AlbumArtist, other.AlbumArtist)
	p.Genre = first(p.Genre, other.Genre)
	p.Number = known(p.Number, other.Number)
	p.Disc = known(p.Disc, other.Disc)
	p.Year = known(p.Year, other.Year)
}

func known(a, b int) int {
	if a != 0 {
		return a
	}
	return b
}

// number reads "3", "03" and "3/12"; 0 = it is none, or over most.
func number(s string, most int) int {
	s, _, _ = strings.Cut(s, "/")
	n, err := strconv.Atoi(strings.TrimSpace(strings.Trim(s, "\x00")))
	if err != nil || n < 0 || n > most {
		return 0
	}
	return n
}

// year reads what a date begins with: "2004", "2004-05-06", "2004-05-06T07:00:00Z".
func year(s string) int {
	s = strings.TrimSpace(s)
	if len(s) < 4 || len(s) > 4 && s[4] >= '0' && s[4] <= '9' {
		return 0
	}
	n, err := strconv.Atoi(s[:4])
	if err != nil || n < 1000 {
		return 0
	}
	return n
}

// genre leaves out the numbers old programs wrote for names: "(17)Rock" is "Rock", and "(17)"
// says nothing.
func genre(s string) string {
	s = Clean(s)
	for strings.HasPrefix(s, "(") {
		inside, rest, ok := strings.Cut(s[1:], ")")
		if _, err := strconv.Atoi(inside); err != nil || !ok {
			break
		}
		s = strings.TrimSpace(rest)
	}
	if _, err := strconv.Atoi(s); err == nil {
		return ""
	}
	return s
}
