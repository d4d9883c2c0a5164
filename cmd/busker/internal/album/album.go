// Package album is the sample music Busker brings along: four short pieces made for
// it, so that the demo has something to play and nobody's rights are touched.
//
// The files in music/ are made from package compose by the command gen.
package album

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"busker/cmd/busker/internal/album/compose"
)

//go:generate go run ./gen

//go:embed music
var files embed.FS

// Song is one track of the album.
type Song struct {
	Title string
	File  string // name inside the folder Unpack fills
	Cover []byte // PNG
}

// Songs returns the album in order.
func Songs() ([]Song, error) {
	var songs []Song
	for _, p := range compose.Pieces() {
		cover, err := files.ReadFile("music/" + p.File + ".png")
		if err != nil {
			return nil, fmt.Errorf("read the sample album: %w", err)
		}
		songs = append(songs, Song{Title: p.Title, File: p.File + Extension, Cover: cover})
	}
	return songs, nil
}

// Extension is the album's format: Ogg Opus.
const Extension = ".opus"

// Unpack writes the album's audio into dir.
func Unpack(dir string) error {
	return fs.WalkDir(files, "music", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != Extension {
			return err
		}
		raw, err := files.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read the sample album: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, entry.Name()), raw, 0o600); err != nil {
			return fmt.Errorf("unpack the sample album: %w", err)
		}
		return nil
	})
}
