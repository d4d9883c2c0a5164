package exchange

import (
	"strings"
)

// column is what a column of a table holds.
type column uint8

const (
	unknown column = iota
	columnTitle
	columnArtist
	columnAlbum
	columnLink
	columnList
	columnTime   // 3:25, or seconds
	columnMillis // milliseconds
)

// columns are the names that exporters give their columns, in lower case: Busker,
// Exportify (old and new), TuneMyMusic, Soundiiz, Spotify's and Apple's own, foobar2000.
var columns = map[string]column{
	"title": columnTitle, "track name": columnTitle, "track title": columnTitle, "track": columnTitle,
	"song": columnTitle, "song name": columnTitle, "song title": columnTitle, "name": columnTitle,
	"artist": columnArtist, "artist name": columnArtist, "artist name(s)": columnArtist,
	"artists": columnArtist, "artist(s)": columnArtist, "artist names": columnArtist, "creator": columnArtist,
	"album": columnAlbum, "album name": columnAlbum, "album title": columnAlbum,
	"url": columnLink, "link": columnLink, "location": columnLink, "file": columnLink, "path": columnLink,
	"filename": columnLink, "file name": columnLink, "uri": columnLink, "track url": columnLink,
	"playlist name": columnList, "playlist": columnList,
	"duration": columnTime, "length": columnTime, "time": columnTime, "track duration": columnTime,
	"duration (ms)": columnMillis, "track duration (ms)": columnMillis, "duration_ms": columnMillis,
}

// hasHeader says whether the first line names the columns of a table.
func hasHeader(text string) bool {
	text, comma := delimiter(text)
	line, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	cells := strings.Split(strings.ReplaceAll(line, `"`, ""), string(comma))
	return len(cells) > 1 && len(cells) < 100 && header(cells) != nil
}

// header returns what each column holds, and nil when the row names no columns: at
// least two must be known, a title or a link among them.
func header(row []string) []column {
	layout := make([]column, len(row))
	known, enough := 0, false
	for i, name := range row {
		layout[i] = columns[strings.ToLower(clean(name))]
		if layout[i] != unknown {
			known++
		}
		enough = enough || layout[i] == columnTitle || layout[i] == columnLink
	}
	if known < min(2, len(row)) || !enough {
		return nil
	}
	return layout
}

// guess says what the columns of a row without names hold: links and times are
// recognised; of the rest, one is a line of text, the first of several the artist.
func guess(row []string) []column {
	layout := make([]column, len(row))
	var rest []int
	for i, cell := range row {
		switch cell = clean(cell); {
		case isLink(cell):
			layout[i] = columnLink
		case strings.Contains(cell, ":") && clock(cell) > 0:
			layout[i] = columnTime
		default:
			rest = append(rest, i)
		}
	}
	order := []column{columnArtist, columnTitle, columnAlbum}
	if len(rest) == 1 {
		order = []column{columnTitle}
		if len(row) == 1 {
			order = []column{columnLink}
		}
	}
	for n, i := range rest[:min(len(rest), len(order))] {
		layout[i] = order[n]
	}
	return layout
}
