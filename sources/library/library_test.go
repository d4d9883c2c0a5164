package library_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busker/sources/library"
	"busker/track"
)

// collection is a folder of some music.
func collection(t testing.TB) string {
	dir := t.TempDir()
	for name, s := range map[string]song{
		"Queen/Opera/b.wav":          {"Bohemian Rhapsody", "Queen", "A Night at the Opera", "11", "1975"},
		"Queen/Opera/a.wav":          {"Love of My Life", "Queen", "A Night at the Opera", "9", "1975"},
		"Queen/News/2.wav":           {"We Will Rock You", "Queen", "News of the World", "1", "1977"},
		"Queen/News/1.wav":           {"We Are the Champions", "Queen", "News of the World", "2", "1977"},
		"Mix/CD1/x.wav":              {"One", "Somebody", "Mixtape", "", ""},
		"Mix/CD2/y.wav":              {"Two", "Another", "Mixtape", "", ""},
		"Loose/10 Ten.wav":           {},
		"Loose/2 Two.wav":            {},
		"Loose/.hidden.wav":          {title: "Hidden"},
		".dot/secret.wav":            {title: "Secret"},
		"Björk/Homogenic/1 Jóga.wav": {},
	} {
		put(t, filepath.Join(dir, name), wave(s))
	}
	put(t, filepath.Join(dir, "Loose/list.m3u"), []byte("2 Two.wav\n"))
	put(t, filepath.Join(dir, "Loose/cover.jpg"), []byte("\xff\xd8\xff"))
	put(t, filepath.Join(dir, "Loose/broken.flac"), []byte("fLaC"))
	put(t, filepath.Join(dir, "Loose/page.mp3"), []byte("<!DOCTYPE html>"))
	put(t, filepath.Join(dir, "Empty/readme.txt"), nil)
	return dir
}

