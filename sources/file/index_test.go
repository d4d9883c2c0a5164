package file_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/sources/file"
	"busker/sources/folders"
	"busker/sources/library"
	"busker/track"
)

// all is the whole of a result, however it comes.
func all(t *testing.T, r track.Result) []track.Track {
	t.Helper()
	tracks := r.Tracks
	for r.Rest != nil {
		more, err := r.Rest(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || len(more) == 0 {
			t.Fatalf("%d more, %v", len(more), err)
		}
		tracks = append(tracks, more...)
	}
	return tracks
}

func titles(tracks []track.Track) string {
	var all []string
	for _, t := range tracks {
		all = append(all, t.Title)
	}
	return strings.Join(all, ", ")
}

// lineList reads lists of one entry a line.
type lineList struct{}

func (lineList) Read(_ string, r io.Reader, most int) (title string, entries []string, err error) {
	for lines := bufio.NewScanner(r); lines.Scan() && len(entries) < most; {
		entries = append(entries, lines.Text())
	}
	if len(entries) > 0 && entries[0] == "damaged" {
		return "", nil, fault.New(fault.Corrupt, "This list is damaged.")
	}
	return "", entries, nil
}

// indexed is a Source with an index that is complete, over a second folder, too.
func indexed(t *testing.T, o file.Options, dirs ...string) *file.Source {
	t.Helper()
	set, err := folders.Open(dirs...)
	if err != nil {
		t.Fatal(err)
	}
	l := library.New(library.Options{Folders: set, Still: true})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	for changed := l.Changed(); l.Progress().Busy(); changed = l.Changed() {
		if !l.Progress().Busy() {
			break
		}
		<-changed
	}
	o.Folders, o.Index = set, l
	s, err := file.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		<-ended
		_ = s.Close()
		_ = set.Close()
	})
	return s
}

// TestTheIndexAnswersAsTheFolderDoes asks both the same.
func TestTheIndexAnswersAsTheFolderDoes(t *testing.T) {
	root := folder(t)
	plain, quick := open(t, root), indexed(t, file.Options{}, root)
	for _, query := range []string{
		"song.wav", "song", "SONG", "bjork joga", "JOGA", "album first", "seco", "Album", "album", "Album/", "inside.wav", "/song.wav",
		"no such file.wav", "../outside.wav", "escape.wav", "up", "loop", "outside", "secret song", "cover", "page.mp3", "nothing.ogg", "pipe.wav", "Empty", ".",
	} {
		want, wantErr := plain.Resolve(t.Context(), track.Query{Text: query})
		got, err := quick.Resolve(t.Context(), track.Query{Text: query})
		a, _ := fault.Message(wantErr)
		b, _ := fault.Message(err)
		if a != b || titles(all(t, got)) != titles(all(t, want)) {
			t.Errorf("%s: %s (%v), not %s (%v)", query, titles(got.Tracks), err, titles(want.Tracks), wantErr)
		}
	}
}

