// Package track describes music by value: a track, a list of tracks, what a
// listener asked for and what was found for it.
//
// It opens, plays and stores nothing, and a value of it may be copied and shared
// freely: nobody changes a Track once it is made.
package track

import (
	"context"
	"time"
)

// Track is one playable piece, as the source that found it describes it.
type Track struct {
	Source string `json:"source"` // name of the source that can open it: "file", "web"
	URI    string `json:"uri"`    // what that source opens: a path inside the music folder, a URL

	Title  string        `json:"title"`
	Artist string        `json:"artist,omitempty"`
	Album  string        `json:"album,omitempty"`
	Length time.Duration `json:"length,omitempty"` // 0 when unknown or endless
	Live   bool          `json:"live,omitempty"`   // an endless stream: no length, no seeking

	Format   string   `json:"format,omitempty"`   // what the content was found to be: "Ogg Opus", "MP3"
	Seekable bool     `json:"seekable,omitempty"` // it can be opened at a time other than 0
	Page     string   `json:"page,omitempty"`     // a link for people, when there is one
	Artwork  *Artwork `json:"-"`                  // cover picture, nil when there is none

	Loudness  Loudness `json:"loudness,omitzero"`   // as its tags tell it
	Version   string   `json:"version,omitempty"`   // another one when the content is another; "" = unknown
	Cacheable bool     `json:"cacheable,omitempty"` // its source permits keeping an encoded copy
}

// Loudness is how loud a whole track is.
type Loudness struct {
	LUFS  float64 `json:"lufs"`           // integrated (EBU R128)
	Peak  float64 `json:"peak,omitempty"` // as a factor of full scale; 0 = unknown
	Known bool    `json:"known,omitempty"`
}

// MaxArtworkBytes is the largest picture a source keeps from a file's tags.
const MaxArtworkBytes = 1 << 20

// Artwork is a cover picture. Its bytes are never changed.
type Artwork struct {
	MIME  string // "image/png", "image/jpeg", "image/webp" or "image/gif"
	Bytes []byte
}

// Playlist is a named list of tracks.
type Playlist struct {
	Title  string
	Tracks []Track
}

// Query is what a listener asked for.
type Query struct {
	Text string // a URL, a path or a file name in the music folder
	// Name is what to call the result when the content itself has no title: the
	// file name of an uploaded attachment. Optional.
	Name string
}

// Result is what a source found for a Query: one Track, or several of a Playlist.
type Result struct {
	Tracks   []Track // never empty when there is no error
	Playlist string  // title of the list the tracks are from; empty for single tracks
	// Total is how many tracks the list has or is thought to have, these among them; 0 =
	// as many as Tracks.
	Total int
	// Rest returns the tracks that follow, a batch at a time and never an empty one, and
	// io.EOF behind the last; nil = Tracks are all. It may take as long as finding tracks
	// does, keeps nothing open between calls, and is called by one goroutine at a time.
	Rest func(ctx context.Context) ([]Track, error)
}