func TestIndex(t *testing.T) {
	dir := collection(t)
	outside := t.TempDir()
	put(t, filepath.Join(outside, "outside.wav"), wave(song{title: "Outside"}))
	for link, to := range map[string]string{
		"escape.wav": filepath.Join(outside, "outside.wav"), "up": outside, "inside.wav": "Queen/Opera/b.wav", "loop": ".", "dangling.wav": "no",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	r := start(t, library.Options{}, nil, dir)
	r.untilDone()
	if c := r.Counts(); c != (library.Counts{Tracks: 10, Albums: 4, Artists: 3, Folders: 11, Lists: 1, Refused: 2, Length: time.Second}) {
		t.Errorf("%+v", c)
	}
	for text, want := range map[string]string{
		"bohemian rapsody":    "track Bohemian Rhapsody, track Bohemian Rhapsody",
		"mixtape":             "album Mixtape, track One, track Two",
		"night at the opera":  "album A Night at the Opera, album A Night at the Opera, track Bohemian Rhapsody, track Bohemian Rhapsody, track Love of My Life",
		"list":                "list list",
		"joga":                "track 1 Jóga",
		"bjork":               "folder Björk, track 1 Jóga, folder Homogenic",
		"2 Two.wav":           "track 2 Two",
		"outside":             "",
		"hidden":              "",
		"secret":              "",
		"broken":              "",
		"page":                "",
		"cover":               "",
		"empty":               "",
		"dangling":            "",
		"we are the champion": "track We Are the Champions",
	} {
		if got := r.found(text); got != want {
			t.Errorf("%q finds %s, want %s", text, got, want)
		}
	}
	if got := r.found("queen"); !strings.HasPrefix(got, "artist Queen, folder Queen, ") {
		t.Errorf("queen finds %s", got)
	}
	if h := r.Search("queen", 1); len(h) != 1 || !h[0].Whole || h[0].Tracks != 5 || h[0].Length != 500*time.Millisecond {
		t.Errorf("%+v", h)
	}
}

func TestListsAreInOrder(t *testing.T) {
	r := start(t, library.Options{}, nil, collection(t))
	r.untilDone()
	for text, want := range map[string]string{
		"queen":              "Queen: Love of My Life, Bohemian Rhapsody, We Will Rock You, We Are the Champions",
		"a night at the ope": "A Night at the Opera: Love of My Life, Bohemian Rhapsody",
		"mixtape":            "Mixtape: One, Two",
	} {
		if got := r.list(r.Search(text, 1)[0].Ref); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	for ref, want := range map[string]string{
		"Queen":                          "Queen: We Will Rock You, We Are the Champions, Love of My Life, Bohemian Rhapsody",
		"/Queen/":                        "Queen: We Will Rock You, We Are the Champions, Love of My Life, Bohemian Rhapsody",
		"Loose":                          "Loose: 2 Two, 10 Ten",
		"Mix":                            "Mix: One, Two",
		"Empty":                          "Empty: ",
		"No":                             "nothing",
		"../x":                           "nothing",
		"library:":                       "nothing",
		".dot":                           "nothing",
		"library:album:0000000000000000": "nothing",
		"Queen/News/1.wav":               "We Are the Champions: We Are the Champions",
	} {
		if got := r.list(ref); got != want {
			t.Errorf("%s is %s, want %s", ref, got, want)
		}
	}
	if some := r.Random(3); len(some) != 3 || some[0].URI == some[1].URI {
		t.Errorf("%+v", some)
	}
	if all := r.Random(100); len(all) != 9 {
		t.Errorf("%d of 9", len(all))
	}
}

func TestLookup(t *testing.T) {
	r := start(t, library.Options{}, nil, collection(t))
	r.untilDone()
	got, ok := r.Lookup("Queen/Opera/b.wav")
	if !ok || got.Title != "Bohemian Rhapsody" || got.Artist != "Queen" || got.Album != "A Night at the Opera" || got.Format != "WAV" ||
		got.Length != 100*time.Millisecond || !got.Seekable || !got.Cacheable || got.Version == "" || got.Source != "file" {
		t.Errorf("%+v", got)
	}
	for _, uri := range []string{"Loose/broken.flac", "Loose/list.m3u", "no.wav", "Queen", "", "../x"} {
		if got, ok := r.Lookup(uri); ok {
			t.Errorf("%s: %+v", uri, got)
		}
	}
}

func TestSeveralFolders(t *testing.T) {
	one, two := filepath.Join(t.TempDir(), "One"), filepath.Join(t.TempDir(), "Two")
	put(t, filepath.Join(one, "a.wav"), wave(song{title: "Alpha", artist: "Same"}))
	put(t, filepath.Join(two, "a.wav"), wave(song{title: "Beta", artist: "Same"}))
	put(t, filepath.Join(two, strings.Repeat("long name ", 15), "c.wav"), wave(song{title: "Gamma"}))
	r := start(t, library.Options{}, nil, one, two)
	r.untilDone()
	for text, want := range map[string]string{"alpha": "a.wav", "beta": "//Two/a.wav"} {
		if h := r.Search(text, 1); len(h) != 1 || h[0].Ref != want || h[0].Track.URI != want {
			t.Errorf("%s: %+v", text, h)
		}
	}
	if got := r.list(r.Search("same", 1)[0].Ref); got != "Same: Beta, Alpha" {
		t.Error(got)
	}
	if got := r.list("//Two/."); !strings.HasPrefix(got, "Two: Beta, Gamma") {
		t.Error(got)
	}
	h := r.Search("gamma", 1)
	if len(h) != 1 || len([]rune(h[0].Ref)) > track.MaxRef {
		t.Fatalf("%+v", h)
	}
	if got := r.list(h[0].Ref); got != "Gamma: Gamma" {
		t.Errorf("%s leads to %s", h[0].Ref, got)
	}
}

func TestARestartDescribesWhatChanged(t *testing.T) {
	dir := collection(t)
	o := library.Options{File: filepath.Join(t.TempDir(), "library")}
	r := start(t, o, nil, dir)
	r.untilDone()
	want := r.Dump()
	r.stop()
	r = start(t, o, nil, dir)
	r.untilDone()
	if p := r.Progress(); p.Of != 0 || r.Dump() != want {
		t.Errorf("%d files were described again:\n%s\nwant\n%s", p.Of, r.Dump(), want)
	}
	r.stop()
	r.write("Loose/2 Two.wav", wave(song{title: "Second"}))
	r.write("Loose/3.wav", wave(song{title: "Third"}))
	r.remove("Queen/News")
	r = start(t, o, nil, dir)
	r.untilDone()
	if p := r.Progress(); p.Of != 2 || r.list("Loose") != "Loose: Second, Third, 10 Ten" || r.list("Queen") != "Queen: Love of My Life, Bohemian Rhapsody" {
		t.Errorf("%+v: %s; %s", p, r.list("Loose"), r.list("Queen"))
	}
}

func TestADamagedFileIsMadeAnew(t *testing.T) {
	dir := collection(t)
	o := library.Options{File: filepath.Join(t.TempDir(), "library")}
	r := start(t, o, nil, dir)
	r.untilDone()
	want := r.Dump()
	r.stop()
	whole, err := os.ReadFile(o.File)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"empty": nil, "cut": whole[:len(whole)-1], "a bit": append(append([]byte{}, whole[:99]...), append([]byte{whole[99] ^ 1}, whole[100:]...)...),
		"another version": append([]byte("busker library 9\n"), whole[len(library.Magic):]...),
	} {
		put(t, o.File, b)
		r := start(t, o, nil, dir)
		r.untilDone()
		if r.Dump() != want || r.log.count("made anew") != 1 {
			t.Errorf("%s: %s", name, r.Dump())
		}
		r.stop()
	}
}

// TestAFolderThatIsNotMounted finds its files again when it is.
func TestAFolderThatIsNotMounted(t *testing.T) {
	dir := collection(t)
	o := library.Options{File: filepath.Join(t.TempDir(), "library")}
	r := start(t, o, nil, dir)
	r.untilDone()
	r.stop()
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r = start(t, o, nil, dir)
	r.untilDone()
	if c := r.Counts(); c.Tracks != 0 || r.log.count("is it mounted?") != 1 {
		t.Errorf("%+v", c)
	}
	r.stop()
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	r = start(t, o, nil, dir)
	r.untilDone()
	if p := r.Progress(); p.Of != 0 || p.Files == 0 {
		t.Errorf("%+v", p)
	}
}

func TestNamesAreFoundBeforeTheyAreDescribed(t *testing.T) {
	busy := make(chan struct{})
	o := library.Options{Busy: func() bool {
		select {
		case <-busy:
			return false
		default:
			return true
		}
	}}
	r := start(t, o, nil, collection(t))
	r.until("the names", r.Ready)
	if got := r.found("10 ten"); got != "track 10 Ten" {
		t.Error(got)
	}
	if got, ok := r.Lookup("Loose/2 Two.wav"); !ok || got.Title != "2 Two" {
		t.Errorf("%+v", got)
	}
	close(busy)
	r.untilDone()
	if got := r.found("bohemian rhapsody"); got != "track Bohemian Rhapsody" {
		t.Error(got)
	}
}

func TestMaxFiles(t *testing.T) {
	r := start(t, library.Options{MaxFiles: 3}, nil, collection(t))
	r.untilDone()
	if p := r.Progress(); p.Files != 3 || r.log.count("more files") != 1 {
		t.Errorf("%+v", p)
	}
}
