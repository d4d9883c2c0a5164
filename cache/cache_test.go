package cache_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"busker/audio"
	"busker/cache"
	"busker/internal/bubble"
	"busker/internal/fault"
	"busker/track"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a running cache in a bubble of its own.
type rig struct {
	*cache.Cache
	t   *testing.T
	dir string
	reg *prometheus.Registry
	log *bytes.Buffer
}

// run calls f inside a bubble with a cache over dir, and returns when its Run has ended.
func run(t *testing.T, dir string, o cache.Options, f func(r *rig)) {
	t.Helper()
	bubble.Test(t, func(t *testing.T) {
		r := &rig{t: t, dir: dir, reg: prometheus.NewRegistry(), log: new(bytes.Buffer)}
		o.Dir = dir
		o.Logger = slog.New(slog.NewTextHandler(r.log, nil))
		o.Metrics = cache.NewMetrics(r.reg)
		var err error
		if r.Cache, err = cache.New(o); err != nil {
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
		f(r)
	})
}

func key(uri string) cache.Key {
	return cache.Key{Source: "file", URI: uri, Version: "1", Recipe: "libopus 96000"}
}

// packet is one of 20 ms with a number in it.
func packet(number int) []byte {
	p := make([]byte, 250)
	p[0] = 0xFC
	binary.LittleEndian.PutUint32(p[1:], uint32(number))
	return p
}

// keep records n packets under k.
func (r *rig) keep(k cache.Key, n, skip, tail int) {
	r.t.Helper()
	w := r.Record(k, track.Track{Title: "Song"})
	if w == nil {
		r.t.Fatalf("%s is not recorded", k.URI)
	}
	for i := range n {
		w.Write(packet(i))
		if i%1000 == 999 {
			synctest.Wait() // the disk is as fast as that
		}
	}
	w.Commit(skip, tail)
	w.Discard()
	synctest.Wait()
}

func (r *rig) open(k cache.Key, at time.Duration) audio.PacketReader {
	r.t.Helper()
	p, err := r.Open(k, at)
	if err != nil {
		r.t.Fatal(err)
	}
	if p != nil {
		r.t.Cleanup(func() { p.Close() })
	}
	return p
}

func (r *rig) has(uri string) bool {
	r.t.Helper()
	p := r.open(key(uri), 0)
	if p == nil {
		return false
	}
	p.Close()
	return true
}

// files lists all files in the folder.
func (r *rig) files() (names []string) {
	r.t.Helper()
	err := filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != "lock" {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return names
}

// metric compares a metric without labels, or all of one with labels together.
func (r *rig) metric(name string, want float64) {
	r.t.Helper()
	families, err := r.reg.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	got := 0.0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name {
				got += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	if got != want {
		r.t.Errorf("%s = %v, want %v", name, got, want)
	}
}

// numbers reads p to its end.
func numbers(t *testing.T, p audio.PacketReader) (all []int) {
	t.Helper()
	b := audio.NewPacket()
	defer b.Release()
	for {
		err := p.ReadPacket(b)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, int(binary.LittleEndian.Uint32(b.Bytes()[1:])))
	}
}

func TestKeepsAndFinds(t *testing.T) {
	run(t, t.TempDir(), cache.Options{}, func(r *rig) {
		if r.has("a") {
			t.Fatal("something out of nothing")
		}
		r.keep(key("a"), 1000, 312, 100)
		for _, tt := range []struct {
			at          time.Duration
			first, skip int
		}{
			{0, 0, 312},
			{13 * time.Millisecond, 0, 936},
			{14 * time.Millisecond, 1, 24},
			{10 * time.Second, 500, 312},
			{20*time.Second - 9*time.Millisecond, 999, 840},
		} {
			p := r.open(key("a"), tt.at)
			all := numbers(t, p)
			if len(all) != 1000-tt.first || all[0] != tt.first || p.Skip() != tt.skip || p.(audio.Ending).Tail() != 100 {
				t.Errorf("%v: %d packets from %d, skip %d, tail %d", tt.at, len(all), all[0], p.Skip(), p.(audio.Ending).Tail())
			}
		}
		for _, at := range []time.Duration{20*time.Second - 8*time.Millisecond, time.Hour} {
			if all := numbers(t, r.open(key("a"), at)); len(all) != 0 {
				t.Errorf("%v: %d packets behind the end", at, len(all))
			}
		}
		other := key("a")
		other.Recipe = "libopus 64000"
		if p := r.open(other, 0); p != nil {
			t.Error("another recipe")
		}
		r.metric("busker_cache_misses_total", 2)
		r.metric("busker_cache_hits_total", 7)
		r.metric("busker_cache_entries", 1)
		r.metric("busker_cache_recordings", 0)
	})
}

func TestWholePacketsOfSkipAndTailAreLeftOut(t *testing.T) {
	run(t, t.TempDir(), cache.Options{}, func(r *rig) {
		r.keep(key("a"), 100, 3840, 2000)
		p := r.open(key("a"), 0)
		all := numbers(t, p)
		if all[0] != 4 || all[len(all)-1] != 97 || p.Skip() != 0 || p.(audio.Ending).Tail() != 80 {
			t.Errorf("%d..%d, skip %d, tail %d", all[0], all[len(all)-1], p.Skip(), p.(audio.Ending).Tail())
		}
	})
}

func TestWithoutAVersionNothingIsKept(t *testing.T) {
	run(t, t.TempDir(), cache.Options{}, func(r *rig) {
		k := key("a")
		k.Version = ""
		w := r.Record(k, track.Track{})
		if w != nil {
			t.Error("it records")
		}
		w.Write(packet(1)) // a nil Recording ignores everything
		w.Commit(0, 0)
		w.Discard()
	})
}

func TestOneRecordingPerKey(t *testing.T) {
	run(t, t.TempDir(), cache.Options{MaxRecordings: 2}, func(r *rig) {
		first := r.Record(key("a"), track.Track{})
		if first == nil || r.Record(key("a"), track.Track{}) != nil {
			t.Fatal("two of one")
		}
		second := r.Record(key("b"), track.Track{})
		if r.Record(key("c"), track.Track{}) != nil {
			t.Error("three at a time")
		}
		first.Write(packet(0))
		first.Discard()
		second.Discard()
		synctest.Wait()
		if files := r.files(); len(files) != 0 {
			t.Errorf("left behind: %v", files)
		}
		r.keep(key("a"), 10, 0, 0)
		if r.Record(key("a"), track.Track{}) != nil {
			t.Error("recorded again although it is kept")
		}
		r.metric("busker_cache_recordings_total", 3)
	})
}

func TestVoidRecordings(t *testing.T) {
	for name, spoil := range map[string]func(w *cache.Recording){
		"10 ms":              func(w *cache.Recording) { w.Write([]byte{0xF4, 1, 2}); w.Commit(0, 0) },
		"no packet":          func(w *cache.Recording) { w.Write(nil); w.Commit(0, 0) },
		"nothing":            func(w *cache.Recording) { w.Commit(0, 0) },
		"less than nothing":  func(w *cache.Recording) { w.Write(packet(0)); w.Commit(-1, 0) },
		"all of it padding":  func(w *cache.Recording) { w.Write(packet(0)); w.Commit(1000, 920) },
		"too long":           func(w *cache.Recording) { many(w, 5000); w.Commit(0, 0) },
		"discarded half-way": func(w *cache.Recording) { many(w, 500); synctest.Wait(); w.Discard(); w.Commit(0, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			run(t, t.TempDir(), cache.Options{MaxRecordingBytes: 1 << 20}, func(r *rig) {
				w := r.Record(key("a"), track.Track{})
				w.Write(packet(0))
				if name == "nothing" {
					w.Discard()
					synctest.Wait()
					w = r.Record(key("a"), track.Track{})
				}
				spoil(w)
				many(w, 1000)
				synctest.Wait()
				if r.has("a") || len(r.files()) != 0 {
					t.Errorf("kept: %v", r.files())
				}
				if again := r.Record(key("a"), track.Track{}); again == nil {
					t.Error("never again")
				} else {
					again.Discard()
				}
			})
		})
	}
}

func many(w *cache.Recording, n int) {
	for i := range n {
		w.Write(packet(i))
		if i%1000 == 999 {
			synctest.Wait()
		}
	}
}

func TestSlowDiskVoidsRecordings(t *testing.T) {
	c, err := cache.New(cache.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	w := c.Record(key("a"), track.Track{}) // and nobody runs
	n := testing.AllocsPerRun(1, func() {
		for i := range 100_000 { // 25 MB
			w.Write(packet(i))
		}
	})
	if n > 110_000 { // packet allocates one each
		t.Errorf("%v allocations", n)
	}
	w.Commit(0, 0)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := c.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if p, err := c.Open(key("a"), 0); p != nil || err != nil {
		t.Errorf("a recording with a hole is kept: %v", err)
	}
}

func TestRestart(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, cache.Options{}, func(r *rig) {
		r.keep(key("a"), 300, 312, 0)
		if w := r.Record(key("b"), track.Track{}); w != nil {
			many(w, 1000)
			w.Commit(0, 0) // Run ends before it can write
		}
		many(r.Record(key("c"), track.Track{}), 1000) // never ended
	})
	leftover := filepath.Join(dir, "recording", strings.Repeat("a", 32)+".dca")
	foreign := filepath.Join(dir, "readme.txt")
	for _, path := range []string{leftover, foreign} {
		if err := os.WriteFile(path, []byte("DCA1"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, dir, cache.Options{}, func(r *rig) {
		if p := r.open(key("a"), 0); p == nil || len(numbers(t, p)) != 300 {
			t.Error("a is lost")
		}
		if !r.has("b") {
			t.Error("b was handed over whole, and is lost")
		}
		if r.has("c") {
			t.Error("c was never finished")
		}
		if files := r.files(); len(files) != 3 {
			t.Errorf("in the folder: %v", files)
		}
		r.metric("busker_cache_entries", 2)
	})
}

func TestEvictsWhatWasNotUsedForLongest(t *testing.T) {
	const each = 100 * 252 // and 8 KiB of header
	dir := t.TempDir()
	o := cache.Options{MaxBytes: 3*each + 40<<10}
	run(t, dir, o, func(r *rig) {
		for _, uri := range []string{"a", "b", "c"} {
			r.keep(key(uri), 100, 0, 0)
			<-time.After(time.Second)
		}
		held := r.open(key("b"), 0)
		r.has("a") // now b is the oldest
		<-time.After(time.Second)
		r.has("c")
		r.keep(key("d"), 100, 0, 0)
		if r.has("b") || !r.has("a") || !r.has("c") || !r.has("d") {
			t.Error("b was to go")
		}
		if len(numbers(t, held)) != 100 {
			t.Error("who had b open lost it")
		}
		r.metric("busker_cache_evicted_total", 1)
		<-time.After(time.Second)
		r.has("a")
	})
	o.MaxBytes = each + 12<<10
	run(t, dir, o, func(r *rig) {
		if !r.has("a") || r.has("c") || r.has("d") || len(r.files()) != 1 {
			t.Errorf("uses are forgotten over a restart: %v", r.files())
		}
	})
}

func TestRecordingsStayWithinTheBudget(t *testing.T) {
	run(t, t.TempDir(), cache.Options{MaxBytes: 1 << 20, MaxRecordingBytes: 1 << 30}, func(r *rig) {
		r.keep(key("small"), 100, 0, 0)
		w := r.Record(key("huge"), track.Track{})
		for i := range 8000 {
			w.Write(packet(i))
			if i%500 == 0 {
				synctest.Wait()
				size := int64(0)
				for _, f := range r.files() {
					if info, err := os.Stat(f); err == nil {
						size += info.Size()
					}
				}
				if size > 1<<20 {
					t.Fatalf("%d bytes on disk", size)
				}
			}
		}
		w.Commit(0, 0)
		synctest.Wait()
		if r.has("huge") || len(r.files()) != 0 {
			t.Errorf("on disk: %v", r.files())
		}
		r.keep(key("small"), 100, 0, 0) // no trouble with the disk
	})
}

func TestDamageIsNoticed(t *testing.T) {
	for name, harm := range map[string]func(b []byte) []byte{
		"cut off":      func(b []byte) []byte { return b[:len(b)-100] },
		"empty":        func([]byte) []byte { return nil },
		"flipped bit":  func(b []byte) []byte { b[len(b)-500] ^= 4; return b },
		"grown":        func(b []byte) []byte { return append(b, 1, 2, 3) },
		"header gone":  func(b []byte) []byte { clear(b[:2000]); return b },
		"other magic":  func(b []byte) []byte { b[3] = '9'; return b },
		"other recipe": func(b []byte) []byte { return bytes.Replace(b, []byte("libopus 96000"), []byte("libopus 96001"), 1) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			run(t, dir, cache.Options{}, func(r *rig) {
				r.keep(key("a"), 300, 0, 0)
				path := r.files()[0]
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, harm(b), 0o600); err != nil {
					t.Fatal(err)
				}
				if r.has("a") {
					t.Error("it is opened")
				}
				synctest.Wait()
				if len(r.files()) != 0 {
					t.Error("it is not removed")
				}
				r.metric("busker_cache_damaged_total", 1)
				r.keep(key("a"), 300, 0, 0)
				if !r.has("a") {
					t.Error("not recorded again")
				}
			})
		})
	}
}

func TestDamageWhilePlayingDropsTheFile(t *testing.T) {
	run(t, t.TempDir(), cache.Options{}, func(r *rig) {
		r.keep(key("a"), 3000, 0, 0)
		p := r.open(key("a"), 0)
		if err := os.Truncate(r.files()[0], 300_000); err != nil {
			t.Fatal(err)
		}
		b := audio.NewPacket()
		defer b.Release()
		var err error
		for err == nil {
			err = p.ReadPacket(b)
		}
		if errors.Is(err, io.EOF) || p.ReadPacket(b) == nil {
			t.Errorf("the cut is an end: %v", err)
		}
		if r.has("a") {
			t.Error("it is still kept")
		}
	})
}

func TestVanishedFileIsAbsent(t *testing.T) {
	run(t, t.TempDir(), cache.Options{}, func(r *rig) {
		r.keep(key("a"), 10, 0, 0)
		if err := os.RemoveAll(filepath.Dir(r.files()[0])); err != nil {
			t.Fatal(err)
		}
		if r.has("a") {
			t.Error("it is opened")
		}
		r.keep(key("a"), 10, 0, 0)
	})
}

func TestDiskTroubleIsQuiet(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, cache.Options{}, func(r *rig) {
		r.keep(key("good"), 10, 0, 0)
		// A file where the folder of recordings should be: nothing can be written.
		blocked := filepath.Join(dir, "recording")
		if err := os.RemoveAll(blocked); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(blocked, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, uri := range []string{"a", "b", "c"} {
			w := r.Record(key(uri), track.Track{})
			if (w == nil) != (uri != "a") {
				t.Errorf("%s: recording %v", uri, w != nil)
			}
			many(w, 1000)
			w.Commit(0, 0)
			synctest.Wait()
		}
		if n := strings.Count(r.log.String(), "level=WARN"); n != 1 {
			t.Errorf("%d warnings: %s", n, r.log)
		}
		if !r.has("good") {
			t.Error("what is there cannot be read")
		}
		if err := os.Remove(blocked); err != nil {
			t.Fatal(err)
		}
		<-time.After(11 * time.Minute)
		r.keep(key("a"), 10, 0, 0)
		if !r.has("a") {
			t.Error("quiet for ever")
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	c, err := cache.New(cache.Options{Dir: t.TempDir(), MaxBytes: 400 << 10})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var runs, users sync.WaitGroup
	runs.Go(func() { _ = c.Run(ctx) })
	for g := range 8 {
		users.Go(func() {
			b := audio.NewPacket()
			defer b.Release()
			for i := range 60 {
				k := key(string(rune('a' + (g+i)%12)))
				if w := c.Record(k, track.Track{}); w != nil {
					for n := range 200 {
						w.Write(packet(n))
					}
					if i%5 == 0 {
						w.Discard()
					}
					w.Commit(312, 0)
				}
				p, err := c.Open(k, time.Duration(i)*10*time.Millisecond)
				if err != nil {
					t.Error(err)
				}
				if p == nil {
					continue
				}
				for err = p.ReadPacket(b); err == nil; err = p.ReadPacket(b) {
				}
				if !errors.Is(err, io.EOF) {
					t.Error(err)
				}
				p.Close()
			}
		})
	}
	users.Wait()
	stop()
	runs.Wait()
}

func TestReadingAllocatesNothing(t *testing.T) {
	run(t, t.TempDir(), cache.Options{}, func(r *rig) {
		r.keep(key("a"), 3000, 0, 0)
		p := r.open(key("a"), 0)
		waits := 0
		p.(audio.Waiting).OnWait(func() { waits++ }, func() {})
		b := audio.NewPacket()
		defer b.Release()
		n := testing.AllocsPerRun(2000, func() {
			if err := p.ReadPacket(b); err != nil {
				t.Fatal(err)
			}
		})
		if n > 0 || waits == 0 || waits > 200 {
			t.Errorf("%v allocations per packet, %d waits", n, waits)
		}
	})
}

func TestCloseEndsReading(t *testing.T) {
	run(t, t.TempDir(), cache.Options{}, func(r *rig) {
		r.keep(key("a"), 3000, 0, 0)
		p := r.open(key("a"), 0)
		var b audio.Block
		if err := p.ReadBlock(&b); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(p.Close(), p.Close()); err != nil {
			t.Error(err)
		}
		if err := p.ReadBlock(&b); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("after Close: %v", err)
		}
		if !r.has("a") {
			t.Error("to close is no damage")
		}
	})
}

// TestOneCacheAtATime has a second one come while the first records, and after it.
func TestOneCacheAtATime(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, cache.Options{}, func(r *rig) {
		w := r.Record(key("a"), track.Track{})
		many(w, 1000)
		synctest.Wait()
		_, err := cache.New(cache.Options{Dir: dir, MaxBytes: 1})
		if message, told := fault.Message(err); fault.KindOf(err) != fault.Busy || !told || !strings.Contains(message, dir) {
			t.Errorf("a second cache: %v", err)
		}
		w.Commit(0, 0)
		synctest.Wait()
		if !r.has("a") {
			t.Error("the second harmed the first")
		}
	})
	run(t, dir, cache.Options{}, func(r *rig) {
		if !r.has("a") {
			t.Error("a is lost")
		}
	})
}

func TestNewRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]cache.Options{
		"no folder": {}, "a file": {Dir: file}, "less than nothing": {Dir: t.TempDir(), MaxBytes: -1},
	} {
		if _, err := cache.New(o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