func TestWordsMeanWhatTheyFitBest(t *testing.T) {
	one, two := filepath.Join(t.TempDir(), "One"), filepath.Join(t.TempDir(), "Two")
	for name, title := range map[string]string{"Homogenic/1.wav": "Hunter", "Homogenic/2.wav": "Jóga", "Homogenic/3.wav": "Unravel", "x.wav": "Bachelorette"} {
		put(t, filepath.Join(two, name), wave(title, 100*time.Millisecond))
	}
	put(t, filepath.Join(one, "a.wav"), wave("Alpha", 100*time.Millisecond))
	s := indexed(t, file.Options{}, one, two)
	for query, want := range map[string]string{
		"homogenic": "Hunter, Jóga, Unravel", "homogenik": "Hunter, Jóga, Unravel", "homogenic jga": "Jóga", "homog": "Hunter", "bachelorete": "Bachelorette",
		"//Two/Homogenic": "Hunter, Jóga, Unravel", "Homogenic": "Hunter, Jóga, Unravel", "//Two/x.wav": "Bachelorette", "//Two": "Hunter", "alpha.wav": "Alpha",
		"Homogenic/2.wav": "Jóga",
	} {
		r, err := s.Resolve(t.Context(), track.Query{Text: query})
		if query == "//Two" {
			want = "Bachelorette, Hunter, Jóga, Unravel"
		}
		if got := titles(all(t, r)); err != nil || got != want {
			t.Errorf("%s: %s, %v", query, got, err)
		}
	}
	hits, err := s.Search(t.Context(), "jog", 5)
	if err != nil || len(hits) != 1 || hits[0].Title != "Jóga" {
		t.Fatalf("%+v, %v", hits, err)
	}
	r, err := s.Resolve(t.Context(), track.Query{Text: hits[0].Ref})
	if err != nil || titles(r.Tracks) != "Jóga" || r.Tracks[0].URI != "//Two/Homogenic/2.wav" {
		t.Errorf("%+v, %v", r, err)
	}
	reader, err := s.Open(t.Context(), r.Tracks[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	_ = reader.Close()
}

func TestLongListsComeInBatches(t *testing.T) {
	root := t.TempDir()
	for i := range 25 {
		put(t, filepath.Join(root, "list", fmt.Sprintf("%d.wav", i)), wave("", 10*time.Millisecond))
	}
	plain, err := file.New(file.Options{Root: root, Batch: 10, MaxPlaylist: 23})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plain.Close() })
	for name, s := range map[string]*file.Source{"read": plain, "indexed": indexed(t, file.Options{Batch: 10, MaxPlaylist: 23}, root)} {
		r, err := s.Resolve(t.Context(), track.Query{Text: "list"})
		if err != nil || len(r.Tracks) == 0 || len(r.Tracks) > 10 || r.Total != 23 || r.Rest == nil {
			t.Fatalf("%s: %d of %d, %v", name, len(r.Tracks), r.Total, err)
		}
		got := all(t, r)
		if len(got) != 23 || got[22].Title != "22" {
			t.Errorf("%s: %s", name, titles(got))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r, _ = s.Resolve(t.Context(), track.Query{Text: "list"})
		if _, err := r.Rest(ctx); fault.KindOf(err) != fault.Canceled {
			t.Errorf("%s: nobody wants it any more, and it is %v", name, err)
		}
	}
}

func TestPlaylistFiles(t *testing.T) {
	one, two := filepath.Join(t.TempDir(), "One"), filepath.Join(t.TempDir(), "Two")
	put(t, filepath.Join(one, "a b.wav"), wave("A", 100*time.Millisecond))
	put(t, filepath.Join(one, "sub/c.wav"), wave("C", 100*time.Millisecond))
	put(t, filepath.Join(two, "d.wav"), wave("D", 100*time.Millisecond))
	real, err := filepath.EvalSymlinks(two)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(one, "sub/Party Mix.m3u"), []byte(strings.Join([]string{
		"c.wav", "../a b.wav", `..\a b.wav`, "gone.wav", "../../outside.wav", "/etc/passwd", filepath.Join(real, "d.wav"),
		"https://example.org/x", "https://example.org/gone", "Party Mix.m3u",
	}, "\n")))
	put(t, filepath.Join(one, "damaged.m3u"), []byte("damaged"))
	put(t, filepath.Join(one, "nothing.m3u"), []byte("gone.wav"))
	o := file.Options{Lists: lineList{}, Elsewhere: func(_ context.Context, q track.Query) (track.Result, error) {
		if strings.HasSuffix(q.Text, "gone") {
			return track.Result{}, errors.New("gone")
		}
		return track.Result{Tracks: []track.Track{{Source: "web", URI: q.Text, Title: "X"}}}, nil
	}}
	s := indexed(t, o, one, two)
	o.Root = one
	plain, err := file.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plain.Close() })
	for _, tt := range []struct {
		source      *file.Source
		query, want string
	}{
		{s, "sub/Party Mix.m3u", "C, A, A, D, X"},
		{s, "party mix", "C, A, A, D, X"},
		{plain, "party mix", "C, A, A, X"},
	} {
		r, err := tt.source.Resolve(t.Context(), track.Query{Text: tt.query})
		if got := titles(all(t, r)); err != nil || got != tt.want || r.Playlist != "Party Mix" {
			t.Errorf("%s: %s of %q, %v", tt.query, got, r.Playlist, err)
		}
	}
	for query, want := range map[string]string{"damaged.m3u": "This list is damaged.", "nothing.m3u": "There is nothing to play in the list “nothing”."} {
		_, err := s.Resolve(t.Context(), track.Query{Text: query})
		if m, _ := fault.Message(err); m != want {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestArtworkIsFoundLater(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "list/a.wav"), covered(1, 1000))
	s := indexed(t, file.Options{}, root)
	r, err := s.Resolve(t.Context(), track.Query{Text: "list"})
	if err != nil || r.Tracks[0].Artwork == nil {
		t.Errorf("the first of a list: %+v, %v", r, err)
	}
	art, err := s.Artwork(t.Context(), track.Track{Source: file.Name, URI: "list/a.wav"})
	if err != nil || art == nil || art.MIME != "image/png" {
		t.Errorf("%+v, %v", art, err)
	}
	if _, err := s.Artwork(t.Context(), track.Track{Source: file.Name, URI: "gone.wav"}); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

func put(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, b, 0o600)); err != nil {
		t.Fatal(err)
	}
}
