package library_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"busker/sources/library"
)

// shelves lays n files of tags that differ below dir: artists with a few albums of a dozen tracks.
func shelves(t testing.TB, dir string, n int) (titles []string) {
	random := rand.New(rand.NewPCG(1, 2))
	syllables := strings.Fields("ba be bi bo bu ca ce co da de di do el en er fa fi fo ga ge gi go ha he hi ho in ja jo ka ke ki ko la le li lo ma me mi mo na ne ni no on or pa pe pi po ra re ri ro sa se si so ta te ti to un va ve vi vo wa we wi yo za zo")
	vocabulary := make([]string, 20_000)
	for i := range vocabulary {
		for range 2 + random.IntN(3) {
			vocabulary[i] += syllables[random.IntN(len(syllables))]
		}
	}
	words := func(least, more int) string {
		var w []string
		for range least + random.IntN(more) {
			f := random.Float64()
			w = append(w, vocabulary[int(f*f*f*float64(len(vocabulary)))])
		}
		return strings.Join(w, " ")
	}
	for len(titles) < n {
		artist := words(1, 2)
		for range 1 + random.IntN(5) {
			album := words(1, 3)
			folder := filepath.Join(dir, artist, album)
			if err := os.MkdirAll(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			for i := range min(12, n-len(titles)) {
				title := words(1, 4)
				b := wave(song{title, artist, album, fmt.Sprint(i + 1), "2004"})
				if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%02d %s.wav", i+1, title)), b, 0o600); err != nil {
					t.Fatal(err)
				}
				titles = append(titles, title)
			}
		}
	}
	return titles
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkLibrary goes once through the life of an index of 100 000 files: the first scan,
// searches, also while it changes, and a restart.
func BenchmarkLibrary(b *testing.B) {
	const files = 100_000
	dir := b.TempDir()
	titles := shelves(b, dir, files)
	o := library.Options{File: filepath.Join(b.TempDir(), "library"), Still: os.Getenv("WATCH") == ""}
	for b.Loop() {
		before := heap()
		began := time.Now()
		r := start(b, o, nil, dir)
		r.until("the names", r.Ready)
		b.ReportMetric(time.Since(began).Seconds(), "s/names")
		r.untilDone()
		b.ReportMetric(time.Since(began).Seconds(), "s/scan")
		b.ReportMetric(float64(heap()-before)/files, "B/file")
		searches(b, r, titles, "")
		busy(b, r, titles)
		r.stop()

		before = heap()
		began = time.Now()
		r = start(b, o, nil, dir)
		r.until("the names", r.Ready)
		b.ReportMetric(time.Since(began).Seconds(), "s/restart")
		b.ReportMetric(float64(heap()-before)/files, "B/file-restarted")
		r.stop()
		if info, err := os.Stat(o.File); err == nil {
			b.ReportMetric(float64(info.Size())/files, "B/file-on-disk")
		}
	}
}

// searches asks for names as people type them, and reports how long that takes.
func searches(b *testing.B, r *rig, titles []string, when string) {
	random := rand.New(rand.NewPCG(3, 4))
	took := make([]time.Duration, 0, 2000)
	for range cap(took) {
		text := []rune(titles[random.IntN(len(titles))])
		switch at := random.IntN(len(text)); random.IntN(4) {
		case 0: // not yet typed to the end
			text = text[:at+1]
		case 1:
			text = slices.Delete(text, at, at+1)
		case 2:
			text[at] = 'x'
		}
		began := time.Now()
		r.Search(string(text), 25)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	for _, p := range []int{50, 95, 99} {
		b.ReportMetric(float64(took[len(took)*p/100].Microseconds())/1000, fmt.Sprintf("ms/search%s-p%d", when, p))
	}
}

// busy searches while files are described all the time.
func busy(b *testing.B, r *rig, titles []string) {
	stop := make(chan struct{})
	var changing sync.WaitGroup
	changing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				r.Churn()
			}
		}
	})
	searches(b, r, titles, "-changing")
	close(stop)
	changing.Wait()
}

// BenchmarkLoad takes over a kept index of 100 000 files.
func BenchmarkLoad(b *testing.B) {
	dir, kept := b.TempDir(), filepath.Join(b.TempDir(), "library")
	shelves(b, dir, 100_000)
	r := start(b, library.Options{File: kept, Still: true}, nil, dir)
	r.until("the names", r.Ready)
	r.stop()
	for b.Loop() {
		if err := library.Load(kept, r.set); err != nil {
			b.Fatal(err)
		}
	}
}
