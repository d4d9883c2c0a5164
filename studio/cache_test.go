package studio_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"busker/audio"
	"busker/cache"
	"busker/internal/bubble"
	"busker/studio"
	"busker/track"
)

// keptSong may be kept.
var keptSong = func() track.Track {
	t := song
	t.Cacheable = true
	return t
}()

// runCached gives body a rig with a cache in dir.
func runCached(t *testing.T, dir string, change func(*studio.Options), body func(*rig)) {
	t.Helper()
	bubble.Test(t, func(t *testing.T) {
		c, err := cache.New(cache.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- c.Run(ctx) }()
		r := start(t, func(o *studio.Options) {
			o.Cache = c
			if change != nil {
				change(o)
			}
		})
		body(r)
		r.stop()
		cancel()
		<-ended
	})
}

func TestWhatWasPlayedToTheEndIsKept(t *testing.T) {
	dir := t.TempDir()
	runCached(t, dir, useBand, func(r *rig) {
		a := r.open(keptSong, 0)
		first := r.packets(a, 1000)
		a.Close()
		pass(time.Minute)
		synctest.Wait()
		for _, at := range []time.Duration{0, 2 * time.Second} {
			b := r.open(keptSong, at)
			again := r.packets(b, 1000)
			if at == 0 && (len(again) != len(first) || !slices.EqualFunc(again, first, slices.Equal)) {
				t.Errorf("%d packets, and then %d", len(first), len(again))
			}
			pcm := r.decode(again, b.Skip(), b.(audio.Ending).Tail())
			if from := audio.DurationSamples(at); len(pcm) != 2*int(bandSamples-from) {
				t.Errorf("%d samples from %v on", len(pcm)/2, at)
			}
			b.Close()
		}
		if r.shelf.opened() != 1 || r.value("cache_hits_total") != 2 || r.value("cache_misses_total") != 1 {
			t.Errorf("%d opens, %v hits, %v misses", r.shelf.opened(), r.value("cache_hits_total"), r.value("cache_misses_total"))
		}
	})
	runCached(t, dir, useBand, func(r *rig) { // another process
		a := r.open(keptSong, 0)
		defer a.Close()
		r.packets(a, 1000)
		if r.shelf.opened() != 0 {
			t.Error("it was not kept")
		}
	})
}

func TestWhatIsNotKept(t *testing.T) {
	unknown := keptSong
	unknown.Version = ""
	for _, tt := range []struct {
		name   string
		track  track.Track
		at     time.Duration
		frames int
		torn   bool
		cx     int
	}{
		{"without permission", song, 0, 1000, false, 5},
		{"without a version", unknown, 0, 1000, false, 5},
		{"not from the beginning", keptSong, time.Second, 1000, false, 5},
		{"not to the end", keptSong, 0, 100, false, 5},
		{"with trouble", keptSong, 0, 150, true, 5},
		{"badly encoded", keptSong, 0, 1000, false, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runCached(t, t.TempDir(), func(o *studio.Options) {
				o.Pool = testPoolAt(t, tt.cx)
				o.Opener.(*shelf).length = 200
				if tt.torn {
					o.Opener.(*shelf).read = func(_ context.Context, _ track.Track, f int64) error {
						if f == 150 {
							return errTorn
						}
						return nil
					}
				}
			}, func(r *rig) {
				a := r.open(tt.track, tt.at)
				got, err := listen(a, tt.frames)
				if tt.frames == 1000 && !errors.Is(err, io.EOF) || len(got) < 100 {
					t.Fatalf("%d packets, then %v", len(got), err)
				}
				a.Close()
				pass(time.Minute)
				synctest.Wait()
				b := r.open(tt.track, 0)
				b.Close()
				if n := r.shelf.opened(); n != 2 {
					t.Errorf("opened %d times", n)
				}
			})
		})
	}
}

// TestAPermissionThatIsWithdrawn plays the origin of what is kept.
func TestAPermissionThatIsWithdrawn(t *testing.T) {
	runCached(t, t.TempDir(), nil, func(r *rig) {
		for i, tr := range []track.Track{keptSong, keptSong, song} {
			p := r.open(tr, 0)
			if got, err := listen(p, 2000); len(got) < 1000 || !errors.Is(err, io.EOF) {
				t.Fatalf("%d packets, then %v", len(got), err)
			}
			p.Close()
			pass(time.Minute)
			synctest.Wait()
			if want := []int{1, 1, 2}[i]; r.shelf.opened() != want {
				t.Errorf("after play %d opened %d times, want %d", i, r.shelf.opened(), want)
			}
		}
	})
}

// versioned is a reader of something that may change.
type versioned struct {
	audio.Reader
	version func() string
}

func (v versioned) Version() string { return v.version() }

// TestOnlyWhatWasAskedForIsKept plays what has changed since it was found, or does so
// while it is read.
func TestOnlyWhatWasAskedForIsKept(t *testing.T) {
	for _, tt := range []struct {
		name          string
		before, after string
		opens         int
	}{
		{"as it was found", "1", "1", 1},
		{"changed before", "2", "2", 2},
		{"changed meanwhile", "1", "2", 2},
		{"gone meanwhile", "1", "", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runCached(t, t.TempDir(), nil, func(r *rig) {
				r.shelf.length = 200
				r.shelf.open = func(ctx context.Context, t track.Track, at time.Duration) audio.Reader {
					from := r.shelf.reader(ctx, t, at)
					return versioned{from, func() string {
						if from.frame < 100 {
							return tt.before
						}
						return tt.after
					}}
				}
				a := r.open(keptSong, 0)
				if got, err := listen(a, 1000); len(got) < 200 || !errors.Is(err, io.EOF) {
					t.Fatalf("%d packets, then %v", len(got), err)
				}
				a.Close()
				pass(time.Minute)
				synctest.Wait()
				b := r.open(keptSong, 0)
				b.Close()
				if n := r.shelf.opened(); n != tt.opens {
					t.Errorf("opened %d times, want %d", n, tt.opens)
				}
			})
		})
	}
}

// TestAKeptEncodingThatBreaks goes on in a take, without a gap.
func TestAKeptEncodingThatBreaks(t *testing.T) {
	dir := t.TempDir()
	runCached(t, dir, nil, func(r *rig) {
		a := r.open(keptSong, 0)
		r.take(a, 1001)
		if err := a.ReadPacket(audio.NewPacket()); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		a.Close()
		pass(time.Minute)
		synctest.Wait()
		b := r.open(keptSong, 0)
		defer b.Close()
		got := r.take(b, 300)
		if r.shelf.opened() != 1 {
			t.Fatal("it was not kept")
		}
		damage(t, dir)
		r.follows(append(got, r.take(b, 690)...), 0, 990)
		if r.shelf.opened() != 2 || r.value("listeners") != 1 {
			t.Errorf("%d opens, %v listeners", r.shelf.opened(), r.value("listeners"))
		}
	})
}

// damage overwrites the second half of what is kept.
func damage(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.dca"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	f, err := os.OpenFile(files[0], os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, info.Size()/2), info.Size()/2); err != nil {
		t.Fatal(err)
	}
}
