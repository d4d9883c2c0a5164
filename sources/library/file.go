package library

import (
	"path"
	"time"

	"busker/sources/decode"
	"busker/sources/folders"
	"busker/sources/library/find"
	"busker/sources/names"
	"busker/track"
)

// state is how much is known of a file.
type state uint8

const (
	named     state = iota // its name; it waits to be described
	described              // what it says of itself
	refused                // that it cannot be played: it is in no search
	listed                 // it is a playlist file, which is not described
	states
)

// file is one file of the music folders. Run's goroutine alone changes it.
type file struct {
	folder  *folder
	name    string // in the folder
	size    int64
	changed int64 // nanoseconds since 1970
	state   state
	gone    bool
	tried   bool // to describe it, in vain, since the last full pass
	doc     find.Doc
	shown   bool // it has a doc
	about
	groups [3]*group // its artist, whose album it is, and the album; nil where there is none
	at     [3]int    // where in their files it is
}

// about is what a file says of itself.
type about struct {
	title, artist, album string
	albumArtist, genre   string
	format               string
	length               time.Duration
	lufs, peak           float32
	number, disc, year   uint16
	measured             bool // lufs is known
	artwork, seekable    bool
}

// aboutOf keeps what is told of a file. What many files have in common is kept once.
func aboutOf(info *decode.Info, once func(string) string) about {
	return about{
		title: info.Title, artist: once(info.Artist), album: once(info.Album),
		albumArtist: once(info.AlbumArtist), genre: once(info.Genre), format: once(info.Format),
		length: info.Length, lufs: float32(info.Loudness.LUFS), peak: float32(info.Loudness.Peak), measured: info.Loudness.Known,
		number: uint16(info.Number), disc: uint16(info.Disc), year: uint16(info.Year),
		artwork: info.Artwork != nil, seekable: info.Seekable,
	}
}

func (f *file) place() folders.Place { return f.folder.place.Below(f.name) }

func (f *file) uri() string { return f.place().URI() }

// called is the title, or what stands for it.
func (f *file) called() string {
	if f.title != "" {
		return f.title
	}
	return names.Stem(f.name)
}

// track is f as its source describes it, but for the picture.
func (f *file) track() track.Track {
	t := track.Track{
		Source: folders.Source, URI: f.uri(), Title: f.called(), Artist: f.artist, Album: f.album,
		Length: f.length, Format: f.format, Seekable: f.seekable,
		Version: folders.VersionOf(f.size, f.changed), Cacheable: true,
	}
	if f.measured {
		t.Loudness = track.Loudness{LUFS: float64(f.lufs), Peak: float64(f.peak), Known: true}
	}
	return t
}

// entity is what a document of the search stands for.
type entity interface {
	fields() find.Fields
	hit() track.Hit
}

func (f *file) fields() find.Fields {
	fields := find.Fields{Title: f.called(), Artist: f.artist, Album: f.album, Path: f.folder.place.Path}
	if f.albumArtist != f.artist {
		fields.Artist += " " + f.albumArtist
	}
	if f.title != "" {
		fields.Path = path.Join(fields.Path, names.Stem(f.name))
	}
	return fields
}

func (f *file) hit() track.Hit {
	h := track.Hit{
		Kind: track.One, Source: folders.Source, Ref: refOf(track.One, f.uri()), Title: f.called(), Artist: f.artist, Tracks: 1,
		Length: f.length, Track: f.track(),
	}
	if f.state == listed {
		h.Kind, h.Tracks, h.Track = track.List, 0, track.Track{}
	}
	return h
}
