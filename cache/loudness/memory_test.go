package loudness_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"busker/cache/loudness"
	"busker/internal/bubble"
	"busker/internal/fault"
	"busker/track"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a running Memory in a bubble of its own.
type rig struct {
	*loudness.Memory
	log *bytes.Buffer
}

func run(t *testing.T, o loudness.Options, body func(*rig)) {
	t.Helper()
	bubble.Test(t, func(t *testing.T) {
		r := &rig{log: new(bytes.Buffer)}
		o.Logger = slog.New(slog.NewTextHandler(r.log, nil))
		var err error
		if r.Memory, err = loudness.New(o); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := r.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		defer wg.Wait()
		defer stop()
		body(r)
	})
}

func song(n int) track.Track {
	return track.Track{Source: "file", URI: fmt.Sprintf("song %d", n), Version: "1"}
}

func loud(n int) track.Loudness {
	return track.Loudness{LUFS: -float64(n%6000) / 100, Peak: 0.5, Known: true}
}

// knows compares what is remembered of songs.
func (r *rig) knows(t *testing.T, known bool, songs ...int) {
	t.Helper()
	for _, n := range songs {
		l, ok := r.Recall(song(n))
		if ok != known || ok && l != loud(n) {
			t.Errorf("song %d: %v, %v", n, l, ok)
		}
	}
}

func TestRemembersForTheNextProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "loudness")
	other, unknown := song(1), song(2)
	other.Version, unknown.Version = "2", ""
	run(t, loudness.Options{File: file}, func(r *rig) {
		r.knows(t, false, 1)
		r.Remember(song(1), loud(7))
		r.Remember(song(1), loud(1))
		r.Remember(song(3), loud(3))
		r.Remember(unknown, loud(2))
		r.knows(t, true, 1, 3)
		if _, ok := r.Recall(other); ok {
			t.Error("another version of it is remembered")
		}
		if l, ok := r.Recall(unknown); !ok || l != loud(2) {
			t.Errorf("without a version: %v, %v", l, ok)
		}
	})
	run(t, loudness.Options{File: file}, func(r *rig) {
		r.knows(t, true, 1, 3)
		if _, ok := r.Recall(unknown); ok {
			t.Error("what may have changed is remembered")
		}
		if r.log.Len() > 0 {
			t.Error(r.log)
		}
	})
}

func TestWhatIsNoLoudness(t *testing.T) {
	run(t, loudness.Options{File: filepath.Join(t.TempDir(), "loudness")}, func(r *rig) {
		for _, l := range []track.Loudness{
			{LUFS: -14},
			{LUFS: math.NaN(), Known: true},
			{LUFS: math.Inf(-1), Known: true},
			{LUFS: 1e9, Known: true},
			{LUFS: -14, Peak: math.NaN(), Known: true},
			{LUFS: -14, Peak: -1, Known: true},
		} {
			r.Remember(song(1), l)
			if _, ok := r.Recall(song(1)); ok {
				t.Errorf("%v is remembered", l)
			}
		}
		r.Remember(song(1), track.Loudness{LUFS: -14, Peak: math.Inf(1), Known: true})
		if l, ok := r.Recall(song(1)); !ok || l.Peak != 100 {
			t.Errorf("%v, %v", l, ok)
		}
	})
}

// TestForgetsWhatWasNotUsedForLongest also over a restart, after the file was written anew.
func TestForgetsWhatWasNotUsedForLongest(t *testing.T) {
	o := loudness.Options{File: filepath.Join(t.TempDir(), "loudness"), MaxTracks: 3}
	run(t, o, func(r *rig) {
		for _, n := range []int{1, 2, 3} {
			r.Remember(song(n), loud(n))
		}
		synctest.Wait()
		r.knows(t, true, 1)
		r.Remember(song(4), loud(4))
		r.knows(t, false, 2)
		r.knows(t, true, 3, 4, 1)
		synctest.Wait()
		tear(t, o.File)
	})
	run(t, o, func(r *rig) { // 4 was torn; what is written next makes the file whole again
		r.knows(t, true, 1)
		r.Remember(song(4), loud(4))
		synctest.Wait()
		r.knows(t, true, 1, 4)
		r.Remember(song(5), loud(5))
	})
	run(t, o, func(r *rig) {
		r.knows(t, true, 1, 4, 5)
		if r.log.Len() > 0 {
			t.Error(r.log)
		}
	})
}

