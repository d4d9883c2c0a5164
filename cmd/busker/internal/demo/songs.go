package demo

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"busker/cmd/busker/internal/album"
)

// song is something the page suggests to play.
type song struct {
	Title  string `json:"title"`
	Query  string `json:"query"`  // for the option below
	Option string `json:"option"` // of /play
	Note   string `json:"note"`
	Cover  string `json:"cover,omitempty"`

	cover []byte
}

const (
	playOption = "query"
	// maxSongs is how many songs of somebody's own folder are suggested.
	maxSongs = 8
)

// music is the folder the bot plays from.
type music struct {
	dir   string
	songs []song
	close func() error
}

// openMusic takes the visitor's folder, or unpacks the sample album into one that
// close removes.
func openMusic(dir string) (*music, error) {
	if dir != "" {
		songs, err := ownSongs(dir)
		return &music{dir: dir, songs: songs, close: func() error { return nil }}, err
	}
	temp, err := os.MkdirTemp("", "busker-album-")
	if err != nil {
		return nil, fmt.Errorf("make room for the sample album: %w", err)
	}
	m := &music{dir: temp, close: func() error { return os.RemoveAll(temp) }}
	if m.songs, err = albumSongs(temp); err != nil {
		_ = m.close()
		return nil, err
	}
	return m, nil
}

func albumSongs(dir string) ([]song, error) {
	if err := album.Unpack(dir); err != nil {
		return nil, err
	}
	tracks, err := album.Songs()
	if err != nil {
		return nil, err
	}
	var songs []song
	for i, t := range tracks {
		songs = append(songs, song{
			Title: t.Title, Query: t.File, Option: playOption, Note: "sample album",
			Cover: fmt.Sprintf("cover/%d.png", i+1), cover: t.Cover,
		})
	}
	return songs, nil
}

// playable are the endings of files worth suggesting; what they hold is sniffed
// when they are played.
var playable = []string{".opus", ".ogg", ".oga", ".mp3", ".flac", ".wav", ".m4a", ".mp4", ".aac", ".webm", ".mka"}

func ownSongs(dir string) ([]song, error) {
	var songs []song
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		ending := filepath.Ext(path)
		if entry.IsDir() || !slices.Contains(playable, strings.ToLower(ending)) {
			return nil
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		songs = append(songs, song{
			Title: strings.TrimSuffix(entry.Name(), ending), Query: filepath.ToSlash(name), Option: playOption, Note: "your folder",
		})
		if len(songs) == maxSongs {
			return filepath.SkipAll
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the music folder: %w", err)
	}
	return songs, nil
}
