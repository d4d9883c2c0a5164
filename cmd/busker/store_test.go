package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busker/playlists"
	"busker/store"
	"busker/store/storetest"
	"busker/track"
)

// TestStoreScripts has a Postgres server, which ends with this process.
func TestStoreScripts(t *testing.T) {
	address := storetest.Postgres(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/postgres", RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("POSTGRES", address)
			return fill(t, filepath.Join(e.WorkDir, "here.db"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"same": sameBackups},
	})
}

func fill(t *testing.T, path string) error {
	s := storetest.OpenAt(t, path, store.Options{})
	song := playlists.Entry{Track: track.Track{Source: "file", URI: "a.opus", Title: "Ä “quoted” <tag>"}}
	if _, err := s.Playlists().Create(t.Context(), playlists.Playlist{Owner: playlists.User(7), Name: "mine"}, song, song); err != nil {
		return err
	}
	_, err := s.Playlists().Like(t.Context(), 7, song.Track, song.Added)
	return err
}

// sameBackups compares two backups but for their first lines, which have the time.
func sameBackups(ts *testscript.TestScript, _ bool, args []string) {
	var texts []string
	for _, name := range args {
		r, err := gzip.NewReader(bytes.NewReader([]byte(ts.ReadFile(name))))
		ts.Check(err)
		text, err := io.ReadAll(r)
		ts.Check(err)
		_, rows, _ := strings.Cut(string(text), "\n")
		texts = append(texts, rows[:strings.LastIndex(rows, `{"rows"`)])
	}
	if texts[0] != texts[1] {
		ts.Fatalf("%s\nis not\n%s", texts[0], texts[1])
	}
}