// tear ends the file in the middle of its last line, as a crash may.
func tear(t *testing.T, file string) {
	t.Helper()
	info, err := os.Stat(file)
	if err == nil {
		err = os.Truncate(file, info.Size()-5)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestDamagedLinesAreLeftOut(t *testing.T) {
	o := loudness.Options{File: filepath.Join(t.TempDir(), "loudness")}
	run(t, o, func(r *rig) {
		for n := range 10 {
			r.Remember(song(n), loud(n))
		}
	})
	b, err := os.ReadFile(o.File)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(b, []byte("\n"))
	lines[2][40] ^= 1
	lines[4] = []byte("\n")
	lines[6] = append(bytes.Repeat([]byte{0}, 100_000), '\n')
	if err := os.WriteFile(o.File, bytes.Join(lines, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, o, func(r *rig) {
		r.knows(t, true, 0, 1, 3, 5, 7, 8, 9)
		r.knows(t, false, 2, 4, 6)
		if n := strings.Count(r.log.String(), "level=WARN"); n != 1 {
			t.Errorf("%d warnings: %s", n, r.log)
		}
		r.Remember(song(2), loud(2))
	})
	run(t, o, func(r *rig) {
		r.knows(t, true, 0, 1, 2, 3, 5, 7, 8, 9)
		if r.log.Len() > 0 {
			t.Error(r.log)
		}
	})
}

// TestTheFileStaysShort has the same few tracks measured for ever.
func TestTheFileStaysShort(t *testing.T) {
	o := loudness.Options{File: filepath.Join(t.TempDir(), "loudness"), MaxTracks: 10}
	run(t, o, func(r *rig) {
		for n := range 3 * loudness.SpareLines {
			r.Remember(song(n%10), loud(n))
			if n%1000 == 0 {
				synctest.Wait()
			}
		}
	})
	run(t, o, func(r *rig) { // what was told last is what is there
		for n := range 10 {
			last := 3*loudness.SpareLines - 1
			last -= (last - n) % 10
			if l, ok := r.Recall(song(n)); !ok || l != loud(last) {
				t.Errorf("song %d: %v, want %v", n, l, loud(last))
			}
		}
	})
	b, err := os.ReadFile(o.File)
	if n := bytes.Count(b, []byte("\n")); err != nil || n > 2*loudness.SpareLines {
		t.Errorf("%d lines, %v", n, err)
	}
	if list, err := os.ReadDir(filepath.Dir(o.File)); err != nil || len(list) != 2 {
		t.Errorf("in the folder: %v, %v", list, err)
	}
	if err := os.WriteFile(o.File, bytes.Repeat(b, 1+1_000_000/len(b)), 0o600); err != nil { // far longer than any
		t.Fatal(err)
	}
	run(t, o, func(r *rig) { r.Remember(song(1), loud(1)) })
	if b, err = os.ReadFile(o.File); err != nil || bytes.Count(b, []byte("\n")) != 10 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestOneMemoryAtATime(t *testing.T) {
	o := loudness.Options{File: filepath.Join(t.TempDir(), "loudness")}
	run(t, o, func(*rig) {
		if _, err := loudness.New(o); fault.KindOf(err) != fault.Busy {
			t.Errorf("a second memory: %v", err)
		}
	})
	run(t, o, func(*rig) {})
}

// TestDiskTrouble costs nothing but what is written, and that only until it is over.
func TestDiskTrouble(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a")
	o := loudness.Options{File: filepath.Join(folder, "loudness")}
	run(t, o, func(r *rig) {
		if err := os.Rename(folder, folder+"way"); err != nil {
			t.Fatal(err)
		}
		for n := range 10 {
			r.Remember(song(n), loud(n))
			synctest.Wait()
		}
		r.knows(t, true, 0, 9)
		if n := strings.Count(r.log.String(), "level=WARN"); n != 1 {
			t.Errorf("%d warnings: %s", n, r.log)
		}
		if err := os.Rename(folder+"way", folder); err != nil {
			t.Fatal(err)
		}
		r.Remember(song(10), loud(10))
	})
	run(t, o, func(r *rig) { r.knows(t, true, 0, 9, 10) })
}

// TestNobodyWaits although nothing is ever written.
func TestNobodyWaits(t *testing.T) {
	m, err := loudness.New(loudness.Options{File: filepath.Join(t.TempDir(), "loudness"), MaxTracks: 100})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 1000 {
		m.Remember(song(n), loud(n))
	}
	if _, ok := m.Recall(song(999)); !ok {
		t.Error("it is not remembered")
	}
}

func TestManyAtOnce(t *testing.T) {
	run(t, loudness.Options{File: filepath.Join(t.TempDir(), "loudness"), MaxTracks: 50}, func(r *rig) {
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for n := range 500 {
					r.Remember(song(n%100), loud(n+i))
					r.Recall(song(n % 70))
				}
			})
		}
		all.Wait()
		<-time.After(time.Second)
	})
}

func TestNewRefuses(t *testing.T) {
	for name, o := range map[string]loudness.Options{
		"no file": {}, "a folder": {File: t.TempDir()}, "less than nothing": {File: "x", MaxTracks: -1},
	} {
		if _, err := loudness.New(o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
