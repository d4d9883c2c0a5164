package decode

import (
	"io"
	"time"

	"busker/sources/decode/tags"
	"busker/track"
)

// Input is content to decode. One goroutine reads it at a time.
type Input struct {
	// Reader delivers the content from its first byte. If it is an io.Seeker the
	// content is seekable; an *os.File is handed to a decoder process as it is.
	Reader io.Reader
	Size   int64 // in bytes, -1 when unknown
	// Slow says that reading costs more than a disk read, as over a network:
	// estimates are then preferred to reading everything in between.
	Slow bool
	// Live says that the content never ends: it has no length.
	Live bool
	// Version tells what track.Track.Version would be of what is read here, now; nil = it
	// is not known. It is not called after Close.
	Version func() string
}

// Options of Open and Probe.
type Options struct {
	// FFmpeg decodes what is not decoded in process; nil refuses it instead.
	FFmpeg *FFmpeg
}

// Info is what Probe found.
type Info struct {
	Format string // for people: "Ogg Opus", "MP3", "FLAC"
	Title  string // the tags, empty when there are none
	Artist string
	Album  string
	tags.Place
	Artwork  *track.Artwork // nil when there is none
	Loudness track.Loudness // as the tags tell it
	Length   time.Duration  // 0 when unknown
	Live     bool           // no end is known and none can be found
	Seekable bool           // Open works at a time other than 0
}

// add fills what i does not know from t.
func (i *Info) add(t tags.Tags) {
	own := tags.Tags{Title: i.Title, Artist: i.Artist, Album: i.Album, Place: i.Place, Artwork: i.Artwork, Loudness: i.Loudness}
	own.Merge(t)
	i.Title, i.Artist, i.Album, i.Place, i.Artwork, i.Loudness = own.Title, own.Artist, own.Album, own.Place, own.Artwork, own.Loudness
}
