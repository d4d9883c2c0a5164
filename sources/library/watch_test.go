package library_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"busker/sources/library"
)

func TestChangesAreNoticed(t *testing.T) {
	r := start(t, library.Options{}, nil, collection(t))
	r.untilDone()
	if !r.Progress().Watching {
		t.Skip("folders cannot be watched here")
	}
	outside := filepath.Join(t.TempDir(), "Moved In")
	put(t, filepath.Join(outside, "deep/er/m.wav"), wave(song{title: "Moved"}))
	for _, step := range []struct {
		name string
		do   func()
		text string
		want string
	}{
		{"a new file", func() { r.write("new.wav", wave(song{title: "Newcomer"})) }, "newcomer", "track Newcomer"},
		{"it changes", func() { r.write("new.wav", wave(song{title: "Otherwise"})) }, "otherwise", "track Otherwise"},
		{"what it was is gone", func() {}, "newcomer", ""},
		{"it is renamed", func() { r.rename("new.wav", "Loose/renamed.wav") }, "otherwise", "track Otherwise"},
		{"it is removed", func() { r.remove("Loose/renamed.wav") }, "otherwise", ""},
		{"a folder with folders", func() { r.write("a/b/c/d.wav", wave(song{title: "Deeply"})) }, "deeply", "track Deeply"},
		{"a file in such a folder", func() { r.write("a/b/e.wav", wave(song{title: "Flatly"})) }, "flatly", "track Flatly"},
		{"a folder is renamed", func() { r.rename("a", "z/y") }, "folder y", ""},
		{"its name is found", func() {}, "deeply y", "track Deeply"},
		{"a file in the renamed folder", func() { r.write("z/y/b/c/f.wav", wave(song{title: "Newly"})) }, "newly", "track Newly"},
		{"a folder is moved in", func() { _ = os.Rename(outside, filepath.Join(r.dir, "In")) }, "moved", "track Moved"},
		{"a folder is moved out", func() { _ = os.Rename(filepath.Join(r.dir, "z"), outside) }, "deeply", ""},
		{"a folder is removed", func() { r.remove("In") }, "moved", ""},
		{"a file that is not music", func() { r.write("new.wav", []byte("no")); r.write("last.wav", wave(song{title: "Lastly"})) }, "lastly", "track Lastly"},
		{"it is written in pieces", func() {
			b := wave(song{title: "Piecemeal"})
			r.write("new.wav", b[:30])
			r.write("new.wav", b)
		}, "piecemeal", "track Piecemeal"},
	} {
		step.do()
		r.until(step.name, func() bool { return r.found(step.text) == step.want && !r.Progress().Busy() })
	}
}

func TestNothingIsDescribedTwiceWhenItMoves(t *testing.T) {
	var asked atomic.Int32
	o := library.Options{Busy: func() bool { asked.Add(1); return false }} // once a file
	r := start(t, o, nil, collection(t))
	r.untilDone()
	if !r.Progress().Watching {
		t.Skip("folders cannot be watched here")
	}
	before := asked.Load()
	r.rename("Queen", "Freddie")
	r.until("the new name", func() bool {
		return r.list("Freddie/Opera") == "Opera: Love of My Life, Bohemian Rhapsody" && !r.Progress().Busy()
	})
	if got := r.list("Queen"); got != "nothing" || asked.Load() != before {
		t.Errorf("%s; %d files were described again", got, asked.Load()-before)
	}
}

func TestWithoutWatchesFoldersAreReadAgain(t *testing.T) {
	for name, limit := range map[string]func(*library.Library){
		"none at all": func(l *library.Library) { l.FailingWatcher(0, syscall.ENOSPC) },
		"not all":     func(l *library.Library) { l.FailingWatcher(3, errors.New("no space left on device")) },
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, library.Options{Rescan: 20 * time.Millisecond}, limit, collection(t))
			r.untilDone()
			if r.Progress().Watching {
				t.Error("it says it watches")
			}
			r.write("Loose/new.wav", wave(song{title: "Newcomer"}))
			r.until("the new file", func() bool { return r.found("newcomer") == "track Newcomer" })
			r.remove("Queen")
			r.until("the end of another", func() bool { return r.list("Queen") == "nothing" })
			if n := r.log.count("can be watched"); n != 1 {
				t.Errorf("it was said %d times", n)
			}
		})
	}
}

// TestTheIndexIsWhatIsThere changes files at random, and holds the index that noticed it
// against one that is made of what is there.
func TestTheIndexIsWhatIsThere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "music")
		if err != nil {
			t.Fatal(err)
		}
		r := start(t, library.Options{Rescan: 50 * time.Millisecond}, nil, dir)
		defer r.stop()
		folder := rapid.SampledFrom([]string{"", "a/", "a/b/", "c/", "c/CD1/", "c/CD2/"})
		name := rapid.SampledFrom([]string{"1.wav", "2.wav", "x.wav", "l.m3u", "t.txt"})
		word := rapid.SampledFrom([]string{"", "Ä", "b", "Various"})
		for i := range rapid.IntRange(1, 15).Draw(rt, "operations") {
			switch at := folder.Draw(rt, "folder"); rapid.IntRange(0, 5).Draw(rt, "what") {
			case 0, 1, 2:
				s := song{word.Draw(rt, "title"), word.Draw(rt, "artist"), word.Draw(rt, "album"), fmt.Sprint(i), ""}
				b := wave(s)
				if rapid.IntRange(0, 4).Draw(rt, "broken") == 0 {
					b = b[:20]
				}
				r.write(at+name.Draw(rt, "file"), b)
			case 3:
				r.remove(at + name.Draw(rt, "file"))
			case 4:
				if at != "" {
					r.remove(at)
				}
			case 5:
				if to := folder.Draw(rt, "to"); at != "" && to != "" {
					_ = os.Rename(filepath.Join(dir, at), filepath.Join(dir, to)) // where that can be done
				}
			}
		}
		fresh := start(t, library.Options{Still: true}, nil, dir)
		defer fresh.stop()
		fresh.untilDone()
		want := fresh.Dump()
		r.until("the same index as\n"+want, func() bool { return !r.Progress().Busy() && r.Dump() == want })
	})
}
