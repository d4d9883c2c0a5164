package folders_test

import (
	"os"
	"path/filepath"
	"testing"

	"busker/internal/fault"
	"busker/sources/folders"
)

// make makes folders of files below a new one, which it returns.
func lay(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func open(t *testing.T, dirs ...string) *folders.Set {
	t.Helper()
	s, err := folders.Open(dirs...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// read returns what a URI leads to.
func read(t *testing.T, s *folders.Set, uri string) string {
	t.Helper()
	p, _, ok := s.Find(uri)
	if !ok {
		return ""
	}
	f, _, err := p.Open()
	if err != nil {
		return ""
	}
	defer f.Close()
	b := make([]byte, 100)
	n, _ := f.Read(b)
	return string(b[:n])
}

func TestURIsOutliveTheOrderOfFolders(t *testing.T) {
	dir := lay(t, "Rock/a.mp3", "Rock/both.mp3", "Jazz/b.mp3", "Jazz/both.mp3", "old/Rock/c.mp3")
	rock, jazz, old := filepath.Join(dir, "Rock"), filepath.Join(dir, "Jazz"), filepath.Join(dir, "old/Rock")
	three := open(t, rock, jazz, old)
	one := three.List()[2].URI("c.mp3")
	for _, s := range []*folders.Set{three, open(t, rock, old, jazz), open(t, rock, jazz+"/.", old+"/")} {
		for uri, want := range map[string]string{
			"a.mp3": "Rock/a.mp3", "//Rock/a.mp3": "Rock/a.mp3", "//Jazz/b.mp3": "Jazz/b.mp3", "both.mp3": "Rock/both.mp3",
			"//Jazz/both.mp3": "Jazz/both.mp3", "b.mp3": "Jazz/b.mp3", "/a.mp3": "Rock/a.mp3", "//a.mp3": "Rock/a.mp3", one: "old/Rock/c.mp3",
			"//Jazz/../Rock/a.mp3": "", "../Rock/a.mp3": "", "//Jazz/a.mp3": "", "a.mp3\x00": "", "": "",
		} {
			if got := read(t, s, uri); got != want {
				t.Errorf("%s leads to %q, want %q", uri, got, want)
			}
		}
	}
	turned := open(t, jazz, rock)
	for uri, want := range map[string]string{"a.mp3": "Rock/a.mp3", "//Jazz/both.mp3": "Jazz/both.mp3", "//Rock/both.mp3": "Rock/both.mp3"} {
		if got := read(t, turned, uri); got != want {
			t.Errorf("the other way round %s leads to %q, want %q", uri, got, want)
		}
	}
	for _, f := range three.List() {
		p, _, _ := three.Find(f.URI("."))
		if p.Folder != f || p.Path != "." || p.URI() != f.URI(".") {
			t.Errorf("%s leads to %+v", f.URI("."), p)
		}
	}
}

func TestFoldersThatCannotBe(t *testing.T) {
	dir := lay(t, "in/a", "out/b")
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "in"), link); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		dirs []string
		kind fault.Kind
	}{
		"missing":       {[]string{filepath.Join(dir, "no")}, fault.NotFound},
		"a file":        {[]string{filepath.Join(dir, "in/a")}, fault.NotFound},
		"inside":        {[]string{dir, filepath.Join(dir, "in")}, fault.Invalid},
		"around":        {[]string{filepath.Join(dir, "in"), dir}, fault.Invalid},
		"twice":         {[]string{dir, dir}, fault.Invalid},
		"twice, a link": {[]string{filepath.Join(dir, "in"), link}, fault.Invalid},
	} {
		if _, err := folders.Open(tt.dirs...); fault.KindOf(err) != tt.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s := open(t, link); s.List()[0].Name != "link" {
		t.Errorf("a link goes by the name %q", s.List()[0].Name)
	}
}
