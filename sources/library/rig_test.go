package library_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"busker/sources/folders"
	"busker/sources/library"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// song is what the tags of a file say.
type song struct{ title, artist, album, number, year string }

// wave is a WAV file of silence that says so.
func wave(s song) []byte {
	info := []byte("INFO")
	for _, f := range [][2]string{{"INAM", s.title}, {"IART", s.artist}, {"IPRD", s.album}, {"ITRK", s.number}, {"ICRD", s.year}} {
		if f[1] == "" {
			continue
		}
		info = binary.LittleEndian.AppendUint32(append(info, f[0]...), uint32(len(f[1])))
		info = append(info, f[1]...)
		if len(f[1])%2 == 1 {
			info = append(info, 0)
		}
	}
	data := make([]byte, 1600) // 100 ms
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00")
	b = append(binary.LittleEndian.AppendUint32(append(b, "LIST"...), uint32(len(info))), info...)
	b = append(binary.LittleEndian.AppendUint32(append(b, "data"...), uint32(len(data))), data...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

// rig is a folder and its index.
type rig struct {
	*library.Library
	testing.TB
	dir  string
	set  *folders.Set
	log  *lines
	stop func()
}

// lines is a log.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}

// start runs an index of dirs; before may change it.
func start(t testing.TB, o library.Options, before func(*library.Library), dirs ...string) *rig {
	t.Helper()
	set, err := folders.Open(dirs...)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{TB: t, dir: dirs[0], set: set, log: &lines{}}
	o.Folders = set
	o.Logger = slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r.Library = library.New(o)
	if before != nil {
		before(r.Library)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = set.Close()
	})
	t.Cleanup(r.stop)
	return r
}

// until waits until good, which is tried at every change.
func (r *rig) until(what string, good func() bool) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	for {
		changed := r.Changed()
		if good() {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			r.Fatalf("%s does not come: %+v\n%s\n%s", what, r.Progress(), r.Dump(), r.log.b.String())
		}
	}
}

func (r *rig) untilDone() {
	r.Helper()
	r.until("the end of the scan", func() bool { return !r.Progress().Busy() })
}

// write puts a file below the folder.
func (r *rig) write(name string, b []byte) {
	r.Helper()
	put(r.TB, filepath.Join(r.dir, name), b)
}

func put(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, b, 0o600)); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) rename(from, to string) {
	r.Helper()
	to = filepath.Join(r.dir, to)
	if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.Rename(filepath.Join(r.dir, from), to)); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) remove(name string) {
	r.Helper()
	if err := os.RemoveAll(filepath.Join(r.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.Fatal(err)
	}
}

// found describes the hits for text.
func (r *rig) found(text string) string {
	var all []string
	for _, h := range r.Search(text, 10) {
		all = append(all, h.Kind.String()+" "+h.Title)
	}
	return strings.Join(all, ", ")
}

// list is the titles of what a ref names.
func (r *rig) list(ref string) string {
	tracks, title, _, ok := r.List(ref, 1000)
	if !ok {
		return "nothing"
	}
	var all []string
	for _, t := range tracks {
		all = append(all, t.Title)
	}
	return title + ": " + strings.Join(all, ", ")
}
