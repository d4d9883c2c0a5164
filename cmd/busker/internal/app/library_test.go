package app_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"busker/cmd/busker/internal/app"
	"busker/cmd/busker/internal/config"
	"busker/sources/library"
	"busker/track"
)

// indexed waits until the index has all there is.
func (s *stage) indexed() *library.Library {
	s.t.Helper()
	l := s.app.Library()
	for {
		changed := l.Changed()
		if !l.Progress().Busy() {
			return l
		}
		select {
		case <-changed:
		case <-s.ctx.Done():
			s.t.Fatalf("%+v", l.Progress())
		}
	}
}

// The sample album is found with typing errors, as an album, and by a list beside it.
func TestTheMusicFoldersAreIndexed(t *testing.T) {
	more, kept := t.TempDir(), t.TempDir()
	s := newStage(t, func(o *app.Options) {
		songs, err := filepath.Glob(filepath.Join(o.MusicDir, "*.opus"))
		if err != nil || len(songs) == 0 {
			songs, err = filepath.Glob(filepath.Join(o.MusicDir, "*"))
		}
		b, readErr := os.ReadFile(songs[0])
		if err := errors.Join(err, readErr, os.WriteFile(filepath.Join(more, "Encore Piece"+filepath.Ext(songs[0])), b, 0o600),
			os.WriteFile(filepath.Join(more, "Favourites.m3u"), []byte("Encore Piece"+filepath.Ext(songs[0])), 0o600)); err != nil {
			t.Fatal(err)
		}
		o.MoreMusic, o.Cache = []string{more}, config.Cache{Dir: kept, MaxBytes: 1 << 20}
	})
	l := s.indexed()
	some := l.Random(1)
	if len(some) != 1 || some[0].Album == "" || l.Counts().Tracks < 2 {
		t.Fatalf("%+v of %+v", some, l.Counts())
	}
	for query, want := range map[string]func(track.Result) bool{
		some[0].Title + "x": func(r track.Result) bool { return r.Tracks[0].Title == some[0].Title },
		some[0].Album:       func(r track.Result) bool { return r.Playlist == some[0].Album || len(r.Tracks) == 1 },
		"favorites":         func(r track.Result) bool { return r.Playlist == "Favourites" && len(r.Tracks) == 1 },
	} {
		r, err := s.app.Sources().Resolve(t.Context(), track.Query{Text: query})
		if err != nil || !want(r) {
			t.Errorf("%s: %+v, %v", query, r, err)
		}
	}
	hits, err := s.app.Sources().Search(t.Context(), some[0].Title[:3], 5)
	if err != nil || len(hits) == 0 {
		t.Errorf("%+v, %v", hits, err)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if files, err := filepath.Glob(filepath.Join(kept, "library-*")); err != nil || len(files) != 1 {
		t.Errorf("%q is kept, %v", files, err)
	}
}
