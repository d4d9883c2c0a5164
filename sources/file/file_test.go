package file_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"busker/audio"
	"busker/internal/fault"
	"busker/sources/file"
	"busker/track"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wave is a WAV file of silence with a title in it.
func wave(title string, length time.Duration) []byte {
	info := append([]byte("INFOINAM"), binary.LittleEndian.AppendUint32(nil, uint32(len(title)))...)
	info = append(info, title...)
	if len(title)%2 == 1 {
		info = append(info, 0)
	}
	data := make([]byte, int(length.Seconds()*8000)*2)
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00")
	if title != "" {
		b = append(binary.LittleEndian.AppendUint32(append(b, "LIST"...), uint32(len(info))), info...)
	}
	b = append(binary.LittleEndian.AppendUint32(append(b, "data"...), uint32(len(data))), data...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

// folder makes a music folder, and beside it a file nobody may reach.
func folder(t *testing.T) (root string) {
	t.Helper()
	dir := t.TempDir()
	root = filepath.Join(dir, "music")
	write := func(name string, b []byte) {
		t.Helper()
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("song.wav", wave("A Song", time.Second))
	write("Björk/Jóga.wav", wave("", time.Second))
	write("Album/10 Last.wav", wave("", time.Second))
	write("Album/2 Second.wav", wave("", time.Second))
	write("Album/1 First.wav", wave("The First", time.Second))
	write("Album/cover.jpg", []byte("\xff\xd8\xff\xe0"))
	write("Album/broken.wav", []byte("RIFF"))
	write("Empty/readme.txt", []byte("nothing here"))
	write("page.mp3", []byte("<!DOCTYPE html><title>404</title>"))
	write("nothing.ogg", nil)
	write(".hidden/secret song.wav", wave("", time.Second))
	write("../outside.wav", wave("Outside", time.Second))
	for link, to := range map[string]string{
		"escape.wav": "../outside.wav", "absolute.wav": filepath.Join(dir, "outside.wav"),
		"up": "..", "inside.wav": "song.wav", "loop": "loop",
	} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(root, "pipe.wav"), 0o600); err != nil {
		t.Fatal(err)
	}
	return root
}

func open(t *testing.T, root string) *file.Source {
	t.Helper()
	s, err := file.New(file.Options{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestResolve(t *testing.T) {
	s := open(t, folder(t))
	for _, tt := range []struct{ query, uri, title string }{
		{"song.wav", "song.wav", "A Song"},
		{"./Album/../song.wav", "song.wav", "A Song"},
		{"/song.wav", "song.wav", "A Song"},
		{"inside.wav", "inside.wav", "A Song"},
		{"song", "song.wav", "A Song"},
		{"SONG", "song.wav", "A Song"},
		{"bjork joga", "Björk/Jóga.wav", "Jóga"},
		{"JOGA", "Björk/Jóga.wav", "Jóga"},
		{"album first", "Album/1 First.wav", "The First"},
		{"seco", "Album/2 Second.wav", "2 Second"},
	} {
		t.Run(tt.query, func(t *testing.T) {
			r, err := s.Resolve(t.Context(), track.Query{Text: tt.query})
			if err != nil {
				t.Fatal(err)
			}
			got := r.Tracks[0]
			if len(r.Tracks) != 1 || got.URI != tt.uri || got.Title != tt.title || got.Source != "file" ||
				got.Length != time.Second || !got.Seekable || got.Format != "WAV" {
				t.Errorf("%+v", r)
			}
			reader, err := s.Open(t.Context(), got, 500*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			blocks := 0
			for b := new(audio.Block); reader.ReadBlock(b) == nil; blocks++ {
			}
			if err := reader.Close(); err != nil || blocks != 25 {
				t.Errorf("%d blocks from the middle, %v", blocks, err)
			}
		})
	}
}

func TestFolderIsAPlaylistInOrder(t *testing.T) {
	s := open(t, folder(t))
	for _, query := range []string{"Album", "album", "Album/"} {
		r, err := s.Resolve(t.Context(), track.Query{Text: query})
		if err != nil {
			t.Fatal(err)
		}
		var titles []string
		for _, t := range r.Tracks {
			titles = append(titles, t.Title)
		}
		if got := strings.Join(titles, ", "); got != "The First, 2 Second, 10 Last" || r.Playlist != "Album" {
			t.Errorf("%s: %s of %q", query, got, r.Playlist)
		}
	}
}

func TestWhatCannotBePlayed(t *testing.T) {
	s := open(t, folder(t))
	missing := func(q string) string { return "There is no “" + q + "” in the music folder." }
	for _, tt := range []struct {
		query   string
		kind    fault.Kind
		message string
	}{
		{"no such file.wav", fault.NotFound, missing("no such file.wav")},
		{"../outside.wav", fault.NotFound, missing("../outside.wav")},
		{"Album/../../outside.wav", fault.NotFound, missing("Album/../../outside.wav")},
		{"/etc/passwd", fault.NotFound, missing("/etc/passwd")},
		{"escape.wav", fault.NotFound, missing("escape.wav")},
		{"absolute.wav", fault.NotFound, missing("absolute.wav")},
		{"up/outside.wav", fault.NotFound, missing("up/outside.wav")},
		{"up", fault.NotFound, missing("up")},
		{"loop", fault.NotFound, missing("loop")},
		{"outside", fault.NotFound, missing("outside")},
		{"song.wav\x00.mp3", fault.NotFound, missing("song.wav\x00.mp3")},
		{"secret song", fault.NotFound, missing("secret song")},
		{"cover", fault.NotFound, missing("cover")},
		{"page.mp3", fault.Unsupported, "This is a web page (HTML), not audio."},
		{"nothing.ogg", fault.Corrupt, "This file is empty."},
		{"Album/cover.jpg", fault.Unsupported, "This is a picture (JPEG), not audio."},
		{"pipe.wav", fault.Unsupported, "“pipe.wav” is not a file."},
		{"Empty", fault.NotFound, "There is nothing to play in the folder “Empty”."},
	} {
		t.Run(tt.query, func(t *testing.T) {
			_, err := s.Resolve(t.Context(), track.Query{Text: tt.query})
			if m, _ := fault.Message(err); fault.KindOf(err) != tt.kind || m != tt.message {
				t.Errorf("%v: %q (%v)", fault.KindOf(err), m, err)
			}
			r, err := s.Open(t.Context(), track.Track{Source: file.Name, URI: tt.query}, 0)
			if err == nil {
				_ = r.Close()
				t.Error("it can be opened")
			}
		})
	}
}

func TestAccepts(t *testing.T) {
	s := open(t, t.TempDir())
	for text, want := range map[string]bool{
		"song": true, "a/b.mp3": true, "C:/x": true,
		"": false, "  ": false, "https://example.org/a.mp3": false, "file:///etc/passwd": false,
	} {
		if got := s.Accepts(track.Query{Text: text}); got != want {
			t.Errorf("Accepts(%q) = %v", text, got)
		}
	}
}

func TestMissingFolder(t *testing.T) {
	_, err := file.New(file.Options{Root: filepath.Join(t.TempDir(), "no")})
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
}

func FuzzResolve(f *testing.F) {
	for _, q := range []string{"song", "../x", "a\x00b", "/", ".", "Ünï", "\xff", "10 2", "../../etc/passwd", "a/./b/../.."} {
		f.Add(q)
	}
	dir := f.TempDir()
	root := filepath.Join(dir, "music")
	if err := os.Mkdir(root, 0o700); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "outside.wav"), wave("Outside", time.Second), 0o600); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "1 ä.wav"), wave("", time.Second), 0o600); err != nil {
		f.Fatal(err)
	}
	s, err := file.New(file.Options{Root: root, Refresh: time.Hour})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	f.Fuzz(func(t *testing.T, q string) {
		r, err := s.Resolve(t.Context(), track.Query{Text: q})
		if err != nil {
			if _, ok := fault.Message(err); !ok {
				t.Errorf("nothing to say of %v", err)
			}
			return
		}
		if r.Tracks[0].URI != "1 ä.wav" {
			t.Errorf("%q leads to %+v", q, r)
		}
	})
}
