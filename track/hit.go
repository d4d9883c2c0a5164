package track

import "time"

// Kind is what a Hit is.
type Kind uint8

// The kinds of hits, the one that wins among equals first. List is a playlist file.
const (
	One Kind = iota // a single track
	Artist
	Album
	Folder
	List
)

var kinds = [...]string{"track", "artist", "album", "folder", "list"}

// String returns the kind as logs and metric labels have it.
func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k]
	}
	return kinds[One]
}

// MaxRef is the longest Ref of a Hit, in characters: what Discord takes as the value
// of a choice.
const MaxRef = 100

// Hit is one thing a search found: a track, or several as a list.
type Hit struct {
	Kind   Kind
	Source string // name of the source that found it
	// Ref is the Text of a Query that leads to exactly this, of at most MaxRef
	// characters. It stays good as long as what it names is there.
	Ref    string
	Title  string        // of the track, or the name of the album, artist or folder
	Artist string        // of a track or album; empty when there is none or there are several
	Tracks int           // how many there are; 1 for a track
	Length time.Duration // of all; 0 when unknown
	// Track is the track of Kind One, without its Artwork.
	Track Track
	// Whole says that what was asked for is the whole name of this, and not a part or
	// the beginning of it: an album is then meant as an album.
	Whole bool
	// Score orders the hits of different sources: 1 is perfect, 0 is nothing in common.
	Score float64
}
