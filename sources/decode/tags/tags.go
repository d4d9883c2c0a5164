// Package tags reads what music files say of themselves: ID3, APE, Vorbis comments,
// FLAC pictures, RIFF INFO lists, and how loud all of these say a track is.
//
// It parses bytes others have found and fetches nothing. No input makes it panic,
// and what it keeps is never larger than what it was given.
package tags

import (
	"bytes"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"busker/track"
)

// Tags are what a listener is shown. Empty fields are not known.
type Tags struct {
	Title, Artist, Album string
	Place
	Artwork  *track.Artwork
	Loudness track.Loudness
}

// Merge fills what t does not know from other.
func (t *Tags) Merge(other Tags) {
	t.Title = first(t.Title, other.Title)
	t.Artist = first(t.Artist, other.Artist)
	t.Album = first(t.Album, other.Album)
	t.merge(other.Place)
	if t.Artwork == nil {
		t.Artwork = other.Artwork
	}
	if !t.Loudness.Known {
		t.Loudness = other.Loudness
	}
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// maxRunes is the longest text kept of one field.
const maxRunes = 256

// Clean makes text from a file fit to be shown: valid UTF-8 on one line, without
// control characters, of bounded length.
func Clean(s string) string {
	s = strings.ToValidUTF8(s, "�")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != '\u200d':
			return -1 // also the marks that turn the direction of text
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) > maxRunes {
		s = strings.TrimSpace(string([]rune(s)[:maxRunes-1])) + "…"
	}
	return s
}

// Artwork returns a copy of b as a picture, or nil if it is too large or none of
// the kinds that can be shown. The bytes decide, not what the file called them.
func Artwork(b []byte) *track.Artwork {
	if len(b) == 0 || len(b) > track.MaxArtworkBytes {
		return nil
	}
	switch mime := http.DetectContentType(b); mime {
	case "image/png", "image/jpeg", "image/webp", "image/gif":
		return &track.Artwork{MIME: mime, Bytes: bytes.Clone(b)}
	}
	return nil
}
