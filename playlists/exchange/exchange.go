// Package exchange reads and writes playlists as files of other programs: m3u, pls,
// xspf, CSV as streaming services' exporters write it, and plain text.
//
// It turns bytes into entries and back. It opens no file or link itself and does not
// find the music: an Entry says what to look for. All of it is safe for concurrent
// use. Input is hostile until read: its size, its number of entries and their length
// are bounded, and what is no playlist is a fault that says so.
package exchange

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"busker/internal/fault"
	"busker/track"
)

// MaxBytes is the largest file that is read: some 10,000 entries with long links and
// every column an exporter knows.
const MaxBytes = 8 << 20

// MaxEntries is how many entries are read when nobody wants fewer.
const MaxEntries = 100_000

// maxText is the longest text of an entry, in bytes: longer than any link people share.
const maxText = 2048

// List is a playlist as a file tells it.
type List struct {
	Title   string // "" when the file has none
	Entries []Entry
	Cut     int // entries that were left out because enough were read before
}

// Entry is one line of a playlist.
type Entry struct {
	Text   string // what to look for: a link, a path, or "artist - title"; never empty
	Title  string
	Artist string
	Album  string
	Length time.Duration // 0 when unknown; whole milliseconds
}

// Of returns the entry for a track.
func Of(t track.Track) Entry {
	return Entry{Text: t.URI, Title: t.Title, Artist: t.Artist, Album: t.Album, Length: t.Length}
}

// Format is the format of a playlist file.
type Format string

// The formats, each named as its file extension.
const (
	M3U  Format = "m3u8"
	PLS  Format = "pls"
	XSPF Format = "xspf"
	CSV  Format = "csv"
	Text Format = "txt"
)

// Formats returns all formats, the best known first.
func Formats() []Format { return []Format{M3U, PLS, XSPF, CSV, Text} }

// ParseFormat reads a format's name.
func ParseFormat(s string) (Format, error) {
	if f := Format(s); slices.Contains(Formats(), f) {
		return f, nil
	}
	return "", fault.Newf(fault.Invalid, "There is no playlist format %q.", s)
}

// Read reads a playlist of at most limit entries (0 = MaxEntries). The name of the file,
// which may be empty, helps where the content leaves open what it is.
//
// Text may be UTF-8, UTF-16 with a byte order mark, Windows-1252 or Shift JIS. What is
// too large is fault.TooLarge, what is no playlist fault.Unsupported, what breaks the
// rules of its format fault.Corrupt, and one without entries fault.Invalid.
func Read(name string, r io.Reader, limit int) (List, error) {
	content, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	switch {
	case err != nil:
		return List{}, fmt.Errorf("read playlist: %w", err)
	case len(content) > MaxBytes:
		return List{}, fault.Newf(fault.TooLarge, "A playlist file may have at most %d MiB.", MaxBytes>>20)
	}
	text, err := decode(content)
	if err != nil {
		return List{}, err
	}
	return parse(name, text, limit)
}

func parse(name, text string, limit int) (List, error) {
	format, err := detect(name, text)
	if err != nil {
		return List{}, err
	}
	c := collector{limit: limit}
	if err := parsers[format](text, &c); err != nil {
		return List{}, err
	}
	if len(c.list.Entries) == 0 {
		return List{}, fault.New(fault.Invalid, "There are no tracks in that playlist.")
	}
	return c.list, nil
}

var parsers = map[Format]func(string, *collector) error{
	M3U: readM3U, PLS: readPLS, XSPF: readXSPF, CSV: readCSV, Text: readText,
}

// Write writes a playlist, in UTF-8. What a format has no place for is left out: pls
// has no albums, plain text neither albums nor lengths.
func Write(w io.Writer, f Format, l List) error {
	write, ok := writers[f]
	if !ok {
		return fault.Newf(fault.Invalid, "There is no playlist format %q.", string(f))
	}
	l.Title = clean(l.Title)
	var b strings.Builder
	write(&b, tidied(l))
	_, err := io.WriteString(w, b.String())
	return err
}

var writers = map[Format]func(*strings.Builder, List){
	M3U: writeM3U, PLS: writePLS, XSPF: writeXSPF, CSV: writeCSV, Text: writeText,
}

func tidied(l List) List {
	c := collector{}
	for _, e := range l.Entries {
		c.add(e)
	}
	return List{Title: l.Title, Entries: c.list.Entries}
}
